"""The data page of a project: who may open it, what it says, and that its forms do what they say."""

import json
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from labeling.models import ImportBatch, Snapshot
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot, is_large
from runs.models import Run
from runs.services.waiting import run_here
from tests.factories import PASSWORD, make_member, make_person, make_project
from tests.labeling.files import import_rows, pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def manager(client, project):
    person = make_member(project, "manager", password=PASSWORD)
    client.force_login(person)
    return client


def at(project, name="datasets", **parts):
    return reverse(f"labeling-{name}", kwargs={"slug": project.slug, **parts})


def send(client, project, *rows, **fields):
    content = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    file = SimpleUploadedFile("rows.jsonl", content.encode())
    form = {"file": file, "format": "auto", "people_judge_again": "on", **fields}
    return client.post(at(project, "import-send"), form)


def test_an_empty_project_says_what_to_do(manager, project):
    page = manager.get(at(project))
    assert page.status_code == 200
    assert b"Nothing was imported yet" in page.content
    assert b"Nothing is judged yet" in page.content
    assert b"hx-trigger" not in page.content


def test_a_file_is_sent_read_and_its_rejects_are_shown_and_downloaded(manager, project):
    response = send(manager, project, pair(1), "broken <b>row</b>", pair(2))
    assert response.status_code == 302
    polling = manager.get(at(project, "imports"), headers={"HX-Request": "true"})
    assert b'hx-trigger="every 1s"' in polling.content
    run_here(Run.objects.get())
    assert b"hx-trigger" not in manager.get(at(project, "imports")).content
    batch = ImportBatch.objects.get()
    page = manager.get(at(project, "import", pk=batch.run_id)).content.decode()
    assert "The row is not JSON" in page
    assert '<td class="number">2</td>' in page
    download = b"".join(manager.get(at(project, "rejected", pk=batch.run_id)).streaming_content)
    assert json.loads(download)["row"] == "broken <b>row</b>"


def test_labels_settle_when_the_box_is_not_ticked(manager, project):
    send(manager, project, pair(1), people_judge_again="")
    run_here(Run.objects.get())
    assert project.comparisons.get().open_slots == 0


def test_a_form_without_a_file_comes_back_with_its_error(manager, project):
    response = manager.post(at(project, "import-send"), {"format": "auto"})
    assert response.status_code == 422
    assert b"Choose a file, or say where it lies." in response.content


def test_a_file_over_the_limit_is_refused_with_what_to_do(manager, project, settings):
    settings.PLUMBLINE_UPLOAD_LIMIT_BYTES = 1000
    response = send(manager, project, "x" * 5000)
    assert response.status_code == 413
    assert b"Compress it with gzip" in response.content
    assert not ImportBatch.objects.exists()


@pytest.fixture
def judged(project, tmp_path):
    import_rows(project, tmp_path, [pair(number) for number in range(10)])
    return project


FORM = {"seed": "0", "validation": "0.1", "test": "0.1", "margin": "none", "ties": "drop"}


def test_a_snapshot_is_frozen_once_and_its_page_offers_every_format(manager, judged):
    first = manager.post(at(judged, "freeze"), FORM)
    snapshot = Snapshot.objects.get()
    assert first.url == at(judged, "snapshot", pk=snapshot.pk)
    again = manager.post(at(judged, "freeze"), FORM, follow=True)
    assert Snapshot.objects.count() == 1
    assert b"Nothing has changed" in again.content
    page = manager.get(first.url + "?report=responses").content.decode()
    assert snapshot.content_sha256 in page
    assert "10 × judgment" in page
    export = manager.get(at(judged, "export", pk=snapshot.pk) + "?format=trl")
    assert len(b"".join(export.streaming_content).splitlines()) == 10
    assert snapshot.content_sha256[:12] in manager.get(at(judged)).content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"validation": "0.9", "test": "0.9"}, "leave room for each other"),
        ({"since": "2999-01-01T00:00"}, "nothing to freeze"),
        ({"seed": ""}, "This field is required"),
    ],
)
def test_a_snapshot_that_cannot_be_frozen_comes_back_with_its_reason(manager, judged, changes, sentence):
    response = manager.post(at(judged, "freeze"), {**FORM, **changes})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Snapshot.objects.exists()


def test_a_large_project_is_frozen_by_a_run_that_the_page_names(manager, judged, monkeypatch):
    monkeypatch.setattr("labeling.services.snapshots.freezing.AT_ONCE_COMPARISONS", 5)
    page = manager.post(at(judged, "freeze"), FORM, follow=True)
    run = Run.objects.get(kind="snapshot")
    assert f"/runs/{run.pk}/" in page.content.decode()


def test_an_unknown_format_leads_back_to_the_snapshot(manager, judged):
    manager.post(at(judged, "freeze"), FORM)
    snapshot = Snapshot.objects.get()
    for address in (
        at(judged, "export", pk=snapshot.pk) + "?format=csv",
        at(judged, "snapshot", pk=snapshot.pk) + "?report=csv",
    ):
        assert "no format “csv”" in manager.get(address, follow=True).content.decode()


