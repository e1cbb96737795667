"""What the checks find in a project is kept once, decided by people, and excluded from the queue and from snapshots."""

import json

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from labeling.errors import InvalidModeration
from labeling.models import Moderation, ModerationFinding, Response
from labeling.queries import excluded_comparisons, progress_of_project
from labeling.services.assignments import lease_next
from labeling.services.judgments import submit_judgment
from labeling.services.moderation import (
    moderate_import,
    moderate_project,
    moderation_of,
    queue_moderation,
    set_moderation,
)
from labeling.services.moderation_decisions import decide, decide_open
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from labeling.services.uploads import queue_import
from labeling.verdicts import Verdict
from runs.services.waiting import run_here
from tests.factories import make_comparison, make_gold, make_member, make_project

pytestmark = pytest.mark.django_db
REFUSAL = "I'm sorry, but I can't help with that."
LEAK = "Steam.<|im_end|> More steam."
FINE = "Steam makes the air in its spout vibrate."


@pytest.fixture
def project():
    return make_project()


def findings(project, **what):
    return ModerationFinding.objects.filter(project=project, **what).order_by("pk")


def judge(project, annotator):
    lease = lease_next(project=project, annotator=annotator)
    if lease is None:
        return None
    verdict = Verdict(ranking=tuple((response,) for response in sorted(lease.shown_order)))
    return submit_judgment(assignment=lease, verdict=verdict, client_id=lease.pk).judgment


def test_what_is_found_is_kept_with_its_place_and_the_words_are_not(project):
    comparison = make_comparison(project, texts=[FINE, LEAK])
    outcome = moderate_project(project=project)
    found = findings(project).get()
    assert outcome.as_json() == {"looked_at": 1, "found": {"leakage": 1}, "gone": 0}
    assert (found.comparison, found.response.content, found.message) == (comparison, LEAK, None)
    assert LEAK[found.start : found.end] == "<|im_end|>"
    assert not any("im_end" in str(value) for value in found.__dict__.values())


def test_looking_again_finds_nothing_new_and_leaves_decisions_alone(project):
    make_comparison(project, texts=[REFUSAL, LEAK])
    moderate_project(project=project)
    manager = make_member(project, "manager")
    decide(findings=findings(project, check_name="refusal"), state="kept", person=manager)
    before = list(findings(project).values())
    assert moderate_project(project=project).as_json() == {"looked_at": 1, "found": {}, "gone": 0}
    assert list(findings(project).values()) == before


def test_open_findings_that_are_found_no_more_go_and_decided_ones_stay(project):
    make_comparison(project, texts=[FINE, "Because."])
    make_comparison(project, texts=[FINE, "Therefore."])
    set_moderation(project=project, at_import=False, checks={"length": {"fewest_words": 2}})
    moderate_project(project=project)
    kept, _open = findings(project)
    decide(findings=findings(project, pk=kept.pk), state="kept", person=make_member(project, "manager"))
    set_moderation(project=project, at_import=False, checks={"length": {"fewest_words": 1}})
    assert moderate_project(project=project).gone == 1
    assert list(findings(project)) == [kept]


def test_checks_that_do_not_run_do_not_touch_what_others_found(project):
    make_comparison(project, texts=[REFUSAL, LEAK])
    moderate_project(project=project)
    moderate_project(project=project, names=["empty"])
    assert {found.check_name for found in findings(project)} == {"refusal", "leakage"}


def test_the_same_answer_under_two_prompts_is_found_in_both_and_not_across_projects(project):
    shared = "Descale it with vinegar, boil it twice, and rinse it well."
    comparisons = [make_comparison(project, texts=[shared, f"Other {n}"]) for n in range(2)]
    elsewhere = make_comparison(make_project(), texts=[shared, "Other"])
    Response.objects.filter(content=shared).update(content_hash="the same")
    moderate_project(project=project)
    moderate_project(project=elsewhere.project)
    assert [found.comparison for found in findings(project, reason="several_prompts")] == comparisons
    assert not findings(elsewhere.project).exists()


def test_nearly_equal_answers_name_the_other_response(project):
    comparison = make_comparison(project, texts=[FINE, FINE.upper()])
    moderate_project(project=project)
    first, second = comparison.responses.order_by("pk")
    found = findings(project).get()
    assert (found.response, found.figures) == (second, {"similarity": 1.0, "like": first.pk})


