
# coding: punycode
