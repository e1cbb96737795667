"""A page that is sent twice, in a row or in the same moment, starts what it asks for once."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from finetuning.models import Policy
from labeling.models import Project
from rewardmodel.models import RewardModel, Sweep
from runs.models import Run
from tests.engines import fresh_database, run_python
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
        "base": ("/policies/", "form", "/policies/", {"corpus": "demo", "name": "small"}),
        "fine-tuning": (
            "/policies/base/",
            "tuning",
            "/policies/base/finetune/",
            {"method": "rloo", "reward_model": "helpful-1", "name": "tuned"},
        ),
        "generation": (
            "/policies/base/",
            "generating",
            "/policies/base/generate/",
            {"project": project, "limit": 5},
        ),
        "trial": ("/playground/", "form", "/playground/", {"policy": "base", "prompt": "Hello?"}),
    }


@pytest.mark.parametrize("what", ["training", "sweep", "scoring", "base", "fine-tuning", "generation", "trial"])
def test_a_page_that_is_sent_twice_starts_once(model: RewardModel, browser: Client, what: str) -> None:
    shown, form, address, said = pages(model)[what]
    page = browser.get(shown)
    client_id = page.context[form]["client_id"].value()
    assert f'name="client_id" value="{client_id}"' in page.content.decode()
    first, again = (browser.post(address, {**said, "client_id": client_id}) for _ in range(2))
    assert (first.status_code, first["Location"]) == (302, again["Location"])
    assert Run.objects.count() == (2 if what == "sweep" else 1)
    assert browser.post(address, {**said, "client_id": uuid4()}).headers.get("Location") != first["Location"]


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


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_pages_that_are_sent_in_the_same_moment_start_once(engine: str, tmp_path: Path) -> None:
    with fresh_database(engine, tmp_path) as environment:
        printed = run_python(["-m", "tests.rewardmodel.sending_at_once"], environment)
    found = json.loads(printed.splitlines()[-1])
    assert found == {"errors": [], "sweeps": 1, "train_reward": 3, "score_responses": 1}  # two of them the sweep's
