"""Regression: a reward is what people would rate a response, in standard deviations of their ratings."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
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


def rating_scales(ratings: Mapping[str, NDArray[np.float64]]) -> dict[str, RatingScale]:
    """The scale of each attribute from all its ratings, shape (N,); a std of 0 (all ratings alike) is given as 1."""
    scales = {}
    for attribute, values in sorted(ratings.items()):
        std = float(values.std())
        scales[attribute] = RatingScale(float(values.mean()), std if std > 1e-9 else 1.0)
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
