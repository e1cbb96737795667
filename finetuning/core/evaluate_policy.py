"""Hold a policy against its reference on unseen prompts: `python -m finetuning.core.evaluate_policy RUN_DIR`.

config.json holds an EvaluateConfig; figures end in result.json, the answers in samples.jsonl.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from finetuning.core.answer_config import EvaluateConfig, Sampling
from finetuning.core.chat import fit_prompt, prompt_ids
from finetuning.core.policy import LoadedPolicy, load_policy
from finetuning.core.rewards import Scorer
from finetuning.core.sampling import Sample, draw_samples
from finetuning.core.texts import Chat, read_prompts, write_rows
from rewardmodel.core.errors import InvalidData
from rewardmodel.core.hardware import choose_device
from rewardmodel.core.resampling import Interval, Resampling
from rewardmodel.core.run_directory import RunDirectory, run_child
from rewardmodel.core.scorer import RewardScorer, ScoreItem


@dataclass(frozen=True)
class Comparison:
    """Figures of a policy beside its reference, both on the same prompts.

    Args:
        rewards, reference_rewards: mean reward of each prompt's answers, in nats, shape (N,).
        kl_nats: KL(policy ‖ reference) of each of the policy's answers, in nats.
        samples, reference_samples: the answers.
    """

    prompts: list[Chat]
    rewards: list[float]
    reference_rewards: list[float]
    kl_nats: list[float]
    samples: list[list[Sample]]
    reference_samples: list[list[Sample]]

    def figures(self) -> dict[str, Any]:
        """Means with the paired 95 % interval of the gain; prompts are drawn anew, answers of one stay together."""
        gain = paired_gain(self.rewards, self.reference_rewards)
        wins = np.asarray(self.rewards) - np.asarray(self.reference_rewards)
        return {
            "mean_reward": float(np.mean(self.rewards)),
            "reference_mean_reward": float(np.mean(self.reference_rewards)),
            "reward_gain": gain.value,
            "reward_gain_low": gain.low,
            "reward_gain_high": gain.high,
            "win_rate": float(np.mean(np.where(wins > 0, 1.0, np.where(wins < 0, 0.0, 0.5)))),
            "kl_nats": float(np.mean(self.kl_nats)),
            "mean_length_tokens": _mean_length(self.samples),
            "reference_mean_length_tokens": _mean_length(self.reference_samples),
            "unseen_prompts": len(self.prompts),
        }

    def rows(self) -> list[dict[str, Any]]:
        """One row a prompt with both policies' first answers."""
        return [
            {
                "prompt": [dict(message) for message in prompt],
                "response": mine[0].text,
                "reference_response": other[0].text,
                "reward": reward,
                "reference_reward": reference_reward,
            }
            for prompt, mine, other, reward, reference_reward in zip(
                self.prompts, self.samples, self.reference_samples, self.rewards, self.reference_rewards, strict=True
            )
        ]


def evaluate(directory: RunDirectory) -> dict[str, Any]:
    """Load both policies and the reward model, let them answer, and report."""
    config = EvaluateConfig.from_dict(directory.read_config())
    torch.set_num_threads(config.torch_threads)
    device = choose_device(config.device)
    compared = compare_policies(
        load_policy(config.policy, device=device),
        load_policy(config.reference, device=device),
        RewardScorer.load(config.reward_model, device=device),
        read_prompts(config.prompts),
        config.sampling,
    )
    write_rows(directory.path / "samples.jsonl", compared.rows())
    return compared.figures()


def compare_policies(
    policy: LoadedPolicy, reference: LoadedPolicy, scorer: Scorer, prompts: Sequence[Chat], sampling: Sampling
) -> Comparison:
    """Let two policies answer the same prompts, with the same random numbers, and score all answers.

    Raises: InvalidData if no prompt fits into both policies' windows.
    """
    samples = draw_samples(policy, prompts, sampling)
    reference_samples = draw_samples(reference, prompts, sampling)
    answered = [place for place in range(len(prompts)) if samples[place] and reference_samples[place]]
    if not answered:
        raise InvalidData("There is no unseen prompt that fits into the policies' windows.")
    kept = [prompts[place] for place in answered]
    mine = [samples[place] for place in answered]
    others = [reference_samples[place] for place in answered]
    return Comparison(
        prompts=kept,
        rewards=_mean_rewards(scorer, kept, mine),
        reference_rewards=_mean_rewards(scorer, kept, others),
        kl_nats=[
            kl_of_answer(policy, reference, prompt, sample)
            for prompt, drawn in zip(kept, mine, strict=True)
            for sample in drawn
        ],
        samples=mine,
        reference_samples=others,
    )


def paired_gain(rewards: Sequence[float], reference_rewards: Sequence[float]) -> Interval:
    """Mean of reward minus reference reward with its 95 % bootstrap interval over prompts; (0, 0, 0) for equals."""
    difference = np.asarray(rewards, dtype=np.float64) - np.asarray(reference_rewards, dtype=np.float64)
    return Resampling(np.arange(len(difference))).mean(difference)


@torch.inference_mode()
def kl_of_answer(policy: LoadedPolicy, reference: LoadedPolicy, prompt: Chat, sample: Sample) -> float:
    """KL(policy ‖ reference) along one answer, in nats: at each of its tokens exact over the vocabulary, then summed.

    Returns: ≥ 0; 0 where the two policies agree. Its mean over answers drawn from the policy estimates the KL of
    whole answers without bias, with less spread than the log ratio of the drawn tokens alone.
    """
    fitted = fit_prompt(policy.tokenizer, prompt, max_tokens=policy.window_tokens - len(sample.token_ids))
    start = prompt_ids(policy.tokenizer, fitted or prompt)
    ids = torch.tensor([[*start, *sample.token_ids]], device=policy.model.device)
    spoken = slice(len(start) - 1, -1)
    mine = functional.log_softmax(policy.model(input_ids=ids).logits[0, spoken].float(), dim=-1)
    theirs = functional.log_softmax(reference.model(input_ids=ids).logits[0, spoken].float(), dim=-1)
    return float((mine.exp() * (mine - theirs)).sum().clamp(min=0))


def _mean_rewards(scorer: Scorer, prompts: Sequence[Chat], samples: Sequence[Sequence[Sample]]) -> list[float]:
    items = [ScoreItem(prompt, sample.text) for prompt, drawn in zip(prompts, samples, strict=True) for sample in drawn]
    values = iter([reward.reward for reward in scorer.score(items)])
    return [float(np.mean([next(values) for _ in drawn])) for drawn in samples]


def _mean_length(samples: Sequence[Sequence[Sample]]) -> float:
    return float(np.mean([len(sample.token_ids) for drawn in samples for sample in drawn]))


if __name__ == "__main__":
    sys.exit(run_child(evaluate))
