# coding: big5
