"""Plain functions that make rows and what a child leaves behind, with overrides."""

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

from finetuning.models import Policy
from runs.directories import run_directory
from runs.models import Run

_numbers = itertools.count(1)

FIGURES: dict[str, Any] = {
    "mean_reward": 1.84, "reference_mean_reward": 0.21, "reward_gain": 1.63, "reward_gain_low": 1.21,
    "reward_gain_high": 2.05, "win_rate": 0.82, "kl_nats": 3.4, "mean_length_tokens": 31.5,
    "reference_mean_length_tokens": 44.25, "unseen_prompts": 83, "steps": 40,
    "samples": [
        {
            "prompt": [{"role": "user", "content": "How do I <b>boil</b> an egg?"}],
            "response": "Eight minutes, then cold water.", "reference_response": "Eggs are round.",
            "reward": 2.1, "reference_reward": -0.4,
        }
    ],
}  # fmt: skip


def make_policy(name: str = "", **fields: Any) -> Policy:
    """A policy's row: a base, or with `parent` one that SFT made of it."""
    number = next(_numbers)
    name = name or f"policy-{number}"
    fields.setdefault("directory", f"policies/{name}")
    fields.setdefault("digest", hashlib.sha256(str(number).encode()).hexdigest())
    fields.setdefault("method", "sft" if fields.get("parent") else "base")
    return Policy.objects.create(name=name, **fields)


def leave_policy(run: Run, digest: str = "d" * 64) -> Path:
    """What a child that makes a policy leaves in its run's directory: files, and a sidecar with their digest."""
    made = run_directory(run) / "policy"
    made.mkdir()
    (made / "plumbline.json").write_text(json.dumps({"digest": digest}))
    (made / "config.json").write_text("{}")
    return run_directory(run)


def leave_answers(run: Run, *answers: dict[str, str]) -> Path:
    """What a generating child leaves: one row for each prompt of the run, from policy to text."""
    directory = run_directory(run)
    prompts = [json.loads(line) for line in (directory / "prompts.jsonl").read_text().splitlines()]
    rows = [
        {
            "prompt": prompt["prompt"],
            "responses": [
                {"content": text, "policy": name, "sampling": {"temperature": 0.7}} for name, text in said.items()
            ],
        }
        for prompt, said in zip(prompts, answers, strict=False)
        if said
    ]
    (directory / "responses.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return directory
