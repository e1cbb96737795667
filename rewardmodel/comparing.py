"""Two reward models on the same pairs: who is right more often, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labeling.models import Person
from rewardmodel.core.evaluation.outcomes_file import FILE, Outcomes
from rewardmodel.core.resampling import Interval, Resampling
from rewardmodel.models import Evaluation, RewardModel
from rewardmodel.queries import evaluations_visible_to
from rewardmodel.services.files import home


@dataclass(frozen=True, slots=True)
class SamePairs:
    """Both models' evaluations on the same pairs, and accuracy of the first minus that of the second.

    difference is None where an evaluation's outcomes are no longer kept. only_first, only_second: pairs that one of
    them alone got right.
    """

    first: Evaluation
    second: Evaluation
    difference: Interval | None
    only_first: int
    only_second: int


def compare_models(person: Person, first: RewardModel, second: RewardModel) -> list[SamePairs]:
    """Every set of pairs that both models were evaluated on and this person may see, the newest first, each once."""
    theirs = {one.metrics.get("pairs_sha256"): one for one in reversed(evaluations_visible_to(person, second))}
    found: dict[str, SamePairs] = {}
    for one in evaluations_visible_to(person, first):
        pairs = one.metrics.get("pairs_sha256")
        if pairs and pairs in theirs and pairs not in found:
            found[pairs] = _compared(one, theirs[pairs])
    return list(found.values())


def _compared(first: Evaluation, second: Evaluation) -> SamePairs:
    one, other = outcomes_of(first), outcomes_of(second)
    if one is None or other is None or one.pairs_sha256 != other.pairs_sha256:
        return SamePairs(first, second, None, 0, 0)
    difference = Resampling(one.prompts).difference(one.correct, other.correct)
    only_first, only_second = int(np.sum(one.correct > other.correct)), int(np.sum(other.correct > one.correct))
    return SamePairs(first, second, difference, only_first, only_second)


def outcomes_of(evaluation: Evaluation) -> Outcomes | None:
    """Which pairs a model got right, from the directory of the run that evaluated it; None where it is gone."""
    if evaluation.run_id is None:
        return None
    return Outcomes.read(home() / "runs" / str(evaluation.run_id) / FILE)


def evaluated_alike(person: Person, models: Sequence[RewardModel], first: RewardModel) -> list[RewardModel]:
    """Of these models the others that share pairs with an evaluation of the first that this person may see."""
    mine = set(evaluations_visible_to(person, first).values_list("metrics__pairs_sha256", flat=True)) - {None}
    alike = Evaluation.objects.filter(metrics__pairs_sha256__in=mine).values_list("reward_model_id", flat=True)
    others = set(alike) - {first.pk}
    return [model for model in models if model.pk in others]
