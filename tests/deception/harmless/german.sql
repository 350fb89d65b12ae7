select 1 -- Größe, Übergröße, Straße, Äpfel – „Zitat“ … 5 °C, 3 m², 20 €
