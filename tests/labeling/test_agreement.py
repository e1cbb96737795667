import pytest

from labeling.stats.agreement import agreement_within, opinion, pairwise_agreement


def test_an_opinion_is_a_sign_and_a_tie_is_none_of_both() -> None:
    ranking = [[7], [3, 5], [9]]
    assert (opinion(ranking, 7, 3), opinion(ranking, 9, 3), opinion(ranking, 3, 5)) == (1, -1, 0)
    assert opinion([], 7, 1) is None


def test_what_a_partial_ranking_leaves_out_stands_below_what_it_names() -> None:
    assert (opinion([[7], [3]], 3, 1), opinion([[7], [3]], 1, 7)) == (1, -1)
    assert opinion([[7], [3]], 1, 2) is None
    assert agreement_within([[[1]], [[2]]]) == 0.0
    assert agreement_within([[[1]], [[1]]]) == 1.0
    assert agreement_within([[[1]], []]) is None


def test_two_people_on_three_responses_agree_on_two_of_three_pairs() -> None:
    assert agreement_within([[[1], [2], [3]], [[2], [1], [3]]]) == pytest.approx(2 / 3)


def test_a_tie_agrees_only_with_a_tie() -> None:
    assert agreement_within([[[1, 2]], [[1, 2]]]) == 1.0
    assert agreement_within([[[1, 2]], [[1], [2]]]) == 0.0


def test_one_person_or_an_empty_ranking_agrees_with_nobody() -> None:
    assert agreement_within([[[1], [2]]]) is None
    assert agreement_within([[[1], [2]], []]) is None
    assert pairwise_agreement([[[[1], [2]]]]) is None


def test_every_comparison_counts_once_and_the_interval_is_wilsons() -> None:
    same, opposite = [[[1], [2]], [[1], [2]]], [[[1], [2]], [[2], [1]]]
    agreement = pairwise_agreement([same] * 8 + [opposite] * 2)
    assert agreement is not None
    assert agreement.share == pytest.approx(0.8)
    assert (agreement.low, agreement.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Wilson, 8 of 10
    assert agreement.comparisons == 10


def test_the_interval_stays_between_0_and_1() -> None:
    agreement = pairwise_agreement([[[[1], [2]], [[1], [2]]]])
    assert agreement is not None
    assert 0 < agreement.low < agreement.high <= 1
