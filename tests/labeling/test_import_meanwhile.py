"""An import writes a chunk while it decides on the next; what others store between its look and its write is met."""

import pytest

from labeling.invariants import find_violations
from labeling.models import Comparison, Judgment, Prompt, Response
from labeling.services import imports
from labeling.services.imports import import_file
from preferences.hashing import prompt_hash
from tests.factories import make_project
from tests.labeling.files import make_batch, pair, write_rows

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 50


@pytest.fixture
def chunks_of_ten(monkeypatch):
    monkeypatch.setattr(imports, "BATCH_ROWS", 10)


def messages_of(row):
    return [{"role": "user", "content": row["prompt"]}]


def import_while(tmp_path, project, rows, happens):
    """Import rows, with something happening once the first chunk is stored."""
    left = [happens]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    counts = import_file(batch=make_batch(project), path=path, progress=lambda _rows: left.pop()() if left else None)
    assert not left
    return counts


def assert_all_is_there(counts, project, rows, *, prompts):
    assert (counts.rows, counts.accepted) == (rows, rows)
    assert Comparison.objects.filter(project=project).count() == Judgment.objects.count() == rows
    assert Prompt.objects.filter(project=project).count() == prompts
    assert Response.objects.filter(prompt__project=project).count() == 2 * rows
    assert list(find_violations()) == []


@pytest.mark.parametrize("number", [15, 25, ROWS - 1])
def test_a_prompt_that_somebody_stores_meanwhile_is_the_one_that_is_used(tmp_path, chunks_of_ten, number):
    project, rows = make_project(), [pair(number) for number in range(ROWS)]
    messages = messages_of(rows[number])

    def generate():
        Prompt.objects.create(project=project, content_hash=prompt_hash(messages), messages=messages)

    counts = import_while(tmp_path, project, rows, generate)
    assert_all_is_there(counts, project, ROWS, prompts=ROWS)


def test_rows_that_somebody_else_writes_meanwhile_take_no_row_of_the_import_away(tmp_path, chunks_of_ten):
    project, other, rows = make_project(), make_project(), [pair(number) for number in range(ROWS)]

    def generate():
        prompt = Prompt.objects.create(project=other, content_hash="other", messages=[])
        Response.objects.create(prompt=prompt, content_hash="other", content="other")

    counts = import_while(tmp_path, project, rows, generate)
    assert_all_is_there(counts, project, ROWS, prompts=ROWS)
    assert Prompt.objects.filter(project=other).count() == 1


def test_prompts_that_come_again_after_many_rows_are_one(tmp_path, chunks_of_ten):
    project, rows = make_project(), [pair(number) for number in range(ROWS)]
    again = [{**row, "chosen": f"another {row['chosen']}", "rejected": f"another {row['rejected']}"} for row in rows]
    counts = import_file(batch=make_batch(project), path=write_rows(tmp_path / "rows.jsonl", rows + again))
    assert_all_is_there(counts, project, 2 * ROWS, prompts=ROWS)


def test_the_same_comparisons_after_many_rows_are_unchanged(tmp_path, chunks_of_ten):
    project, rows = make_project(), [pair(number) for number in range(ROWS)]
    counts = import_file(batch=make_batch(project), path=write_rows(tmp_path / "rows.jsonl", rows + rows))
    assert (counts.rows, counts.accepted, counts.unchanged) == (2 * ROWS, ROWS, ROWS)
    assert Comparison.objects.count() == Judgment.objects.count() == ROWS
