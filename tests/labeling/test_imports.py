"""Importing a file: every row accounted for, nothing stored twice, and it goes on where it stopped."""

import json
from collections import Counter

import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeling.errors import ImportOvertaken, UnreadableUpload
from labeling.invariants import find_violations
from labeling.models import Comparison, GoldAnswer, ImportBatch, Judgment, Person, Prompt, Response
from labeling.services import imports
from labeling.services.assignments import lease_next
from labeling.services.imports import import_file, rehearse_import, rejected_path
from tests.factories import make_member, make_project
from tests.labeling.files import four, import_rows, make_batch, pair, write_rows

pytestmark = pytest.mark.django_db


def rejects_of(batch):
    return [json.loads(line) for line in rejected_path(batch).read_text().splitlines()]


def stored():
    tables = (Prompt, Response, Comparison, Judgment, GoldAnswer)
    return [model.objects.count() for model in tables]


def test_a_preference_enters_as_a_comparison_and_a_judgment_by_an_imported_annotator(tmp_path):
    project = make_project(judgments_per_comparison=3)
    assert four(import_rows(project, tmp_path, [pair(1)])) == (1, 1, 0, 0)
    comparison = Comparison.objects.get()
    judgment = Judgment.objects.get()
    chosen = Response.objects.get(content="Good 1.")
    assert judgment.ranking == [[chosen.pk], [Response.objects.get(content="Bad 1.").pk]]
    assert (judgment.source, judgment.annotator.kind, judgment.annotator.pseudonym) == ("imported",) * 3
    assert not judgment.annotator.has_usable_password()
    assert comparison.prompt.messages == [{"role": "user", "content": "Question 1?"}]
    assert list(find_violations()) == []


def test_people_are_asked_besides_the_imported_judgment(tmp_path):
    project = make_project(judgments_per_comparison=2)
    import_rows(project, tmp_path, [pair(1)])
    comparison = Comparison.objects.get()
    assert (comparison.target_judgments, comparison.open_slots) == (3, 2)
    assert lease_next(project=project, annotator=make_member(project)) is not None


def test_imported_labels_can_settle_what_they_judge(tmp_path):
    project = make_project(judgments_per_comparison=2)
    rows = [pair(1), {"prompt": "Q", "chosen": "a", "rejected": "b"}]
    import_rows(project, tmp_path, rows, people_judge_again=False)
    import_rows(project, tmp_path, [{"prompt": "Unjudged", "responses": ["a", "b"]}], people_judge_again=False)
    assert sorted(Comparison.objects.values_list("target_judgments", "open_slots")) == [(1, 0), (1, 0), (2, 2)]
    assert list(find_violations()) == []


def test_the_winner_is_not_stored_first_more_often_than_second(tmp_path):
    import_rows(make_project(), tmp_path, [pair(number) for number in range(400)])
    firsts = 0
    for comparison in Comparison.objects.prefetch_related("members__response"):
        first = min(comparison.members.all(), key=lambda member: member.pk)
        firsts += first.response.content.startswith("Good")
    assert abs(firsts - 200) < 4 * 10


def test_the_same_file_twice_changes_nothing(tmp_path):
    project = make_project()
    rows = [pair(number) for number in range(30)]
    import_rows(project, tmp_path, rows)
    before = stored()
    assert four(import_rows(project, tmp_path, rows)) == (30, 0, 0, 30)
    assert stored() == before


def test_a_row_that_repeats_in_one_file_is_unchanged_the_second_time(tmp_path):
    assert four(import_rows(make_project(), tmp_path, [pair(1), pair(2), pair(1)])) == (3, 2, 0, 1)


def test_two_projects_hold_the_same_file_apart(tmp_path):
    for project in (make_project(), make_project()):
        assert four(import_rows(project, tmp_path, [pair(1)])) == (1, 1, 0, 0)


def test_the_opposite_label_by_the_same_unnamed_annotator_is_rejected_by_name(tmp_path):
    project = make_project()
    swapped = {**pair(1), "chosen": "Bad 1.", "rejected": "Good 1."}
    batch = make_batch(project)
    counts = import_file(batch=batch, path=write_rows(tmp_path / "a.jsonl", [pair(1), pair(2), swapped]))
    assert four(counts) == (3, 2, 1, 0)
    (reject,) = rejects_of(batch)
    assert (reject["line"], reject["reason"], reject["row"]) == (3, "contradiction", swapped)
    assert "another verdict by the same unnamed annotator" in reject["message"]
    assert Judgment.objects.count() == 2
    assert four(import_rows(project, tmp_path, [swapped])) == (1, 0, 1, 0)


