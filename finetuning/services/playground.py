"""Trying policies by hand: a short run that answers one prompt and keeps no rows but its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from finetuning.errors import InvalidPolicyRun
from finetuning.models import Policy
from finetuning.services.answers import policies_named, read_answers, write_child_config
from finetuning.services.finetune import policy_link
from finetuning.services.prompts import row_of_text, write_rows
from finetuning.services.sampling import check_sampling
from labeling.models import Person
from runs.models import Run
from runs.services.queueing import queue_once

KIND = "try_policy"
LONGEST_PROMPT_CHARACTERS = 20_000
MOST_POLICIES = 2


def queue_trial(
    *,
    policies: Sequence[Policy],
    prompt: str,
    sampling: Mapping[str, Any] | None = None,
    created_by: Person | None = None,
    client_id: UUID | None = None,
) -> Run:
    """Record that one or two policies should answer a prompt that somebody typed.

    Args:
        client_id: of the page that asks; asking the same again under it gives the first run.

    Raises: InvalidPolicyRun for an empty or endless prompt, no policy or too many, or a setting that cannot be.
    """
    names = list(dict.fromkeys(policy.name for policy in policies))
    if not 1 <= len(names) <= MOST_POLICIES:
        raise InvalidPolicyRun(_("Choose one policy or two."), fields={"policies": len(names)})
    if not prompt.strip() or len(prompt) > LONGEST_PROMPT_CHARACTERS:
        raise InvalidPolicyRun(
            _("A prompt has 1 to %(most)d characters.") % {"most": LONGEST_PROMPT_CHARACTERS},
            fields={"prompt": len(prompt)},
        )
    asked = {"policies": names, "prompt": prompt.strip(), "sampling": check_sampling(sampling or {})}
    return queue_once(
        client_id=client_id,
        asked=asked,
        kind=KIND,
        config=asked,
        title=_("Try %(policies)s") % {"policies": ", ".join(names)},
        created_by=created_by,
        lineage=[policy_link(policy) for policy in policies_named(names)],
    )


def prepare_trial(run: Run, directory: Path) -> None:
    """Write config.json and prompts.jsonl with the one prompt."""
    write_child_config(directory, policies_named(run.config["policies"]), run.config["sampling"])
    write_rows(directory, [row_of_text(run.config["prompt"])])


def finish_trial(run: Run, directory: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Keep the answers in the run: {"answers": [{"policy", "content", "is_cut"}]}, in the order of the policies."""
    answers = [
        {"policy": said.policy, "content": said.content, "is_cut": bool((said.sampling or {}).get("is_cut"))}
        for item in read_answers(directory)
        for said in item.responses
    ]
    return {"answers": answers}
