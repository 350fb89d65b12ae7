# coding : utf-8 coding: hz
