# coding: shift_jis
