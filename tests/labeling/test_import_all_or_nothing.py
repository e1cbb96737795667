"""All rows or none, by choice: a file with one bad row leaves nothing behind but what to mend."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from labeling.errors import RowsRefused, UnreadableUpload
from labeling.models import Comparison, ImportBatch, Judgment, Prompt
from labeling.services import imports
from labeling.services.imports import import_file, rejected_path
from runs.models import Run
from runs.services.waiting import run_here
from tests.factories import make_member, make_project
from tests.labeling.files import four, import_rows, make_batch, pair, write_rows

pytestmark = pytest.mark.django_db

SWAPPED = {**pair(2), "chosen": "Bad 2.", "rejected": "Good 2."}
BAD = [pair(1), pair(2), "broken", pair(3), SWAPPED]


def is_empty():
    return not (Prompt.objects.exists() or Comparison.objects.exists() or Judgment.objects.exists())


def test_a_file_of_good_rows_goes_in_whole(tmp_path):
    rows = [pair(number) for number in range(7)]
    assert four(import_rows(make_project(), tmp_path, [*rows, rows[0]], all_or_nothing=True)) == (8, 7, 0, 1)


def test_one_bad_row_keeps_all_others_out_even_those_of_earlier_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH_ROWS", 2)
    batch = make_batch(make_project())
    with pytest.raises(RowsRefused, match="2 of 5 rows cannot be taken"):
        import_file(batch=batch, path=write_rows(tmp_path / "rows.jsonl", BAD), all_or_nothing=True)
    assert is_empty()
    batch.refresh_from_db()
    assert (batch.rows, batch.rejected, batch.accepted, batch.finished_at) == (2, 2, 0, None)
    assert [json.loads(line)["line"] for line in rejected_path(batch).read_text().splitlines()] == [3, 5]


def test_the_mended_file_goes_in_under_the_same_batch(tmp_path):
    batch = make_batch(make_project())
    with pytest.raises(RowsRefused):
        import_file(batch=batch, path=write_rows(tmp_path / "rows.jsonl", BAD), all_or_nothing=True)
    batch.refresh_from_db()
    mended = write_rows(tmp_path / "rows.jsonl", [pair(number) for number in range(4)])
    assert four(import_file(batch=batch, path=mended, all_or_nothing=True)) == (4, 4, 0, 0)
    assert rejected_path(batch).read_text() == ""


def test_a_file_that_breaks_off_leaves_nothing(tmp_path):
    path = write_rows(tmp_path / "rows.jsonl.gz", [pair(number, rejected="x" * number) for number in range(1, 2000)])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableUpload, match="damaged or ends too early"):
        import_file(batch=make_batch(make_project()), path=path, all_or_nothing=True)
    assert is_empty()


def test_an_import_that_was_killed_while_it_wrote_goes_on_without_another_rehearsal(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH_ROWS", 10)
    path = write_rows(tmp_path / "rows.jsonl", [pair(number) for number in range(25)])
    batch = make_batch(make_project())

    def die(done):
        if done >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(batch=batch, path=path, all_or_nothing=True, progress=die)
    batch.refresh_from_db()
    assert batch.rows == batch.accepted == 10
    told = []
    assert four(import_file(batch=batch, path=path, all_or_nothing=True, progress=told.append)) == (25, 25, 0, 0)
    assert told == [20, 25]


def test_the_command_says_that_nothing_was_imported_and_which_lines_to_mend(tmp_path, capsys):
    project = make_project()
    path = write_rows(tmp_path / "rows.jsonl", BAD)
    with pytest.raises(CommandError, match="Nothing was imported: 2 of 5 rows"):
        call_command("import_responses", project.slug, str(path), "--all-or-nothing")
    assert "line 3" in capsys.readouterr().err
    assert is_empty()


def test_the_page_offers_it_and_says_what_came_of_it(client, tmp_path):
    project = make_project()
    client.force_login(make_member(project, role="manager"))
    content = write_rows(tmp_path / "rows.jsonl", BAD).read_bytes()
    sent = {"file": SimpleUploadedFile("rows.jsonl", content), "format": "auto", "all_or_nothing": "on"}
    assert client.post(f"/projects/{project.slug}/datasets/imports/send/", sent).status_code == 302
    batch = ImportBatch.objects.get()
    assert run_here(batch.run).state == Run.State.FAILED
    page = client.get(f"/projects/{project.slug}/datasets/imports/{batch.run_id}/").content.decode()
    assert "Nothing was imported: 2 of 5 rows" in page
    assert "stay; sending the file again goes on" not in page
    assert is_empty()
