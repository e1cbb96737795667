"""A reward model as the function that a trainer calls: a batch of answers in, their rewards out."""

from collections.abc import Sequence
from typing import Any, Protocol

from finetuning.core.sampling import answer_text
from finetuning.core.texts import Chat
from preferences.records import Message
from rewardmodel.core.scorer import Reward, ScoreItem


class Scorer(Protocol):
    """What is asked of a reward model; `rewardmodel.core.scorer.RewardScorer` is one."""

    def score(self, items: Sequence[ScoreItem]) -> list[Reward]: ...


class RewardFunction:
    """Scores answers while a policy learns, exactly as the reward model reads them anywhere else.

    Args:
        scorer: the reward model.

    A call takes TRL's columns and gives back normalized rewards, so that settings carry over between reward models.
    The column `whole_prompt` is what the reward model reads; `prompt` may have been shortened for the policy.
    """

    __name__ = "reward_model"

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def __call__(self, *, completions: Sequence[Any], whole_prompt: Sequence[Any], **columns: Any) -> list[float]:
        items = [
            ScoreItem(as_chat(prompt), answer_text(completion[0]["content"]))
            for prompt, completion in zip(whole_prompt, completions, strict=True)
        ]
        rewards = self._scorer.score(items)
        if log_metric := columns.get("log_metric"):
            log_metric("reward_raw", sum(reward.reward for reward in rewards) / len(rewards))
        return [reward.reward_normalized for reward in rewards]


def as_chat(messages: Sequence[dict[str, str]]) -> Chat:
    """Messages as they come back from a dataset."""
    return tuple(Message(role=message["role"], content=message["content"]) for message in messages)
