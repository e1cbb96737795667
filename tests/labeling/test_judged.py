"""Judgments as labels: who won, by how much; and whether people agree more where they say more."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.stats.agreement import observed_agreement
from labeling.stats.alpha import krippendorff_alpha
from labeling.stats.estimates import Estimate
from labeling.stats.intervals import wilson_share
from labeling.stats.judged import (
    JudgedComparison,
    judged_comparison,
    rankings_of,
    signed_strength_labels,
    winner,
    winner_labels,
)
from labeling.stats.simulated import SimulatedAnnotator
from labeling.stats.strength_agreement import agreement_by_strength
from labeling.stats.undefined import Undefined
from labeling.stats.unit_labels import UnitLabels
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord


def said(annotator, ranking=(), **fields) -> JudgmentRecord:
    return JudgmentRecord(annotator=annotator, ranking=ranking, **fields)


LEFT, RIGHT, TIE = ((0,), (1,)), ((1,), (0,)), ((0, 1),)


@pytest.mark.parametrize(
    ("judgment", "expected"),
    [
        (said("a", LEFT), "left"),
        (said("a", RIGHT), "right"),
        (said("a", TIE), "tie"),
        (said("a", ((1,),)), "right"),
        (said("a", all_bad=True), "both bad"),
        (said("a", TIE, all_bad=True), "both bad"),
        (said("a", LEFT, all_bad=True), "left"),
        (said("a", flags=("unsafe",)), None),
    ],
)
def test_a_pair_is_won_by_one_tied_or_bad_on_both_sides(judgment, expected):
    assert winner(judgment, 0, 1) == expected


def test_a_ranking_of_the_best_says_who_won_but_not_among_those_it_leaves_out():
    best_two = JudgedComparison(7, 4, [said("a", ((2,), (0,)))])
    labels = {unit[1:]: value for _who, unit, value in winner_labels([best_two])}
    assert labels == {
        (0, 1): "left",
        (0, 2): "right",
        (0, 3): "left",
        (1, 2): "right",
        (2, 3): "left",
    }


def test_every_two_responses_of_a_comparison_where_all_are_bad_are_both_bad():
    labels = list(winner_labels([JudgedComparison(7, 3, [said("a", all_bad=True)])]))
    assert labels == [("a", (7, left, right), "both bad") for left, right in ((0, 1), (0, 2), (1, 2))]


def test_left_and_right_are_the_canonical_order_whatever_the_record_says_first():
    prompt = (Message(role="user", content="Which?"),)
    responses = (ResponseRecord("one"), ResponseRecord("two"), ResponseRecord("three"))
    one = ComparisonRecord(prompt, responses, (said("a", ((0,), (1,), (2,))), said("b", ((2,), (0, 1)))))
    turned = ComparisonRecord(prompt, responses[::-1], (said("b", ((0,), (1, 2))), said("a", ((2,), (1,), (0,)))))
    labels = [sorted(winner_labels([judged_comparison(record)])) for record in (one, turned)]
    assert labels[0] == labels[1]
    assert len(labels[0]) == 6


def test_strength_has_a_side_and_a_tie_has_none():
    pair = JudgedComparison(
        1,
        2,
        [
            said("a", LEFT, strength=3),
            said("b", RIGHT, strength=0),
            said("c", TIE),
            said("d", LEFT),
            said("e", all_bad=True, strength=2),
        ],
    )
    ranked = JudgedComparison(2, 3, [said("a", ((0,), (1,), (2,)), strength=3)])
    assert list(signed_strength_labels([pair, ranked])) == [("a", 1, 4), ("b", 1, -1), ("c", 1, 0)]


def test_a_judgment_that_names_no_response_has_no_ranking():
    judged = JudgedComparison(1, 2, [said("a", LEFT), said("b", all_bad=True), said("c", flags=("x",))])
    assert list(rankings_of(judged)) == [("a", LEFT)]


def test_somebody_who_always_takes_the_first_shown_agrees_with_nobody_beyond_chance():
    draw = random.Random(8)
    comparisons = []
    for comparison in range(400):
        shown = [draw.choice((LEFT, RIGHT)) for _person in range(3)]
        comparisons.append(JudgedComparison(comparison, 2, [said(f"p{n}", order) for n, order in enumerate(shown)]))
    alpha = krippendorff_alpha(UnitLabels.of(winner_labels(comparisons)))
    assert alpha.low < 0 < alpha.high


def test_observed_agreement_is_the_mean_over_units_with_wilsons_interval():
    labels = UnitLabels.of(
        [
            *[(who, "all equal", "left") for who in "abc"],
            *[(who, "two of three", value) for who, value in zip("abc", ("left", "left", "tie"), strict=True)],
            ("a", "judged once", "left"),
        ]
    )
    agreement = observed_agreement(labels)
    assert isinstance(agreement, Estimate)
    expected = wilson_share((1 + 1 / 3) / 2, 2)
    assert (agreement.value, agreement.low, agreement.high) == (expected.share, expected.low, expected.high)
    assert (agreement.units, agreement.annotators) == (2, 3)


def test_observed_agreement_holds_where_chance_would_agree_as_well_and_for_one_unit():
    same = observed_agreement(UnitLabels.of((who, unit, "left") for who in "ab" for unit in range(50)))
    assert (same.value, same.high) == (1, 1)
    assert same.low == wilson_share(1.0, 50).low
    one = observed_agreement(UnitLabels.of((who, 1, "left") for who in "ab"))
    assert (one.value, one.units) == (1, 1)
    assert one.low < 0.25


@pytest.mark.parametrize(
    ("labels", "because"),
    [
        ([], "no labels"),
        ([("a", 1, "left"), ("a", 2, "left")], "one annotator"),
        ([("a", 1, "left"), ("b", 2, "left")], "no unit has labels of two"),
    ],
)
def test_observed_agreement_says_why_it_is_undefined(labels, because):
    agreement = observed_agreement(UnitLabels.of(labels))
    assert isinstance(agreement, Undefined)
    assert because in agreement.because


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.sampled_from("xyz"), min_size=1, max_size=5), min_size=1, max_size=9), st.randoms())
def test_observed_agreement_is_the_share_of_equal_pairs_whatever_the_names(units, draw):
    labels = [(who, unit, value) for unit, values in enumerate(units) for who, value in enumerate(values)]
    agreement = observed_agreement(UnitLabels.of(labels))
    shares = [
        sum(a == b for i, a in enumerate(values) for j, b in enumerate(values) if i < j)
        / (len(values) * (len(values) - 1) / 2)
        for values in units
        if len(values) > 1
    ]
    if not shares:
        assert isinstance(agreement, Undefined)
        return
    assert agreement.value == pytest.approx(sum(shares) / len(shares), abs=1e-12)
    assert 0 <= agreement.low <= agreement.value <= agreement.high <= 1
    renamed = [(f"p{9 - who}", f"u{unit}", value) for who, unit, value in labels]
    draw.shuffle(renamed)
    assert observed_agreement(UnitLabels.of(renamed)).value == pytest.approx(agreement.value, abs=1e-12)


def test_agreement_by_strength_holds_each_judgment_against_everybody_elses():
    comparisons = [
        JudgedComparison(
            1, 2, [said("a", LEFT, strength=3), said("b", LEFT, strength=1), said("c", RIGHT, strength=3)]
        ),
        JudgedComparison(2, 2, [said("a", TIE, strength=0), said("b", TIE)]),
        JudgedComparison(3, 2, [said("a", LEFT, strength=3)]),
        JudgedComparison(4, 2, [said("a", LEFT, strength=1), said("b", all_bad=True)]),
    ]
    by_strength = agreement_by_strength(comparisons)
    assert list(by_strength) == [0, 1, 2, 3]
    # Strength 3 in comparison 1: a equals b and not c, c equals neither; alone in comparison 3 it meets nobody.
    assert (by_strength[3].value, by_strength[3].units, by_strength[3].annotators) == (pytest.approx(1 / 4), 1, 2)
    # Strength 1: b equals a and not c (½) and a, who is against "both bad" (0).
    assert (by_strength[1].value, by_strength[1].units, by_strength[1].annotators) == (pytest.approx(1 / 4), 2, 2)
    assert by_strength[1].high == wilson_share(1 / 4, 2).high
    assert (by_strength[0].value, by_strength[0].annotators) == (1, 1)
    assert isinstance(by_strength[2], Undefined)
    assert "this strength" in by_strength[2].because


def test_a_comparison_of_many_counts_once_in_each_strength():
    ranked = JudgedComparison(1, 3, [said("a", ((0,), (1,), (2,)), strength=2), said("b", ((1,), (0,), (2,)))])
    assert agreement_by_strength([ranked])[2].units == 1
    assert agreement_by_strength([ranked])[2].value == pytest.approx(2 / 3)


def test_two_judgments_of_one_annotator_are_refused():
    with pytest.raises(ValueError, match="'a' labelled unit"):
        agreement_by_strength([JudgedComparison(1, 2, [said("a", LEFT), said("a", RIGHT)])])


def test_people_who_see_planted_quality_agree_more_where_they_say_much_better():
    draw = random.Random(1)
    person = SimulatedAnnotator(competence=1.5)
    comparisons = []
    for comparison in range(1500):
        qualities = [draw.gauss(0, 1.5), draw.gauss(0, 1.5)]
        verdicts = [person.rank(qualities, draw) for _person in range(3)]
        judgments = [said(f"p{n}", tuple(map(tuple, groups)), strength=s) for n, (groups, s) in enumerate(verdicts)]
        comparisons.append(JudgedComparison(comparison, 2, judgments))
    by_strength = agreement_by_strength(comparisons)
    assert by_strength[0].high < by_strength[2].low
    assert by_strength[1].high < by_strength[3].low
    assert by_strength[3].low > 0.8
