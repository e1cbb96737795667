"""Rows that hold several comparisons, and comparisons that need several rows: taken whole, and each row counted."""

import itertools

import pytest

from labeling.models import Comparison, Judgment
from labeling.services import imports
from labeling.services.imports import rehearse_import, rejected_path
from preferences.formats import FORMATS, Format, Grouping
from preferences.formats.fields import prompt, record
from preferences.formats.plumbline import read as read_native
from preferences.records import JudgmentRecord, ResponseRecord
from tests.factories import make_project
from tests.labeling.files import four, import_rows, make_batch, write_rows

pytestmark = pytest.mark.django_db


def read(row):
    """A row of several questions, each {"q", "winner", "by"}; grouped rows bring one answer each."""
    if "answers" in row:
        yield record(prompt=prompt(row["of"]), responses=[ResponseRecord(answer) for answer in row["answers"]])
    for question in row.get("questions", ()):
        ranking = ((0,), (1,)) if question["winner"] == "yes" else ((1,), (0,))
        yield record(
            prompt=prompt(question["q"]),
            responses=(ResponseRecord("Yes."), ResponseRecord("No.")),
            judgments=(JudgmentRecord(question["by"], ranking, source="imported"),),
        )


@pytest.fixture(autouse=True)
def _several(monkeypatch):
    grouping = Grouping(
        lambda row: row.get("of"), lambda rows: {"of": rows[0]["of"], "answers": [row["answer"] for row in rows]}
    )
    form = Format("several", lambda row: "questions" in row, read, None, "everything", grouping=grouping)
    monkeypatch.setitem(FORMATS, "several", form)


def row(*questions):
    return {"questions": [{"q": q, "winner": winner, "by": by} for q, winner, by in questions]}


def test_a_row_is_accepted_for_anything_new_and_unchanged_if_all_of_it_is_there(tmp_path):
    project = make_project()
    first, second = row(("A?", "yes", "ann"), ("B?", "no", "ann")), row(("A?", "yes", "ann"), ("C?", "no", "ben"))
    assert four(import_rows(project, tmp_path, [first, second, first])) == (3, 2, 0, 1)
    assert four(import_rows(project, tmp_path, [second, row(("B?", "no", "ann"))])) == (2, 0, 0, 2)
    assert (Comparison.objects.count(), Judgment.objects.count()) == (3, 3)


@pytest.mark.parametrize("is_rehearsal", [True, False])
def test_a_row_with_one_contradiction_leaves_nothing_behind(tmp_path, is_rehearsal):
    project = make_project()
    rows = [
        row(("A?", "yes", "ann")),
        row(("B?", "yes", "ann"), ("A?", "yes", "ben"), ("A?", "no", "ann")),
        row(("B?", "no", "ann"), ("A?", "no", "ben")),  # contradicts only what the refused row said
    ]
    if is_rehearsal:
        counts, refused = rehearse_import(
            project=project, path=write_rows(tmp_path / "rows.jsonl", rows), format="several"
        )
        assert [reject.line for reject in refused] == [2]
    else:
        counts = import_rows(project, tmp_path, rows, format="several")
        said = Judgment.objects.values_list("comparison__prompt__messages", "annotator__pseudonym")
        assert sorted(messages[0]["content"] for messages, _annotator in said) == ["A?", "A?", "B?"]
    assert four(counts) == (3, 2, 1, 0)


def test_rows_that_make_one_comparison_are_counted_and_refused_one_by_one(tmp_path):
    project = make_project()
    rows = [{"of": name, "answer": answer} for name, answers in (("A?", "xyz"), ("B?", "x")) for answer in answers]
    batch = make_batch(project, "several")
    counts = imports.import_file(batch=batch, path=write_rows(tmp_path / "rows.jsonl", rows))
    assert four(counts) == (4, 3, 1, 0)
    assert Comparison.objects.get().responses.count() == 3
    assert rejected_path(batch).read_text().startswith('{"line": 4, "reason": "too-few-responses"')


def test_an_import_goes_on_between_groups_never_within_one(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH_ROWS", 4)
    project, batch = make_project(), None
    rows = [{"of": f"{name}?", "answer": answer} for name in "ABCDEF" for answer in "xyz"]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    batch = make_batch(project, "several")
    stops = itertools.count()

    def stop(_rows):
        if next(stops) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imports.import_file(batch=batch, path=path, progress=stop)
    batch.refresh_from_db()
    assert batch.rows == 12
    assert four(imports.import_file(batch=batch, path=path)) == (18, 18, 0, 0)
    assert [comparison.responses.count() for comparison in Comparison.objects.all()] == [3] * 6


def test_comparisons_count_towards_a_transaction_not_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH_ROWS", 4)
    told = []
    rows = [row(*((f"{number}-{name}?", "yes", "ann") for name in "ABC")) for number in range(5)]
    import_rows(make_project(), tmp_path, rows, progress=told.append)
    assert told == [2, 4, 5]


def test_a_native_row_still_holds_one_comparison():
    native = {"prompt": "A?", "responses": ["x", "y"]}
    assert list(FORMATS["plumbline"].read(native)) == [read_native(native)]
