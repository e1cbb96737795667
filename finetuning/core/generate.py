"""Let policies answer prompts: `python -m finetuning.core.generate RUN_DIR`.

config.json holds a GenerateConfig. prompts.jsonl in the run directory (or the file that the config names) holds the
prompts; responses.jsonl gets one row a prompt with every policy's answers:
{"prompt": messages, "responses": [{"content", "policy", "sampling"}], "rewards"?: [float, …]}.
"""

import sys
from pathlib import Path
from typing import Any

import torch

from finetuning.core.answer_config import GenerateConfig, Sampling
from finetuning.core.policy import load_policy
from finetuning.core.sampling import Sample, draw_samples
from finetuning.core.texts import Chat, read_prompts, write_rows
from rewardmodel.core.errors import InvalidData
from rewardmodel.core.hardware import choose_device
from rewardmodel.core.run_directory import RunDirectory, run_child
from rewardmodel.core.scorer import RewardScorer, ScoreItem


def generate(directory: RunDirectory) -> dict[str, Any]:
    """Draw every policy's answers to every prompt. Nothing is kept on the way: the same seed draws the same again."""
    config = GenerateConfig.from_dict(directory.read_config())
    torch.set_num_threads(config.torch_threads)
    device = choose_device(config.device)
    sampling = config.sampling
    prompts = read_prompts(Path(config.prompts) if config.prompts else directory.path / "prompts.jsonl")
    if not prompts:
        raise InvalidData("There is no prompt to answer.")
    answers: dict[str, list[list[Sample]]] = {}
    for done, (name, folder) in enumerate(config.policies.items()):
        directory.stop_if_asked()
        directory.report_progress(done * len(prompts), len(config.policies) * len(prompts))
        answers[name] = draw_samples(load_policy(folder, device=device), prompts, sampling)
    rows = [_row(prompt, place, answers, sampling) for place, prompt in enumerate(prompts)]
    rows = [row for row in rows if row["responses"]]
    if config.reward_model:
        _add_rewards(rows, RewardScorer.load(config.reward_model, device=device))
    write_rows(directory.path / "responses.jsonl", rows)
    directory.report_progress(len(config.policies) * len(prompts), len(config.policies) * len(prompts))
    return {
        "prompts": len(prompts),
        "answered": len(rows),
        "responses": sum(len(row["responses"]) for row in rows),
        "sampling": sampling.to_dict(),
    }


def _row(prompt: Chat, place: int, answers: dict[str, list[list[Sample]]], sampling: Sampling) -> dict[str, Any]:
    """One prompt with the answers that say something."""
    return {
        "prompt": [dict(message) for message in prompt],
        "responses": [
            {
                "content": sample.text,
                "policy": name,
                "sampling": {**sampling.to_dict(), "sample": number, "is_cut": sample.is_cut},
            }
            for name, samples in answers.items()
            for number, sample in enumerate(samples[place])
            if sample.text
        ],
    }


def _add_rewards(rows: list[dict[str, Any]], scorer: RewardScorer) -> None:
    items = [ScoreItem(tuple(row["prompt"]), response["content"]) for row in rows for response in row["responses"]]
    rewards = iter(scorer.score(items))
    for row in rows:
        row["rewards"] = [next(rewards).reward for _ in row["responses"]]


if __name__ == "__main__":
    sys.exit(run_child(generate))
