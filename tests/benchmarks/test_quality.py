"""The arithmetic of the study of quality, by hand-computed values."""

import pytest

from benchmarks.quality import credit, enough, first_found, found_by_gold, found_by_repeats, saved


@pytest.mark.parametrize(
    ("votes", "worth"), [([True], 1.0), ([True, False], 0.5), ([True, True, False], 1.0), ([False, False, True], 0.0)]
)
def test_a_consensus_is_the_majority_and_an_even_vote_is_half_right(votes, worth):
    assert credit(votes) == worth


def test_what_is_saved_is_measured_against_a_fixed_overlap_of_the_same_accuracy():
    fixed = {1: 0.7, 2: 0.7, 3: 0.8, 4: 0.8, 5: 0.9}
    assert saved(0.8, 1.5, fixed) == pytest.approx(0.5)
    assert saved(0.85, 4.0, fixed) == pytest.approx(0.0)
    assert saved(0.85, 5.0, fixed) == pytest.approx(-0.25)
    assert saved(0.95, 2.5, fixed) == pytest.approx(0.5)  # better than any fixed one that was tried
    assert saved(0.6, 2.0, fixed) == pytest.approx(-1.0)  # worse than one judgment each


def test_somebody_is_found_only_when_the_interval_leaves_no_doubt():
    wrong, right = ("gold", False), ("gold", True)
    assert not found_by_gold([wrong])
    assert found_by_gold([wrong] * 2)  # Wilson's upper end for 0 of 1 is 0.793, for 0 of 2 it is 0.658
    assert not found_by_gold([right] * 20)
    assert not found_by_gold([("repeat", False)] * 20)
    assert not found_by_repeats([("work", True)] * 20)
    assert found_by_repeats([("repeat", False)] * 4)


def test_the_first_moment_counts_every_judgment_and_the_accused_are_counted_apart():
    bad, good = [("work", True), ("gold", False), ("gold", False), ("gold", False)], [("gold", True)] * 4
    rows = first_found("here", [bad, good, bad], ["lazy", "good", "lazy"], found_by_gold)
    assert [(row.name, row.value) for row in rows] == [
        ("good annotators accused, looking each time", 0.0),
        ("judgments until found, median of the found", 3.0),
    ]


def test_adaptive_overlap_asks_until_the_votes_are_sure_enough():
    right, wrong = True, False
    assert enough([right, right, wrong, wrong], 0.8) == 2  # two of two: 7/8
    assert enough([right, right, right, wrong], 0.9) == 3  # three of three: 15/16
    assert enough([wrong, right, right, right, wrong], 0.8) == 4  # three of four: 13/16
    assert enough([right, wrong] * 3 + [right], 0.8) == 7
