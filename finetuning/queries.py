"""Reading: which policies there are, where they come from, and which prompts they have not answered yet."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from finetuning.errors import UnknownPolicy
from finetuning.models import Policy
from labeling.models import Person, Project, Prompt, Response, Snapshot
from labeling.services.demo import DEMO, DEMO_PROJECTS
from preferences.splits import split_of
from runs.models import Run

DEMO_CORPUS = "demo"
UNSEEN_DEMO_PROMPTS = DEMO / "unseen_prompts.jsonl"


def policies_visible_to(person: Person) -> QuerySet[Policy]:
    """Engineers and owners see every policy, nobody else any: a policy's name must not reach who judges it."""
    policies = Policy.objects.select_related("parent", "reference", "reward_model", "snapshot__project", "run")
    return policies if person.is_engineer else policies.none()


def get_policy_for(person: Person, name: str) -> Policy:
    """The policy of that name. Raises: Http404 where it does not exist for this person."""
    policy = policies_visible_to(person).filter(name=name).first()
    if policy is None:
        raise Http404
    return policy


def get_policy(name: str) -> Policy:
    """The policy of that name, for commands. Raises: UnknownPolicy."""
    policy = Policy.objects.filter(name=name).first()
    if policy is None:
        known = ", ".join(Policy.objects.values_list("name", flat=True)[:10]) or _("none yet")
        raise UnknownPolicy(
            _("There is no policy “%(name)s”. There are: %(known)s.") % {"name": name, "known": known},
            fields={"policy": _("unknown")},
        )
    return policy


def get_trial_for(person: Person, pk: UUID) -> Run:
    """A run of the playground, for engineers and owners. Raises: Http404."""
    run = Run.objects.filter(kind="try_policy", pk=pk).first() if person.is_engineer else None
    if run is None:
        raise Http404
    return run


def runs_making_policies() -> QuerySet[Run]:
    """Runs at whose end there will be a policy."""
    waiting = Run.objects.filter(kind__in=["make_base", "finetune_policy"])
    return waiting.filter(state__in=[Run.State.QUEUED, Run.State.RUNNING])


def ancestors(policy: Policy) -> list[Policy]:
    """The policy's parent, that one's parent, and so on to the base."""
    line: list[Policy] = []
    parent = policy.parent
    while parent is not None:
        line.append(parent)
        parent = parent.parent
    return line


def unseen_demo_prompts(policy: Policy, project: Project | None) -> Path | None:
    """The file of prompts that a policy from the demo corpus has not seen, for a demo project; None for others."""
    base = [policy, *ancestors(policy)][-1]
    is_demo = project is not None and project.slug in {demo.slug for demo in DEMO_PROJECTS}
    return UNSEEN_DEMO_PROMPTS if is_demo and base.config.get("corpus") == DEMO_CORPUS else None


def unanswered_prompts(project: Project, policies: Sequence[Policy]) -> QuerySet[Prompt]:
    """A project's prompts that these policies have not all answered, oldest first."""
    prompts = Prompt.objects.filter(project=project)
    answered = prompts
    for policy in policies:
        by_it = Response.objects.filter(prompt=OuterRef("pk"), policy_name=policy.name, is_demonstration=False)
        answered = answered.filter(Exists(by_it))
    return prompts.exclude(pk__in=answered.values("pk")).order_by("pk")


def prompts_to_answer(project: Project, policies: Sequence[Policy], *, limit: int) -> list[Prompt]:
    """Some prompts that these policies have not all answered; those held out from training come first.

    Held out are the prompts of the test split of the project's newest snapshot, each for itself: a near-duplicate that
    the snapshot put elsewhere is not known here.
    """
    waiting = unanswered_prompts(project, policies)
    snapshot = Snapshot.objects.filter(project=project).first()
    if snapshot is None:
        return list(waiting[:limit])
    split = {name: snapshot.manifest["split"][name] for name in ("seed", "validation", "test")}
    held_out: list[int] = []
    others: list[int] = []
    for pk, content_hash in waiting.values_list("pk", "content_hash").iterator():
        kept = held_out if split_of(content_hash, **split) == "test" else others
        if len(kept) < limit:
            kept.append(pk)
        if len(held_out) == limit:
            break
    chosen = [*held_out, *others][:limit]
    by_id = Prompt.objects.in_bulk(chosen)
    return [by_id[pk] for pk in chosen]
