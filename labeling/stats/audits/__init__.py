"""Audits of judgments for biases that no single judgment shows: each one question, an effect, an interval, a sentence.

`rows` is what goes in, `report` asks all audits at once. Formulas and sources: docs/statistics/audits.md.
"""
