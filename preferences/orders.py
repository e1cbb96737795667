"""From judgments to orders: what each says of all responses at once, for losses over whole rankings."""

from dataclasses import dataclass

from preferences.pairs import PairRules, counts_towards_pairs, left_out
from preferences.records import ComparisonRecord
from preferences.weights import AnnotatorWeights, summing_to_one, weight_of


@dataclass(frozen=True)
class Order:
    """One judgment's order of a comparison's responses, as indices into the comparison.

    Attributes:
        groups: tie groups, best first; each in ascending order, none empty.
        weight: how much the order counts.
        below: responses that the ranking leaves out. They stand below all groups, and nothing is said of their order:
            they are not tied. Empty where the ranking names all.
    """

    groups: tuple[tuple[int, ...], ...]
    weight: float
    below: tuple[int, ...] = ()

    @property
    def responses(self) -> tuple[int, ...]:
        """All responses that it says something of, best first: each once."""
        return (*(index for group in self.groups for index in group), *self.below)


def derive_orders(
    record: ComparisonRecord, rules: PairRules, *, annotator_weights: AnnotatorWeights | None = None
) -> list[Order]:
    """One order for each judgment whose ranking counts under the rules and says something.

    A ranking that ties all responses orders nothing: it is left out unless ties count (`ties="half"`). Inside other
    rankings tied groups stay, whatever the rules say of ties, for without them a response would lose its place.
    `votes` says how pairs are made and changes no order.

    Returns: in the order of the judgments. Under the `prompt` weight they sum to 1 (a prompt with several comparisons
        divides that: `preferences.targets`), under `pair` each weighs what its annotator does.
    """
    orders = [
        Order(judgment.ranking, weight, left_out(judgment.ranking, len(record.responses)))
        for judgment in record.judgments
        if (weight := weight_of(judgment.annotator, annotator_weights)) > 0
        and judgment.ranking
        and counts_towards_pairs(judgment, rules)
    ]
    if rules.ties == "drop":
        orders = [order for order in orders if len(order.groups) > 1 or order.below]
    return orders if rules.weight == "pair" else summing_to_one(orders)
