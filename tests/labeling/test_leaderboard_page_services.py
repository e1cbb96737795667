"""A project's leaderboard: which verdicts it counts, what it says of them, and when it is computed in a run."""

from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.errors import InvalidLeaderboard, NotMeasured
from labeling.models import Judgment, LeaderboardReport, ModerationFinding, Prompt
from labeling.services.leaderboard import (
    LeaderboardRequest,
    compute_leaderboard,
    get_leaderboard,
    keep_leaderboard,
    queue_leaderboard,
)
from runs.services.claiming import claim_run
from runs.services.executing import execute_claimed
from tests.factories import make_comparison, make_member, make_project, make_review

pytestmark = pytest.mark.django_db


def say(comparison, *policies, annotator=None, **fields):
    """Somebody prefers the policies' responses in this order; those in one tuple are tied."""
    by_policy = dict(comparison.responses.values_list("policy_name", "pk"))
    groups = [group if isinstance(group, tuple) else (group,) for group in policies]
    return Judgment.objects.create(
        project=comparison.project,
        comparison=comparison,
        annotator=annotator or make_member(comparison.project),
        ranking=[[by_policy[policy] for policy in group] for group in groups],
        is_surplus=fields.get("purpose", "work") != "work",
        **fields,
    )


def contest(project, *verdicts, **fields):
    """A comparison of policy-0 and policy-1 for each verdict: 0 or 1 wins, or None for a tie."""
    annotator = make_member(project)
    for verdict in verdicts:
        order = [("policy-0", "policy-1")] if verdict is None else [f"policy-{verdict}", f"policy-{1 - verdict}"]
        say(make_comparison(project), *order, annotator=annotator, **fields)


def board(project, **asked):
    return compute_leaderboard(project=project, request=LeaderboardRequest(**asked)).result


def standing(found, policy):
    return next(line for line in found["standings"] if line["policy"] == policy)


def test_policies_stand_by_strength_with_intervals():
    project = make_project()
    contest(project, *[0] * 14, *[1] * 6)
    found = board(project, method="half")
    assert [line["policy"] for line in found["standings"]] == ["policy-0", "policy-1"]
    first = standing(found, "policy-0")
    assert first["score"]["value"] == pytest.approx(1073.6, abs=0.1)  # odds of 14 to 6, half of them to each side
    assert first["score"]["low"] < first["score"]["value"] < first["score"]["high"]
    assert first["rank"]["value"] == 1
    assert first["win_rate"]["value"] == pytest.approx(0.7)
    assert (first["pairs"], first["prompts"]) == (20, 20)
    assert found["counts"]["judgments"] == 20


def test_a_policy_that_never_lost_has_no_score_but_a_reason():
    project = make_project()
    contest(project, 0, 0, 0)
    first = standing(board(project), "policy-0")
    assert first["score"] == {
        "value": None,
        "low": None,
        "high": None,
        "undefined": "it won every comparison, so that nothing bounds its strength from above",
    }
    assert first["win_rate"]["value"] == 1.0


def test_a_prompt_weighs_one_however_many_people_judged_it():
    project = make_project()
    once, often = make_comparison(project), make_comparison(project)
    say(once, "policy-0", "policy-1")
    for _person in range(5):
        say(often, "policy-1", "policy-0")
    assert standing(board(project), "policy-0")["win_rate"]["value"] == pytest.approx(0.5)
    assert standing(board(project, weight="pair"), "policy-0")["win_rate"]["value"] == pytest.approx(1 / 6)


@pytest.mark.parametrize("source", ["imported", "simulated"])
def test_only_what_people_judged_here_counts_unless_the_rest_is_asked_for(source):
    project = make_project()
    contest(project, 0, 1)
    contest(project, 1, source=source)
    assert board(project)["counts"]["judgments"] == 2
    assert board(project)["left_out"] == {source: 1}
    assert board(project, **{source: True})["counts"]["judgments"] == 3


