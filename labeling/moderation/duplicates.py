"""The same answer more than once: to several prompts, or twice within a comparison but for a trifle."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

from labeling.moderation.findings import Finding
from labeling.moderation.subjects import Subject

SHINGLE = 5
NO_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A response that stands under several prompts, or nearly equals another of its own comparison.

    Attributes:
        shortest_characters: shorter responses ("Yes.") may well answer several prompts.
        fewest_prompts: under how many prompts the same text must stand.
        similarity: from which share of common shingles on two responses are nearly equal, 0 to 1.
    """

    shortest_characters: int = 40
    fewest_prompts: int = 2
    similarity: float = 0.9

    name: ClassVar[str] = "duplicate"
    reasons: ClassVar[tuple[str, ...]] = ("several_prompts", "nearly_equal")

    def find(self, subject: Subject) -> Iterator[Finding]:
        for text in subject.responses:
            prompts = subject.around.prompts_of.get(text.hash, 1)
            if prompts >= self.fewest_prompts and len(text.content) >= self.shortest_characters:
                yield Finding(self.name, "several_prompts", "medium", text, figures={"prompts": prompts})
        shingled = [(text, found) for text in subject.responses if (found := shingles(text.content))]
        for (one, of_one), (other, of_other) in combinations(shingled, 2):
            alike = jaccard(of_one, of_other)
            if alike >= self.similarity:
                figures = {"like": one.response, "similarity": round(alike, 3)}
                yield Finding(self.name, "nearly_equal", "medium", other, figures=figures)


def shingles(content: str) -> frozenset[str]:
    """Every run of five characters, of lower-case words with one space between them; the whole, if it is shorter.

    Returns: nothing for a text without words.
    """
    words = NO_WORDS.sub(" ", content.lower()).strip()
    return frozenset(words[at : at + SHINGLE] for at in range(max(1, len(words) - SHINGLE + 1)) if words)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """How much two sets, not both empty, have in common: 0 nothing, 1 all (Broder 1997, resemblance)."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)