def judged(number, *judgments, **fields):
    row = {"prompt": f"Question {number}?", "responses": [{"content": "Left."}, {"content": "Right."}], **fields}
    return {**row, "judgments": [{"annotator": name, "ranking": ranking} for name, ranking in judgments]}


def test_different_annotators_may_disagree_and_add_to_a_comparison_later(tmp_path):
    project = make_project(judgments_per_comparison=1)
    counts = import_rows(project, tmp_path, [judged(1, ("ann", [[0], [1]])), judged(1, ("ben", [[1], [0]]))])
    assert four(counts) == (2, 2, 0, 0)
    assert four(import_rows(project, tmp_path, [judged(1, ("ann", [[0], [1]]), ("cy", [[0, 1]]))])) == (1, 1, 0, 0)
    comparison = Comparison.objects.get()
    assert (comparison.judgments.count(), comparison.target_judgments, comparison.open_slots) == (3, 4, 1)
    assert list(find_violations()) == []


def test_a_named_annotator_who_contradicts_themself_is_rejected_and_the_row_is_taken_whole_or_not_at_all(tmp_path):
    project = make_project()
    import_rows(project, tmp_path, [judged(1, ("ann", [[0], [1]]))])
    counts = import_rows(project, tmp_path, [judged(1, ("new", [[0], [1]]), ("ann", [[1], [0]]))])
    assert four(counts) == (1, 0, 1, 0)
    assert Judgment.objects.count() == 1


def test_an_imported_annotators_name_is_not_their_pseudonym_and_never_a_real_persons(tmp_path):
    project = make_project()
    member = make_member(project)
    import_rows(project, tmp_path, [judged(1, ("who@example.org", [[0], [1]]), (member.pseudonym, [[0], [1]]))])
    people = Person.objects.filter(kind="imported")
    assert sorted(people.values_list("name", flat=True)) == sorted(["who@example.org", member.pseudonym])
    assert all(person.pseudonym.startswith("i-") for person in people)
    assert not Judgment.objects.filter(annotator=member).exists()


def test_everything_a_native_row_says_is_stored(tmp_path):
    project = make_project("ranking")
    row = {
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "세 개?"}],
        "responses": [
            {"content": "A", "policy": "old", "sampling": {"temperature": 0.7}},
            {"content": "B"},
            {"content": "C", "policy": "new"},
        ],
        "judgments": [
            {
                "annotator": "ann",
                "ranking": [[1], [0, 2]],
                "strength": 3,
                "all_bad": True,
                "ratings": {"1": {"tone": 4}},
                "flags": ["rude"],
                "reason": "Clearer.",
                "dwell_ms": 1234,
                "shown_order": [2, 0, 1],
                "judged_at": "2026-01-02T03:04:05+00:00",
                "source": "simulated",
            }
        ],
        "gold": [[1], [0], [2]],
        "metadata": {"language": "ko", "topic": "numbers"},
    }
    assert four(import_rows(project, tmp_path, [row])) == (1, 1, 0, 0)
    a, b, c = (Response.objects.get(content=content) for content in "ABC")
    judgment = Judgment.objects.get()
    assert judgment.ranking == [[b.pk], sorted([a.pk, c.pk])]
    assert judgment.ratings == {str(b.pk): {"tone": 4}}
    assert judgment.shown_order == [c.pk, a.pk, b.pk]
    assert (judgment.strength, judgment.all_bad, judgment.flags, judgment.reason) == (3, True, ["rude"], "Clearer.")
    assert (judgment.dwell_ms, judgment.source, judgment.judged_at.year) == (1234, "simulated", 2026)
    assert (a.policy_name, a.sampling, b.policy_name) == ("old", {"temperature": 0.7}, "")
    assert GoldAnswer.objects.get().ranking == [[b.pk], [a.pk], [c.pk]]
    assert Comparison.objects.get().metadata == {"language": "ko", "topic": "numbers"}
    assert Prompt.objects.get().language == "ko"


def test_a_demonstration_enters_once(tmp_path):
    project = make_project()
    row = {"kind": "demonstration", "prompt": "Q", "responses": [{"content": "Ideal."}]}
    assert four(import_rows(project, tmp_path, [row, row])) == (2, 1, 0, 1)
    assert four(import_rows(project, tmp_path, [row])) == (1, 0, 0, 1)
    assert list(Response.objects.values_list("content", "is_demonstration")) == [("Ideal.", True)]
    assert Comparison.objects.count() == 0


