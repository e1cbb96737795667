"""Reward models whose project is archived, whose files are gone, or whose evaluations are old."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from labeling.models import Project, Snapshot
from rewardmodel.errors import ChangedModel, UnknownReliability
from rewardmodel.models import Evaluation, RewardModel
from rewardmodel.services.promote import promote
from rewardmodel.services.train import finish_training, prepare_training, queue_training
from runs.models import Run
from tests.factories import make_comparison, make_person, make_project
from tests.rewardmodel.rows import FIGURES, make_reward_model, make_snapshot
from tests.rewardmodel.test_checkpoint import save

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(plumbline_home: Path) -> Project:
    return make_project(name="شيء <b>x</b>")


@pytest.fixture
def snapshot(project: Project) -> Snapshot:
    return make_snapshot(project, prompts=6)


@pytest.fixture
def model(snapshot: Snapshot, tiny_bert: Path) -> RewardModel:
    return make_reward_model(tiny_bert, name="helpful-1", snapshot=snapshot)


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(make_person("engineer"))
    return client


def archive(project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(is_archived=True)


def test_a_projects_name_keeps_its_direction_to_itself_and_is_no_markup(model: RewardModel, browser: Client) -> None:
    for address in ("/reward-models/", "/reward-models/helpful-1/"):
        assert "<bdi>شيء &lt;b&gt;x&lt;/b&gt;</bdi>" in browser.get(address).content.decode()


def test_a_model_of_an_archived_project_is_shown_without_links_that_lead_nowhere(
    project: Project, model: RewardModel, browser: Client
) -> None:
    comparison = make_comparison(project)
    entry = {**FIGURES["disagreements"][0], "comparison": comparison.content_hash}
    Evaluation.objects.create(
        reward_model=model, data="test", snapshot=model.snapshot, metrics={"disagreements": [entry]}
    )
    links = (f"/projects/{project.slug}/datasets/", f"/projects/{project.slug}/comparisons/{comparison.pk}/")
    page = browser.get("/reward-models/helpful-1/").content.decode()
    assert [link in page for link in links] == [True, True]
    archive(project)
    page = browser.get("/reward-models/helpful-1/").content.decode()
    assert [link in page for link in links] == [False, False]
    assert "شيء" in page


@pytest.mark.parametrize("address", ["/api/v1/reward-models/", "/api/v1/sweeps/", "/api/v1/runs/"])
def test_nothing_new_is_trained_on_an_archived_project(
    project: Project, snapshot: Snapshot, browser: Client, address: str
) -> None:
    asked = {"snapshot": str(snapshot.pk)}
    body = {"kind": "train_reward", "title": "t", "config": asked} if "runs" in address else asked
    archive(project)
    answer = browser.post(address, json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert browser.post("/reward-models/", {"snapshot": snapshot.pk}).status_code == 422
    assert not Run.objects.exists()


def test_a_training_ends_well_whose_project_is_archived_meanwhile(
    project: Project, snapshot: Snapshot, tiny_bert: Path, browser: Client
) -> None:
    run = queue_training(snapshot=snapshot, created_by=make_person("engineer"))
    archive(project)
    directory = Path(settings.PLUMBLINE_HOME) / "runs" / str(run.pk)
    digest = json.loads((save(tiny_bert, directory / "model") / "plumbline.json").read_text())["digest"]
    result = finish_training(run, directory, {"digest": digest, "split": "test"})
    assert browser.get(result["url"]).status_code == 200


def test_a_model_that_lost_a_file_is_not_promoted(model: RewardModel, browser: Client) -> None:
    (Path(settings.PLUMBLINE_HOME) / model.directory / "model.safetensors").unlink()
    with pytest.raises(ChangedModel, match="helpful-1"):
        promote(reward_model=model)
    answer = browser.post("/api/v1/reward-models/helpful-1/promote/", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_model")
    assert browser.get("/reward-models/helpful-1/").status_code == 200


def test_reliability_of_a_snapshot_whose_file_is_gone_says_which(snapshot: Snapshot, tmp_path: Path) -> None:
    run = queue_training(snapshot=snapshot, config={"reliability": "dawid-skene"})
    (Path(settings.PLUMBLINE_HOME) / snapshot.file).unlink()
    with pytest.raises(UnknownReliability, match=r"cannot be read: There is no file .*\.parquet\.$"):
        prepare_training(run, tmp_path)


def test_the_address_of_an_evaluation_holds_however_many_follow(model: RewardModel, browser: Client) -> None:
    first = Evaluation.objects.create(reward_model=model, data="first", snapshot=model.snapshot, metrics=FIGURES)
    for number in range(30):
        Evaluation.objects.create(reward_model=model, data=f"d{number}", snapshot=model.snapshot, metrics=FIGURES)
    assert browser.get(f"/reward-models/helpful-1/?evaluation={first.pk}").context["chosen"] == first


@pytest.mark.parametrize("asked", ["0", "-1", "9" * 30, "x", "²", "٣", "1.5"])
def test_an_evaluation_that_is_none_is_not_found(model: RewardModel, browser: Client, asked: str) -> None:
    assert browser.get("/reward-models/helpful-1/", {"evaluation": asked}).status_code == 404