def addresses(project, batch, snapshot):
    return [
        ("get", at(project)),
        ("get", at(project, "imports")),
        ("post", at(project, "import-send")),
        ("get", at(project, "import", pk=batch.run_id)),
        ("get", at(project, "rejected", pk=batch.run_id)),
        ("post", at(project, "freeze")),
        ("get", at(project, "snapshot", pk=snapshot.pk)),
        ("get", at(project, "export", pk=snapshot.pk) + "?format=trl"),
    ]


def test_managers_engineers_and_owners_may_members_may_not_and_outsiders_learn_nothing(manager, judged, client):
    send(manager, judged, pair(1))
    run_here(Run.objects.get())
    manager.post(at(judged, "freeze"), FORM)
    pages = addresses(judged, ImportBatch.objects.exclude(run=None).get(), Snapshot.objects.get())

    def statuses(person):
        client.force_login(person)
        return {getattr(client, method)(address).status_code for method, address in pages}

    for allowed in (make_member(judged, "manager"), make_person("engineer"), make_person("owner")):
        assert statuses(allowed) <= {200, 302, 422}
    for member in (make_member(judged, "annotator"), make_member(judged, "reviewer")):
        assert statuses(member) == {403}
    assert statuses(make_person()) == {404}
    client.logout()
    assert {getattr(client, method)(address).status_code for method, address in pages} == {302}


def test_the_wrong_method_is_refused_and_what_is_not_there_is_not_found(manager, project):
    assert manager.post(at(project)).status_code == 405
    assert manager.get(at(project, "freeze")).status_code == 405
    assert manager.get(at(project, "import-send")).status_code == 405
    for name in ("import", "rejected", "snapshot", "export"):
        assert manager.get(at(project, name, pk=uuid4())).status_code == 404


def test_an_owner_exports_a_snapshot_from_the_administration(client, judged, manager):
    manager.post(at(judged, "freeze"), FORM)
    snapshot = Snapshot.objects.get()
    client.force_login(make_person("owner"))
    changelist = reverse("admin:labeling_snapshot_changelist")
    assert client.get(changelist).status_code == 200
    chosen = {"action": "export_trl", "_selected_action": [str(snapshot.pk)]}
    export = client.post(changelist, chosen)
    assert len(b"".join(export.streaming_content).splitlines()) == 10
    for page in ("labeling_importbatch_changelist", "labeling_project_changelist"):
        assert client.get(reverse(f"admin:{page}")).status_code == 200
    assert client.get(reverse("admin:labeling_snapshot_change", args=[snapshot.pk])).status_code == 200
    assert client.post(reverse("admin:labeling_snapshot_delete", args=[snapshot.pk])).status_code == 403


def test_two_snapshots_cannot_be_exported_in_one_go(client, judged, manager):
    manager.post(at(judged, "freeze"), FORM)
    manager.post(at(judged, "freeze"), {**FORM, "seed": "1"})
    client.force_login(make_person("owner"))
    chosen = {
        "action": "export_trl",
        "_selected_action": [str(pk) for pk in Snapshot.objects.values_list("pk", flat=True)],
    }
    response = client.post(reverse("admin:labeling_snapshot_changelist"), chosen, follow=True)
    assert b"Select one snapshot" in response.content


def test_what_an_export_of_a_large_snapshot_drops_is_counted_by_a_run_once(manager, project, tmp_path, monkeypatch):
    monkeypatch.setattr("labeling.services.export_reports.AT_ONCE_JUDGMENTS", 2)
    import_rows(project, tmp_path, [pair(number) for number in range(3)])
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest()).snapshot
    address = at(project, "snapshot", pk=snapshot.pk) + "?report=responses"
    assert b"Count in a run" in manager.get(address).content
    for _time in range(2):
        sent = manager.post(at(project, "drops", pk=snapshot.pk), {"report": "responses"})
        assert sent.headers["Location"] == address
    run = Run.objects.get(kind="export_report")
    assert run.title.encode() in manager.get(address).content
    run_here(run)
    page = manager.get(address).content
    assert b"3 rows." in page
    assert b"Count in a run" not in page
    assert manager.post(at(project, "drops", pk=snapshot.pk), {"report": "nonsense"}).status_code == 302
    assert Run.objects.filter(kind="export_report").count() == 1


@pytest.mark.parametrize("limit", ["AT_ONCE_COMPARISONS", "AT_ONCE_JUDGMENTS"])
def test_a_project_of_many_comparisons_or_of_many_judgments_is_frozen_by_a_run(project, tmp_path, monkeypatch, limit):
    monkeypatch.setattr(f"labeling.services.snapshots.freezing.{limit}", 3)
    import_rows(project, tmp_path, [pair(number) for number in range(3)])
    assert not is_large(project)
    import_rows(project, tmp_path, [pair(3)])
    assert is_large(project)
