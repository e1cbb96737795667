"""What a reward model's scores say about the order of a project's queue."""

from itertools import groupby
from typing import Any

from django.db.models import OuterRef, Subquery

from labeling.models import ComparisonResponse, Project
from labeling.services.priorities import prioritize_by_information, set_priorities
from labeling.stats.information import verdict_uncertainty
from rewardmodel.models import RewardModel, Score

ROWS_AT_ONCE = 10_000


def refresh_priorities(*, reward_model: RewardModel, project: Project | None = None) -> dict[str, int]:
    """Bring the queues that go by a model up to date; of one project, or of all that the model has scored.

    `uncertainty` puts first what the model is least sure of; `information`, what tells most about the ranking of
    policies, which the judgments so far decide. The other orders are left alone.

    Returns: {slug: how many priorities changed} of the projects that have such a queue.
    """
    by_model = Project.objects.filter(
        queue_policy__in=[Project.QueuePolicy.UNCERTAINTY, Project.QueuePolicy.INFORMATION], is_archived=False
    )
    if project is not None:
        by_model = by_model.filter(pk=project.pk)
    changed = {}
    for each in by_model:
        if each.queue_policy == Project.QueuePolicy.INFORMATION:
            changed[each.slug] = prioritize_by_information(project=each)
        elif Score.objects.filter(reward_model=reward_model, response__prompt__project=each).exists():
            changed[each.slug] = _prioritize_by_uncertainty(each, reward_model)
    return changed


def _prioritize_by_uncertainty(project: Project, reward_model: RewardModel) -> int:
    """A comparison of which the model has not scored every response keeps its priority."""
    scores = Score.objects.filter(reward_model=reward_model, response=OuterRef("response_id"))
    members = (
        ComparisonResponse.objects.filter(comparison__project=project, comparison__open_slots__gt=0)
        .annotate(value=Subquery(scores.values("value")), uncertainty=Subquery(scores.values("uncertainty")))
        .order_by("comparison_id")
        .values_list("comparison_id", "value", "uncertainty")
    )
    priorities: dict[int, float] = {}
    for comparison, rows in groupby(members.iterator(chunk_size=ROWS_AT_ONCE), key=lambda row: row[0]):
        shown: list[Any] = list(rows)
        rewards = [value for _comparison, value, _uncertainty in shown]
        if None not in rewards:
            priorities[comparison] = verdict_uncertainty(rewards, [row[2] for row in shown])
    return set_priorities(project=project, priorities=priorities)
