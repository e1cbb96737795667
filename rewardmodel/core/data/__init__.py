"""Comparisons as a model reads them: laid out, tokenized, kept in tables, and cut into steps and passes."""
