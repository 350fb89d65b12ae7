# coding: utf8x
