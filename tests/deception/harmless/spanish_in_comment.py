# ¿Qué tal? ¡Mañana! 1.ª y 2.º
x = 1
