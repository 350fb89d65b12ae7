select '❤️'
