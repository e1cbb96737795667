"""What a text classifier said of responses, elsewhere: its scores are read in, its model never runs here."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from labeling.moderation.errors import InvalidScores
from labeling.moderation.findings import Finding
from labeling.moderation.subjects import Subject
from preferences.hashing import response_hash


@dataclass(frozen=True, slots=True)
class Classifier:
    """A response to which a classifier gave a label with a high score.

    Attributes:
        threshold: from which score on, 0 to 1.
    """

    threshold: float = 0.5

    name: ClassVar[str] = "classifier"
    reasons: ClassVar[tuple[str, ...]] = ("label",)

    def find(self, subject: Subject) -> Iterator[Finding]:
        for text in subject.responses:
            for label, score in sorted(subject.around.scores.get(text.hash, {}).items()):
                if score >= self.threshold:
                    figures = {"label": label, "score": round(score, 4)}
                    yield Finding(self.name, "label", "medium", text, figures=figures)


def read_scores(lines: Iterable[str]) -> dict[str, dict[str, float]]:
    """Read scores by response: `{"response": text, "scores": {label: 0 to 1}}` a line; blank lines are passed over.

    Returns: hash of the response → label → score.
    Raises: InvalidScores, naming the line.
    """
    scores: dict[str, dict[str, float]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = _row(line, number)
        scores.setdefault(response_hash(row["response"]), {}).update(row["scores"])
    return scores


def _row(line: str, number: int) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        raise InvalidScores(f"Line {number} of the scores is no JSON.") from None
    if not isinstance(row, dict) or not isinstance(row.get("response"), str) or not isinstance(row.get("scores"), dict):
        raise InvalidScores(f"Line {number} of the scores wants “response”, a text, and “scores”, by label.")
    for label, score in row["scores"].items():
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
            raise InvalidScores(f"Line {number} of the scores: “{label}” is no number from 0 to 1.")
        if len(label) > 60:
            raise InvalidScores(f"Line {number} of the scores has a label of more than 60 characters.")
    return row
