"""What goes into an audit: one row a judgment, with the responses in the order in which its annotator saw them."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Any

from labeling.stats.suspicion import WIDE
from labeling.stats.text_features import TextFeatures


@dataclass(frozen=True, slots=True)
class Reading:
    """How much there was to read: words between spaces, and Hangul, kana and Chinese characters, which are no part of
    those words."""

    words: int
    wide_characters: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One response as one annotator saw and placed it.

    Attributes:
        response: its id, the same wherever it is shown.
        place: 0 in the best group, 1 in the next; equal places are a tie.
        features: of its text; None if not known (a picture).
        is_own: whether its author judges: the annotator wrote it, or the judge is of the policy's own family.
    """

    response: Hashable
    place: int
    features: TextFeatures | None = None
    is_own: bool | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One judgment.

    Attributes:
        comparison: what was judged; judgments of equal comparisons are compared with each other.
        prompt: what its comparison shares with others; intervals take prompts as the units.
        annotator: who judged; None if nobody knows.
        seen: two responses or more, in the order shown if `order_is_known`, else in any order.
        judged_at: when it was sent, with a time zone.
        dwell_ms: how long it took, in milliseconds.
        agreement: how far it agrees with gold or with the others, 0 to 1 (`with_agreement`).
        reading: what there was to read before judging.
    """

    comparison: Hashable
    prompt: Hashable
    annotator: Hashable | None
    seen: tuple[Seen, ...]
    order_is_known: bool = True
    judged_at: datetime | None = None
    dwell_ms: int | None = None
    agreement: float | None = None
    reading: Reading | None = None

    def __post_init__(self) -> None:
        if len(self.seen) < 2:
            raise ValueError(f"A judgment is of two responses or more; that of {self.comparison!r} is not.")
        if self.judged_at is not None and self.judged_at.tzinfo is None:
            raise ValueError(f"The time of a judgment of {self.comparison!r} has no time zone.")

    @property
    def winner_at(self) -> int | None:
        """Where the one best response stood, counted from 0; None if several are best."""
        top = min(one.place for one in self.seen)
        best = [at for at, one in enumerate(self.seen) if one.place == top]
        return best[0] if len(best) == 1 else None


def seen_in_order(
    ranking: Sequence[Sequence[Hashable]],
    shown: Sequence[Hashable],
    *,
    features: Mapping[Any, TextFeatures] | None = None,
    own: Collection[Hashable] | None = None,
) -> tuple[Seen, ...]:
    """What an annotator saw, from their ranking and the order shown.

    Args:
        ranking: tie groups of response ids, best first. What it leaves out stands below all that it names; an empty
            one ("all bad") ties everything.
        shown: the ids in the order shown.
        features: of the responses' texts, by id.
        own: ids of responses that are the judge's own; None if nobody knows.

    Raises: ValueError if the ranking names what was not shown, or one response twice.
    """
    places: dict[Hashable, int] = {}
    for place, group in enumerate(ranking):
        for response in group:
            if response in places or response not in shown:
                raise ValueError(f"Response {response} of the ranking was not shown, or is named twice.")
            places[response] = place
    return tuple(
        Seen(
            response=response,
            place=places.get(response, len(ranking)),
            features=None if features is None else features.get(response),
            is_own=None if own is None else response in own,
        )
        for response in shown
    )


def reading_of(texts: Iterable[str]) -> Reading:
    """How much these texts are to read.

    Returns: two words and four wide characters for "안녕 hello, world 漢字".
    """
    words = wide = 0
    for text in texts:
        rest, found = WIDE.subn(" ", text)
        wide += found
        words += sum(any(c.isalnum() for c in word) for word in rest.split())
    return Reading(words, wide)


def with_agreement(rows: Sequence[AuditRow]) -> list[AuditRow]:
    """Rows that know how far each judgment agrees with the others of its comparison; those that know already stay.

    The agreement is the mean over all others and all pairs of responses of whether both put the pair in the same order;
    a tie agrees only with a tie. Nobody is held against themselves: somebody's own other judgments do not count, where
    the annotator is known. Where nobody else judged, it stays None.
    """
    groups: dict[Hashable, list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(row.comparison, []).append(index)
    found: list[float | None] = [None] * len(rows)
    for indices in groups.values():
        for index, agreement in zip(indices, _agreements([rows[index] for index in indices]), strict=True):
            found[index] = agreement
    return [
        row if row.agreement is not None else replace(row, agreement=agreement)
        for row, agreement in zip(rows, found, strict=True)
    ]


def _agreements(group: Sequence[AuditRow]) -> list[float | None]:
    """Of each judgment of one comparison the share of others' opinions that are its own, counted once for everybody."""
    said = [_opinions(row) for row in group]
    people = [index if row.annotator is None else ("known", row.annotator) for index, row in enumerate(group)]
    everybody: Counter[Hashable] = Counter()
    own: dict[Hashable, Counter[Hashable]] = {}
    for person, opinions in zip(people, said, strict=True):
        counted = [*opinions.items(), *opinions]  # of each pair the opinion, and that there is one
        everybody.update(counted)
        own.setdefault(person, Counter()).update(counted)
    agreements: list[float | None] = []
    for person, opinions in zip(people, said, strict=True):
        mine = own[person]
        total = sum(everybody[pair] - mine[pair] for pair in opinions)
        equal = sum(everybody[item] - mine[item] for item in opinions.items())
        agreements.append(equal / total if total else None)
    return agreements


def _opinions(row: AuditRow) -> dict[tuple[Hashable, Hashable], int]:
    """1, 0 or −1 for each pair of responses, named in a fixed order."""
    said = {}
    for one, other in combinations(sorted(row.seen, key=lambda one: str(one.response)), 2):
        said[one.response, other.response] = (one.place < other.place) - (one.place > other.place)
    return said
