"""Kendall's tau-b and W against published tables, scipy, and what must not matter."""

import random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from labeling.stats.estimates import Estimate
from labeling.stats.intervals import mean_interval
from labeling.stats.judged import JudgedComparison
from labeling.stats.rank_agreement import kendall_tau_b, kendall_w, mean_kendall_w, mean_tau_b, mid_ranks
from labeling.stats.simulated import SimulatedAnnotator
from labeling.stats.undefined import Undefined
from preferences.records import JudgmentRecord

# Siegel 1956: three executives rank six applicants, W = 0.16.
EXECUTIVES = ((1, 6, 3, 2, 5, 4), (1, 5, 6, 4, 2, 3), (6, 3, 2, 5, 4, 1))
# Siegel 1956, after Kendall 1948: three rankings of ten objects with ties; 591 / (742.5 − 3 · 9.5) = 0.828.
TIED = (
    (1, 4.5, 2, 4.5, 3, 7.5, 6, 9, 7.5, 10),
    (2.5, 1, 2.5, 4.5, 4.5, 8, 9, 6.5, 10, 6.5),
    (2, 1, 4.5, 4.5, 4.5, 4.5, 8, 8, 8, 10),
)


def ranking_of(ranks) -> list[list[int]]:
    """Tie groups, best first, of responses with these ranks."""
    return [[index for index, rank in enumerate(ranks) if rank == value] for value in sorted(set(ranks))]


def judged(*rankings, responses=4, comparison=1) -> JudgedComparison:
    judgments = [JudgmentRecord(annotator=f"p{n}", ranking=ranking) for n, ranking in enumerate(rankings)]
    return JudgedComparison(comparison, responses, judgments)


places = st.integers(2, 7).flatmap(
    lambda k: st.lists(st.lists(st.integers(1, k), min_size=k, max_size=k), min_size=2, max_size=5)
)


def test_the_published_ranking_without_ties_gives_its_w():
    w = kendall_w([ranking_of(ranks) for ranks in EXECUTIVES], 6)
    assert w == pytest.approx(25.5 / (9 * 210 / 12), abs=1e-12)
    assert w == pytest.approx(0.16, abs=5e-3)


def test_the_published_ranking_with_ties_gives_its_w():
    w = kendall_w([ranking_of(ranks) for ranks in TIED], 10)
    assert w == pytest.approx(591 / 714, abs=1e-12)
    assert w == pytest.approx(0.828, abs=5e-4)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(places)
def test_tau_b_agrees_with_scipy(ranks):
    one, other = ranks[:2]
    tau = kendall_tau_b(ranking_of(one), ranking_of(other), len(one))
    expected = stats.kendalltau(one, other).statistic
    if np.isnan(expected):
        assert isinstance(tau, Undefined)
    else:
        assert tau == pytest.approx(expected, abs=1e-12)
        assert -1 - 1e-12 <= tau <= 1 + 1e-12


@settings(max_examples=150, deadline=None, derandomize=True)
@given(places)
def test_w_agrees_with_friedmans_statistic_which_corrects_ties_too(ranks):
    k = len(ranks[0])
    w = kendall_w([ranking_of(row) for row in ranks], k)
    assume(len(ranks) >= 3)  # scipy wants three samples; its samples are the responses, so give it three of those
    assume(k >= 3 and not isinstance(w, Undefined))
    chi_square = stats.friedmanchisquare(*np.array(ranks).T).statistic
    assert w == pytest.approx(chi_square / (len(ranks) * (k - 1)), abs=1e-9)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(places, st.randoms(use_true_random=False))
def test_neither_the_order_of_people_nor_the_numbers_of_responses_matter(ranks, draw):
    k = len(ranks[0])
    new = draw.sample(range(k), k)
    moved = [[row[index] for index in new] for row in draw.sample(ranks, len(ranks))]
    one, other = (kendall_w([ranking_of(row) for row in rows], k) for rows in (ranks, moved))
    assert (one == other) if isinstance(one, Undefined) else one == pytest.approx(other, abs=1e-12)
    assert isinstance(one, Undefined) or -1e-12 <= one <= 1 + 1e-12


@settings(max_examples=80, deadline=None, derandomize=True)
@given(places)
def test_the_same_ranking_with_the_same_ties_is_perfect_concordance(ranks):
    ranking, k = ranking_of(ranks[0]), len(ranks[0])
    assume(len(ranking) > 1)
    assert kendall_tau_b(ranking, ranking, k) == pytest.approx(1, abs=1e-12)
    assert kendall_tau_b(ranking, ranking[::-1], k) == pytest.approx(-1, abs=1e-12)
    assert kendall_w([ranking] * 3, k) == pytest.approx(1, abs=1e-12)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(places)
def test_mid_ranks_are_those_of_scipy(ranks):
    assert mid_ranks(ranking_of(ranks[0]), len(ranks[0])) == pytest.approx(stats.rankdata(ranks[0]))


def test_what_a_ranking_of_the_best_leaves_out_shares_the_last_place():
    assert mid_ranks([[2]], 4) == [3, 3, 1, 3]
    best_two, all_four = [[2], [0]], [[2], [0], [1, 3]]
    assert kendall_tau_b(best_two, [[2], [0], [1], [3]], 4) == kendall_tau_b(all_four, [[2], [0], [1], [3]], 4)
    assert kendall_w([best_two, all_four], 4) == pytest.approx(1)


