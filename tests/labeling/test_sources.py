"""Files that nobody sends: from a storage, a bucket, the hub or a folder; and who may name which."""

import http.server
import json
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from config.storages import import_storage
from labeling.errors import UnreadableUpload
from labeling.models import ImportBatch, Judgment
from labeling.services.dataset_folder import prepare_folder, write_folder
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from labeling.services.sources import check_source, fetch_source
from labeling.services.uploads import fetch_upload, queue_fetched_import, upload_path
from preferences.errors import UnreadableFile
from preferences.hub import HubSource, row_as_json
from runs.models import Run
from runs.services.waiting import run_here
from tests.factories import make_member, make_project
from tests.labeling.files import import_rows, pair, write_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(tmp_path, settings):
    """A folder that STORAGES names for imports."""
    folder = tmp_path / "shared"
    (folder / "may").mkdir(parents=True)
    settings.STORAGES = {**settings.STORAGES, **import_storage(str(folder))}
    return folder


def run_command(*words):
    told = StringIO()
    call_command("import_responses", *words, "--json", stdout=told)
    return json.loads(told.getvalue().splitlines()[-1])


def four(told):
    return [told[name] for name in ("rows", "accepted", "rejected", "unchanged")]


def test_a_file_in_the_storage_is_imported_by_its_name_and_leaves_nothing_behind(shared):
    project = make_project()
    write_rows(shared / "may" / "pairs.jsonl.gz", [pair(number) for number in range(5)])
    assert four(run_command(project.slug, "storage:may/pairs.jsonl.gz", "--dry-run")) == [5, 5, 0, 0]
    assert ImportBatch.objects.count() == 0
    assert four(run_command(project.slug, "storage:may/pairs.jsonl.gz")) == [5, 5, 0, 0]
    assert four(run_command(project.slug, "storage:may/pairs.jsonl.gz", "--all-or-nothing")) == [5, 0, 0, 5]
    batch = ImportBatch.objects.latest("pk")
    assert (batch.file_name, len(batch.file_sha256)) == ("pairs.jsonl.gz", 64)
    assert not upload_path(batch.run).exists()


def test_what_was_fetched_is_not_fetched_again_by_the_next_attempt(shared):
    project = make_project()
    file = write_rows(shared / "rows.jsonl", [pair(1)])
    run = queue_fetched_import(project=project, source="storage:rows.jsonl").run
    fetch_upload(run)
    write_rows(file, [pair(2), pair(3)])
    run_here(run)
    assert ImportBatch.objects.get().rows == 1


def test_a_fetch_that_is_stopped_leaves_no_half_of_a_file(shared, tmp_path):
    write_rows(shared / "rows.jsonl", [pair(1)])

    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_source("storage:rows.jsonl", tmp_path / "out" / "file", progress=stop)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["storage:none.jsonl", "storage:../secret-key", "storage:/etc/passwd", "storage:may"])
def test_what_is_not_in_the_storage_is_said_and_nothing_beyond_it_is_read(shared, name):
    with pytest.raises(CommandError, match=r"cannot be read|cannot be opened"):
        run_command(make_project().slug, name)


@pytest.mark.parametrize(
    "source",
    ["storage:", "hub:", "hub:one", "hub:a/b/c", "hub:../x", "s3://bucket/key", "folder:/etc",
     "/etc/passwd", "https://example.org/x"],
)  # fmt: skip
def test_a_project_cannot_name_other_places(shared, source):
    with pytest.raises(UnreadableUpload):
        check_source(source)


def test_without_a_storage_it_is_said_how_to_name_one():
    with pytest.raises(UnreadableUpload, match="PLUMBLINE_IMPORT_STORAGE"):
        check_source("storage:rows.jsonl")


