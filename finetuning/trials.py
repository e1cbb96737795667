"""What a run of the playground has to show: each policy's answer, and the champion's reward for it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from rewardmodel.errors import RewardModelError
from rewardmodel.models import RewardModel
from rewardmodel.queries import champion
from rewardmodel.scorer_client import score_over_http
from runs.models import Run


@dataclass(frozen=True)
class Answer:
    """One policy's answer; without content it said nothing."""

    policy: str
    content: str
    is_cut: bool
    reward: float | None = None
    is_better: bool = False


@dataclass(frozen=True)
class Trial:
    """The answers, the model that scored them, and why there is no reward if there is none."""

    answers: tuple[Answer, ...]
    model: RewardModel | None = None
    no_reward: str = ""


def answers_of(run: Run) -> Trial:
    """What a finished run of the playground answered, with normalized rewards where the scoring server gives some."""
    said = {answer["policy"]: answer for answer in run.result.get("answers", [])}
    answers = [
        Answer(name, said.get(name, {}).get("content", ""), said.get(name, {}).get("is_cut", False))
        for name in run.config["policies"]
    ]
    if run.state != Run.State.SUCCEEDED or not said:
        return Trial(tuple(answers))
    model = champion()
    if model is None:
        return Trial(tuple(answers), no_reward=_("No reward: no reward model is promoted yet."))
    items = [{"prompt": run.config["prompt"], "response": answer.content} for answer in answers]
    try:
        rewards = [result["reward_normalized"] for result in score_over_http(model.name, items)["results"]]
    except RewardModelError as error:
        return Trial(tuple(answers), model, _("No reward: %(why)s") % {"why": error})
    best = max(rewards)
    is_clear = len(set(rewards)) > 1
    scored = (
        Answer(answer.policy, answer.content, answer.is_cut, reward, is_clear and reward == best)
        for answer, reward in zip(answers, rewards, strict=True)
    )
    return Trial(tuple(scored), model)
