"""Scores order the queues of the projects that ask for it, and no others."""

import pytest

from labeling.models import Comparison, Project
from labeling.services.assignments import lease_next
from rewardmodel.models import RewardModel, Score
from rewardmodel.services.priorities import refresh_priorities
from tests.factories import make_comparison, make_member, make_project
from tests.rewardmodel.rows import make_reward_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> RewardModel:
    return make_reward_model()


def scored(model: RewardModel, project: Project, *rewards: float, deviation: float | None = None) -> Comparison:
    comparison = make_comparison(project, k=len(rewards))
    for response, reward in zip(comparison.responses.order_by("pk"), rewards, strict=True):
        Score.objects.create(
            reward_model=model, response=response, value=reward, normalized=reward, uncertainty=deviation
        )
    return comparison


def test_what_the_model_is_least_sure_of_is_judged_first(model: RewardModel) -> None:
    project = make_project(queue_policy="uncertainty")
    sure, unsure = scored(model, project, 3.0, -3.0), scored(model, project, 0.1, 0.0)
    doubtful = scored(model, project, 3.0, -3.0, deviation=5.0)
    assert refresh_priorities(reward_model=model) == {project.slug: 3}
    order = Comparison.objects.filter(project=project).order_by("-priority").values_list("pk", flat=True)
    assert list(order) == [unsure.pk, doubtful.pk, sure.pk]
    assert lease_next(project=project, annotator=make_member(project)).comparison_id == unsure.pk


def test_a_comparison_that_is_not_scored_whole_keeps_its_priority(model: RewardModel) -> None:
    project = make_project(queue_policy="uncertainty")
    half = scored(model, project, 1.0, 0.0)
    Score.objects.filter(response__in=half.responses.all()[:1]).delete()
    scored(model, project, 1.0, 0.0)
    assert refresh_priorities(reward_model=model, project=project) == {project.slug: 1}
    assert Comparison.objects.get(pk=half.pk).priority == 0.0


def test_another_models_scores_do_not_count(model: RewardModel) -> None:
    project = make_project(queue_policy="uncertainty")
    scored(model, project, 1.0, 0.0)
    assert refresh_priorities(reward_model=make_reward_model(name="another")) == {}


def test_queues_in_another_order_are_left_alone(model: RewardModel) -> None:
    project = make_project(queue_policy="priority")
    comparison = scored(model, project, 1.0, 0.0)
    assert refresh_priorities(reward_model=model) == {}
    assert Comparison.objects.get(pk=comparison.pk).priority == 0.0


def test_a_queue_by_information_goes_by_its_policies(model: RewardModel) -> None:
    project = make_project(queue_policy="information")
    scored(model, project, 1.0, 0.0)
    same = scored(model, project, 1.0, 0.0)
    same.responses.update(policy_name="policy-0")
    assert refresh_priorities(reward_model=model, project=project) == {project.slug: 1}
    assert Comparison.objects.get(pk=same.pk).priority == 0.0