def test_page_and_api_take_a_source_in_place_of_a_file(client, shared):
    project = make_project()
    client.force_login(make_member(project, "manager"))
    write_rows(shared / "rows.jsonl", [pair(1)])
    sent = client.post(
        reverse("labeling-import-send", args=[project.slug]), {"source": "storage:rows.jsonl", "format": "auto"}
    )
    assert sent.status_code == 302
    run_here(Run.objects.get())
    assert project.comparisons.count() == 1
    answer = client.post(reverse("api-imports", args=[project.slug]), {"source": "storage:rows.jsonl"})
    assert (answer.status_code, answer.json()["file_name"]) == (202, "rows.jsonl")
    for wrong in ({}, {"source": "s3://bucket/key"}, {"source": "hub:nonsense"}):
        assert client.post(reverse("api-imports", args=[project.slug]), wrong).status_code in (400, 422)
        page = client.post(reverse("labeling-import-send", args=[project.slug]), {"format": "auto", **wrong})
        assert page.status_code == 422
    assert Run.objects.count() == 2


@pytest.mark.slow
@pytest.mark.parametrize("container", ["parquet", "jsonl"])
def test_a_folder_that_we_wrote_comes_back_whole_through_datasets(tmp_path, monkeypatch, container):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    ours, theirs = make_project(), make_project()
    import_rows(ours, tmp_path, [pair(number) for number in range(40)])
    snapshot = freeze_snapshot(project=ours, request=SnapshotRequest(validation=0.2, test=0.2)).snapshot
    folder = tmp_path / "set"
    write_folder(prepare_folder(snapshot=snapshot, format="trl", container=container), folder)
    assert four(run_command(theirs.slug, str(folder))) == [40, 40, 0, 0]
    assert Judgment.objects.filter(project=theirs).count() == 40
    again = freeze_snapshot(project=theirs, request=SnapshotRequest(validation=0.2, test=0.2)).snapshot
    assert again.content_sha256 == snapshot.content_sha256


@pytest.mark.slow
def test_a_hub_that_cannot_be_reached_is_said_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    project = make_project()
    with pytest.raises(CommandError, match="The dataset somebody/something cannot be read"):
        run_command(project.slug, "hub:somebody/something?split=train")
    run = Run.objects.get()
    assert (run.state, ImportBatch.objects.get().rows) == ("failed", 0)
    with pytest.raises(CommandError, match="not asked for “splt”"):
        run_command(project.slug, "hub:somebody/something?splt=train")


def test_a_hub_source_says_which_part_is_meant():
    assert HubSource.parse("a/b?split=test&config=en&revision=main") == HubSource("a/b", "en", "test", "main")
    with pytest.raises(UnreadableFile, match="bytes"):
        row_as_json({"image": b"PNG"})


class Bucket(http.server.BaseHTTPRequestHandler):
    """As much of S3 as reading needs: HEAD and GET of objects by path."""

    objects: dict[str, bytes] = {}

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, *, with_body):
        content = self.objects.get(self.path.partition("?")[0])
        if content is None:
            body = b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>'
            self.send_response(404)
        else:
            body = content
            self.send_response(200)
            self.send_header("ETag", '"0"')
            self.send_header("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *_words):
        pass


@pytest.fixture
def bucket(monkeypatch):
    pytest.importorskip("boto3")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield Bucket.objects
    server.shutdown()
    server.server_close()


def test_an_object_of_a_bucket_is_imported_by_operators_by_name_and_by_projects_from_the_one_that_is_named(
    bucket, settings, tmp_path
):
    project = make_project()
    content = write_rows(tmp_path / "rows.jsonl.gz", [pair(number) for number in range(300)]).read_bytes()
    bucket["/shelf/may/rows.jsonl.gz"] = content
    assert four(run_command(project.slug, "s3://shelf/may/rows.jsonl.gz")) == [300, 300, 0, 0]
    settings.STORAGES = {**settings.STORAGES, **import_storage("s3://shelf/may")}
    assert four(run_command(project.slug, "storage:rows.jsonl.gz")) == [300, 0, 0, 300]
    for missing in ("s3://shelf/none.jsonl", "storage:none.jsonl"):
        with pytest.raises(CommandError, match="cannot be read"):
            run_command(project.slug, missing)
