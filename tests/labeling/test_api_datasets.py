"""The promised HTTP of imports, snapshots and exports, and who may use it."""

import json
import uuid

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from labeling.models import ImportBatch, Snapshot
from labeling.services.people import create_token
from runs.models import Run
from runs.services.waiting import run_here
from tests.factories import make_member, make_person, make_project
from tests.labeling.files import import_rows, pair

pytestmark = pytest.mark.django_db


def client_for(person):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {create_token(person=person)}")
    return client


@pytest.fixture
def project():
    return make_project(judgments_per_comparison=2)


@pytest.fixture
def client(project):
    return client_for(make_member(project, "manager"))


def url(project, rest):
    return f"/api/v1/projects/{project.slug}/{rest}"


def file_of(*rows, name="rows.jsonl"):
    content = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    return SimpleUploadedFile(name, content.encode())


def send(client, project, *rows, **fields):
    return client.post(url(project, "imports/"), {"file": file_of(*rows), **fields}, format="multipart")


def test_a_file_sent_is_a_run_that_accounts_for_each_row(client, project):
    response = send(client, project, pair(1), "broken", pair(2))
    assert response.status_code == 202
    told = response.json()
    assert (told["state"], told["file_name"], told["rows"]) == ("queued", "rows.jsonl", 0)
    run_here(Run.objects.get(pk=told["run"]))
    told = client.get(url(project, f"imports/{told['id']}/")).json()
    assert told["state"] == "succeeded"
    assert (told["rows"], told["accepted"], told["rejected"], told["unchanged"]) == (3, 2, 1, 0)
    assert told["format"] == "trl"
    assert told["rejected_rows"] == [
        {
            "line": 2,
            "reason": "not-json",
            "message": "The row is not JSON: Expecting value at character 1.",
        }
    ]
    rejected = client.get(url(project, f"imports/{told['id']}/rejected/"))
    assert json.loads(b"".join(rejected.streaming_content))["row"] == "broken"
    assert "attachment" in rejected["Content-Disposition"]
    assert [one["id"] for one in client.get(url(project, "imports/")).json()["results"]] == [told["id"]]


def test_the_upload_goes_when_it_is_read_and_stays_while_it_is_not(client, project):
    told = send(client, project, pair(1)).json()
    run = Run.objects.get(pk=told["run"])
    kept = settings.PLUMBLINE_HOME / run.config["file"]
    assert kept.exists()
    run_here(run)
    assert not kept.exists()


def test_an_import_that_cannot_be_read_fails_with_its_reason(client, project):
    told = send(client, project, {"instruction": "a"}).json()
    run_here(Run.objects.get(pk=told["run"]))
    told = client.get(url(project, f"imports/{told['id']}/")).json()
    assert told["state"] == "failed"
    assert not (settings.PLUMBLINE_HOME / Run.objects.get(pk=told["run"]).config["file"]).exists()
    assert "rows with “instruction”" in told["error"]


def test_labels_settle_only_when_the_sender_says_so(client, project):
    for number, (sent, open_slots) in enumerate([({}, 2), ({"people_judge_again": "false"}, 0)]):
        told = send(client, project, pair(number), **sent).json()
        run_here(Run.objects.get(pk=told["run"]))
        assert project.comparisons.latest("pk").open_slots == open_slots


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [({"format": "csv"}, 422, "unreadable_file"), ({"file": ""}, 400, "invalid")],
)
def test_a_sending_that_cannot_be_is_refused_and_leaves_nothing(client, project, fields, status, code):
    before = kept_uploads()
    response = client.post(url(project, "imports/"), {"file": file_of(pair(1)), **fields}, format="multipart")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert set(response.json()) == {"code", "message", "fields"}
    assert not ImportBatch.objects.exists()
    assert kept_uploads() == before


def kept_uploads():
    return set((settings.PLUMBLINE_HOME / "imports" / "uploads").glob("*"))


def test_a_file_over_the_limit_answers_413_and_is_not_kept(client, project, monkeypatch):
    monkeypatch.setattr(settings, "PLUMBLINE_UPLOAD_LIMIT_BYTES", 1000)
    before = kept_uploads()
    response = send(client, project, "x" * 2000)
    assert response.status_code == 413
    assert response.json()["code"] == "upload_too_large"
    assert send(client, project, "x" * 100_000).status_code == 413
    assert not Run.objects.exists()
    assert kept_uploads() == before


def freeze(client, project, **body):
    return client.post(url(project, "snapshots/"), body, format="json")


@pytest.fixture
def judged(project, tmp_path):
    import_rows(project, tmp_path, [pair(number) for number in range(10)])
    return project


