"""Scoring as a run: rewards for stored responses, each once per model."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from labeling.models import Person, Project, Response
from rewardmodel.core.data.texts import response_text
from rewardmodel.core.run_directory import write_json_atomically
from rewardmodel.errors import NothingToScore
from rewardmodel.models import RewardModel, Score
from rewardmodel.queries import unscored_responses
from rewardmodel.services.files import model_directory
from rewardmodel.services.priorities import refresh_priorities
from runs.models import Run
from runs.services.queueing import asked_before, queue_once

KIND = "score_responses"
ROWS_AT_ONCE = 2000


def queue_scoring(
    *,
    reward_model: RewardModel,
    project: Project | None = None,
    created_by: Person | None = None,
    client_id: UUID | None = None,
) -> Run:
    """Record that a model should score all responses, or those of one project, that it has not scored yet.

    Args:
        client_id: of the page that asks; asking the same again under it gives the first run.

    Raises: NothingToScore if there is none.
    """
    asked = {"model": reward_model.name, "project": project.slug if project else None}
    if first := asked_before(client_id=client_id, kind=KIND, asked=asked, created_by=created_by):
        return first
    if not unscored_responses(reward_model, project).exists():
        raise NothingToScore(_("“%(model)s” has scored every response already.") % {"model": reward_model.name})
    where = project.name if project else _("all projects")
    return queue_once(
        client_id=client_id,
        asked=asked,
        kind=KIND,
        config=asked,
        title=_("Score the responses of %(where)s with %(model)s") % {"where": where, "model": reward_model.name},
        created_by=created_by,
        scope=project.slug if project else "",
        lineage=[{"label": reward_model.name, "url": f"/reward-models/{reward_model.name}/", "kind": "reward model"}],
    )


def prepare_scoring(run: Run, directory: Path) -> None:
    """Write config.json and, at the first attempt, items.jsonl with the responses to be scored."""
    model = RewardModel.objects.get(name=run.config["model"])
    write_json_atomically(
        directory / "config.json",
        {
            "model": str(model_directory(model)),
            "name": model.name,
            "torch_threads": settings.PLUMBLINE_TORCH_THREADS,
        },
    )
    items = directory / "items.jsonl"
    if items.exists():
        return
    project = Project.objects.get(slug=run.config["project"]) if run.config["project"] else None
    partial = directory / ".items.jsonl"
    with partial.open("w", encoding="utf-8") as stream:
        for response in unscored_responses(model, project).iterator(chunk_size=ROWS_AT_ONCE):
            stream.write(json.dumps(_item(response), ensure_ascii=False) + "\n")
    partial.replace(items)


def finish_scoring(run: Run, directory: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Store the scores, and bring the queues up to date that go by them; a score that exists already is kept."""
    model = RewardModel.objects.get(name=run.config["model"])
    lines = _lines(directory / "scores.jsonl")
    while chunk := list(islice(lines, ROWS_AT_ONCE)):
        Score.objects.bulk_create(
            [
                Score(
                    reward_model=model,
                    response_id=line["id"],
                    value=line["reward"],
                    normalized=line["reward_normalized"],
                    uncertainty=line["uncertainty"],
                )
                for line in chunk
            ],
            ignore_conflicts=True,
        )
    project = Project.objects.get(slug=run.config["project"]) if run.config["project"] else None
    priorities = refresh_priorities(reward_model=model, project=project)
    return {**result, "model": model.name, "priorities": priorities}


def _item(response: Response) -> dict[str, Any]:
    return {
        "id": response.pk,
        "prompt": response.prompt.messages,
        "response": response_text(response.content, response.kind),
    }


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)
