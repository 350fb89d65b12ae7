select '1️'
