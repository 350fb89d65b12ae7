select 1 -- ¿Qué tal? ¡Mañana! 1.ª y 2.º
