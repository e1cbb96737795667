"""What the API and every run's config refuse, because no row could hold it."""

import json
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from config.api_parser import StorableJSONParser
from config.storable_json import DEEPEST, LARGEST, NotStorable, require_storable
from labeling.models import Project
from runs.models import Run
from runs.services.queueing import queue_run
from tests.factories import make_person, make_project


def nested(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize(
    "value",
    ["한국어 😀", {"a": [1, 2.5, None, True, "\\u0000"]}, -LARGEST, LARGEST, 1e308, nested(DEEPEST), {"a": []}],
)
def test_ordinary_values_are_taken(value: Any) -> None:
    assert StorableJSONParser().parse(BytesIO(json.dumps(value).encode())) == value


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"a": ["\ud800"]}, "half a character"),
        ({"\ud800": 1}, "half a character"),
        (["a\0b"], "NUL"),
        ({"a": float("inf")}, "too large"),
        ([float("nan")], "too large"),
        (LARGEST + 1, "too large"),
        (-(10**400), "too large"),
        (nested(DEEPEST + 1), "nested too deeply"),
    ],
)
def test_what_no_row_can_hold_is_refused_with_a_sentence(value: Any, sentence: str) -> None:
    with pytest.raises(NotStorable, match=sentence):
        require_storable(value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "written",
    ['"\\ud800"', '"\\u0000"', "1e999", "1" + "0" * 400, "1" + "0" * 5000, "NaN", "[" * 900 + "]" * 900, "[" * 100_000],
)
def test_the_api_refuses_it_before_it_is_stored(client: Client, written: str) -> None:
    client.force_login(make_person("engineer"))
    body = f'{{"kind": "train_reward", "config": {{"settings": {written}}}}}'
    answer = client.post("/api/v1/runs/", body, content_type="application/json")
    assert (answer.status_code, set(answer.json())) == (400, {"code", "message", "fields"})
    assert not Run.objects.exists()
    assert client.get("/api/v1/runs/").status_code == 200


@pytest.mark.django_db
def test_no_run_is_queued_whose_config_cannot_be_read_again() -> None:
    with pytest.raises(NotStorable):
        queue_run(kind="train_reward", config={"settings": float("inf")}, title="A training")


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["reward-models", "sweeps", "policies", "runs", "projects/{slug}/imports", "projects/{slug}/snapshots"]
)
@pytest.mark.parametrize("cursor", ["cD1hYmM=", "cD0lMDA=", "cD05OTk5LTEyLTMxVDIzOjU5OjU5LTIzOjU5", "cj14", "x"])
def test_a_cursor_that_names_no_place_is_404(client: Client, project: Project, path: str, cursor: str) -> None:
    client.force_login(make_person("owner"))
    answer = client.get(f"/api/v1/{path.format(slug=project.slug)}/?cursor={cursor}")
    assert answer.status_code in (200, 404), answer.content
    if cursor == "cD1hYmM=":
        assert (answer.status_code, answer.json()["message"]) == (404, "Invalid cursor")
