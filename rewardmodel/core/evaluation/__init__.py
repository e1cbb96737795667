"""What a reward model is worth on comparisons it has not learned from, beside people and beside simpler things."""
