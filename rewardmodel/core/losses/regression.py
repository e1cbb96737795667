"""Regression: a reward is what people would rate a response, in standard deviations of their ratings."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class RatingScale:
    """Where the ratings of one attribute lie: their mean and standard deviation, in steps of their scale."""

    mean: float
    std: float

    def standardized(self, value: float) -> float:
        """How many standard deviations a rating lies above the mean."""
        return (value - self.mean) / self.std


@dataclass(frozen=True)
class RatedAttribute:
    """An attribute that has a head of its own.

    Args:
        name: as the instrument or the imported file has it.
        weight: how much of the reward it makes, -1 to 1, negative where less is better.
        mean, std: of its ratings in the train split, in steps of their scale.
    """

    name: str
    weight: float
    mean: float
    std: float


def rating_scales(ratings: Iterable[tuple[str, float]]) -> dict[str, RatingScale]:
    """The scale of each attribute among (attribute, value); a std of 0 (all ratings alike) is given as 1."""
    values: dict[str, list[float]] = {}
    for attribute, value in ratings:
        values.setdefault(attribute, []).append(value)
    scales = {}
    for attribute, each in sorted(values.items()):
        mean = math.fsum(each) / len(each)
        std = math.sqrt(math.fsum((value - mean) ** 2 for value in each) / len(each))
        scales[attribute] = RatingScale(mean, std if std > 1e-9 else 1.0)
    return scales


def share_of_attributes(attributes: Mapping[str, float]) -> dict[str, float]:
    """What part of a reward each attribute makes: the weights over the sum of their absolute values."""
    total = math.fsum(abs(weight) for weight in attributes.values())
    return {attribute: weight / total for attribute, weight in attributes.items()}


def squared_errors(rewards: Tensor, ratings: Tensor) -> Tensor:
    """What each rating costs: the square of its distance from what is predicted.

    Where one reward predicts several attributes of a response, each a rating of its own, it costs least at their
    weighted mean.

    Args:
        rewards: what is predicted of each rating: the response's reward, or what the head of the rating's attribute
            says, shape (N,), in standard deviations.
        ratings: standardized, shape (N,); where they predict one reward, their sign turned where less is better.

    Returns: shape (N,), in squared standard deviations; on average 1 where every reward is 0.
    Raises: ValueError if the shapes differ.
    Source: Wang et al. 2024, arXiv:2406.08673 (HelpSteer2): a linear head trained on ratings by mean squared error,
        and one reward made of several attributes by fixed weights, some of them negative.
    """
    if rewards.dim() != 1 or rewards.shape != ratings.shape:
        raise ValueError(
            f"rewards and ratings have shapes {tuple(rewards.shape)} and {tuple(ratings.shape)}, not (N,)."
        )
    return (rewards - ratings).square()
