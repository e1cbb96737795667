"""Bradley–Terry with ties: values by hand, published estimates, independent libraries, invariances."""

import math

import choix
import evalica
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from statsmodels.miscmodels.ordinal_model import OrderedModel

from labeling.stats.bradley_terry import chances, fit_bradley_terry

# Davidson 1970, JASA 65(329): six brands of chocolate pudding; i, j, wins of i, wins of j, ties.
PUDDINGS = [
    (1, 2, 19, 22, 16), (1, 3, 16, 19, 12), (2, 3, 19, 19, 10), (1, 4, 18, 23, 13), (2, 4, 23, 19, 9),
    (3, 4, 19, 20, 15), (1, 5, 13, 19, 18), (2, 5, 16, 20, 12), (3, 5, 16, 15, 17), (4, 5, 17, 14, 16),
    (1, 6, 18, 21, 12), (2, 6, 22, 20, 12), (3, 6, 13, 18, 10), (4, 6, 14, 19, 18), (5, 6, 11, 21, 12),
]  # fmt: skip
MODELS = ("half", "davidson", "rao-kupper")


def tallies(rows, size):
    wins, ties = np.zeros((2, size, size))
    for i, j, won, lost, tied in rows:
        wins[i - 1, j - 1], wins[j - 1, i - 1] = won, lost
        ties[i - 1, j - 1] = ties[j - 1, i - 1] = tied
    return wins, ties


def random_tallies(seed, size=5, games=12.0):
    draw = np.random.default_rng(seed)
    wins = draw.poisson(games, (size, size)).astype(float) * (1 - np.eye(size))
    ties = np.triu(draw.poisson(games / 2, (size, size)), 1).astype(float)
    return wins, ties + ties.T


def fit(wins, ties, ties_as="half", **options):
    found = fit_bradley_terry(wins[None], ties[None], ties_as=ties_as, **options)
    return found.strengths[0], None if found.tie_parameter is None else found.tie_parameter[0]


def log_likelihood(wins, ties, strengths, tie, ties_as):
    win, draw = chances(strengths[:, None] - strengths[None, :], tie, ties_as)
    if ties_as == "half":
        return float(((wins + ties / 2) * np.log(win)).sum())
    return float((wins * np.log(win)).sum() + (ties * np.log(draw)).sum() / 2)


def test_three_wins_to_one_are_log_three_apart():
    strengths, tie = fit(np.array([[0.0, 3.0], [1.0, 0.0]]), np.zeros((2, 2)))
    assert strengths.tolist() == pytest.approx([math.log(3) / 2, -math.log(3) / 2])
    assert tie is None


def test_two_policies_have_closed_forms_with_ties():
    wins, ties = tallies([(1, 2, 6, 2, 4)], 2)
    strengths, tie = fit(wins, ties, "davidson")
    assert strengths[0] - strengths[1] == pytest.approx(math.log(3))
    assert math.exp(tie) == pytest.approx(4 / math.sqrt(12))  # ties / √(wins · losses)
    strengths, tie = fit(wins, ties, "rao-kupper")
    # P(win) = σ(d − η) = 1/2 and P(loss) = σ(−d − η) = 1/6: d = η and d + η = log 5.
    assert strengths[0] - strengths[1] == pytest.approx(math.log(5) / 2)
    assert tie == pytest.approx(math.log(5) / 2)


def test_davidsons_puddings_have_davidsons_estimates():
    strengths, tie = fit(*tallies(PUDDINGS, 6), "davidson")
    worth = np.exp(strengths) / np.exp(strengths).sum()
    published = [0.1388005, 0.1729985, 0.1617420, 0.1653930, 0.1586805, 0.2023855]
    assert worth.tolist() == pytest.approx(published, abs=3e-5)
    assert math.exp(tie) == pytest.approx(0.7468147, abs=3e-5)


def test_rao_and_kupper_is_the_ordered_logistic_model():
    wins, ties = tallies(PUDDINGS, 6)
    outcomes, design = [], []
    for i, j, won, lost, tied in PUDDINGS:
        row = np.zeros(6)
        row[i - 1], row[j - 1] = 1, -1
        for sign in (1, -1):  # each comparison named both ways round, which makes the two thresholds symmetric
            outcomes += [2] * (won if sign > 0 else lost) + [1] * tied + [0] * (lost if sign > 0 else won)
            design += [sign * row[1:]] * (won + lost + tied)
    reference = OrderedModel(np.array(outcomes), np.array(design), distr="logit").fit(method="bfgs", disp=False)
    strengths, tie = fit(wins, ties, "rao-kupper")
    assert (strengths[1:] - strengths[0]).tolist() == pytest.approx(reference.params[:5].tolist(), abs=1e-4)
    thresholds = reference.model.transform_threshold_params(reference.params)[1:-1]
    assert thresholds.tolist() == pytest.approx([-tie, tie], abs=1e-4)


def test_ties_as_half_agree_with_two_libraries():
    wins, ties = random_tallies(1)
    data = [(i, j) for i in range(5) for j in range(5) for _ in range(int(2 * wins[i, j] + ties[i, j]))]
    peer = choix.ilsr_pairwise(5, data)
    xs, ys, winners = zip(
        *[(i, j, evalica.Winner.X) for i in range(5) for j in range(5) for _ in range(int(wins[i, j]))],
        *[(i, j, evalica.Winner.Draw) for i in range(5) for j in range(i) for _ in range(int(ties[i, j]))],
        strict=True,
    )
    other = evalica.bradley_terry(xs, ys, winners, tolerance=1e-10, limit=10_000).scores.sort_index()
    strengths, _tie = fit(wins, ties)
    assert strengths.tolist() == pytest.approx(peer.tolist(), abs=1e-5)
    assert strengths.tolist() == pytest.approx((np.log(other) - np.log(other).mean()).tolist(), abs=1e-5)


