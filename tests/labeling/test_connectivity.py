"""When strengths exist at all, against a linear programme and the fits themselves."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize

from labeling.stats.bradley_terry import fit_bradley_terry
from labeling.stats.connectivity import (
    bounds_tie_parameter,
    groups_on_one_scale,
    groups_that_met,
    why_alone,
    why_apart,
)


def counts(size, *pairs):
    """A matrix with 1 at these places."""
    matrix = np.zeros((size, size))
    for one, other in pairs:
        matrix[one, other] = 1
    return matrix


NONE = np.zeros((3, 3))


def test_a_circle_of_wins_is_one_scale_and_a_chain_is_none():
    assert groups_on_one_scale(counts(3, (0, 1), (1, 2), (2, 0)), NONE) == [[0, 1, 2]]
    assert groups_on_one_scale(counts(3, (2, 1), (1, 0)), NONE) == [[2], [1], [0]]


def test_a_tie_links_both_ways():
    assert groups_on_one_scale(counts(3, (1, 2)), counts(3, (0, 1), (1, 0))) == [[0, 1], [2]]


def test_who_only_won_comes_first_and_who_met_nobody_is_alone():
    assert groups_on_one_scale(counts(3, (2, 0), (0, 2)), NONE) == [[0, 2], [1]]
    assert groups_that_met(counts(3, (2, 1), (1, 0)), NONE) == [[0, 1, 2]]
    assert groups_that_met(counts(3, (2, 0)), NONE) == [[0, 2], [1]]


@pytest.mark.parametrize(
    ("wins", "words"),
    [
        (NONE, "never compared"),
        (counts(3, (0, 1)), "won every"),
        (counts(3, (1, 0)), "lost every"),
        (counts(3, (1, 0), (0, 2)), "only ever won against some"),
    ],
)
def test_somebody_alone_is_told_why(wins, words):
    assert words in why_alone(0, wins, NONE).because


def test_groups_are_named_and_one_group_is_no_trouble():
    assert "a, b; c" in why_apart([["a", "b"], ["c"]]).because
    assert why_apart([["a", "b"]]) is None
    assert why_apart([]) is None


def test_wins_both_ways_bound_the_tie_parameter_and_wins_one_way_with_ties_do_not():
    tie = counts(2, (0, 1), (1, 0))
    assert bounds_tie_parameter(counts(2, (0, 1), (1, 0)), tie)
    assert not bounds_tie_parameter(counts(2, (0, 1)), tie)


def can_run_away(wins, ties):
    """Whether strengths and a tie parameter can grow for ever without the likelihood falling: a linear programme."""
    size = len(wins)
    rows, bounds = [], []
    for i in range(size):
        for j in range(size):
            lead = np.zeros(size + 1)
            lead[i], lead[j] = 1, -1
            if wins[i, j]:
                rows.append(np.append(-lead[:size], 1))
                bounds.append(0)
            if ties[i, j]:
                rows.append(np.append(lead[:size], -1))
                bounds.append(0)
    box = [(-100, 100)] * size + [(0, 1)]
    best = optimize.linprog(-np.eye(size + 1)[size], A_ub=np.array(rows), b_ub=bounds, bounds=box)
    return best.x[size] > 0.5


def pictures(size):
    return st.lists(st.booleans(), min_size=size * size, max_size=size * size).map(
        lambda flags: np.array(flags, dtype=float).reshape(size, size) * (1 - np.eye(size))
    )


@settings(max_examples=60, deadline=None)
@given(pictures(4), pictures(4))
def test_a_circle_with_more_wins_than_ties_is_what_a_finite_tie_parameter_takes(wins, ties):
    ties = np.maximum(ties, ties.T)
    assume(ties.any())
    assume(wins.any())
    assert bounds_tie_parameter(wins, ties) != can_run_away(wins, ties)


@settings(max_examples=25, deadline=None)
@given(pictures(4), pictures(4))
def test_where_the_guards_let_pass_every_model_settles(wins, ties):
    ties = np.maximum(ties, ties.T)
    assume(len(groups_on_one_scale(wins, ties)) == 1)
    assert np.isfinite(fit_bradley_terry(wins[None], ties[None]).strengths).all()
    if ties.any() and wins.any() and bounds_tie_parameter(wins, ties):
        for model in ("davidson", "rao-kupper"):
            fit = fit_bradley_terry(wins[None], ties[None], ties_as=model)
            assert np.abs(fit.strengths).max() < 50
            assert fit.strengths.sum() == pytest.approx(0, abs=1e-6)


def test_an_undefeated_policy_has_no_fit_which_is_why_there_are_guards():
    with pytest.raises((ArithmeticError, np.linalg.LinAlgError)):
        fit_bradley_terry(counts(2, (0, 1))[None], np.zeros((1, 2, 2)))
