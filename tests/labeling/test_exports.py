"""A snapshot in every format: written row by row, what was dropped is said, and the trainers take it."""

import json
import tracemalloc
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from labeling.errors import InvalidSnapshot, UnknownSnapshot
from labeling.queries import find_snapshot
from labeling.services.exports import prepare_export, report_export, writable_formats, write_export
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from preferences.errors import UnwritableRow
from preferences.pairs import PairRules
from tests.factories import make_project
from tests.labeling.files import four, import_rows, pair

pytestmark = pytest.mark.django_db

TIE = {
    "prompt": "Tied?",
    "responses": [{"content": "a"}, {"content": "b"}],
    "judgments": [{"annotator": "ann", "ranking": [[0, 1]]}],
}


@pytest.fixture
def snapshot(tmp_path):
    project = make_project()
    import_rows(project, tmp_path, [pair(number) for number in range(40)])
    import_rows(project, tmp_path, [TIE])
    return freeze_snapshot(project=project, request=SnapshotRequest()).snapshot


def rows_of(export):
    return [json.loads(line) for line in b"".join(export.chunks()).splitlines()]


# Of 40 decided pairs and a tie: rows written, and what was dropped. Formats of pairs write 40, without the tie.
BEST_ANSWERS = {"answer that is not the best": 40, "comparison without one best answer": 1}
UNDECIDED = {"response said to be neither desirable nor undesirable": 2}
UNSAID_STRENGTH = {"strength that was not told or 0, written as 1": 40}
WRITTEN = {
    "plumbline": (41, {}),
    "responses": (41, {"judgment": 41}),
    "openai-chat": (40, BEST_ANSWERS),
    "alpaca": (40, BEST_ANSWERS),
    "kto": (80, UNDECIDED),
    "kto-standard": (80, UNDECIDED),
    "helpsteer2": (0, {"ranking": 41, "response without all five attributes, whole numbers from 0 to 4": 82}),
    "helpsteer2-preference": (41, UNSAID_STRENGTH),
    "helpsteer3": (41, UNSAID_STRENGTH),
    "nectar": (41, {}),
    "arena": (41, {}),
}


@pytest.mark.parametrize("name", writable_formats())
def test_an_export_says_what_it_wrote_and_what_it_dropped(snapshot, name):
    export = prepare_export(snapshot=snapshot, format=name)
    rows = rows_of(export)
    told = export.told()
    assert told == report_export(prepare_export(snapshot=snapshot, format=name))
    assert told["rows"] == len(rows)
    assert (told["rows"], told["dropped"]) == WRITTEN.get(name, (40, {"tied pair": 1}))
    assert told["not_held"]


@pytest.mark.parametrize("name", ["plumbline", "trl", "trl-implicit", "hh-rlhf"])
def test_an_export_imported_elsewhere_and_frozen_gives_the_same_content(snapshot, tmp_path, name):
    rows = rows_of(prepare_export(snapshot=snapshot, format=name))
    project = make_project()
    assert four(import_rows(project, tmp_path, rows, format=name))[1:] == (len(rows), 0, 0)
    again = freeze_snapshot(project=project, request=SnapshotRequest()).snapshot
    if name == "plumbline":
        assert again.content_sha256 == snapshot.content_sha256
    else:
        assert again.manifest["counts"]["judgments"] == 40


def test_a_split_is_exported_alone_and_the_splits_are_the_whole(snapshot):
    parts = [
        {row["prompt"][0]["content"] for row in rows_of(prepare_export(snapshot=snapshot, format="trl", split=split))}
        for split in ("train", "validation", "test")
    ]
    assert len(set.union(*parts)) == sum(map(len, parts)) == 40


def test_rules_may_be_given_for_one_export(snapshot):
    rows = rows_of(prepare_export(snapshot=snapshot, format="trl", rules=PairRules(margin="small")))
    assert {row["margin"] for row in rows} == {0.0}


def test_what_does_not_exist_is_refused_before_the_first_byte(snapshot):
    with pytest.raises(InvalidSnapshot, match="no format “csv” to write"):
        prepare_export(snapshot=snapshot, format="csv")
    with pytest.raises(InvalidSnapshot, match="no split"):
        prepare_export(snapshot=snapshot, format="trl", split="dev")


def test_the_first_row_leaves_alone_and_the_others_in_bunches(snapshot):
    chunks = list(prepare_export(snapshot=snapshot, format="trl").chunks())
    assert chunks[0].count(b"\n") == 1
    assert len(chunks) == 2


