"""A folder that `datasets` loads as it is, with a card that says what it is."""

import json
import os
import sys
from io import BytesIO, StringIO
from subprocess import run
from zipfile import ZipFile

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from labeling.errors import InvalidSnapshot
from labeling.models import Prompt, QualityReport
from labeling.services.dataset_folder import prepare_folder, write_folder
from labeling.services.exports import writable_formats
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from tests.factories import make_member, make_project
from tests.labeling.files import import_rows

pytestmark = pytest.mark.django_db

ROWS = [
    {
        "prompt": f'Question {number}? 질문 | "quoted"',
        "responses": [{"content": f"=A good answer to {number}.", "policy": "p"}, {"content": f"No {number}."}],
        "judgments": [{"annotator": "ann", "ranking": [[0, 1]] if number == 5 else [[0], [1]], "strength": number % 4}],
        "metadata": {"topic": ["t", number]},
    }
    for number in range(40)
]
# What a reader sees of a folder, told as JSON; in a process of its own, which never asks the network.
SEEN = """
import json, sys
from datasets import load_dataset
loaded = load_dataset(sys.argv[1], cache_dir=sys.argv[2])
print(json.dumps({
    "rows": {split: part.num_rows for split, part in loaded.items()},
    "columns": {split: part.column_names for split, part in loaded.items()},
    "first": {split: part[0] for split, part in loaded.items()},
}))
"""


@pytest.fixture
def snapshot(tmp_path):
    project = make_project(name="Answers: which | is better?")
    import_rows(project, tmp_path, ROWS, format="plumbline")
    Prompt.objects.filter(project=project).update(language="ko")
    return freeze_snapshot(project=project, request=SnapshotRequest(validation=0.2, test=0.2, name="May")).snapshot


def write(out, **asked):
    return write_folder(prepare_folder(**asked), out)


def seen(folder, cache):
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(cache)}
    done = run(
        [sys.executable, "-c", SEEN, str(folder), str(cache)], env=offline, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def head_of(folder):
    _, head, body = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(head), body


@pytest.mark.slow
@pytest.mark.parametrize(("container", "format"), [("parquet", "trl"), ("jsonl", "plumbline")])
def test_load_dataset_takes_the_folder_as_it_is(snapshot, tmp_path, container, format):
    folder = tmp_path / "data set"
    told = write(folder, snapshot=snapshot, format=format, container=container)
    found = seen(folder, tmp_path / "cache")
    assert found["rows"] == told["splits"]
    assert set(found["rows"]) == {"train", "validation", "test"}
    assert sum(found["rows"].values()) == told["rows"]
    if format == "trl":
        assert found["first"]["test"]["chosen"][0]["role"] == "assistant"
        assert found["first"]["test"]["prompt"][0]["content"].startswith("Question")


def test_the_card_says_what_it_is_where_it_comes_from_and_what_is_missing(snapshot, tmp_path):
    told = write(tmp_path / "out", snapshot=snapshot, format="trl", license="cc-by-4.0")
    head, body = head_of(tmp_path / "out")
    assert head["license"] == "cc-by-4.0"
    assert (head["language"], head["size_categories"]) == (["ko"], ["n<1K"])
    assert head["pretty_name"] == "Answers: which | is better? · May"
    assert [one["split"] for one in head["configs"][0]["data_files"]] == list(told["splits"])
    assert {one["name"]: one["num_examples"] for one in head["dataset_info"]["splits"]} == told["splits"]
    chosen = next(one for one in head["dataset_info"]["features"] if one["name"] == "chosen")
    assert chosen["list"] == [{"name": "role", "dtype": "string"}, {"name": "content", "dtype": "string"}]
    assert snapshot.content_sha256 in body
    assert "| by the format: tied pair | 1 |" in body
    assert "Nobody has measured them." in body
    assert "| judgments | 40 |" in body


def test_the_card_tells_biases_that_were_measured(snapshot, tmp_path):
    finding = {"key": "first place", "value": 0.041, "low": 0.02, "high": 0.06}
    audits = [
        {"name": "position", "p_adjusted": 0.001, "findings": [finding], "left_out": {}},
        {"name": "length", "p_adjusted": 0.8, "findings": [finding], "left_out": {}},
        {"name": "speed", "p_adjusted": None, "findings": [{"key": "x", "because": "no times"}], "left_out": {}},
    ]
    QualityReport.objects.create(
        project=snapshot.project, sources="person", computed_at=timezone.now(), result={"audits": audits}, version=1
    )
    write(tmp_path / "out", snapshot=snapshot, format="trl")
    _, body = head_of(tmp_path / "out")
    assert "- position: first place 0.041 (0.020 to 0.060), p = 0.001 after Holm's correction." in body
    assert "- length: nothing beyond chance (p = 0.8)." in body
    assert "speed" not in body


def test_a_split_without_rows_has_no_file_and_no_mention(tmp_path):
    project = make_project()
    import_rows(project, tmp_path, ROWS[:3], format="plumbline")
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest(validation=0, test=0)).snapshot
    told = write(tmp_path / "out", snapshot=snapshot, format="trl")
    assert told["splits"] == {"train": 3}
    assert [path.name for path in (tmp_path / "out" / "data").iterdir()] == ["train.parquet"]


