"""A comparison with its responses and judgments, as every part of the platform passes it on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict, TypeVar

from preferences.errors import InvalidRanking, InvalidRecord
from preferences.hashing import canonical_json, comparison_hash, prompt_hash, response_hash
from preferences.kept import kept

ResponseKind = Literal["text", "messages", "picture"]
RecordKind = Literal["comparison", "demonstration", "prompt"]
JudgmentSource = Literal["person", "imported", "simulated"]
Ranking = tuple[tuple[int, ...], ...]
RecordT = TypeVar("RecordT", "JudgmentRecord", "ComparisonRecord")


class Message(TypedDict):
    """One turn of a chat."""

    role: str
    content: str


def validate_ranking(ranking: Iterable[Iterable[int]], k: int) -> Ranking:
    """Check that a ranking is an ordered list of tie groups over some or all of K responses.

    Args:
        ranking: groups of response indices, best group first. Responses left out stand below all that are named
            (a partial, top-n ranking).
        k: how many responses the comparison has.

    Returns: the same as tuples, each group in ascending order.
    Raises: InvalidRanking, with a sentence naming the group or index at fault.
    """
    groups: list[tuple[int, ...]] = []
    seen: set[int] = set()
    for position, group in enumerate(ranking, start=1):
        members = tuple(group)
        if not members:
            raise InvalidRanking(f"Group {position} of the ranking is empty.")
        for index in members:
            if isinstance(index, bool) or not isinstance(index, int):
                raise InvalidRanking(f"Group {position} of the ranking holds {index!r}, which is not an index.")
            if not 0 <= index < k:
                raise InvalidRanking(f"The ranking names response {index}, but there are only {k} (0 to {k - 1}).")
            if index in seen:
                raise InvalidRanking(f"The ranking names response {index} twice.")
            seen.add(index)
        groups.append(tuple(sorted(members)))
    if not groups:
        raise InvalidRanking("The ranking is empty.")
    return tuple(groups)


@dataclass(frozen=True)
class ResponseRecord:
    """One answer to a prompt. For kind `messages`, content is the canonical JSON of the messages."""

    content: str
    policy: str | None = None
    sampling: dict[str, Any] | None = None
    kind: ResponseKind = "text"

    @kept
    def hash(self) -> str:
        return response_hash(self.content)


@dataclass(frozen=True)
class JudgmentRecord:
    """One annotator's verdict: responses are named by their index in the comparison, best group first.

    The ranking may be empty only where `all_bad`, ratings or flags say something without it.
    """

    annotator: str
    ranking: Ranking
    strength: int | None = None
    all_bad: bool = False
    ratings: dict[int, dict[str, float]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    reason: str = ""
    dwell_ms: int | None = None
    shown_order: tuple[int, ...] = ()
    guideline_version: int | None = None
    judged_at: datetime | None = None
    source: JudgmentSource = "person"
    is_surplus: bool = False

    @property
    def has_tie(self) -> bool:
        return any(len(group) > 1 for group in self.ranking)

    def check(self, k: int) -> None:
        """Check this verdict against a comparison of K responses.

        Raises: InvalidRanking or InvalidRecord, with a sentence.
        """
        if self.ranking or not (self.all_bad or self.ratings or self.flags):
            validate_ranking(self.ranking, k)
        if self.strength is not None and not 0 <= self.strength <= 3:
            raise InvalidRecord(f"The strength is {self.strength}; it lies between 0 and 3.")
        for index in (*self.ratings, *self.shown_order):
            if not 0 <= index < k:
                raise InvalidRecord(f"A judgment names response {index}, but there are only {k} (0 to {k - 1}).")
        if len(set(self.shown_order)) != len(self.shown_order):
            raise InvalidRecord("The order shown names a response twice.")
        if self.dwell_ms is not None and self.dwell_ms < 0:
            raise InvalidRecord("The dwell time is negative.")
        if self.judged_at is not None and self.judged_at.tzinfo is None:
            raise InvalidRecord("The time of judgment has no time zone.")

    def renumbered(self, new_index: Mapping[int, int] | Sequence[int]) -> "JudgmentRecord":
        """The same verdict after the responses were reordered: response `i` is now response `new_index[i]`."""
        return _changed(
            self,
            ranking=tuple(tuple(sorted(new_index[i] for i in group)) for group in self.ranking),
            ratings={new_index[i]: values for i, values in sorted(self.ratings.items())},
            flags=tuple(sorted(set(self.flags))),
            shown_order=tuple(new_index[i] for i in self.shown_order),
            judged_at=self.judged_at and self.judged_at.astimezone(UTC),
        )

    def as_json(self) -> dict[str, Any]:
        """What this verdict says, without when it was said: that is no part of what is hashed."""
        return {
            "annotator": self.annotator,
            "source": self.source,
            "ranking": [list(group) for group in self.ranking],
            "strength": self.strength,
            "all_bad": self.all_bad,
            "ratings": {str(index): dict(values) for index, values in self.ratings.items()},
            "flags": list(self.flags),
            "reason": self.reason,
            "dwell_ms": self.dwell_ms,
            "shown_order": list(self.shown_order),
            "guideline_version": self.guideline_version,
            "is_surplus": self.is_surplus,
        }


@dataclass(frozen=True)
class ComparisonRecord:
    """A prompt with its responses and what people judged of them.

    A comparison has two responses or more, all different; a demonstration has one, written by a person; a prompt has
    none, or one to begin from, and waits for a person to write.

    Raises: InvalidRecord, InvalidRanking.
    """

    prompt: tuple[Message, ...]
    responses: tuple[ResponseRecord, ...]
    judgments: tuple[JudgmentRecord, ...] = ()
    gold: Ranking | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    kind: RecordKind = "comparison"

    def __post_init__(self) -> None:
        k = len(self.responses)
        if not self.prompt:
            raise InvalidRecord("The prompt has no message.")
        if self.kind == "comparison" and k < 2:
            raise InvalidRecord(f"A comparison needs two responses or more; this has {k}.")
        if self.kind == "demonstration" and k != 1:
            raise InvalidRecord(f"A demonstration has one response; this has {k}.")
        if self.kind == "prompt" and k > 1:
            raise InvalidRecord(f"A prompt has one response to begin from, or none; this has {k}.")
        if self.kind != "comparison" and (self.judgments or self.gold is not None):
            raise InvalidRecord(f"A {self.kind} carries no judgment: there is nothing to compare it with.")
        if len({response.hash for response in self.responses}) != k:
            raise InvalidRecord("Two responses of the comparison are identical.")
        if self.gold is not None:
            validate_ranking(self.gold, k)
        for judgment in self.judgments:
            judgment.check(k)

    @kept
    def prompt_hash(self) -> str:
        return prompt_hash(self.prompt, self.documents)

    @property
    def documents(self) -> list[Any]:
        """What the prompt is to be answered from: texts or objects, kept under the metadata's name `documents`."""
        documents = self.metadata.get("documents")
        return documents if isinstance(documents, list) else []

    @property
    def response_hashes(self) -> tuple[str, ...]:
        return tuple(response.hash for response in self.responses)

    @kept
    def comparison_hash(self) -> str:
        return comparison_hash(self.prompt_hash, self.response_hashes)

    def canonical(self) -> "ComparisonRecord":
        """The same comparison with responses in the order of their hashes and judgments in a fixed order.

        Whatever order the data came in, the canonical record is the same, so its bytes are too.
        """
        order = sorted(range(len(self.responses)), key=lambda index: self.responses[index].hash)
        new_index = {old: new for new, old in enumerate(order)}
        judgments = [judgment.renumbered(new_index) for judgment in self.judgments]
        if len(judgments) > 1:
            judgments.sort(key=_judgment_key)
        gold = None if self.gold is None else tuple(tuple(sorted(new_index[i] for i in g)) for g in self.gold)
        responses = tuple(self.responses[i] for i in order)
        return _changed(self, responses=responses, judgments=tuple(judgments), gold=gold)


def _changed(record: RecordT, **fields: Any) -> RecordT:
    """`dataclasses.replace` for a change of order: what was checked is not checked again, and hashes stay."""
    changed = object.__new__(type(record))
    vars(changed).update(vars(record), **fields)
    return changed


def _judgment_key(judgment: JudgmentRecord) -> tuple[str, bytes, str]:
    when = judgment.judged_at.isoformat() if judgment.judged_at else ""
    return judgment.annotator, canonical_json(judgment.as_json()), when
