"""What a generating child is told, and what it answered."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from finetuning.models import Policy
from finetuning.services.files import policy_directory
from finetuning.services.prompts import PROMPTS
from labeling.services.generated import Answered
from preferences.hashing import prompt_hash
from preferences.records import Message, ResponseRecord
from rewardmodel.core.run_directory import write_json_atomically


def policies_named(names: Sequence[str]) -> list[Policy]:
    """Policies in the order of their names."""
    by_name = {policy.name: policy for policy in Policy.objects.filter(name__in=names)}
    return [by_name[name] for name in names]


def write_child_config(directory: Path, policies: Sequence[Policy], sampling: Mapping[str, Any]) -> None:
    """Write config.json for `finetuning.core.generate`."""
    config = {
        "policies": {policy.name: str(policy_directory(policy)) for policy in policies},
        "torch_threads": settings.PLUMBLINE_TORCH_THREADS,
        **sampling,
    }
    write_json_atomically(directory / "config.json", config)


def read_answers(directory: Path) -> Iterator[Answered]:
    """Every prompt of a run's prompts.jsonl with what was answered to it, which may be nothing."""
    answers: dict[str, list[ResponseRecord]] = {}
    for row in _rows(directory / "responses.jsonl"):
        answers[prompt_hash(row["prompt"])] = [
            ResponseRecord(said["content"], policy=said["policy"], sampling=said["sampling"])
            for said in row["responses"]
        ]
    for row in _rows(directory / PROMPTS):
        prompt = tuple(Message(role=turn["role"], content=turn["content"]) for turn in row["prompt"])
        yield Answered(prompt, answers.get(prompt_hash(prompt), []), row["metadata"])


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as stream:
        yield from map(json.loads, stream)
