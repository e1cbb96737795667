"""Demo data of our own: prompts, four answers each, and the quality that was planted in them."""