def test_what_was_corrected_withdrawn_or_returned_does_not_count():
    project = make_project()
    contest(project, 0, 1)
    first = say(make_comparison(project), "policy-0", "policy-1")
    Judgment.objects.create(
        project=project,
        comparison=first.comparison,
        annotator=first.annotator,
        ranking=[],
        revision=2,
        supersedes=first,
        is_retraction=True,
    )
    make_review(project, make_member(project))
    found = board(project)
    assert found["counts"]["judgments"] == 2
    assert found["left_out"] == {"returned and not redone": 1}


def test_what_moderation_excluded_does_not_count():
    project = make_project()
    contest(project, 0, 1, 1)
    excluded = project.comparisons.first()
    ModerationFinding.objects.create(
        project=project,
        comparison=excluded,
        message=0,
        check_name="length",
        severity="low",
        state="removed",
        decided_at=timezone.now(),
        decided_by=make_member(project, "manager"),
    )
    found = board(project)
    assert (found["counts"]["judgments"], found["left_out"]) == (2, {"excluded in moderation": 1})


def test_an_adjudication_is_left_out_replaces_the_others_or_stands_beside_them():
    project = make_project()
    contest(project, 0, 1)
    disputed = make_comparison(project)
    say(disputed, "policy-0", "policy-1")
    say(disputed, "policy-1", "policy-0", purpose="adjudication")
    counted = {
        rule: (board(project, adjudication=rule)["counts"]["judgments"], board(project, adjudication=rule)["left_out"])
        for rule in ("ignore", "replaces", "beside")
    }
    assert counted == {
        "ignore": (3, {"adjudication left out": 1}),
        "replaces": (3, {"adjudicated": 1}),
        "beside": (4, {}),
    }


def test_verdicts_without_an_order_or_without_two_known_policies_are_counted_as_left_out():
    project = make_project()
    contest(project, 0, 1)
    say(make_comparison(project), all_bad=True)
    unknown = make_comparison(project)
    say(unknown, "policy-0", "policy-1")
    unknown.responses.filter(policy_name="policy-0").update(policy_name="")
    assert board(project)["left_out"] == {
        "judgment of responses that are not of two known policies": 1,
        "judgment that ranks none": 1,
    }


def test_filters_take_the_topic_the_domain_the_language_the_time_and_the_people_asked_for():
    project = make_project()
    anne = make_member(project)
    yesterday = timezone.now() - timedelta(days=1)
    say(make_comparison(project, topic="law"), "policy-0", "policy-1")
    say(make_comparison(project, metadata={"domain": "chat"}), "policy-0", "policy-1", annotator=anne)
    korean = make_comparison(project)
    Prompt.objects.filter(pk=korean.prompt_id).update(language="ko")
    say(korean, "policy-0", "policy-1", judged_at=yesterday - timedelta(days=1))
    asked = [
        {"topic": "law"},
        {"domain": "chat"},
        {"language": "ko"},
        {"until": yesterday},
        {"annotators": (anne.pseudonym,)},
        {"topic": "law", "language": "ko"},
    ]
    assert [board(project, **one)["counts"]["judgments"] for one in asked] == [1, 1, 1, 1, 1, 0]
    assert board(project, since=yesterday)["counts"]["judgments"] == 2
    found = board(project, topic="law", exclude_annotators=(anne.pseudonym,))
    assert found["words"] == {"topic": ["law"], "domain": ["chat"], "language": ["ko"]}
    left = board(project, exclude_annotators=(anne.pseudonym,))
    assert (left["counts"]["judgments"], left["left_out"]) == (2, {"annotator left out": 1})


def test_stretches_of_comparisons_add_up(monkeypatch):
    project = make_project()
    contest(project, 0, 1, 0, None, 1, 0, 0)
    whole = board(project)
    monkeypatch.setattr("labeling.services.leaderboard.verdicts.READ_COMPARISONS", 2)
    assert board(project) == whole


@pytest.mark.parametrize("method", ["davidson", "half", "rao-kupper", "plackett-luce", "elo"])
def test_each_method_finds_the_stronger_policy(method):
    project = make_project()
    contest(project, *[0] * 9, *[1] * 3, None, None)
    found = board(project, method=method)
    assert found["standings"][0]["policy"] == "policy-0"
    assert bool(found["tie_parameters"][0]) == (method in ("davidson", "rao-kupper"))


