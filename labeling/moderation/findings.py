"""What a check says: which text, from where to where, for which reason, and how bad that would be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from labeling.moderation.subjects import Subject, Text

Severity = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that one check found.

    Attributes:
        check, reason: one of a few fixed words; a check may know several reasons.
        severity: what it would do to a model that learns it, if it is what it looks like.
        text: the text it was found in.
        start, end: the span in `text.content`, in characters; the same for a finding about the text as a whole.
        figures: what the sentence about it needs, JSON only, and never a part of the text: a secret is not kept twice.
    """

    check: str
    reason: str
    severity: Severity
    text: Text
    start: int = 0
    end: int = 0
    figures: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end <= len(self.text.content):
            raise ValueError(f"The span {self.start}–{self.end} is not within {len(self.text.content)} characters.")


class Check(Protocol):
    """One check. Its fields are its settings, each a number with a default."""

    name: ClassVar[str]
    reasons: ClassVar[tuple[str, ...]]

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Everything this check has to say of one prompt with its responses."""
        ...