def test_a_snapshot_is_frozen_once_and_shown(client, judged):
    first = freeze(client, judged, name="May", rules={"margin": "small"}, seed=4)
    again = freeze(client, judged, rules={"margin": "small"}, seed=4)
    assert (first.status_code, again.status_code) == (201, 200)
    told = first.json()
    assert told == again.json()
    assert told["manifest"]["id"] == told["sha256"]
    assert (told["name"], told["manifest"]["rules"]["margin"], told["manifest"]["split"]["seed"]) == ("May", "small", 4)
    assert client.get(url(judged, f"snapshots/{told['id']}/")).json() == told
    assert client.get(url(judged, "snapshots/")).json()["results"] == [told]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"validation": 0.9, "test": 0.9}, 422),
        ({"rules": {"margin": "huge"}}, 422),
        ({"rules": {"colour": "blue"}}, 422),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, 422),
        ({"since": "2999-01-01T00:00:00Z"}, 422),
        ({"seed": "x"}, 400),
        ({"since": "noon"}, 400),
    ],
)
def test_a_snapshot_that_cannot_be_frozen_says_why(client, judged, body, status):
    response = freeze(client, judged, **body)
    assert response.status_code == status
    assert set(response.json()) == {"code", "message", "fields"}
    assert not Snapshot.objects.exists()


def test_a_large_project_is_frozen_by_a_run(client, judged, monkeypatch):
    monkeypatch.setattr("labeling.services.snapshots.freezing.AT_ONCE_COMPARISONS", 5)
    response = freeze(client, judged)
    assert response.status_code == 202
    run = run_here(Run.objects.get(pk=response.json()["run"]))
    assert client.get(url(judged, f"snapshots/{run.result['snapshot']}/")).status_code == 200


def test_an_export_is_streamed_and_its_report_says_what_was_dropped(client, judged):
    snapshot = freeze(client, judged).json()
    response = client.get(url(judged, f"snapshots/{snapshot['id']}/export/?format=trl"))
    assert response.streaming
    assert response["Content-Type"] == "application/x-ndjson"
    assert f'{judged.slug}-{snapshot["sha256"][:12]}-trl.jsonl"' in response["Content-Disposition"]
    rows = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]
    assert len(rows) == 10
    assert set(rows[0]) == {"prompt", "chosen", "rejected"}
    report = client.get(url(judged, f"snapshots/{snapshot['id']}/export/report/?format=responses")).json()
    assert (report["rows"], report["dropped"]) == (10, {"judgment": 10})
    part = client.get(url(judged, f"snapshots/{snapshot['id']}/export/?format=trl&split=test&margin=large"))
    rows = [json.loads(line) for line in b"".join(part.streaming_content).splitlines()]
    assert len(rows) == snapshot["manifest"]["counts"]["splits"]["test"]["judgments"]


@pytest.mark.parametrize("query", ["", "?format=csv", "?format=trl&split=dev", "?format=trl&margin=huge"])
def test_an_export_that_cannot_be_is_an_error_and_not_half_a_file(client, judged, query):
    snapshot = freeze(client, judged).json()
    for rest in ("export/", "export/report/"):
        response = client.get(url(judged, f"snapshots/{snapshot['id']}/{rest}{query}"))
        assert (response.status_code, response.json()["code"]) == (422, "invalid_snapshot")


ADDRESSES = [
    ("post", "imports/"),
    ("get", "imports/"),
    ("get", "imports/{import}/"),
    ("get", "imports/{import}/rejected/"),
    ("post", "snapshots/"),
    ("get", "snapshots/"),
    ("get", "snapshots/{snapshot}/"),
    ("get", "snapshots/{snapshot}/export/?format=trl"),
    ("get", "snapshots/{snapshot}/export/report/?format=trl"),
]


@pytest.mark.parametrize(("method", "rest"), ADDRESSES)
def test_managers_engineers_and_owners_may_members_may_not_and_outsiders_learn_nothing(client, judged, method, rest):
    batch = send(client, judged, pair(1), "broken").json()
    run_here(Run.objects.get(pk=batch["run"]))
    snapshot = freeze(client, judged).json()
    address = url(judged, rest.format(**{"import": batch["id"], "snapshot": snapshot["id"]}))

    def status(person):
        asked = client_for(person) if person else APIClient()
        if method == "get":
            return asked.get(address).status_code
        if "imports" in rest:
            return asked.post(address, {"file": file_of(pair(7))}, format="multipart").status_code
        return asked.post(address, {}, format="json").status_code

    for allowed in (make_member(judged, "manager"), make_person("engineer"), make_person("owner")):
        assert status(allowed) in (200, 201, 202)
    for member in (make_member(judged, "annotator"), make_member(judged, "reviewer")):
        assert status(member) == 403
    assert status(make_person()) == 404
    assert status(make_member(make_project(), "manager")) == 404
    assert status(None) == 401


@pytest.mark.parametrize(
    "rest", ["imports/{id}/", "imports/{id}/rejected/", "snapshots/{id}/", "snapshots/{id}/export/"]
)
def test_what_belongs_to_another_project_is_not_found_here(client, project, judged, tmp_path, rest):
    other = make_project()
    other_client = client_for(make_member(other, "manager"))
    batch = send(other_client, other, pair(1)).json()
    run_here(Run.objects.get(pk=batch["run"]))
    foreign = batch["id"] if "imports" in rest else freeze(other_client, other).json()["id"]
    for name in (foreign, str(uuid.uuid4())):
        assert client.get(url(project, rest.format(id=name))).status_code == 404


@pytest.mark.parametrize("rest", ["imports/", "snapshots/"])
def test_the_wrong_method_is_refused(client, project, rest):
    assert client.delete(url(project, rest)).status_code == 405