@pytest.mark.parametrize("ties_as", ["davidson", "rao-kupper"])
def test_a_general_optimiser_finds_nothing_better(ties_as):
    wins, ties = random_tallies(2)

    def loss(x):
        tie = x[4] if ties_as == "davidson" else np.exp(x[4])
        return -log_likelihood(wins, ties, np.append(x[:4], 0), tie, ties_as)

    best = optimize.minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-9}).x
    strengths, tie = fit(wins, ties, ties_as)
    assert (strengths[:4] - strengths[4]).tolist() == pytest.approx(best[:4].tolist(), abs=1e-4)
    assert tie == pytest.approx(best[4] if ties_as == "davidson" else np.exp(best[4]), abs=1e-4)


@pytest.mark.parametrize("ties_as", MODELS)
def test_the_information_is_what_finite_differences_say(ties_as):
    wins, ties = random_tallies(3, size=3)
    found = fit_bradley_terry(wins[None], ties[None], ties_as=ties_as)
    at = found.strengths[0] if ties_as == "half" else np.append(found.strengths[0], found.tie_parameter[0])

    def value(x):
        return -log_likelihood(wins, ties, x[:3], x[3] if len(x) > 3 else None, ties_as)

    step = 1e-4
    unit = np.eye(len(at)) * step
    hessian = [
        [value(at + a + b) - value(at + a - b) - value(at - a + b) + value(at - a - b) for a in unit] for b in unit
    ]
    held = np.zeros((len(at), len(at)))
    held[:3, :3] = 1  # what keeps the sum of the strengths at 0
    assert np.allclose(np.array(hessian) / (4 * step**2) + held, found.information[0], atol=1e-3)


@pytest.mark.parametrize("ties_as", MODELS)
def test_planted_strengths_are_recovered(ties_as):
    draw = np.random.default_rng(4)
    planted = np.array([1.0, 0.4, 0.0, -0.5, -0.9])
    win, tie = chances(planted[:, None] - planted[None, :], 0.4, ties_as)
    wins, ties = np.zeros((2, 5, 5))
    for i in range(5):
        for j in range(i):
            won, lost, tied = draw.multinomial(4000, [win[i, j], 1 - win[i, j] - tie[i, j], tie[i, j]])
            wins[i, j], wins[j, i], ties[i, j], ties[j, i] = won, lost, tied, tied
    strengths, found = fit(wins, ties, ties_as)
    assert strengths.tolist() == pytest.approx(planted.tolist(), abs=0.06)
    if ties_as != "half":
        assert found == pytest.approx(0.4, abs=0.06)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(MODELS), st.permutations(range(5)), st.floats(0.1, 30))
def test_relabelling_and_duplicating_change_nothing_but_the_labels(seed, ties_as, order, times):
    wins, ties = random_tallies(seed)
    strengths, tie = fit(wins, ties, ties_as)
    again, tie_again = fit(times * wins[np.ix_(order, order)], times * ties[np.ix_(order, order)], ties_as)
    assert again.tolist() == pytest.approx(strengths[list(order)].tolist(), abs=1e-6)
    assert (tie is None and tie_again is None) or tie_again == pytest.approx(tie, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(MODELS))
def test_turning_all_outcomes_round_turns_the_strengths_round(seed, ties_as):
    wins, ties = random_tallies(seed)
    assert fit(wins.T, ties, ties_as)[0].tolist() == pytest.approx((-fit(wins, ties, ties_as)[0]).tolist(), abs=1e-7)


def test_many_tallies_at_once_are_each_by_itself():
    worlds = [random_tallies(seed) for seed in range(4)]
    at_once = fit_bradley_terry(
        np.array([wins for wins, _ in worlds]), np.array([ties for _, ties in worlds]), ties_as="davidson"
    )
    for (wins, ties), strengths in zip(worlds, at_once.strengths, strict=True):
        assert strengths.tolist() == pytest.approx(fit(wins, ties, "davidson")[0].tolist(), abs=1e-8)


def test_almost_never_losing_still_settles():
    strengths, _tie = fit(np.array([[0.0, 1e9], [1.0, 0.0]]), np.zeros((2, 2)))
    assert strengths[0] - strengths[1] == pytest.approx(math.log(1e9))


def test_a_prior_pulls_towards_its_mean():
    wins = np.array([[0.0, 5.0], [0.0, 0.0]])
    strengths, _tie = fit(wins, np.zeros((2, 2)), prior_variance=4.0)
    # The gradient vanishes where 5 (1 − σ(2θ)) = θ/4.
    assert 5 / (1 + math.exp(2 * strengths[0])) == pytest.approx(strengths[0] / 4)
    moved, _tie = fit(wins * 0, np.zeros((2, 2)), prior_variance=4.0, prior_mean=np.array([[3.0, -1.0]]))
    assert moved.tolist() == pytest.approx([3, -1])


@pytest.mark.parametrize("ties_as", MODELS)
def test_chances_add_up_and_are_even_at_no_lead(ties_as):
    win, tie = chances(np.array([-2.0, 0.0, 2.0]), 0.7, ties_as)
    assert (win + tie + win[::-1]).tolist() == pytest.approx([1, 1, 1])
    assert win[0] < win[1] < win[2]


@pytest.mark.parametrize("shape", [(2, 2), (1, 2, 3)])
def test_what_is_no_set_of_tallies_is_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        fit_bradley_terry(np.zeros(shape), np.zeros(shape))