def test_prompts_and_demonstrations_are_looked_at_too(project):
    comparison = make_comparison(project, texts=[FINE, "Other"])
    prompt = comparison.prompt
    prompt.messages = [{"role": "user", "content": "Write to mina.kim@kettle-works.kr, please."}]
    prompt.save()
    demonstration = Response.objects.create(prompt=prompt, content_hash="d", content=REFUSAL, is_demonstration=True)
    moderate_project(project=project)
    in_prompt, refused, in_its_prompt = findings(project)
    assert (in_prompt.comparison, in_prompt.response, in_prompt.message) == (comparison, None, 0)
    assert (refused.comparison, refused.response, refused.message) == (None, demonstration, None)
    assert (in_its_prompt.comparison, in_its_prompt.response, in_its_prompt.message) == (None, demonstration, 0)


def test_scores_of_a_classifier_are_read_from_a_file_and_without_one_its_findings_stay(project, tmp_path):
    comparison = make_comparison(project, texts=[FINE, "Other"])
    response = comparison.responses.first()
    from preferences.hashing import response_hash

    Response.objects.filter(pk=response.pk).update(content_hash=response_hash(response.content))
    file = tmp_path / "scores.jsonl"
    file.write_text(json.dumps({"response": response.content, "scores": {"toxic": 0.9}}))
    assert moderate_project(project=project, scores=file).found == {"classifier": 1}
    assert moderate_project(project=project).gone == 0
    assert findings(project).get().figures == {"label": "toxic", "score": 0.9}
    file.write_text("no JSON")
    with pytest.raises(InvalidModeration, match="Line 1"):
        moderate_project(project=project, scores=file)


def import_rows(project, tmp_path, rows):
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    batch = queue_import(project=project, file=file, file_name="rows.jsonl", file_sha256="0", format="auto")
    run_here(batch.run)
    batch.refresh_from_db()
    return batch


def test_an_import_is_checked_if_the_project_wants_it_and_only_what_it_brought(project, tmp_path):
    make_comparison(project, texts=[FINE, LEAK])
    rows = [{"prompt": "Why?", "responses": [REFUSAL, FINE]}]
    batch = import_rows(project, tmp_path, rows)
    assert batch.accepted == 1
    assert not findings(project).exists()
    set_moderation(project=project, at_import=True, checks={"refusal": {}, "leakage": {}})
    batch = import_rows(project, tmp_path, [{"prompt": "Why not?", "responses": [REFUSAL, FINE]}])
    assert [found.comparison.import_batch for found in findings(project)] == [batch]
    assert moderate_import(batch=batch).as_json() == {"looked_at": 1, "found": {}, "gone": 0}


def test_an_excluded_comparison_goes_to_nobody_and_comes_back_when_it_is_reopened(project):
    comparison = make_comparison(project, texts=[FINE, LEAK])
    moderate_project(project=project)
    manager, annotator = make_member(project, "manager"), make_member(project)
    decide(findings=findings(project), state="removed", person=manager)
    assert lease_next(project=project, annotator=annotator) is None
    assert list(excluded_comparisons(project)) == [comparison]
    assert (progress_of_project(project).slots_open, progress_of_project(project).judgments_wanted) == (0, 0)
    decide(findings=findings(project), state="open", person=manager)
    assert lease_next(project=project, annotator=annotator).comparison == comparison


@pytest.mark.parametrize("policy", ["in_order", "breadth", "depth", "priority", "random"])
def test_no_order_of_the_queue_hands_out_what_is_excluded(policy):
    project = make_project(queue_policy=policy)
    for text in (LEAK, FINE, LEAK):
        make_comparison(project, texts=[text, "Other"])
    moderate_project(project=project)
    decide(findings=findings(project), state="removed", person=make_member(project, "manager"))
    annotator = make_member(project)
    assert judge(project, annotator).comparison.responses.filter(content=FINE).exists()
    assert judge(project, annotator) is None