def test_gold_may_arrive_later_and_may_not_change(tmp_path):
    project = make_project()
    plain = {"prompt": "Q", "responses": [{"content": "a"}, {"content": "b"}]}
    import_rows(project, tmp_path, [plain], format="plumbline")
    rows = [{**plain, "gold": [[0], [1]]}, {**plain, "gold": [[0], [1]]}, {**plain, "gold": [[1], [0]]}]
    assert four(import_rows(project, tmp_path, rows)) == (3, 1, 1, 1)
    assert GoldAnswer.objects.count() == 1


BAD = [
    ('{"broken', "not-json"),
    ("[1, 2]", "not-an-object"),
    (json.dumps({**pair(1), "chosen": "Bad 1. "}), "identical-responses"),
    (json.dumps({"prompt": "Q", "chosen": "a"}), "wrong-field"),
    (json.dumps({**pair(1), "prompt": "a\0b"}), "bad-text"),
    (json.dumps({**pair(1), "prompt": "\ud800"}), "bad-text"),
]


def test_bad_rows_are_named_by_line_with_a_reason_and_kept_and_the_others_go_in(tmp_path):
    project = make_project()
    rows = [pair(100)]
    for number, (bad, _reason) in enumerate(BAD):
        rows += [bad, pair(number)]
    batch = make_batch(project)
    counts = import_file(batch=batch, path=write_rows(tmp_path / "rows.jsonl.gz", rows))
    assert four(counts) == (13, 7, 6, 0)
    assert counts.reasons == Counter(reason for _bad, reason in BAD)
    rejects = rejects_of(batch)
    assert [(reject["line"], reject["reason"]) for reject in rejects] == [
        (2 + 2 * number, reason) for number, (_bad, reason) in enumerate(BAD)
    ]
    assert rejects[0]["row"] == '{"broken'
    assert rejects[3]["row"] == {"prompt": "Q", "chosen": "a"}
    batch.refresh_from_db()
    assert (batch.rows, batch.accepted, batch.rejected, batch.unchanged) == (13, 7, 6, 0)
    assert batch.finished_at is not None
    assert batch.format == "trl"


def test_rejected_rows_that_were_mended_go_in_the_second_time(tmp_path):
    project = make_project()
    batch = make_batch(project)
    import_file(batch=batch, path=write_rows(tmp_path / "a.jsonl", [pair(1), {**pair(2), "rejected": None}]))
    mended = [{**reject["row"], "rejected": "Bad 2."} for reject in rejects_of(batch)]
    assert four(import_rows(project, tmp_path, mended)) == (1, 1, 0, 0)


class Killed(Exception):
    pass


@pytest.mark.parametrize("stop_after", [10, 20, 30])
def test_an_import_that_was_killed_goes_on_after_its_last_committed_row(tmp_path, monkeypatch, stop_after):
    monkeypatch.setattr(imports, "BATCH_ROWS", 10)
    project = make_project()
    rows = [pair(number) if number % 5 else '{"broken' for number in range(47)]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    batch = make_batch(project)

    def die(done):
        if done >= stop_after:
            raise Killed

    with pytest.raises(Killed):
        import_file(batch=batch, path=path, progress=die)
    rejected_path(batch).open("a").write('{"written before the transaction that never was"}\n')
    batch.refresh_from_db()
    assert batch.rows == stop_after
    assert batch.finished_at is None
    assert four(import_file(batch=batch, path=path)) == (47, 37, 10, 0)
    assert [reject["line"] for reject in rejects_of(batch)] == list(range(1, 48, 5))
    assert Comparison.objects.count() == Judgment.objects.count() == 37


