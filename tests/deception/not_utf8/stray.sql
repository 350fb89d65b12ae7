select '€'
