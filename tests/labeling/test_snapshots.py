"""Freezing what stands: which verdicts go in, what is dropped and counted, and that content alone is the identity."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from labeling.errors import InvalidSnapshot, SnapshotFileMissing
from labeling.models import Comparison, GoldAnswer, Judgment, Response, Snapshot
from labeling.services.adjudication import adjudicate, open_adjudication
from labeling.services.assignments import lease_next, reopen_last, skip
from labeling.services.judgments import submit_judgment
from labeling.services.reviews import accept, return_judgment, seen_state
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot, queue_snapshot, snapshot_path
from labeling.verdicts import Verdict
from preferences.pairs import PairRules, derive_pairs
from preferences.snapshot import read_snapshot, verify_snapshot
from runs.services.waiting import run_here
from tests.engines import fresh_database, run_python
from tests.factories import make_comparison, make_member, make_person, make_project
from tests.labeling.files import import_rows, pair

pytestmark = pytest.mark.django_db


def judge(project, annotator, *, first_wins=True, **fields):
    """Let a person judge what they are handed next; the response with the lower id wins, or loses."""
    assignment = lease_next(project=project, annotator=annotator)
    order = sorted(assignment.shown_order, reverse=not first_wins)
    verdict = Verdict(ranking=tuple((pk,) for pk in order), **fields)
    return submit_judgment(assignment=assignment, verdict=verdict, client_id=uuid4()).judgment


def freeze(project, **request):
    return freeze_snapshot(project=project, request=SnapshotRequest(**request)).snapshot


def rows_of(snapshot):
    return list(read_snapshot(snapshot_path(snapshot)))


def test_a_verdict_is_frozen_as_it_was_given_under_the_pseudonym():
    project = make_project("ranking")
    make_comparison(project, texts=["first", "second"])
    annotator = make_member(project)
    judgment = judge(project, annotator, strength=2, reason="Clearer.", dwell_ms=900)
    (row,) = rows_of(freeze(project))
    (frozen,) = row.record.judgments
    contents = [response.content for response in row.record.responses]
    assert [contents[index] for (index,) in frozen.ranking] == ["first", "second"]
    assert [contents[index] for index in frozen.shown_order] == [
        Response.objects.get(pk=pk).content for pk in judgment.shown_order
    ]
    assert (frozen.annotator, frozen.strength, frozen.reason) == (annotator.pseudonym, 2, "Clearer.")
    assert (frozen.guideline_version, frozen.source, frozen.judged_at) == (1, "person", judgment.judged_at)
    assert {response.policy for response in row.record.responses} == {"policy-0", "policy-1"}


def test_only_the_verdict_that_stands_is_frozen_and_the_others_are_counted():
    project = make_project(judgments_per_comparison=2)
    make_comparison(project)
    corrected, withdrawn = make_member(project), make_member(project)
    judge(project, corrected)
    reopen_last(project=project, annotator=corrected)
    judge(project, corrected, first_wins=False)
    judge(project, withdrawn)
    skip(assignment=reopen_last(project=project, annotator=withdrawn), reason="unsure")
    snapshot = freeze(project)
    (row,) = rows_of(snapshot)
    assert [judgment.annotator for judgment in row.record.judgments] == [corrected.pseudonym]
    assert snapshot.manifest["drops"] == {"corrected later": 1, "withdrawn": 1}


def test_imported_and_simulated_verdicts_and_annotators_can_be_left_out(tmp_path):
    project = make_project(judgments_per_comparison=3)
    import_rows(project, tmp_path, [pair(1)])
    people = [make_member(project), make_member(project), make_member(project, kind="simulated")]
    for person in people:
        judge(project, person)

    def annotators(**request):
        return {judgment.annotator for row in rows_of(freeze(project, **request)) for judgment in row.record.judgments}

    first, second, simulated = (person.pseudonym for person in people)
    assert annotators() == {"imported", first, second, simulated}
    assert annotators(exclude_imported=True) == {first, second, simulated}
    assert annotators(exclude_simulated=True) == {"imported", first, second}
    assert annotators(exclude_imported=True, exclude_annotators=(first,)) == {second, simulated}
    snapshot = freeze(project, exclude_imported=True, exclude_simulated=True, exclude_annotators=(first,))
    assert snapshot.manifest["drops"] == {"annotator left out": 1, "imported": 1, "simulated": 1}
    assert snapshot.manifest["filters"]["exclude_annotators"] == [first]


def test_a_span_takes_what_stood_at_its_end():
    project = make_project()
    make_comparison(project)
    annotator = make_member(project)
    first = judge(project, annotator)
    reopen_last(project=project, annotator=annotator)
    second = judge(project, annotator, first_wins=False)
    between = first.judged_at + (second.judged_at - first.judged_at) / 2
    (then,), (now,) = rows_of(freeze(project, until=between)), rows_of(freeze(project))
    assert then.record.judgments[0].ranking == now.record.judgments[0].ranking[::-1]
    assert freeze(project, until=between).manifest["drops"] == {"outside the time span": 1}
    assert freeze(project, since=between).manifest["drops"] == {"corrected later": 1}
    with pytest.raises(InvalidSnapshot, match="nothing to freeze"):
        freeze(project, since=timezone.now() + timedelta(days=1))


def test_comparisons_without_a_verdict_are_left_out_and_counted_unless_asked_for():
    project = make_project()
    judged, _unjudged = make_comparison(project), make_comparison(project)
    judge(project, make_member(project))
    assert freeze(project).manifest["drops"] == {"comparison without a verdict": 1}
    assert freeze(project, include_unjudged=True).manifest["counts"]["comparisons"] == 2
    assert Comparison.objects.filter(pk=judged.pk, judgments__isnull=False).exists()


def test_gold_demonstrations_and_documents_are_frozen_too():
    project = make_project()
    comparison = make_comparison(project, texts=["a", "b"])
    comparison.prompt.documents = ["A page."]
    comparison.prompt.save()
    ids = list(comparison.responses.order_by("content").values_list("pk", flat=True))
    GoldAnswer.objects.create(comparison=comparison, ranking=[[ids[1]], [ids[0]]])
    Response.objects.create(prompt=comparison.prompt, content_hash="d", content="Ideal.", is_demonstration=True)
    judge(project, make_member(project))
    rows = {row.record.kind: row.record for row in rows_of(freeze(project))}
    record = rows["comparison"]
    assert [record.responses[index].content for (index,) in record.gold] == ["b", "a"]
    assert record.metadata == {"documents": ["A page."]}
    assert rows["demonstration"].responses[0].content == "Ideal."


def test_the_same_content_is_the_same_snapshot_and_stored_once():
    project = make_project()
    make_comparison(project)
    judge(project, make_member(project))
    request = SnapshotRequest(name="first")
    one, again = (freeze_snapshot(project=project, request=request) for _ in range(2))
    other_name = freeze_snapshot(project=project, request=replace(request, name="second", exclude_imported=True))
    assert (one.is_new, again.is_new, other_name.is_new) == (True, False, False)
    assert one.snapshot == again.snapshot == other_name.snapshot
    assert Snapshot.objects.count() == 1
    verify_snapshot(snapshot_path(one.snapshot))


def test_another_verdict_split_or_rule_is_another_snapshot():
    project = make_project(judgments_per_comparison=2)
    make_comparison(project)
    judge(project, make_member(project))
    first = freeze(project)
    assert freeze(project, seed=1) != first
    assert freeze(project, rules=PairRules(ties="half")) != first
    judge(project, make_member(project))
    assert freeze(project) != first


def test_a_snapshot_stays_what_it_was_while_judging_goes_on():
    project = make_project(judgments_per_comparison=2)
    make_comparison(project)
    judge(project, make_member(project))
    snapshot = freeze(project)
    before = snapshot_path(snapshot).read_bytes()
    judge(project, make_member(project), first_wins=False)
    freeze(project)
    assert snapshot_path(snapshot).read_bytes() == before
    assert snapshot.manifest["counts"]["judgments"] == 1


def test_verdicts_stored_while_freezing_are_left_to_the_next_snapshot(monkeypatch):
    monkeypatch.setattr("labeling.services.snapshots.rows.READ_COMPARISONS", 1)
    project = make_project(judgments_per_comparison=2)
    for _ in range(3):
        make_comparison(project)
    early, late = make_member(project), make_member(project)
    for _ in range(3):
        judge(project, early)

    def correct_the_last(done):
        if done == 1:
            reopen_last(project=project, annotator=early)
            judge(project, early, first_wins=False)
            judge(project, late)

    frozen = freeze_snapshot(project=project, request=SnapshotRequest(), progress=correct_the_last)
    assert frozen.snapshot.manifest["counts"]["judgments"] == 3
    assert frozen.snapshot.manifest["drops"] == {}


def test_the_number_of_queries_does_not_grow_with_rows(django_assert_max_num_queries, tmp_path):
    project = make_project()
    import_rows(project, tmp_path, [pair(number) for number in range(300)])
    with django_assert_max_num_queries(13):
        freeze(project)


def adjudicated_project():
    """Two people prefer the first response, a reviewer the second."""
    project = make_project(judgments_per_comparison=2)
    comparison = make_comparison(project)
    for _ in range(2):
        judge(project, make_member(project))
    reviewer = make_member(project, "reviewer")
    lease = open_adjudication(comparison=comparison, reviewer=reviewer)
    worse_first = Verdict(ranking=tuple((pk,) for pk in sorted(lease.shown_order, reverse=True)))
    adjudicate(assignment=lease, verdict=worse_first, client_id=uuid4())
    return project, reviewer


def test_an_adjudication_stands_over_the_other_verdicts_unless_asked_otherwise():
    project, reviewer = adjudicated_project()
    snapshot = freeze(project)
    (row,) = rows_of(snapshot)
    (verdict,) = row.record.judgments
    assert (verdict.annotator, verdict.is_surplus) == (reviewer.pseudonym, False)
    assert len(derive_pairs(row.record, PairRules())) == 1
    assert snapshot.manifest["drops"] == {"adjudicated": 2}
    assert snapshot.manifest["filters"]["adjudication"] == "replaces"

    beside = freeze(project, adjudication="beside")
    assert len(rows_of(beside)[0].record.judgments) == 3
    assert (beside.manifest["drops"], beside.manifest["counts"]["surplus"]) == ({}, 0)

    ignored = freeze(project, adjudication="ignore")
    assert reviewer.pseudonym not in {one.annotator for one in rows_of(ignored)[0].record.judgments}
    assert ignored.manifest["drops"] == {"adjudication left out": 1}


def test_an_adjudication_that_the_filters_leave_out_replaces_nothing():
    project, reviewer = adjudicated_project()
    snapshot = freeze(project, exclude_annotators=(reviewer.pseudonym,))
    assert len(rows_of(snapshot)[0].record.judgments) == 2
    assert snapshot.manifest["drops"] == {"annotator left out": 1}


def test_what_was_returned_and_not_redone_is_left_out_until_it_is_redone_or_accepted():
    project = make_project(judgments_per_comparison=2)
    make_comparison(project)
    kept, sent_back = (judge(project, make_member(project)) for _ in range(2))
    reviewer = make_member(project, "reviewer")
    return_judgment(judgment=sent_back, reviewer=reviewer, comment="Why?", seen=seen_state(kept.comparison))

    def annotators(**request):
        return {one.annotator for row in rows_of(freeze(project, **request)) for one in row.record.judgments}

    everybody = {kept.annotator.pseudonym, sent_back.annotator.pseudonym}
    assert annotators() == {kept.annotator.pseudonym}
    assert freeze(project).manifest["drops"] == {"returned and not redone": 1}
    assert annotators(returned="keep") == everybody
    assert annotators(until=sent_back.judged_at) == everybody  # nobody had returned it then
    accept(comparison=kept.comparison, reviewer=reviewer, seen=seen_state(kept.comparison))
    assert annotators() == everybody
    return_judgment(judgment=sent_back, reviewer=reviewer, comment="Still?", seen=seen_state(kept.comparison))
    reopen_last(project=project, annotator=sent_back.annotator)
    judge(project, sent_back.annotator, first_wins=False)
    assert annotators() == everybody


@pytest.mark.parametrize("rule", [{"adjudication": "wins"}, {"returned": "maybe"}])
def test_a_rule_about_reviews_that_does_not_exist_is_refused(rule):
    with pytest.raises(InvalidSnapshot, match="is no rule"):
        SnapshotRequest(**rule)


def test_nothing_to_freeze_and_a_missing_file_are_said():
    project = make_project()
    make_comparison(project)
    with pytest.raises(InvalidSnapshot, match="nothing to freeze"):
        freeze(project)
    judge(project, make_member(project))
    snapshot = freeze(project)
    snapshot_path(snapshot).unlink()
    with pytest.raises(SnapshotFileMissing, match="not under PLUMBLINE_HOME"):
        snapshot_path(snapshot)
    assert freeze(project) == snapshot
    assert snapshot_path(snapshot).exists()


@pytest.mark.parametrize(
    "request_fields",
    [
        {"validation": 0.7, "test": 0.7},
        {"validation": -1},
        {"since": datetime(2026, 1, 2, tzinfo=UTC), "until": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_a_request_that_cannot_be_is_refused(request_fields):
    with pytest.raises(InvalidSnapshot):
        SnapshotRequest(**request_fields)


def test_a_request_survives_a_runs_config():
    request = SnapshotRequest(
        exclude_imported=True,
        exclude_annotators=("p-1", "p-2"),
        since=datetime(2026, 1, 1, 12, 30, tzinfo=UTC),
        seed=3,
        rules=PairRules(margin="large"),
        name="May",
    )
    assert SnapshotRequest.from_dict(json.loads(json.dumps(request.to_dict()))) == request


def test_a_large_project_is_frozen_by_a_run():
    project, owner = make_project(), make_person("owner")
    make_comparison(project)
    judge(project, make_member(project))
    run = run_here(queue_snapshot(project=project, request=SnapshotRequest(name="by run"), created_by=owner))
    snapshot = Snapshot.objects.get()
    assert (run.state, run.result) == ("succeeded", {"snapshot": str(snapshot.pk), "is_new": True})
    assert (snapshot.name, snapshot.created_by) == ("by run", owner)
    assert freeze(project) == snapshot


@pytest.mark.postgres
@pytest.mark.slow
def test_the_same_judgments_are_the_same_snapshot_on_either_engine_in_any_order_by_service_and_command(tmp_path):
    told = {}
    for engine in ("sqlite", "postgresql"):
        folder = tmp_path / engine
        folder.mkdir()
        with fresh_database(engine, folder) as environment:
            answer = run_python(["-m", "tests.labeling.freeze_known_rows", str(folder), engine], environment)
            told[engine] = json.loads(answer.splitlines()[-1])
    assert told["sqlite"] == told["postgresql"]
    assert told["sqlite"]["sha256"] == told["sqlite"]["by command"]
    assert told["sqlite"]["counts"]["judgments"] == 160
    filtered = told["sqlite"]["filtered"]
    assert len({sha256 for sha256, _drops in filtered.values()}) == len(filtered)
    assert all(drops for name, (_, drops) in filtered.items() if "least" in name)


def test_the_file_lies_under_the_home_and_is_named_by_its_content():
    project = make_project()
    make_comparison(project)
    judge(project, make_member(project))
    snapshot = freeze(project)
    assert snapshot.file == f"snapshots/{snapshot.content_sha256}.parquet"
    assert snapshot_path(snapshot).is_relative_to(settings.PLUMBLINE_HOME)
    assert Judgment.objects.count() == 1
