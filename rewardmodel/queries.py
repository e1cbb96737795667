"""Reading: which reward models a person may see, and what they said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Avg, Count, Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from labeling.models import Comparison, Person, Project, Response, Snapshot
from labeling.queries import projects_visible_to
from rewardmodel.errors import UnknownData, UnknownRewardModel
from rewardmodel.models import Evaluation, RewardModel, RewardModelAlias, Score, Sweep, SweepRun
from runs.models import Run

SHORTEST_DIGEST = 8


def reward_models_visible_to(person: Person) -> QuerySet[RewardModel]:
    """Engineers and owners see every model; managers those trained on their projects; nobody else any."""
    models = RewardModel.objects.select_related("snapshot__project", "run").prefetch_related("aliases")
    if person.is_engineer:
        return models
    return models.filter(snapshot__project__in=managed_projects(person))


def apart_from_sweeps(models: QuerySet[RewardModel]) -> QuerySet[RewardModel]:
    """The models that a list should show: of a sweep's many only those that an alias points at."""
    of_a_sweep = RewardModel.objects.filter(run__in=SweepRun.objects.values("run"), aliases=None)
    return models.exclude(pk__in=of_a_sweep.values("pk"))


def managed_projects(person: Person) -> QuerySet[Project]:
    """The projects this person manages by membership."""
    return Project.objects.filter(memberships__person=person, memberships__role="manager")


def may_see_rewards(person: Person) -> bool:
    """Engineers, owners and managers may; annotators and reviewers must not be influenced by a reward."""
    return person.is_engineer or managed_projects(person).exists()


def get_reward_model_for(person: Person, name: str) -> RewardModel:
    """The model of that name. Raises: Http404 where it does not exist for this person."""
    model = reward_models_visible_to(person).filter(name=name).first()
    if model is None:
        raise Http404
    return model


def evaluations_visible_to(person: Person, model: RewardModel) -> QuerySet[Evaluation]:
    """A model's evaluations, newest first: engineers and owners see all, managers those on their projects' snapshots.

    What a file held belongs to no project, so that managers do not see evaluations on files.
    """
    evaluations = model.evaluations.select_related("snapshot__project", "run")
    if person.is_engineer:
        return evaluations
    return evaluations.filter(snapshot__project__in=managed_projects(person))


def get_reward_model(name: str) -> RewardModel:
    """The model of that name, or the one that an alias points at, for commands. Raises: UnknownRewardModel."""
    model = RewardModel.objects.filter(name=name).first() or RewardModel.objects.filter(aliases__alias=name).first()
    if model is None:
        known = ", ".join(RewardModel.objects.values_list("name", flat=True)[:10]) or _("none yet")
        raise UnknownRewardModel(
            _("There is no reward model “%(name)s”. There are: %(known)s.") % {"name": name, "known": known}
        )
    return model


def sweeps_visible_to(person: Person) -> QuerySet[Sweep]:
    """Of every sweep (engineers and owners) or those on projects one manages: newest first, with `runs` and `ended`."""
    ended = [Run.State.SUCCEEDED, Run.State.FAILED, Run.State.CANCELLED]
    sweeps = Sweep.objects.select_related("snapshot__project", "created_by").annotate(
        runs=Count("trainings"), ended=Count("trainings", filter=Q(trainings__run__state__in=ended))
    )
    sweeps = sweeps.order_by("-created_at", "-pk")
    if person.is_engineer:
        return sweeps
    return sweeps.filter(snapshot__project__in=managed_projects(person))


def get_sweep_for(person: Person, name: str) -> Sweep:
    """The sweep of that name. Raises: Http404 where it does not exist for this person."""
    sweep = sweeps_visible_to(person).filter(name=name).first()
    if sweep is None:
        raise Http404
    return sweep


def champion() -> RewardModel | None:
    """The promoted model, or None before the first promotion."""
    return RewardModel.objects.filter(aliases__alias=RewardModelAlias.Name.CHAMPION).first()


def snapshots_visible_to(person: Person) -> QuerySet[Snapshot]:
    """Snapshots of the projects a person may see, newest first."""
    return Snapshot.objects.filter(project__in=projects_visible_to(person)).select_related("project")


def get_snapshot(name: str, *, person: Person | None = None) -> Snapshot:
    """The snapshot with that id, or the newest of that name or whose content hash begins so.

    Args:
        person: who asks: they get those that they may see, of projects that are not archived; a command gets all.

    Raises: UnknownData.
    """
    found = snapshots_visible_to(person) if person else Snapshot.objects.select_related("project")
    try:
        snapshot = found.filter(pk=UUID(name)).first()
    except ValueError:
        snapshot = None
    if snapshot is None and name:
        snapshot = found.filter(name=name).first()
    if snapshot is None and len(name) >= SHORTEST_DIGEST:
        snapshot = found.filter(content_sha256__startswith=name).first()
    if snapshot is None:
        raise UnknownData(_("There is no snapshot “%(name)s”. Freeze one first.") % {"name": name})
    return snapshot


@dataclass(frozen=True)
class PolicyRewards:
    """What one policy's responses are worth on average, normalized."""

    policy: str
    responses: int
    mean: float


def rewards_by_policy(project: Project, reward_model: RewardModel) -> list[PolicyRewards]:
    """Mean normalized reward of each policy's responses in a project, best first."""
    rows = (
        Score.objects.filter(reward_model=reward_model, response__prompt__project=project)
        .values("response__policy_name")
        .annotate(responses=Count("pk"), mean=Avg("normalized"))
        .order_by("-mean")
    )
    return [PolicyRewards(row["response__policy_name"], row["responses"], row["mean"]) for row in rows]


def unscored_responses(reward_model: RewardModel, project: Project | None) -> QuerySet[Response]:
    """Readable responses that this model has given no score, oldest first."""
    responses = Response.objects.filter(kind__in=[Response.Kind.TEXT, Response.Kind.MESSAGES])
    if project is not None:
        responses = responses.filter(prompt__project=project)
    scored = Score.objects.filter(reward_model=reward_model).values("response_id")
    return responses.exclude(pk__in=scored).select_related("prompt").order_by("pk")


def scores_of_comparison(comparison: Comparison, reward_model: RewardModel) -> list[Score]:
    """The scores of a comparison's responses by one model, highest first."""
    return list(
        Score.objects.filter(reward_model=reward_model, response__memberships__comparison=comparison)
        .select_related("response")
        .order_by("-value")
    )


def disagreements_with_addresses(
    model: RewardModel, entries: Sequence[dict[str, Any]], evaluation: Evaluation | None = None
) -> list[dict[str, Any]]:
    """Pairs where model and people disagree most, each with the address of its comparison where there is one.

    Comparisons are looked for in the project that was evaluated on, or else in the one that the model comes from; the
    pages of an archived one are not there.
    """
    snapshot = (evaluation.snapshot if evaluation else None) or model.snapshot
    if snapshot is None or not entries or snapshot.project.is_archived:
        return list(entries)
    hashes = [entry["comparison"] for entry in entries]
    project = snapshot.project
    rows = Comparison.objects.filter(project=project, content_hash__in=hashes).values_list("content_hash", "pk")
    places = {content_hash: reverse("labeling-comparison", args=[project.slug, pk]) for content_hash, pk in rows}
    return [{**entry, "url": places.get(entry["comparison"], "")} for entry in entries]
