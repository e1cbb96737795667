"""The playground beside a scoring server that is up: each answer's reward, and which of two is the better one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from finetuning.trials import Answer, answers_of
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from rewardmodel.models import RewardModel
from runs.models import Run
from tests.factories import make_person
from tests.rewardmodel.rows import make_reward_model, make_snapshot
from tests.rewardmodel.scoring_server import serving

pytestmark = pytest.mark.django_db
PROMPT = "how do i boil an egg"
SAID = {"base": "bad bad bad", "tuned": "good good"}


@pytest.fixture
def champion(plumbline_home: Path, settings: Settings, free_port: int, tiny_bert: Path) -> Iterator[RewardModel]:
    model = make_reward_model(tiny_bert, name="helpful-1", snapshot=make_snapshot(prompts=6))
    model.aliases.create(alias="champion")
    settings.PLUMBLINE_SCORER_TOKEN = "of-the-scorer"
    with serving(plumbline_home, port=free_port, token="of-the-scorer") as url:
        settings.PLUMBLINE_SCORER_URL = url
        yield model


def trial(**said: str) -> Run:
    answers = [{"policy": policy, "content": content, "is_cut": False} for policy, content in said.items()]
    config = {"policies": list(said), "prompt": PROMPT, "sampling": {}}
    done = {"state": Run.State.SUCCEEDED, "finished_at": timezone.now(), "result": {"answers": answers}}
    return Run.objects.create(kind="try_policy", title="Try", config=config, **done)


def better(answers: tuple[Answer, ...]) -> list[str]:
    return [answer.policy for answer in answers if answer.is_better]


def test_rewards_are_the_models_own_and_the_higher_one_is_the_better(champion: RewardModel, plumbline_home: Path):
    answers = answers_of(trial(**SAID)).answers
    scorer = RewardScorer.load(plumbline_home / champion.directory)
    own = [
        found.reward_normalized for found in scorer.score([ScoreItem(PROMPT, SAID[each.policy]) for each in answers])
    ]
    assert [answer.reward for answer in answers] == pytest.approx(own, abs=1e-5)
    rewards = {answer.policy: answer.reward for answer in answers}
    assert better(answers) == [max(rewards, key=lambda policy: rewards[policy] or 0.0)]


def test_of_equal_answers_none_is_better(champion: RewardModel):
    assert better(answers_of(trial(base="good", tuned="good")).answers) == []


def test_the_page_shows_the_rewards_and_by_which_model(champion: RewardModel):
    client = Client()
    client.force_login(make_person("engineer"))
    run = trial(**SAID)
    page = client.get(f"/playground/{run.pk}/answers/").content.decode()
    for answer in answers_of(run).answers:
        assert f'<span class="measured">{answer.reward:.2f}</span>' in page
    assert "Rewards by helpful-1" in page
