"""How much a piece of what was said counts: by who said it, and by its part in a prompt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

AnnotatorWeights: TypeAlias = Mapping[str, float]
LEAST_WEIGHT, HIGHEST_WEIGHT = 1e-6, 1e6  # so that no sum or share of weights leaves the range of a float


class _Weighted(Protocol):
    """A frozen dataclass with a field `weight`: a pair, an order, a rating."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def weight(self) -> float: ...


T = TypeVar("T", bound=_Weighted)


def check_annotator_weights(weights: AnnotatorWeights) -> None:
    """Raises: ValueError, naming the annotator, unless every weight is 0 or a number from 0.000001 to 1,000,000."""
    for annotator, weight in weights.items():
        is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not (is_number and (weight == 0 or LEAST_WEIGHT <= weight <= HIGHEST_WEIGHT)):
            raise ValueError(
                f"The weight of annotator {annotator!r} is {weight!r}; "
                "it must be 0, or lie between 0.000001 and 1,000,000."
            )


def weight_of(annotator: str, weights: AnnotatorWeights | None) -> float:
    """How much one judgment of this annotator counts: 1 where nothing else is said."""
    return 1.0 if weights is None else float(weights.get(annotator, 1.0))


def summing_to_one(items: Sequence[T]) -> list[T]:
    """The same items, their weights in the same proportions and summing to 1. Each must weigh more than 0."""
    total = sum(item.weight for item in items)
    return [replace(item, weight=item.weight / total) for item in items]


def shared_by_prompt(groups: Iterable[Sequence[T]]) -> list[list[T]]:
    """What a prompt's comparisons say, each summing to 1, so that they sum to 1 together.

    Args:
        groups: one for each comparison of the prompt; empty where it says nothing, which then has no share.
    """
    groups = list(groups)
    speaking = sum(1 for items in groups if items)
    if speaking < 2:  # nearly every prompt of a large snapshot
        return [list(items) for items in groups]
    return [[replace(item, weight=item.weight / speaking) for item in items] for items in groups]
