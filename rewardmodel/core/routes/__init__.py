"""How the texts of comparisons go through a backbone: routes that cost differently and give the same rewards."""
