"""PostgreSQL as Django knows it, with a cheaper question whether a kept connection still lives."""
