"""The chance that the leading answer is most people's: values by hand, limits, and an independent integration."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from labeling.stats.overlap import confidence, probability_that_first_leads


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((0, 0), 1 / 2),
        ((1, 0), 3 / 4),
        ((2, 0), 7 / 8),
        ((3, 0), 15 / 16),
        ((2, 1), 11 / 16),
        ((0, 0, 0), 1 / 3),
        ((1, 0, 0), 1 - 1 / 2 + 1 / 9),
        ((3, 0, 0), 1 - 1 / 8 + 1 / 81),
    ],
)
def test_the_probability_is_what_one_computes_by_hand(counts, expected):
    assert probability_that_first_leads(counts) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("counts", [(0, 3), (4, 1), (7, 7), (1, 5, 2), (6, 2, 2), (3, 3, 0)])
def test_it_agrees_with_integrating_the_gamma_densities(counts):
    x = np.linspace(1e-9, 80, 400_001)
    first, *others = [stats.gamma(count + 1) for count in counts]
    below = np.prod([other.cdf(x) for other in others], axis=0)
    integral = np.trapezoid(first.pdf(x) * below, x)
    assert probability_that_first_leads(counts) == pytest.approx(integral, abs=1e-6)


def test_over_all_answers_the_probabilities_sum_to_one():
    total = sum(probability_that_first_leads((a, b, c)) for a, b, c in [(5, 2, 1), (2, 5, 1), (1, 5, 2)])
    assert total == pytest.approx(1)


@pytest.mark.parametrize("counts", [(1,), (1, 2, 3, 4), (-1, 2)])
def test_other_numbers_of_answers_and_negative_counts_are_refused(counts):
    with pytest.raises(ValueError, match="two or three"):
        probability_that_first_leads(counts)


def test_agreement_makes_a_pair_surer_and_disagreement_unsure():
    a_first, b_first = [[1], [2]], [[2], [1]]
    assert confidence([a_first] * 3, [1, 2], allows_ties=False) == pytest.approx(15 / 16)
    assert confidence([a_first, a_first, b_first], [1, 2], allows_ties=False) == pytest.approx(11 / 16)
    assert confidence([a_first, b_first], [1, 2], allows_ties=False) == pytest.approx(1 / 2)


def test_a_tie_that_all_agree_on_is_as_sure_as_any_answer():
    tied, better = [[1, 2]], [[1], [2]]
    assert confidence([tied] * 3, [1, 2]) == confidence([better] * 3, [1, 2])


def test_all_bad_without_an_order_calls_the_responses_equal():
    assert confidence([[], [[1, 2]]], [1, 2]) == confidence([[[1, 2]]] * 2, [1, 2])


def test_a_ranking_counts_the_mean_over_its_pairs():
    two_views = [[[1], [2], [3]], [[1], [3], [2]]]  # both agree on 1 over 2 and 1 over 3, and differ on 2 and 3
    expected = (2 * 7 / 8 + 1 / 2) / 3
    assert confidence(two_views, [1, 2, 3], allows_ties=False) == pytest.approx(expected)


def test_naming_only_the_best_says_nothing_of_the_others_among_themselves():
    assert confidence([[[1]], [[1]]], [1, 2, 3, 4], allows_ties=False) == pytest.approx(7 / 8)


def test_the_names_of_the_responses_do_not_matter():
    rankings = [[[1], [2], [3]], [[2], [1, 3]], [[3], [1], [2]]]
    expected = confidence(rankings, [1, 2, 3])
    for names in permutations([7, 8, 9]):
        renamed = [[[names[one - 1] for one in group] for group in ranking] for ranking in rankings]
        assert confidence(renamed, names) == pytest.approx(expected)


def test_nothing_said_is_no_confidence():
    assert confidence([], [1, 2]) == 0.0
