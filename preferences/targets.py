"""What a model can learn from a comparison: pairs, orders, ratings, whichever are asked for."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal, Protocol, TypeAlias, TypeVar

from preferences.orders import Order, derive_orders
from preferences.pairs import Pair, PairRules, derive_pairs
from preferences.ratings import Rating, derive_ratings
from preferences.records import ComparisonRecord
from preferences.weights import AnnotatorWeights, shared_by_prompt

TargetKind: TypeAlias = Literal["pairs", "orders", "ratings"]
TARGET_KINDS: tuple[TargetKind, ...] = ("pairs", "orders", "ratings")
PAIRS_ALONE: tuple[TargetKind, ...] = ("pairs",)


@dataclass(frozen=True)
class Targets:
    """What one comparison says, by its responses' indices; a kind that nobody asked for is empty."""

    pairs: tuple[Pair, ...] = ()
    orders: tuple[Order, ...] = ()
    ratings: tuple[Rating, ...] = ()

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.pairs or self.orders or self.ratings)

    @property
    def responses(self) -> list[int]:
        """The indices of all responses that it speaks of, ascending."""
        named = {index for pair in self.pairs for index in (pair.better, pair.worse)}
        named.update(index for order in self.orders for index in order.responses)
        named.update(rating.text for rating in self.ratings)
        return sorted(named)

    def renumbered(self) -> "Targets":
        """The same, with indices into `responses` instead of into the comparison."""
        place = {index: position for position, index in enumerate(self.responses)}
        return Targets(
            pairs=tuple(replace(pair, better=place[pair.better], worse=place[pair.worse]) for pair in self.pairs),
            orders=tuple(
                replace(
                    order,
                    groups=tuple(tuple(place[index] for index in group) for group in order.groups),
                    below=tuple(place[index] for index in order.below),
                )
                for order in self.orders
            ),
            ratings=tuple(replace(rating, text=place[rating.text]) for rating in self.ratings),
        )


class _HasRecord(Protocol):
    @property
    def record(self) -> ComparisonRecord: ...


RowT = TypeVar("RowT", bound=_HasRecord)


def targets_by_prompt(
    rows: Iterable[RowT],
    rules: PairRules,
    *,
    kinds: Collection[TargetKind] = PAIRS_ALONE,
    annotator_weights: AnnotatorWeights | None = None,
) -> Iterator[tuple[RowT, Targets]]:
    """Derive targets so that a prompt weighs 1 however many comparisons, judgments and responses it has.

    That holds for each kind by itself: a prompt's pairs sum to 1, its orders do, and its ratings do. Each of a prompt's
    comparisons that says anything of a kind gets an equal share of that kind. Under the `pair` weight nothing is
    divided.

    Args:
        rows: those of one prompt must follow each other, as they do in a snapshot.
        kinds: which kinds of target to derive.
        annotator_weights: as `derive_pairs` takes them.

    Returns: every row, with empty targets where nothing is said.
    """
    for _, group in groupby(rows, key=lambda row: row.record.prompt_hash):
        together = list(group)
        records = [row.record for row in together]
        pairs: Sequence[Sequence[Pair]] = [()] * len(records)
        orders: Sequence[Sequence[Order]] = [()] * len(records)
        ratings: Sequence[Sequence[Rating]] = [()] * len(records)
        if "pairs" in kinds:
            pairs = [derive_pairs(record, rules, annotator_weights=annotator_weights) for record in records]
        if "orders" in kinds:
            orders = [derive_orders(record, rules, annotator_weights=annotator_weights) for record in records]
        if "ratings" in kinds:
            ratings = [derive_ratings(record, rules, annotator_weights=annotator_weights) for record in records]
        if rules.weight == "prompt":
            pairs, orders, ratings = shared_by_prompt(pairs), shared_by_prompt(orders), shared_by_prompt(ratings)
        for row, said in zip(together, zip(pairs, orders, ratings, strict=True), strict=True):
            yield row, Targets(tuple(said[0]), tuple(said[1]), tuple(said[2]))
