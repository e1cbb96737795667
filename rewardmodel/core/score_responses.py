"""Score stored responses: `python -m rewardmodel.core.score_responses RUN_DIR`.

config.json: {"model": directory, "device"?, "torch_threads"?}. items.jsonl holds {"id", "prompt", "response"} a line;
scores.jsonl gets {"id", "reward", "reward_normalized", "uncertainty", "members", "attributes"} a line, in the same
order. Uncertainty and members are null for a single model, attributes for one without attribute heads. A run that is
started again goes on after the last whole line.
"""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.run_directory import RunDirectory, run_child
from rewardmodel.core.scorer import RewardScorer, ScoreItem

ITEMS_AT_ONCE = 512


def score_responses(directory: RunDirectory) -> dict[str, Any]:
    """Score every item that has no score yet, a few hundred at a time."""
    config = directory.read_config()
    if "model" not in config:
        raise InvalidConfig("model is missing: name the reward model's directory.")
    torch.set_num_threads(int(config.get("torch_threads", 1)))
    items = directory.path / "items.jsonl"
    scores = directory.path / "scores.jsonl"
    total = sum(1 for _ in items.open("rb"))
    done, reward_sum = _finished(scores)
    scorer = RewardScorer.load(config["model"], device=config.get("device", "auto"))
    waiting = islice(_items(items), done, None)
    with scores.open("a", encoding="utf-8") as output:
        while chunk := list(islice(waiting, ITEMS_AT_ONCE)):
            directory.report_progress(done, total)
            directory.stop_if_asked()
            rewards = scorer.score([ScoreItem(item["prompt"], item["response"]) for item in chunk])
            for item, reward in zip(chunk, rewards, strict=True):
                line = {
                    "id": item["id"],
                    "reward": reward.reward,
                    "reward_normalized": reward.reward_normalized,
                    "uncertainty": reward.uncertainty,
                    "members": reward.members,
                    "attributes": reward.attributes,
                }
                output.write(json.dumps(line) + "\n")
                reward_sum += reward.reward
            output.flush()
            done += len(chunk)
    directory.report_progress(done, total)
    return {
        "model": config.get("name") or scorer.card.name,
        "digest": scorer.digest,
        "scored": done,
        "mean_reward": reward_sum / done if done else None,
    }


def _finished(scores: Path) -> tuple[int, float]:
    """Whole lines of an earlier attempt and the sum of their rewards; a torn last line is cut off."""
    if not scores.exists():
        return 0, 0.0
    done, total, end = 0, 0.0, 0
    with scores.open("rb") as stream:
        for line in stream:
            if not line.endswith(b"\n"):
                break
            done, total, end = done + 1, total + json.loads(line)["reward"], end + len(line)
    with scores.open("r+b") as stream:
        stream.truncate(end)
    return done, total


def _items(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


if __name__ == "__main__":
    sys.exit(run_child(score_responses))
