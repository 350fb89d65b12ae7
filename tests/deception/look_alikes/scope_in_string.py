x = "scоpе"
