"""Overlap that adapts: more people where they disagree, no more once they agree, and numbers of a comparison's own."""

import uuid

import pytest

from labeling.errors import InvalidTarget
from labeling.invariants import find_violations
from labeling.models import Comparison, GoldAnswer
from labeling.services.assignments import lease_next, reopen_last, skip
from labeling.services.judgments import submit_judgment
from labeling.services.overlap import set_target
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    """Two judgments at first, five at most; without ties two that agree make 7/8 sure, three 15/16, 3:1 13/16."""
    instrument = {"allows_ties": False, "allows_all_bad": False}
    return make_project(judgments_per_comparison=2, most_judgments=5, wanted_confidence=0.8, instrument=instrument)


@pytest.fixture
def comparison(project):
    return make_comparison(project)


@pytest.fixture(autouse=True)
def _nothing_is_broken():
    yield
    assert list(find_violations()) == []


def say(lease, *, first_wins=True):
    order = sorted(lease.shown_order, reverse=not first_wins)
    verdict = Verdict(ranking=tuple((response,) for response in order))
    return submit_judgment(assignment=lease, verdict=verdict, client_id=uuid.uuid4()).judgment


def somebody_says(project, **verdict):
    person = make_member(project)
    say(lease_next(project=project, annotator=person), **verdict)
    return person


def numbers(comparison):
    comparison.refresh_from_db()
    return comparison.target_judgments, comparison.open_slots


def test_two_who_agree_are_enough(project, comparison):
    somebody_says(project)
    somebody_says(project)
    assert numbers(comparison) == (2, 0)
    assert lease_next(project=project, annotator=make_member(project)) is None


def test_two_who_disagree_bring_a_third_and_so_on_up_to_the_most(project, comparison):
    seen = []
    for first_wins in (True, False, True, False, True):
        somebody_says(project, first_wins=first_wins)
        seen.append(numbers(comparison))
    assert seen == [(2, 1), (3, 1), (4, 1), (5, 1), (5, 0)]


def test_it_stops_as_soon_as_one_answer_leads_clearly(project, comparison):
    somebody_says(project, first_wins=False)
    for _ in range(3):
        somebody_says(project)
    assert numbers(comparison) == (4, 0)  # 3:1 is 13/16


def test_nothing_grows_while_others_are_still_at_it(project, comparison):
    leases = [lease_next(project=project, annotator=make_member(project)) for _ in range(2)]
    say(leases[0])
    assert numbers(comparison) == (2, 0)
    say(leases[1], first_wins=False)
    assert numbers(comparison) == (3, 1)


def test_a_correction_that_agrees_gives_the_extra_slot_back(project, comparison):
    somebody_says(project)
    dissenter = somebody_says(project, first_wins=False)
    assert numbers(comparison) == (3, 1)
    say(reopen_last(project=project, annotator=dissenter))
    assert numbers(comparison) == (2, 0)


def test_a_correction_that_disagrees_brings_one_more(project, comparison):
    somebody_says(project)
    second = somebody_says(project)
    say(reopen_last(project=project, annotator=second), first_wins=False)
    assert numbers(comparison) == (3, 1)


def test_a_judgment_withdrawn_leaves_its_slot_to_another(project, comparison):
    somebody_says(project)
    dissenter = somebody_says(project, first_wins=False)
    skip(assignment=reopen_last(project=project, annotator=dissenter), reason="a slip")
    assert numbers(comparison) == (3, 2)
    somebody_says(project)
    assert numbers(comparison) == (2, 0)


def test_a_lease_under_way_is_not_taken_back(project, comparison):
    somebody_says(project)
    dissenter = somebody_says(project, first_wins=False)
    lease = lease_next(project=project, annotator=make_member(project))
    say(reopen_last(project=project, annotator=dissenter))
    assert numbers(comparison) == (3, 0)
    assert say(lease).is_surplus is False


def test_overlap_is_fixed_where_no_most_is_set():
    project = make_project(judgments_per_comparison=2)
    comparison = make_comparison(project)
    somebody_says(project)
    somebody_says(project, first_wins=False)
    assert numbers(comparison) == (2, 0)


def test_gold_gets_no_further_judgments(project, comparison):
    GoldAnswer.objects.create(comparison=comparison, ranking=[])
    somebody_says(project)
    somebody_says(project, first_wins=False)
    assert numbers(comparison) == (2, 0)


def test_a_comparisons_own_number_goes_before_the_projects(project, comparison):
    assert set_target(comparison=comparison, judgments=4) == 4
    for _ in range(4):
        somebody_says(project)
    assert numbers(comparison) == (4, 0)


def test_a_number_below_what_was_given_closes_the_comparison(project, comparison):
    set_target(comparison=comparison, judgments=5)
    somebody_says(project)
    lease = lease_next(project=project, annotator=make_member(project))
    assert set_target(comparison=comparison, judgments=1) == 2
    assert numbers(comparison) == (2, 0)
    assert say(lease).is_surplus is False


@pytest.mark.parametrize("judgments", [0, 101, True, 2.5])
def test_other_numbers_are_refused(comparison, judgments):
    with pytest.raises(InvalidTarget):
        set_target(comparison=comparison, judgments=judgments)


def test_practice_and_exam_want_no_judgments(project):
    kept = make_comparison(project, use=Comparison.Use.EXAM, target_judgments=0)
    with pytest.raises(InvalidTarget):
        set_target(comparison=kept, judgments=2)
