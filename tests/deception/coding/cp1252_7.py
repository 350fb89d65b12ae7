#coding:cp1252
