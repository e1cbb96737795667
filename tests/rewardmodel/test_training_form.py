"""The form that starts a training: what it offers, how it explains, and where its errors stand."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from config.messages import collect
from labeling.models import Snapshot
from rewardmodel.offered_settings import GROUPS, RELIABILITY_MEANS, meaning_of, offered
from rewardmodel.opinions import said_opinions, said_uncertainty
from rewardmodel.training_form import TrainingForm, explained
from runs.models import Run
from tests.engines import ROOT
from tests.factories import make_person
from tests.rewardmodel.rows import make_reward_model, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def snapshot(plumbline_home: Path) -> Snapshot:
    return make_snapshot(prompts=6)


@pytest.fixture
def browser(snapshot: Snapshot) -> Client:
    client = Client()
    client.force_login(make_person("engineer"))
    return client


def test_each_offered_setting_is_explained_as_in_the_documentation() -> None:
    page = (ROOT / "docs" / "training-settings.md").read_text()
    for name in offered():
        if name != "reliability":
            assert f"| {meaning_of(name)} |" in page, name
    assert explained("epochs").count("<code>") == meaning_of("epochs").count("`") / 2


def test_explanations_are_among_the_texts_that_are_translated() -> None:
    catalog = collect("ko")
    for name in offered():
        assert meaning_of(name) in catalog, name
    assert RELIABILITY_MEANS in catalog


def test_the_page_folds_the_settings_away_in_groups(browser: Client) -> None:
    page = browser.get("/reward-models/").content.decode()
    folded = page[page.index('<details class="more-settings">') : page.index("</details>", page.index("more-settings"))]
    for heading, names in GROUPS:
        assert f">{heading}</legend>" in folded
        for name in names:
            assert f'name="{name}"' in folded, name
    assert "davidson" in folded
    assert "bradley-terry (default)" in folded


def test_what_is_filled_in_becomes_the_config(browser: Client, snapshot: Snapshot) -> None:
    filled = {
        "loss": "scaled-bradley-terry", "label_smoothing": "0.1", "reliability": "dawid-skene", "frozen_layers": "2",
        "members": "3", "combine": "mean-variance", "schedule": "cosine", "layer_decay": "0.9", "early_stopping": "2",
        "epochs": "4", "learning_rate": "2e-5", "seed": "7", "long_rows": "drop",
    }  # fmt: skip
    form = TrainingForm({"snapshot": snapshot.pk, **filled}, person=make_person("engineer"))
    assert form.is_valid(), form.errors
    assert form.config() == {
        "loss": "scaled-bradley-terry", "label_smoothing": 0.1, "reliability": "dawid-skene", "frozen_layers": 2,
        "members": 3, "combine": "mean-variance", "schedule": "cosine", "layer_decay": 0.9, "early_stopping": 2,
        "epochs": 4, "learning_rate": 2e-5, "seed": 7, "long_rows": "drop",
    }  # fmt: skip
    answer = browser.post("/reward-models/", {"snapshot": snapshot.pk, "frozen_layers": "all", "heads": "3"})
    assert answer.status_code == 302
    assert Run.objects.get().config["settings"] == {"frozen_layers": "all", "heads": 3}


@pytest.mark.parametrize(
    ("filled", "field", "sentence"),
    [
        ({"label_smoothing": "0.7"}, "label_smoothing", "label_smoothing must be at least 0 and below 0.5"),
        ({"heads": "3", "members": "2"}, "heads", "heads must be 1 where members is above 1"),
        ({"frozen_layers": "most"}, "frozen_layers", "frozen_layers must be one of all"),
        ({"frozen_layers": "all", "lora_rank": "8"}, "frozen_layers", "must not be &quot;all&quot; beside lora_rank"),
        ({"loss": "davidson"}, "loss", "loss davidson learns how often people see no difference"),
        ({"combine": "weights"}, "combine", "combine can be &quot;weights&quot; only where members is above 1"),
        ({"learning_rate": "abc"}, "learning_rate", "Enter a number."),
        ({"schedule": "wild"}, "schedule", "Select a valid choice."),
        ({"name": "Big"}, "name", "cannot be a model&#x27;s name"),
    ],
)
def test_an_error_stands_beside_its_field_and_unfolds_it(
    browser: Client, snapshot: Snapshot, filled: dict[str, Any], field: str, sentence: str
) -> None:
    answer = browser.post("/reward-models/", {"snapshot": snapshot.pk, **filled})
    page = answer.content.decode()
    assert answer.status_code == 422
    errors = re.search(rf'<ul class="errorlist" id="id_{field}_error">.*?</ul>', page, re.DOTALL)
    assert errors is not None
    assert sentence in errors[0]
    assert ('<details class="more-settings" open>' in page) is (field != "name")
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, ""),
        ({"heads": 1, "members": 1}, ""),
        ({"heads": 5}, "5 heads; the reward is their mean"),
        ({"members": 4, "combine": "minimum"}, "4 members; the reward is the lowest of them"),
        (
            {"members": 2, "combine": "mean-variance", "uncertainty_penalty": 0.25},
            "2 members; the reward is their mean less 0.25 times their variance",
        ),
        ({"members": 3, "combine": "weights"}, "3 members; their weights are averaged: one network, one opinion"),
    ],
)
def test_a_model_says_how_many_opinions_it_has_and_how_they_are_combined(config: dict[str, Any], said: str) -> None:
    with translation.override("en"):
        assert said_opinions(config) == said


def test_the_page_of_an_ensemble_shows_its_opinions_and_uncertainty(browser: Client, snapshot: Snapshot) -> None:
    metrics = {"accuracy": None, "pairs": 0, "baselines": {}, "uncertainty_mean": 0.2134}
    make_reward_model(name="many", snapshot=snapshot, config={"heads": 5}, metrics=metrics)
    make_reward_model(name="one", snapshot=snapshot, metrics={**metrics, "uncertainty_mean": None})
    page = browser.get("/reward-models/many/").content.decode()
    assert "5 heads; the reward is their mean" in page
    assert '<span class="measured">0.213</span> nats on average' in page
    assert "nats on average" not in browser.get("/reward-models/one/").content.decode()
    assert said_uncertainty({}) == ""
