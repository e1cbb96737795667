"""Responses outside the lengths that a project wants."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from labeling.moderation.findings import Finding
from labeling.moderation.subjects import Subject


@dataclass(frozen=True, slots=True)
class Length:
    """A response with too few or too many characters or words. Empty ones are `Empty`'s.

    Attributes:
        fewest_characters, most_characters, fewest_words, most_words: bounds, both within; 0 for none.
    """

    fewest_characters: int = 0
    most_characters: int = 20_000
    fewest_words: int = 0
    most_words: int = 0

    name: ClassVar[str] = "length"
    reasons: ClassVar[tuple[str, ...]] = ("too_short", "too_long")

    def find(self, subject: Subject) -> Iterator[Finding]:
        for text in subject.responses:
            characters, words = len(text.content.strip()), len(text.content.split())
            if not characters:
                continue
            figures = {"characters": characters, "words": words}
            if characters < self.fewest_characters or words < self.fewest_words:
                yield Finding(self.name, "too_short", "low", text, figures=figures)
            elif 0 < self.most_characters < characters or 0 < self.most_words < words:
                yield Finding(self.name, "too_long", "low", text, figures=figures)