def test_another_import_of_a_half_imported_file_finds_the_first_half_unchanged(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH_ROWS", 10)
    project = make_project()
    path = write_rows(tmp_path / "rows.jsonl", [pair(number) for number in range(25)])

    def die(done):
        raise Killed

    with pytest.raises(Killed):
        import_file(batch=make_batch(project), path=path, progress=die)
    assert four(import_file(batch=make_batch(project), path=path)) == (25, 15, 0, 10)


def test_two_attempts_at_one_import_do_not_count_a_row_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH_ROWS", 10)
    project = make_project()
    path = write_rows(tmp_path / "rows.jsonl", [pair(number) for number in range(25)])
    batch = make_batch(project)

    def overtake(done):
        import_file(batch=ImportBatch.objects.get(pk=batch.pk), path=path)

    with pytest.raises(ImportOvertaken):
        import_file(batch=batch, path=path, progress=overtake)
    batch.refresh_from_db()
    assert (batch.rows, batch.accepted, batch.unchanged) == (25, 25, 0)


def test_a_file_that_breaks_off_leaves_its_whole_rows_imported(tmp_path):
    project = make_project()
    path = write_rows(tmp_path / "rows.jsonl.gz", [pair(number, rejected="x" * number) for number in range(3000)])
    path.write_bytes(path.read_bytes()[:-200])
    batch = make_batch(project)
    with pytest.raises(UnreadableUpload, match="damaged or ends too early"):
        import_file(batch=batch, path=path)
    batch.refresh_from_db()
    assert batch.rows == Comparison.objects.count() + batch.rejected > 500
    assert batch.finished_at is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"PAR1rest", "Parquet"),
        (b'[{"a": 1}]', "rows with “a”"),
        (b'[{"a": 1}', "one JSON array that does not end"),
        (b'{"instruction": "a"}\n', "rows with “instruction”"),
        (b"nonsense\n", "No row of the file could be read"),
    ],
)
def test_a_file_that_is_no_data_is_refused_whole(tmp_path, content, sentence):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(UnreadableUpload, match=sentence):
        import_file(batch=make_batch(make_project()), path=path)


def test_a_rehearsal_says_what_the_import_then_does_and_stores_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH_ROWS", 3)
    project = make_project()
    import_rows(project, tmp_path, [pair(1)])
    before = stored()
    swapped = {**pair(2), "chosen": "Bad 2.", "rejected": "Good 2."}
    rows = [pair(1), pair(2), "broken", pair(3), pair(2), swapped, pair(4), pair(3)]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    counts, rejects = rehearse_import(project=project, path=path)
    assert stored() == before
    assert [reject.line for reject in rejects] == [3, 6]
    assert four(counts) == four(import_file(batch=make_batch(project), path=path)) == (8, 3, 2, 3)


def test_a_batch_is_refused_by_the_database_if_its_counts_do_not_add_up():
    batch = make_batch(make_project())
    with pytest.raises(IntegrityError):
        ImportBatch.objects.filter(pk=batch.pk).update(rows=3, accepted=1, finished_at=batch.created_at)


def test_reading_a_row_costs_no_query_of_its_own(tmp_path, django_assert_max_num_queries):
    project = make_project()
    path = write_rows(tmp_path / "rows.jsonl", [pair(number) for number in range(400)])
    batch = make_batch(project)
    with django_assert_max_num_queries(60):  # SQLite takes few rows a statement; one query a row would be thousands
        import_file(batch=batch, path=path)


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=30)


@given(st.lists(st.tuples(texts, texts, texts), max_size=6))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_whatever_texts_a_file_holds_all_rows_are_accounted_for(tmp_path, rows):
    project = make_project()
    counts = import_rows(
        project, tmp_path, [{"prompt": p, "chosen": a, "rejected": b} for p, a, b in rows] + [pair(0)], format="trl"
    )
    assert counts.rows == len(rows) + 1 == counts.accepted + counts.rejected + counts.unchanged
    assert Comparison.objects.filter(project=project).count() == counts.accepted
    for response in Response.objects.filter(prompt__project=project).exclude(content__in=["Good 0.", "Bad 0."]):
        assert any(response.content in row for row in rows)


def test_every_row_of_the_public_file_is_accounted_for(data_folder, tmp_path):
    project = make_project()
    batch = make_batch(project)
    counts = import_file(batch=batch, path=data_folder / "hh_harmless_base/train.jsonl.gz")
    assert four(counts) == (1461, 1456, 5, 0)
    assert [reject["line"] for reject in rejects_of(batch)] == [51, 326, 597, 814, 1067]
    assert list(find_violations()) == []


def test_context_documents_are_the_prompts_and_prompts_with_others_are_other_prompts(tmp_path):
    project = make_project()
    row = {
        "prompt": "How long?",
        "responses": ["Two.", "Three."],
        "documents": ["Two years.", {"title": "T", "text": "x"}],
    }
    assert four(import_rows(project, tmp_path, [row, {**row, "documents": ["Three years."]}, row])) == (3, 2, 0, 1)
    assert [prompt.documents for prompt in Prompt.objects.order_by("pk")] == [row["documents"], ["Three years."]]
    assert {comparison.metadata.get("documents") for comparison in Comparison.objects.all()} == {None}
