"""What a judgment means: tie groups, pairs, margins, weights, splits, the snapshot file. No Django, no torch."""

__version__ = "0.1.0"