def test_a_folder_appears_whole_or_not_at_all(snapshot, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("keep me")
    for wrong in (
        {"out": full},
        {"out": full / "mine.txt"},
        {"container": "csv"},
        {"format": "openai-chat-x"},
        {"license": "a\nb"},
    ):
        with pytest.raises(InvalidSnapshot):
            write(**{"snapshot": snapshot, "format": "trl", "out": tmp_path / "out", **wrong})
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["full"]


def test_a_format_that_nothing_fits_makes_no_folder(snapshot, tmp_path):
    with pytest.raises(InvalidSnapshot, match="can be written as helpsteer2"):  # nobody rated anything
        write(tmp_path / "out", snapshot=snapshot, format="helpsteer2")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", sorted(set(writable_formats()) - {"helpsteer2"}))
def test_every_format_fills_a_folder(snapshot, tmp_path, format):
    told = write(tmp_path / "out", snapshot=snapshot, format=format)
    head, _body = head_of(tmp_path / "out")
    assert {one["name"]: one["num_examples"] for one in head["dataset_info"]["splits"]} == told["splits"]


def test_the_command_writes_a_folder_when_its_name_ends_so_or_it_is_asked_to(snapshot, tmp_path):
    def export(*arguments):
        out = StringIO()
        call_command("export_dataset", snapshot.project.slug, "--format", "trl", *arguments, "--json", stdout=out)
        return json.loads(out.getvalue().splitlines()[-1])

    told = export("--out", f"{tmp_path}/one/")
    assert told["folder"] == f"{tmp_path}/one"
    assert (tmp_path / "one" / "data" / "train.parquet").exists()
    export("--out", str(tmp_path / "two"), "--folder", "jsonl", "--license", "mit")
    assert head_of(tmp_path / "two")[0]["license"] == "mit"
    assert (tmp_path / "two" / "data" / "train.jsonl").exists()
    with pytest.raises(CommandError, match="every split"):
        export("--out", f"{tmp_path}/three/", "--split", "test")


def unzipped(response, folder):
    content = b"".join(response.streaming_content)
    with ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    (root,) = folder.iterdir()
    return root


@pytest.mark.parametrize("address", ["labeling-folder", "api-folder"])
@pytest.mark.parametrize("container", ["parquet", "jsonl"])
def test_a_download_unpacks_to_the_very_folder(client, snapshot, tmp_path, address, container):
    client.force_login(make_member(snapshot.project, "manager"))
    at = reverse(address, args=[snapshot.project.slug, snapshot.pk])
    query = f"?format=trl&container={container}&license=cc-by-4.0"
    response = client.get(at + query)
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    root = unzipped(response, tmp_path / "unzipped")
    write(tmp_path / "written", snapshot=snapshot, format="trl", container=container, license="cc-by-4.0")
    files = {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert files == {path: (tmp_path / "written" / path).read_bytes() for path in files}
    assert len(files) == 4
    assert b"".join(client.get(at + query).streaming_content) == b"".join(client.get(at + query).streaming_content)


@pytest.mark.slow
def test_load_dataset_takes_a_download_once_it_is_unpacked(client, snapshot, tmp_path):
    client.force_login(make_member(snapshot.project, "manager"))
    at = reverse("labeling-folder", args=[snapshot.project.slug, snapshot.pk])
    root = unzipped(client.get(f"{at}?format=trl"), tmp_path / "unzipped")
    assert sum(seen(root, tmp_path / "cache")["rows"].values()) == 39


def test_a_folder_that_cannot_be_is_said_and_not_half_a_file(client, snapshot):
    client.force_login(make_member(snapshot.project, "manager"))
    for query in ("?format=helpsteer2", "?format=nonsense", "?format=trl&container=csv", "?format=trl&license=a%0Ab"):
        page = client.get(reverse("labeling-folder", args=[snapshot.project.slug, snapshot.pk]) + query, follow=True)
        assert (page.status_code, len(list(page.context["messages"]))) == (200, 1)
        answer = client.get(reverse("api-folder", args=[snapshot.project.slug, snapshot.pk]) + query)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_snapshot")


def test_the_pages_offer_it(client, snapshot):
    client.force_login(make_member(snapshot.project, "manager"))
    page = client.get(reverse("labeling-datasets", args=[snapshot.project.slug])).content.decode()
    assert f"/datasets/snapshots/{snapshot.pk}/#folder" in page
    page = client.get(reverse("labeling-snapshot", args=[snapshot.project.slug, snapshot.pk])).content.decode()
    assert (
        f'id="folder" method="get" action="/projects/{snapshot.project.slug}/datasets/snapshots/{snapshot.pk}/folder/"'
        in page
    )