def test_excluded_gold_is_not_mixed_in():
    project = make_project(gold_share=1.0)
    gold = make_gold(project, open_slots=0)
    ModerationFinding.objects.create(
        project=project, comparison=gold, response=gold.responses.first(), check_name="leakage", reason="echo",
        severity="low", fingerprint="f", state="removed", decided_by=make_member(project, "manager"),
        decided_at=timezone.now(),
    )  # fmt: skip
    make_comparison(project)
    annotator = make_member(project)
    assert judge(project, annotator).comparison != gold
    assert judge(project, annotator) is None


def test_a_snapshot_leaves_out_what_is_excluded_and_counts_it_under_its_own_reason(project):
    annotator, manager = make_member(project), make_member(project, "manager")
    for text in (LEAK, FINE):
        make_comparison(project, texts=[text, "Other"])
        judge(project, annotator)
    prompt = make_comparison(project, texts=["One", "Two"]).prompt
    Response.objects.create(prompt=prompt, content_hash="d", content=REFUSAL, is_demonstration=True)
    before = freeze_snapshot(project=project, request=SnapshotRequest()).snapshot.manifest
    moderate_project(project=project)
    decide(findings=findings(project), state="removed", person=manager)
    after = freeze_snapshot(project=project, request=SnapshotRequest()).snapshot.manifest
    assert (before["counts"]["comparisons"], after["counts"]["comparisons"]) == (2, 1)
    assert (before["counts"]["demonstrations"], after["counts"]["demonstrations"]) == (1, 0)
    assert "excluded in moderation" not in before["drops"]
    assert after["drops"]["excluded in moderation"] == 2


def test_deciding_twice_changes_nothing_and_the_first_decider_stays(project):
    make_comparison(project, texts=[FINE, LEAK])
    moderate_project(project=project)
    one, other = make_member(project, "manager"), make_member(project, "reviewer")
    assert decide(findings=findings(project), state="kept", person=one) == 1
    assert decide(findings=findings(project), state="kept", person=other) == 0
    assert findings(project).get().decided_by == one
    with pytest.raises(InvalidModeration, match="no decision"):
        decide(findings=findings(project), state="deleted", person=one)


def test_a_decision_for_all_reaches_only_what_was_shown_is_open_and_is_of_that_check(project):
    for text in (LEAK, REFUSAL, LEAK, LEAK):
        make_comparison(project, texts=[text, FINE])
    moderate_project(project=project)
    first, second, third = findings(project, check_name="leakage")
    manager = make_member(project, "manager")
    decide(findings=findings(project, pk=first.pk), state="kept", person=manager)
    assert decide_open(project=project, check="leakage", state="removed", person=manager, until=second.pk) == 1
    states = dict(findings(project).values_list("pk", "state"))
    assert (states[first.pk], states[second.pk], states[third.pk]) == ("kept", "removed", "open")
    assert findings(project, check_name="refusal").get().state == "open"


def test_settings_that_do_not_fit_are_refused_and_nothing_is_stored(project):
    with pytest.raises(InvalidModeration, match="no check"):
        set_moderation(project=project, at_import=True, checks={"spelling": {}})
    assert not Moderation.objects.exists()


def test_a_run_looks_through_the_project_says_how_far_and_is_not_queued_twice(project):
    comparison = make_comparison(project, texts=[FINE, LEAK])
    run = queue_moderation(project=project)
    assert queue_moderation(project=project) == run
    assert run_here(run).result == {"looked_at": 1, "found": {"leakage": 1}, "gone": 0}
    assert moderation_of(project).last_comparison == comparison.pk
    assert queue_moderation(project=project) != run


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "removed"},
        {"state": "gone"},
        {"severity": "worst"},
        {"start": 3, "end": 2},
        {"comparison": None, "response": None, "message": 0},
        {"response": None},
    ],
)
def test_the_database_refuses_findings_that_mean_nothing(project, broken):
    comparison = make_comparison(project)
    whole = {"comparison": comparison, "response": comparison.responses.first(), "check_name": "empty",
             "reason": "empty", "severity": "high", "fingerprint": "f"}  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        ModerationFinding.objects.create(project=project, **(whole | broken))
    ModerationFinding.objects.create(project=project, **whole)
    with pytest.raises(IntegrityError), transaction.atomic():
        ModerationFinding.objects.create(project=project, **whole)
    assert connection.needs_rollback is False
