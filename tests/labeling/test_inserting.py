"""Rows inserted in bulk are rows like any others."""

import uuid
from itertools import pairwise

import psycopg
import pytest
from django.db import IntegrityError, transaction

from labeling.inserting import insert_rows
from labeling.models import Judgment, Prompt
from tests.engines import fresh_database, run_python
from tests.factories import make_comparison, make_person, make_project
from tests.labeling.files import pair, write_rows

pytestmark = pytest.mark.django_db

NAMES = ("project_id", "content_hash", "messages")
TEXTS = ("plain", "tab\tnewline\nbackslash\\ \\N quote\"' NULL", "한국어 \U0001f600 \u2028", "\\.", "")


def rows_for(project, texts):
    return [(project.pk, f"hash-{place}", [{"role": "user", "content": text}]) for place, text in enumerate(texts)]


def test_rows_come_back_as_they_went_in_with_their_ids_in_order():
    project = make_project()
    ids = insert_rows(Prompt, NAMES, rows_for(project, TEXTS))
    stored = Prompt.objects.in_bulk(ids)
    assert [stored[pk].messages[0]["content"] for pk in ids] == list(TEXTS)
    assert [stored[pk].content_hash for pk in ids] == [f"hash-{place}" for place in range(len(TEXTS))]
    assert all(prompt.documents == [] and prompt.created_at.tzinfo for prompt in stored.values())


def test_ids_go_on_from_those_of_other_rows_and_others_go_on_from_these():
    project = make_project()
    before = Prompt.objects.create(project=project, content_hash="before", messages=[])
    ids = insert_rows(Prompt, NAMES, rows_for(project, TEXTS))
    after = Prompt.objects.create(project=project, content_hash="after", messages=[])
    assert before.pk < min(ids) <= max(ids) < after.pk


@pytest.mark.postgres
def test_ids_with_others_between_them_are_those_that_were_drawn(tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", [pair(number) for number in range(20)])
    with fresh_database("postgresql", tmp_path) as environment:
        run_python(["manage.py", "create_project", "gaps"], environment)
        with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
            for table in ("prompt", "response"):  # as if somebody drew two after each of ours
                connection.execute(f"ALTER SEQUENCE labeling_{table}_id_seq INCREMENT BY 3")
            run_python(["manage.py", "import_responses", "gaps", str(path)], environment)
            prompts, responses = (
                [pk for (pk,) in connection.execute(f"SELECT id FROM labeling_{table} ORDER BY id")]  # noqa: S608
                for table in ("prompt", "response")
            )
    assert (len(prompts), len(responses)) == (20, 40)
    assert {later - sooner for ids in (prompts, responses) for sooner, later in pairwise(ids)} == {3}


def test_a_row_that_breaks_a_constraint_takes_all_of_them_with_it():
    project = make_project()
    rows = rows_for(project, TEXTS)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(Prompt, NAMES, [*rows, rows[0]])
    assert not Prompt.objects.exists()


def test_every_kind_of_column_is_stored_as_django_reads_it():
    project = make_project()
    comparison = make_comparison(project)
    names = ("client_id", "project_id", "comparison_id", "annotator_id", "ranking", "all_bad", "verdict_hash")
    client_id = uuid.uuid4()
    row = (client_id, project.pk, comparison.pk, make_person().pk, [[1], [2]], True, "hash")
    judgment = Judgment.objects.get(pk=insert_rows(Judgment, names, [row])[0])
    assert (judgment.client_id, judgment.ranking, judgment.all_bad) == (client_id, [[1], [2]], True)
    assert (judgment.strength, judgment.ratings, judgment.source, judgment.revision) == (None, {}, "person", 1)
    assert judgment.judged_at.tzinfo is not None


def test_no_rows_are_no_work():
    assert insert_rows(Prompt, NAMES, []) == []