def test_a_ranking_of_three_is_not_held_against_its_annotator_as_free_of_circles():
    project = make_project("ranking")
    say(make_comparison(project, k=3), "policy-0", "policy-1", "policy-2")
    assert board(project)["annotators"] == []


def test_an_annotator_whose_pairs_go_in_a_circle_is_named():
    project = make_project()
    annotator, three = make_member(project), make_comparison(project, k=3)
    responses = dict(three.responses.in_bulk())
    ids = sorted(responses)
    for better, worse in ((0, 1), (1, 2), (2, 0)):
        pair = make_comparison(project)
        pair.members.all().delete()
        pair.prompt = three.prompt
        pair.save()
        for index in (better, worse):
            pair.members.create(response=responses[ids[index]])
        Judgment.objects.create(
            project=project, comparison=pair, annotator=annotator, ranking=[[ids[better]], [ids[worse]]]
        )
    found = board(project)
    assert [(one["annotator"], one["circular"], one["triads"]) for one in found["annotators"]] == [
        (annotator.pseudonym, 1, 1)
    ]
    assert found["cycles"]["circular"] == 1
    assert found["cycles"]["cycles"][0]["policies"] == ["policy-0", "policy-1", "policy-2"]


def test_equal_style_says_what_length_does():
    project = make_project()
    annotator = make_member(project)
    for number in range(24):
        texts = ["long " * 40, "short"] if number % 3 else ["short", "long " * 40]
        order = [0, 1] if number % 4 else [1, 0]
        say(make_comparison(project, texts=texts), *(f"policy-{at}" for at in order), annotator=annotator)
    assert board(project)["style"] is None
    styled = board(project, equal_style=True)
    effects = {effect["covariate"]: effect for effect in styled["style"]["effects"]}
    assert effects["length"]["low"] < effects["length"]["value"] < effects["length"]["high"]
    assert effects["bold"]["undefined"] == "no two responses that were judged against each other differ in it"
    assert standing(styled, "policy-0")["equal_style"]["score"]["value"] is not None


def test_a_project_without_judgments_has_an_empty_board():
    found = board(make_project(), equal_style=True)
    assert found["standings"] == []
    assert found["counts"]["judgments"] == 0


def test_a_request_survives_json_and_refuses_what_does_not_exist():
    asked = LeaderboardRequest(since=timezone.now(), annotators=("b", "a"), method="elo")
    again = LeaderboardRequest.from_dict(asked.to_dict())
    assert again.to_dict() == asked.to_dict()
    with pytest.raises(InvalidLeaderboard, match="glicko"):
        LeaderboardRequest(method="glicko")
    with pytest.raises(InvalidLeaderboard, match="ends before"):
        LeaderboardRequest(since=timezone.now(), until=timezone.now() - timedelta(days=1))


def test_a_large_project_waits_for_a_run_whose_result_is_kept(monkeypatch):
    monkeypatch.setattr("labeling.services.leaderboard.keeping.AT_ONCE_COMPARISONS", 1)
    project = make_project()
    contest(project, 0, 1, 0)
    asked = LeaderboardRequest(method="half")
    with pytest.raises(NotMeasured):
        get_leaderboard(project, asked)
    run = queue_leaderboard(project=project, request=asked)
    assert queue_leaderboard(project=project, request=asked) == run
    execute_claimed(claim_run(run_id=run.pk, worker="test"))
    report = get_leaderboard(project, asked)
    assert report.result["counts"]["judgments"] == report.judgments == 3
    with pytest.raises(NotMeasured):
        get_leaderboard(project, LeaderboardRequest(method="elo"))


def test_computing_again_replaces_and_the_oldest_requests_are_forgotten(monkeypatch):
    monkeypatch.setattr("labeling.services.leaderboard.keeping.KEPT", 2)
    project = make_project()
    contest(project, 0, 1)
    for topic in ("", "", "a", "b"):
        keep_leaderboard(project=project, request=LeaderboardRequest(topic=topic))
    kept = LeaderboardReport.objects.filter(project=project)
    assert sorted(report.asked["topic"] for report in kept) == ["a", "b"]
