print("¿Qué tal? ¡Mañana! 1.ª y 2.º")
