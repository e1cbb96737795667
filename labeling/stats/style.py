"""How a response looks, as covariates of who wins: length, headers, lists and bold."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from labeling.stats.outcomes import Outcomes
from labeling.stats.text_features import TextFeatures

Floats = NDArray[np.float64]

COVARIATES: dict[str, Callable[[TextFeatures], int]] = {
    "length": lambda features: features.characters,
    "headers": lambda features: features.headers,
    "lists": lambda features: features.list_items,
    "bold": lambda features: features.bold,
}


def style_differences(outcomes: Outcomes, features: Sequence[Sequence[TextFeatures | None]]) -> Floats:
    """By how much the first response of each pair has more of each covariate, relative to both, shape (N, F).

    The difference over the sum, −1 to 1: ten headers against five count as two against one. 0 where neither has any.

    Args:
        features: of the responses of each ranking that the outcomes came from, in the order of its policies.

    Returns: NaN where one of the two texts is not known.
    Source: Li, Angelopoulos & Chiang 2024, "Does style matter? Disentangling style and substance in Chatbot Arena".
    """
    rows = []
    for judgment, first_at, second_at in zip(outcomes.judgment, outcomes.first_at, outcomes.second_at, strict=True):
        first, second = features[judgment][first_at], features[judgment][second_at]
        if first is None or second is None:
            rows.append([np.nan] * len(COVARIATES))
            continue
        rows.append([_relative(count(first), count(second)) for count in COVARIATES.values()])
    return np.array(rows, dtype=np.float64).reshape(-1, len(COVARIATES))


def _relative(first: int, second: int) -> float:
    return (first - second) / (first + second) if first + second else 0.0
