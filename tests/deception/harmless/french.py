print("Ça va ? L’été, œuvre : 5 000 €")
