"""What rewards cost, given what people said: one module for each model of how people judge."""
