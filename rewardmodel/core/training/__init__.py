"""How a network learns: the objective, the optimizer, the loop, and everything that must survive a kill."""
