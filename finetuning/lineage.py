"""What was made of a project's snapshots: reward models trained on them, and policies made with either."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from finetuning.models import Policy
from finetuning.queries import policies_visible_to
from labeling.models import Person, Project, Snapshot
from rewardmodel.models import RewardModel
from rewardmodel.queries import reward_models_visible_to


@dataclass(frozen=True, slots=True)
class MadeOf:
    """A reward model or a policy, and whether it would be another without what is thought away.

    Attributes:
        comes_from: the name of what it was made of: a snapshot's first digits, a reward model, a parent policy.
    """

    made: RewardModel | Policy
    comes_from: list[str]
    is_affected: bool


@dataclass(frozen=True, slots=True)
class Downstream:
    """What was made of a project's snapshots, each in the order in which it was made."""

    reward_models: list[MadeOf]
    policies: list[MadeOf]


def downstream_of(project: Project, person: Person, affected: Collection[UUID]) -> Downstream:
    """Follow a project's snapshots to what a person may see of what was made of them.

    Args:
        affected: the snapshots that would be others. What was trained on one, with its reward model or from an
            affected policy is affected too.
    """
    snapshots = set(Snapshot.objects.filter(project=project).values_list("pk", flat=True))
    touched = snapshots & set(affected)
    models = [
        MadeOf(model, [_short(model.snapshot)], model.snapshot_id in touched)
        for model in reward_models_visible_to(person).filter(snapshot__in=snapshots).order_by("created_at", "pk")
    ]
    return Downstream(models, _policies(person, snapshots, touched, models))


def _policies(
    person: Person, snapshots: Collection[UUID], touched: Collection[UUID], models: Sequence[MadeOf]
) -> list[MadeOf]:
    """Policies made of a snapshot, a reward model or a policy of these: a parent is older than its children."""
    model_of = {one.made.pk: one for one in models}
    found: dict[int, MadeOf] = {}
    for policy in policies_visible_to(person).order_by("created_at", "pk"):
        sources = [found[pk] for pk in dict.fromkeys((policy.parent_id, policy.reference_id)) if pk in found]
        sources += [model_of[pk] for pk in (policy.reward_model_id,) if pk in model_of]
        is_trained_here = policy.snapshot_id in snapshots
        if sources or is_trained_here:
            names = [*([_short(policy.snapshot)] if is_trained_here else []), *(one.made.name for one in sources)]
            is_affected = policy.snapshot_id in touched or any(one.is_affected for one in sources)
            found[policy.pk] = MadeOf(policy, names, is_affected)
    return list(found.values())


def _short(snapshot: Snapshot | None) -> str:
    return snapshot.content_sha256[:12] if snapshot else ""
