"""Exports in every container: the file, the page, the API and the administration agree on what it is."""

import gzip
import io
import json

import pytest
import zstandard
from django.core.management import CommandError, call_command
from django.urls import reverse

from labeling.errors import InvalidSnapshot
from labeling.services.exports import container_for, prepare_export, writable_containers, writable_formats, write_export
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from preferences.containers import open_rows
from preferences.formats import read_rows
from preferences.pairs import PairRules
from tests.engines import ROOT
from tests.factories import PASSWORD, make_member, make_person, make_project
from tests.labeling.files import four, import_rows, make_batch, pair

pytestmark = pytest.mark.django_db

FORMULA = '=HYPERLINK("http://example.org", "[1]")\n\'quoted\'; \u202eright to left, \ufeff한국어'


@pytest.fixture
def snapshot(tmp_path):
    project = make_project()
    import_rows(project, tmp_path, [pair(number, chosen=f"{FORMULA} {number}") for number in range(40)])
    rows = [
        {
            "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
            "responses": [{"content": "a", "policy": "p", "sampling": {"temperature": 0.5}}, {"content": "b"}],
            "judgments": [{"annotator": "ann", "ranking": [[0], [1]], "strength": 2, "reason": "-1 for b"}],
            "gold": [[0], [1]],
            "metadata": {"topic": "why", "empty": {}},
        }
    ]
    import_rows(project, tmp_path, rows, format="plumbline")
    return freeze_snapshot(project=project, request=SnapshotRequest()).snapshot


def content_of(snapshot, **options):
    return b"".join(prepare_export(snapshot=snapshot, **options).chunks())


def read(content):
    return [row for _number, row in open_rows(io.BytesIO(content))]


@pytest.mark.parametrize("container", writable_containers())
def test_the_native_format_comes_back_whole_from_any_container(snapshot, tmp_path, container):
    from labeling.services.imports import import_file

    out = tmp_path / f"out.{container}"
    export = prepare_export(snapshot=snapshot, format="plumbline", container=container)
    assert write_export(export, out)["rows"] == 41
    assert list(tmp_path.glob(".*unfinished")) == []
    project = make_project()
    assert four(import_file(batch=make_batch(project), path=out)) == (41, 41, 0, 0)
    again = freeze_snapshot(project=project, request=SnapshotRequest()).snapshot
    assert again.content_sha256 == snapshot.content_sha256


@pytest.mark.parametrize("format", writable_formats())
def test_every_format_says_the_same_in_jsonl_and_in_parquet(snapshot, format):
    def known(row):
        return {name: value for name, value in row.items() if value is not None}

    rows = read(content_of(snapshot, format=format))
    assert read(content_of(snapshot, format=format, container="parquet")) == [known(row) for row in rows]


@pytest.mark.parametrize("format", writable_formats())
def test_every_format_is_read_from_csv_as_from_jsonl(snapshot, tmp_path, format):
    from labeling.services.imports import import_file

    found = []
    for container in ("jsonl", "csv"):
        out = tmp_path / f"{format}.{container}"
        write_export(prepare_export(snapshot=snapshot, format=format, container=container), out)
        project = make_project()
        counts = import_file(batch=make_batch(project, format), path=out)
        frozen = project.comparisons.exists() and freeze_snapshot(
            project=project, request=SnapshotRequest(include_unjudged=True)
        )
        found.append((four(counts), frozen and frozen.snapshot.content_sha256))
    assert found[0] == found[1]


def test_packed_files_hold_what_the_plain_ones_do(snapshot):
    plain = content_of(snapshot, format="trl")
    assert gzip.decompress(content_of(snapshot, format="trl", container="jsonl.gz")) == plain
    unpacked = zstandard.ZstdDecompressor().decompressobj()
    assert unpacked.decompress(content_of(snapshot, format="trl", container="jsonl.zst")) == plain
    assert content_of(snapshot, format="trl", container="csv").startswith(b"\xef\xbb\xbfprompt,chosen,rejected\r\n")


