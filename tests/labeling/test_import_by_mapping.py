"""Importing a table in no format, by a field mapping: from the command line, by the API, on the page."""

import csv
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from rest_framework.test import APIClient

from labeling.models import Comparison, ImportBatch, Judgment
from labeling.services import imports
from labeling.services.imports import import_file
from labeling.services.uploads import MAPPING_BYTES
from runs.models import Run
from runs.services.waiting import run_here
from tests.factories import PASSWORD, make_member, make_project
from tests.labeling.files import four, make_batch, write_rows

pytestmark = pytest.mark.django_db

MAPPING = """
prompt = "question"
responses = ["left", "right"]

[[judgments]]
winner = "choice"
annotator = "worker"
values = { l = 1, r = 2, "=" = "tie" }
"""
SAID = {
    "prompt": "question",
    "responses": ["left", "right"],
    "judgments": [{"winner": "choice", "annotator": "worker", "values": {"l": 1, "r": 2, "=": "tie"}}],
}


def row(number, worker, choice):
    return {
        "question": f"Question {number}?",
        "left": f"Yes {number}.",
        "right": f"No {number}.",
        "worker": worker,
        "choice": choice,
    }


# One row a judgment; rows of a comparison need not stand together. The last has a value that the mapping does not know.
ROWS = [row(1, "ann", "l"), row(2, "ann", "r"), row(1, "ben", "="), row(1, "ann", "l"), row(2, "ben", "?")]


@pytest.fixture
def project():
    return make_project()


def command(project, path, mapping, *options):
    out = io.StringIO()
    call_command(
        "import_responses",
        project.slug,
        str(path),
        "--mapping",
        str(mapping),
        "--json",
        *options,
        stdout=out,
        stderr=out,
    )
    return json.loads(out.getvalue().splitlines()[-1])


@pytest.fixture
def files(tmp_path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING)
    return write_rows(tmp_path / "rows.jsonl", ROWS), mapping


def test_a_second_row_of_a_comparison_adds_its_judgment(project, files):
    told = command(project, *files, "--dry-run")
    assert [told[name] for name in ("rows", "accepted", "rejected", "unchanged")] == [5, 3, 1, 1]
    assert Comparison.objects.count() == 0
    told = command(project, *files)
    assert [told[name] for name in ("rows", "accepted", "rejected", "unchanged")] == [5, 3, 1, 1]
    assert (told["format"], told["reasons"]) == ("mapping", {"bad-judgment": 1})
    assert (Comparison.objects.count(), Judgment.objects.count()) == (2, 3)
    again = command(project, *files)
    assert [again[name] for name in ("rows", "accepted", "rejected", "unchanged")] == [5, 0, 1, 4]


def test_a_spreadsheet_is_read_by_the_same_mapping(project, files, tmp_path):
    table = tmp_path / "rows.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    told = command(project, table, files[1])
    assert [told[name] for name in ("rows", "accepted", "rejected", "unchanged")] == [5, 3, 1, 1]


def test_an_import_by_mapping_goes_on_where_it_stopped(project, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH_ROWS", 2)
    path, batch = write_rows(tmp_path / "rows.jsonl", ROWS[:4]), make_batch(project, "mapping")

    def stop(rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(batch=batch, path=path, mapping=SAID, progress=stop)
    batch.refresh_from_db()
    assert (batch.rows, batch.format) == (2, "mapping")
    assert four(import_file(batch=batch, path=path, mapping=SAID)) == (4, 3, 0, 1)


def test_a_wrong_mapping_is_named_before_any_row_is_read(project, files):
    path, mapping = files
    mapping.write_text(MAPPING.replace("winner", "winer"))
    with pytest.raises(CommandError, match="There is no key “judgments, 1, winer”"):
        command(project, path, mapping)
    with pytest.raises(CommandError, match="There is no file"):
        command(project, path, path.with_name("none.toml"))
    assert ImportBatch.objects.count() == 0


def sent_files(mapping=MAPPING):
    content = "".join(json.dumps(row) + "\n" for row in ROWS)
    return {
        "file": SimpleUploadedFile("rows.jsonl", content.encode()),
        "mapping": SimpleUploadedFile("mapping.toml", mapping.encode()),
    }


def test_the_api_takes_a_mapping_beside_the_file(project):
    client = APIClient()
    client.force_authenticate(make_member(project, "manager"))
    url = f"/api/v1/projects/{project.slug}/imports/"
    response = client.post(url, sent_files(), format="multipart")
    assert (response.status_code, response.json()["format"]) == (202, "mapping")
    run_here(Run.objects.get())
    assert client.get(f"{url}{response.json()['id']}/").json()["accepted"] == 3
    wrong = client.post(url, sent_files("prompt = 3"), format="multipart")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unreadable_file")
    assert "“responses”" in wrong.json()["fields"]["mapping"]
    large = client.post(url, sent_files(f"# {'x' * MAPPING_BYTES}"), format="multipart")
    assert (large.status_code, large.json()["message"]) == (422, "The mapping is larger than 64 kB.")
    assert ImportBatch.objects.count() == 1


def test_the_page_takes_a_mapping_beside_the_file(client, project):
    client.force_login(make_member(project, "manager", password=PASSWORD))
    url = reverse("labeling-import-send", kwargs={"slug": project.slug})
    form = {"format": "auto", "people_judge_again": "on"}
    wrong = client.post(url, {**form, **sent_files("prompt = 3")})
    assert wrong.status_code == 422
    assert "The mapping says no “responses”" in wrong.content.decode()
    assert client.post(url, {**form, **sent_files()}).status_code == 302
    run_here(Run.objects.get())
    assert Judgment.objects.count() == 3
