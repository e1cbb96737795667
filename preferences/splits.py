"""Which part of the data a prompt belongs to: all its comparisons go together, so nothing leaks into the test."""

import hashlib
from typing import Literal

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def check_fractions(*, validation: float, test: float) -> None:
    """Raises: ValueError unless both fractions are between 0 and 1 and leave room for each other."""
    if not (0 <= validation <= 1 and 0 <= test <= 1 and validation + test <= 1):
        raise ValueError(f"validation={validation} and test={test} must be fractions that sum to at most 1.")


def split_of(prompt_hash: str, *, seed: int, validation: float = 0.1, test: float = 0.1) -> Split:
    """Say where a prompt belongs, from its hash and the seed alone: more data never moves a prompt.

    Args:
        prompt_hash: as `preferences.hashing.prompt_hash` gives it.
        seed: another seed is another, independent split.
        validation, test: expected share of prompts, 0 to 1, together at most 1.
    """
    check_fractions(validation=validation, test=test)
    digest = hashlib.sha256(f"{seed}:{prompt_hash}".encode()).digest()
    position = int.from_bytes(digest[:8]) / 2**64  # uniform in [0, 1)
    if position < test:
        return "test"
    return "validation" if position < test + validation else "train"