def test_what_no_container_is_called_is_refused_before_the_first_byte(snapshot, tmp_path):
    with pytest.raises(InvalidSnapshot, match="no container “xlsx”"):
        prepare_export(snapshot=snapshot, format="trl", container="xlsx")
    with pytest.raises(InvalidSnapshot, match=r"“out\.xlsx” does not say what to write"):
        container_for("out.xlsx")
    with pytest.raises(CommandError, match="does not say what to write"):
        call_command("export_dataset", snapshot.project.slug, format="trl", out=str(tmp_path / "out"))


def test_the_command_takes_the_container_from_the_name(snapshot, tmp_path, capsys):
    for container in ("csv.gz", "parquet", "jsonl.zst"):
        out = tmp_path / f"out.{container}"
        call_command("export_dataset", snapshot.project.slug, "--format", "trl", "--out", str(out), "--json")
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["rows"] == 41
        assert len(list(open_rows(out))) == 41


@pytest.fixture
def manager(client, snapshot):
    client.force_login(make_member(snapshot.project, "manager", password=PASSWORD))
    return client


@pytest.mark.parametrize(
    ("container", "media_type"),
    [
        (None, "application/x-ndjson"),
        ("csv", "text/csv; charset=utf-8"),
        ("parquet", "application/vnd.apache.parquet"),
        ("csv.gz", "application/gzip"),
        ("jsonl.zst", "application/zstd"),
    ],
)
def test_the_api_and_the_page_name_the_file_and_its_type(manager, snapshot, container, media_type):
    slug = snapshot.project.slug
    for address in (
        f"/api/v1/projects/{slug}/snapshots/{snapshot.pk}/export/",
        reverse("labeling-export", args=[slug, snapshot.pk]),
    ):
        response = manager.get(address, {"format": "trl", **({"container": container} if container else {})})
        assert response.streaming
        assert response["Content-Type"] == media_type
        assert f'-trl.{container or "jsonl"}"' in response["Content-Disposition"]
        assert len(read(b"".join(response.streaming_content))) == 41


def test_the_api_refuses_a_container_that_does_not_exist(manager, snapshot):
    address = f"/api/v1/projects/{snapshot.project.slug}/snapshots/{snapshot.pk}/export/"
    response = manager.get(address, {"format": "trl", "container": "xlsx"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_snapshot")


def test_the_page_offers_every_container_and_leads_back_from_one_that_does_not_exist(manager, snapshot):
    page = reverse("labeling-snapshot", args=[snapshot.project.slug, snapshot.pk])
    shown = manager.get(page).content.decode()
    assert [name for name in writable_containers() if f"<option>{name}</option>" not in shown] == []
    address = reverse("labeling-export", args=[snapshot.project.slug, snapshot.pk])
    back = manager.get(address, {"format": "trl", "container": "xlsx"}, follow=True)
    assert "no container “xlsx”" in back.content.decode()


def test_the_administration_exports_in_the_container_that_was_chosen(client, snapshot):
    client.force_login(make_person("owner"))
    changelist = reverse("admin:labeling_snapshot_changelist")
    chosen = {"action": "export_trl", "_selected_action": [str(snapshot.pk)], "container": "csv"}
    export = client.post(changelist, chosen)
    assert len(read(b"".join(export.streaming_content))) == 41
    assert ".csv" in export["Content-Disposition"]
    assert b'name="container"' in client.get(changelist).content


@pytest.mark.parametrize("format", ["trl", "trl-standard", "openrlhf"])
def test_margins_come_back_from_csv_as_numbers(snapshot, format):
    export = prepare_export(snapshot=snapshot, format=format, container="csv", rules=PairRules(margin="small"))
    rows = list(open_rows(io.BytesIO(b"".join(export.chunks()))))
    readings = list(read_rows(rows, export.format))
    margins = [record.metadata["margin"] for reading in readings for record in reading.records]
    assert len(margins) == len(rows)
    assert {type(margin) for margin in margins} <= {int, float}


def test_the_documentation_names_every_container():
    page = (ROOT / "docs" / "datasets.md").read_text("utf-8")
    kinds = {name.split(".")[0] for name in writable_containers()}
    packings = {name.partition(".")[2] for name in writable_containers()} - {""}
    assert [kind for kind in kinds if f"| `{kind}` |" not in page] == []
    assert [packing for packing in packings if f"`.{packing}`" not in page] == []
