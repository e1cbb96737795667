"""Several opinions on one text: heads, networks, their weights averaged, and what they make of a reward together."""
