"""A page that is sent twice starts what it asks for once."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from finetuning.models import Policy
from labeling.models import Project
from rewardmodel.models import RewardModel, Sweep
from runs.models import Run
from tests.factories import make_comparison, make_person, make_project
from tests.rewardmodel.rows import make_reward_model, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(plumbline_home: Path) -> Project:
    project = make_project()
    make_comparison(project)
    return project


@pytest.fixture
def model(project: Project) -> RewardModel:
    return make_reward_model(name="helpful-1", snapshot=make_snapshot(project, prompts=6))


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(make_person("engineer"))
    return client


def pages(model: RewardModel) -> dict[str, tuple[str, str, str, dict[str, Any]]]:
    """By what it asks for: the page with the form, the form as it names itself, where it goes, and what it says."""
    Policy.objects.create(name="base", directory="policies/base", method="base", digest="0" * 64)
    project = model.snapshot.project.slug  # type: ignore[union-attr]
    return {
        "training": ("/reward-models/", "form", "/reward-models/", {"snapshot": model.snapshot_id}),
        "sweep": (
            "/reward-models/sweeps/",
            "form",
            "/reward-models/sweeps/",
            {"snapshot": model.snapshot_id, "vary": "epochs=1,2", "seeds": "0"},
        ),
        "scoring": (
            "/reward-models/helpful-1/",
            "scoring",
            "/reward-models/helpful-1/score/",
            {"project": project},
        ),
        "trial": ("/playground/", "form", "/playground/", {"policy": "base", "prompt": "Hello?"}),
    }


@pytest.mark.parametrize("what", ["training", "sweep", "scoring", "trial"])
def test_a_page_that_is_sent_twice_starts_once(model: RewardModel, browser: Client, what: str) -> None:
    shown, form, address, said = pages(model)[what]
    page = browser.get(shown)
    client_id = page.context[form]["client_id"].value()
    assert f'name="client_id" value="{client_id}"' in page.content.decode()
    first, again = (browser.post(address, {**said, "client_id": client_id}) for _ in range(2))
    assert (first.status_code, first["Location"]) == (302, again["Location"])
    assert Run.objects.count() == (2 if what == "sweep" else 1)
    assert browser.post(address, {**said, "client_id": uuid4()})["Location"] != first["Location"]


def test_a_sweep_asked_anew_from_the_same_page_is_another_one(model: RewardModel, browser: Client) -> None:
    said = {"snapshot": model.snapshot_id, "seeds": "0", "client_id": uuid4()}
    for vary in ("epochs=1,2", "epochs=1,3"):
        assert browser.post("/reward-models/sweeps/", {**said, "vary": vary}).status_code == 302
    assert Sweep.objects.count() == 2


def test_another_persons_page_finds_nothing_by_a_known_id(model: RewardModel, browser: Client) -> None:
    said = {"project": model.snapshot.project.slug, "client_id": uuid4()}  # type: ignore[union-attr]
    address = "/reward-models/helpful-1/score/"
    other = Client()
    other.force_login(make_person("owner"))
    assert browser.post(address, said)["Location"] != other.post(address, said)["Location"]
