# -*- coding: unicode_escape -*-
x = 1
