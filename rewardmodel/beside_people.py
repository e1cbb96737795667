"""A reward model beside people on the same items: how often it says what one of them said, and they each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

from django.db.models import Count

from labeling.models import Judgment, Project
from labeling.queries import current_judgments
from labeling.stats.agreement import opinion
from labeling.stats.intervals import Share, wilson_share
from rewardmodel.models import RewardModel, Score

LATEST_COMPARISONS = 1_000


@dataclass(frozen=True, slots=True)
class Beside:
    """Shares over the same comparisons, each counting once: of two people, and of the model and one of them."""

    people: Share
    model: Share


def accuracy_beside_agreement(project: Project, model: RewardModel) -> Beside | None:
    """Hold a model's rewards against people where two or more of them judged, on the latest 1,000 such comparisons.

    Of each two responses those verdicts count that prefer one; where fewer than two do, neither people nor the model
    are asked. Equal rewards are half right.

    Returns: None without a comparison that two people judged and the model scored.
    """
    people = current_judgments(project).filter(source=Judgment.Source.PERSON)
    doubled = (
        people.order_by("-comparison_id")
        .values("comparison_id")
        .annotate(n=Count("pk"))
        .filter(n__gte=2)
        .values_list("comparison_id", flat=True)[:LATEST_COMPARISONS]
    )
    compared = list(doubled)
    rankings: dict[int, list[Any]] = {}
    for comparison, ranking in people.filter(comparison__in=compared).values_list("comparison_id", "ranking"):
        rankings.setdefault(comparison, []).append(ranking)
    rewards: dict[int, dict[int, float]] = {}
    scores = Score.objects.filter(reward_model=model, response__memberships__comparison__in=compared)
    for comparison, response, value in scores.values_list("response__memberships__comparison", "response_id", "value"):
        rewards.setdefault(comparison, {})[response] = value
    shares = [shares_of(rankings[one], rewards[one]) for one in compared if one in rewards and one in rankings]
    told = [share for share in shares if share is not None]
    if not told:
        return None
    return Beside(
        people=wilson_share(fmean(share[0] for share in told), len(told)),
        model=wilson_share(fmean(share[1] for share in told), len(told)),
    )


def shares_of(rankings: Sequence[Any], rewards: dict[int, float]) -> tuple[float, float] | None:
    """Of one comparison how often two people agree, and the model with one of them; None if nothing is told."""
    people, model = [], []
    for left, right in combinations(sorted(rewards), 2):
        said = [view for ranking in rankings if (view := opinion(ranking, left, right))]
        if len(said) < 2:
            continue
        lefts = said.count(1)
        rights = len(said) - lefts
        pairs = len(said) * (len(said) - 1)
        people.append((lefts * (lefts - 1) + rights * (rights - 1)) / pairs)
        gap = rewards[left] - rewards[right]
        model.append(0.5 if gap == 0 else (lefts if gap > 0 else rights) / len(said))
    return (fmean(people), fmean(model)) if people else None
