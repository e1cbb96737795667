"""What a model can learn from a comparison: pairs, orders, ratings, whichever are asked for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

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
        if all(index == position for index, position in place.items()):
            return self
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


def targets_of(
    record: ComparisonRecord,
    rules: PairRules,
    *,
    kinds: Collection[TargetKind] = PAIRS_ALONE,
    annotator_weights: AnnotatorWeights | None = None,
) -> Targets:
    """What one comparison says of each kind asked for. Under the `prompt` weight each kind sums to 1.

    Args:
        annotator_weights: how much one judgment of an annotator counts, as `derive_pairs` takes them.
    """
    return Targets(
        pairs=tuple(derive_pairs(record, rules, annotator_weights=annotator_weights)) if "pairs" in kinds else (),
        orders=tuple(derive_orders(record, rules, annotator_weights=annotator_weights)) if "orders" in kinds else (),
        ratings=tuple(derive_ratings(record, rules, annotator_weights=annotator_weights)) if "ratings" in kinds else (),
    )


def shared_targets(prompt: Sequence[Targets], rules: PairRules) -> list[Targets]:
    """Targets of all comparisons of a prompt, so that it weighs 1 however many comparisons it has.

    That holds for each kind by itself: a prompt's pairs sum to 1, its orders do, and its ratings do. Each of the
    comparisons that says anything of a kind gets an equal share of that kind. Under the `pair` weight nothing is
    divided.
    """
    if rules.weight == "pair":
        return list(prompt)
    pairs = shared_by_prompt([found.pairs for found in prompt])
    orders = shared_by_prompt([found.orders for found in prompt])
    ratings = shared_by_prompt([found.ratings for found in prompt])
    return [Targets(tuple(p), tuple(o), tuple(r)) for p, o, r in zip(pairs, orders, ratings, strict=True)]