def test_two_responses_are_won_alike_or_not():
    assert kendall_tau_b([[0], [1]], [[1], [0]], 2) == -1
    assert kendall_w([[[0], [1]], [[1], [0]]], 2) == 0
    assert kendall_w([[[0], [1]], [[0], [1]], [[1], [0]]], 2) == pytest.approx(1 / 9)


def test_a_ranking_without_an_order_has_no_coefficient():
    tau = kendall_tau_b([[0, 1, 2]], [[0], [1], [2]], 3)
    assert isinstance(tau, Undefined)
    assert "ties all responses" in tau.because
    w = kendall_w([[[0, 1, 2]], [[0, 1, 2]]], 3)
    assert isinstance(w, Undefined)
    assert "every ranking ties all" in w.because
    alone = kendall_w([[[0], [1]]], 2)
    assert isinstance(alone, Undefined)
    assert "two rankings" in alone.because


def test_somebody_who_ties_everything_takes_from_concordance_but_does_not_undo_it():
    # Beside two who agree their ranks add nothing: (1/3)² of the sums' spread, over two thirds of the rankings' own.
    assert kendall_w([[[0], [1], [2]], [[0], [1], [2]], [[0, 1, 2]]], 3) == pytest.approx(2 / 3)


@pytest.mark.parametrize("ranking", [[[0], [4]], [[0], [0]], [[-1]]])
def test_what_is_no_ranking_of_the_responses_is_refused(ranking):
    with pytest.raises(ValueError, match="A ranking of two responses or more"):
        kendall_tau_b(ranking, [[0], [1]], 4)


def test_one_response_has_no_ranking():
    with pytest.raises(ValueError, match="A ranking of two responses or more"):
        kendall_w([[[0]], [[0]]], 1)


def test_means_are_over_comparisons_with_students_interval():
    same, reverse = [[0], [1], [2], [3]], [[3], [2], [1], [0]]
    comparisons = [judged(same, same, comparison=1), judged(same, same, comparison=2), judged(same, reverse)]
    tau, w = mean_tau_b(comparisons), mean_kendall_w(comparisons)
    assert isinstance(tau, Estimate)
    assert isinstance(w, Estimate)
    assert (tau.value, w.value) == pytest.approx((1 / 3, 2 / 3))
    expected = stats.ttest_1samp([1, 1, -1], 0).confidence_interval(0.95)
    assert (tau.low, tau.high) == (max(-1, expected.low), min(1, expected.high))
    assert (tau.units, tau.annotators) == (w.units, w.annotators) == (3, 2)


def test_the_interval_narrows_with_comparisons_as_students_does():
    same, near = [[0], [1], [2], [3]], [[1], [0], [2], [3]]
    comparisons = [judged(same, same if n % 2 else near, comparison=n) for n in range(40)]
    tau = mean_tau_b(comparisons)
    expected = stats.ttest_1samp([1, 2 / 3] * 20, 0).confidence_interval(0.95)
    assert (tau.low, tau.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_perfect_agreement_on_few_comparisons_leaves_doubt():
    same = [[0], [1], [2], [3]]
    tau, w = (mean([judged(same, same, comparison=n) for n in range(5)]) for mean in (mean_tau_b, mean_kendall_w))
    assert (tau.value, tau.high, w.value, w.high) == pytest.approx((1, 1, 1, 1))
    assert w.low == pytest.approx(0.5655, abs=1e-3)  # Wilson, 5 of 5
    assert tau.low == pytest.approx(2 * 0.5655 - 1, abs=2e-3)


def test_what_orders_nothing_is_left_out():
    same = [[0], [1], [2], [3]]
    bad = JudgmentRecord(annotator="bad", ranking=(), all_bad=True)
    full = judged(same, same)
    with_bad = JudgedComparison(1, 4, [*full.judgments, bad])
    silent = JudgedComparison(2, 4, [bad, JudgmentRecord(annotator="p0", ranking=((0,), (1,), (2,), (3,)))])
    for mean in (mean_tau_b, mean_kendall_w):
        assert mean([with_bad, silent]) == mean([full])
        undefined = mean([silent])
        assert isinstance(undefined, Undefined)
        assert "no comparison has two rankings" in undefined.because
        assert isinstance(mean([]), Undefined)


def test_steadier_people_go_together_better():
    draw = random.Random(2)
    means = []
    for competence in (0.0, 1.0, 4.0):
        person = SimulatedAnnotator(competence=competence, tie_threshold_nats=0.0)
        qualities = [[draw.gauss(0, 1) for _response in range(5)] for _comparison in range(200)]
        comparisons = [
            judged(*(person.rank(quality, draw)[0] for _person in range(3)), responses=5, comparison=n)
            for n, quality in enumerate(qualities)
        ]
        means.append((mean_tau_b(comparisons), mean_kendall_w(comparisons)))
    (guessed, by_chance), (some, more), (steady, most) = means
    assert guessed.value == pytest.approx(0, abs=0.05)
    assert by_chance.value == pytest.approx(1 / 3, abs=0.05)
    assert guessed.high < some.low < some.high < steady.low
    assert by_chance.high < more.low < more.high < most.low


def test_a_mean_of_values_outside_their_bounds_or_of_none_is_refused():
    for values in ([], [0.5, 1.5]):
        with pytest.raises(ValueError, match="One value or more"):
            mean_interval(values, least=0, most=1)


def test_one_value_says_next_to_nothing_of_a_mean():
    interval = mean_interval([0.5], least=-1, most=1)
    assert interval.low < -0.5
    assert interval.high > 0.9