def test_exporting_holds_a_bounded_part_in_memory(tmp_path):
    def peak_bytes(count):
        project = make_project()
        import_rows(project, tmp_path, [pair(number, prompt=f"{number} " * 800) for number in range(count)])
        snapshot = freeze_snapshot(project=project, request=SnapshotRequest()).snapshot
        tracemalloc.start()
        for _chunk in prepare_export(snapshot=snapshot, format="trl").chunks():
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(10)
    assert peak_bytes(1500) < 1.7 * peak_bytes(500)


def test_a_file_is_written_whole_or_not_at_all(snapshot, tmp_path):
    out = tmp_path / "a.jsonl"
    assert write_export(prepare_export(snapshot=snapshot, format="trl"), out)["rows"] == 40
    assert len(out.read_bytes().splitlines()) == 40

    def failing():
        yield b"half"
        raise UnwritableRow("Row 2 cannot be written")

    export = prepare_export(snapshot=snapshot, format="trl")
    object.__setattr__(export, "chunks", failing)
    with pytest.raises(InvalidSnapshot, match="Row 2 cannot be written"):
        write_export(export, out)
    assert len(out.read_bytes().splitlines()) == 40
    assert not list(tmp_path.glob(".*unfinished"))


def test_a_snapshot_is_found_by_id_and_by_the_start_of_its_hash(snapshot):
    for name in (str(snapshot.pk), snapshot.content_sha256, snapshot.content_sha256[:8].upper()):
        assert find_snapshot(snapshot.project, name) == snapshot
    for name in (snapshot.content_sha256[:7], "ffffffff", str(uuid4())):
        with pytest.raises(UnknownSnapshot):
            find_snapshot(snapshot.project, name)


def last_line(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_commands_import_freeze_and_export(tmp_path, capsys):
    project = make_project()
    file = tmp_path / "in.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in (pair(1), TIE | {"prompt": ""}, pair(2))))
    call_command("import_responses", project.slug, str(file), "--format", "trl", "--dry-run", "--json")
    told = last_line(capsys)
    assert {name: told[name] for name in ("rows", "accepted", "rejected", "unchanged", "dry_run")} == {
        "rows": 3,
        "accepted": 2,
        "rejected": 1,
        "unchanged": 0,
        "dry_run": True,
    }
    call_command("import_responses", project.slug, str(file), "--json")
    told = last_line(capsys)
    assert (told["rows"], told["accepted"], told["rejected"], told["unchanged"]) == (3, 2, 1, 0)
    call_command("create_snapshot", project.slug, "--json", "--margin", "small", "--exclude-simulated")
    frozen = last_line(capsys)
    assert (frozen["is_new"], frozen["counts"]["judgments"]) == (True, 2)
    out = tmp_path / "out.jsonl"
    call_command(
        "export_dataset",
        project.slug,
        "--format",
        "trl",
        "--out",
        str(out),
        "--snapshot",
        frozen["sha256"][:12],
        "--json",
    )
    assert last_line(capsys)["rows"] == 2
    assert all(json.loads(line)["margin"] == 0.0 for line in out.read_text().splitlines())
    call_command("export_dataset", project.slug, "--format", "responses", "--out", str(out))
    assert "rows: 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["import_responses", "{slug}", "/nowhere.jsonl"], "no file /nowhere.jsonl"),
        (["import_responses", "nobody", "/nowhere.jsonl"], "no project “nobody”"),
        (["create_snapshot", "{slug}"], "nothing to freeze"),
        (["create_snapshot", "{slug}", "--since", "yesterday"], "“yesterday” is no time"),
        (["create_snapshot", "{slug}", "--ties", "maybe"], "not one of drop, half"),
        (["create_snapshot", "{slug}", "--test", "2"], "fractions between 0 and 1"),
        (["export_dataset", "{slug}", "--format", "trl", "--out", "/nowhere/a"], "no folder /nowhere"),
        (
            ["export_dataset", "{slug}", "--format", "trl", "--out", "a.jsonl", "--snapshot", "ffffffff"],
            "no one snapshot",
        ),
    ],
)
def test_a_command_that_cannot_says_why(command, sentence):
    project = make_project()
    with pytest.raises(CommandError, match=sentence):
        call_command(*(word.format(slug=project.slug) for word in command))
