"""From judgments to ratings: what each says of one response alone, for losses that learn a scale."""

from dataclasses import dataclass

from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.weights import AnnotatorWeights, summing_to_one, weight_of


@dataclass(frozen=True)
class Rating:
    """One judgment's value for one attribute of one response.

    Attributes:
        text: index of the response in the comparison.
        attribute: its name, as the instrument or the imported file has it.
        value: as it was given, on the attribute's own scale.
        weight: how much the rating counts.
    """

    text: int
    attribute: str
    value: float
    weight: float


def derive_ratings(
    record: ComparisonRecord, rules: PairRules, *, annotator_weights: AnnotatorWeights | None = None
) -> list[Rating]:
    """Every rating of a comparison, but for those of judgments above its target where the rules drop these.

    A judgment that says "all bad" still rates each response, whatever the rules make of its ranking.

    Returns: by judgment, response and attribute. Under the `prompt` weight they sum to 1 (a prompt with several
        comparisons divides that: `preferences.targets`), under `pair` each weighs what its annotator does.
    """
    ratings = [
        Rating(index, attribute, float(value), weight)
        for judgment in record.judgments
        if (weight := weight_of(judgment.annotator, annotator_weights)) > 0
        and not (judgment.is_surplus and rules.surplus == "drop")
        for index, values in sorted(judgment.ratings.items())
        for attribute, value in sorted(values.items())
    ]
    return ratings if rules.weight == "pair" else summing_to_one(ratings)
