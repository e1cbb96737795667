"""Generation as a run: policies answer prompts of a project, and what they wrote goes before people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from finetuning.errors import InvalidPolicyRun
from finetuning.models import Generation, Policy
from finetuning.services.answers import policies_named, read_answers, write_child_config
from finetuning.services.finetune import policy_link
from finetuning.services.prompts import PROMPTS, check_file, check_project, choose_rows, write_rows
from finetuning.services.sampling import check_sampling
from labeling.models import Instrument, Person, Project
from labeling.services.generated import queue_generated
from runs.models import Run
from runs.services.queueing import queue_once

KIND = "generate_responses"
DEFAULT_LIMIT = 100
MOST_PROMPTS = 10_000
PAIR = 2


def queue_generation(
    *,
    project: Project,
    policy: Policy,
    against: Policy | None = None,
    prompts: Path | None = None,
    limit: int = DEFAULT_LIMIT,
    sampling: Mapping[str, Any] | None = None,
    before_old_work: bool = False,
    created_by: Person | None = None,
    client_id: UUID | None = None,
) -> Run:
    """Record that a policy should answer prompts, for people of a project to compare.

    Args:
        against: whose answers stand beside its own; without, it answers each prompt twice or more by itself.
        prompts: a JSONL file with "prompt" in each row. By default prompts of the project that these policies have not
            answered yet, those held out from training first; for a demo project and a policy that grew up on the demo
            corpus, prompts which it has never seen.
        limit: at most so many prompts.
        sampling: settings of `services.sampling` that differ from the defaults.
        before_old_work: whether the new comparisons are handed out before what waits already.
        client_id: of the page that asks; asking the same again under it gives the first run.

    Raises:
        InvalidPolicyRun: a setting cannot be, or the project's instrument cannot show so many answers.
        NothingToAnswer: no prompt is left.
    """
    policies = [policy] if against in (None, policy) else [policy, against]
    drawn = check_sampling({"samples_per_prompt": PAIR // len(policies), **(sampling or {})})
    _check_answers(project, drawn["samples_per_prompt"] * len(policies))
    if not 1 <= limit <= MOST_PROMPTS:
        raise InvalidPolicyRun(
            _("The limit lies between 1 and %(most)d.") % {"most": MOST_PROMPTS}, fields={"limit": limit}
        )
    if prompts is not None:
        check_file(prompts)
    else:
        check_project(project, policies)
    asked = {
        "project": project.slug,
        "policies": [each.name for each in policies],
        "prompts": str(prompts.resolve()) if prompts else "",
        "limit": limit,
        "sampling": drawn,
        "before_old_work": before_old_work,
    }
    return queue_once(
        client_id=client_id,
        asked=asked,
        kind=KIND,
        config=asked,
        title=_("New responses by %(policy)s for %(project)s") % {"policy": policy.name, "project": project.name},
        created_by=created_by,
        scope=project.slug,
        lineage=[policy_link(each) for each in policies],
    )


def prepare_generation(run: Run, directory: Path) -> None:
    """Write config.json and, at the first attempt, prompts.jsonl with the prompts to answer."""
    config = run.config
    policies = policies_named(config["policies"])
    write_child_config(directory, policies, config["sampling"])
    if not (directory / PROMPTS).exists():
        project = Project.objects.get(slug=config["project"])
        file = Path(config["prompts"]) if config["prompts"] else None
        write_rows(directory, choose_rows(project, policies, file=file, limit=config["limit"]))


def finish_generation(run: Run, directory: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Put the answers before people and keep what became of them. A second time nothing is added."""
    config = run.config
    project = Project.objects.get(slug=config["project"])
    policy, *others = policies_named(config["policies"])
    answered = list(read_answers(directory))
    queued = queue_generated(project=project, answered=answered, before_old_work=config["before_old_work"])
    generation, _is_new = Generation.objects.get_or_create(
        run=run,
        defaults={
            "policy": policy,
            "against": others[0] if others else None,
            "project": project,
            "sampling": config["sampling"],
            "prompts": len(answered),
            "responses": sum(len(item.responses) for item in answered),
            "comparisons": queued.comparisons,
            "identical": queued.identical,
        },
    )
    counts = {name: getattr(generation, name) for name in ("prompts", "responses", "comparisons", "identical")}
    return {
        **counts,
        "unanswered": queued.unanswered,
        "policy": policy.name,
        "against": others[0].name if others else None,
        "project": project.slug,
        "url": f"/projects/{project.slug}/",
    }


def _check_answers(project: Project, answers: int) -> None:
    """Raises: InvalidPolicyRun unless the project's instrument can compare so many answers."""
    compares_pairs = project.instrument.kind == Instrument.Kind.PAIR
    if answers >= PAIR and (answers == PAIR or not compares_pairs):
        return
    raise InvalidPolicyRun(
        _("Each prompt would get %(answers)d answers; “%(project)s” compares %(wanted)s. Change samples_per_prompt.")
        % {"answers": answers, "project": project.name, "wanted": _("two") if compares_pairs else _("two or more")},
        fields={"samples_per_prompt": answers},
    )
