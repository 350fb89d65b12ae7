# coding: utf-16le
