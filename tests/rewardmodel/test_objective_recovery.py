"""Planted rewards and tie parameters are found again, and are what independent implementations find.

Judgments are drawn from known rewards; rewards are then free parameters. Tolerances against the truth are about four
standard errors of 20,000 judgments; against another implementation on the same judgments they are its stopping rule.
"""

import itertools
from collections import Counter
from collections.abc import Callable

import choix
import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.optimize import minimize

from preferences.ratings import Rating
from rewardmodel.core.config.objective import ObjectiveSettings
from rewardmodel.core.data.training_set import TokenizedComparison
from rewardmodel.core.training.objective import Objective
from tests.rewardmodel.judged import comparison, fit, order, pair, tie

TRUTH = np.array([1.1, 0.4, 0.0, -0.3, -1.2])
JUDGMENTS = 20_000
Floats = NDArray[np.float64]


def endings(
    probabilities: Callable[[float], tuple[float, float, float]], seed: int = 0
) -> list[tuple[int, int, Floats]]:
    """For each two responses: how often the one won, the other won, neither did."""
    draw = np.random.default_rng(seed)
    pairs = list(itertools.combinations(range(len(TRUTH)), 2))
    return [
        (one, other, draw.multinomial(JUDGMENTS // len(pairs), probabilities(TRUTH[one] - TRUTH[other])).astype(float))
        for one, other in pairs
    ]


def as_comparison(counts: list[tuple[int, int, Floats]]) -> TokenizedComparison:
    pairs = []
    for one, other, (wins, losses, ties) in counts:
        pairs += [pair(one, other, weight=wins), pair(other, one, weight=losses), tie(one, other, weight=ties)]
    return comparison(len(TRUTH), pairs=[each for each in pairs if each.weight])


def objective(loss: str, said: TokenizedComparison) -> Objective:
    return Objective(ObjectiveSettings.from_dict({"loss": loss}), [said])


def davidson(nu: float) -> Callable[[float], tuple[float, float, float]]:
    def probabilities(lead: float) -> tuple[float, float, float]:
        first, second = np.exp(lead), 1.0
        total = first + second + nu * np.sqrt(first * second)
        return first / total, second / total, nu * np.sqrt(first * second) / total

    return probabilities


def rao_kupper(theta: float) -> Callable[[float], tuple[float, float, float]]:
    def probabilities(lead: float) -> tuple[float, float, float]:
        strength = np.exp(lead)
        first, second = strength / (strength + theta), 1 / (1 + theta * strength)
        return first, second, 1 - first - second

    return probabilities


def test_bradley_terry_finds_the_planted_rewards_and_those_of_logistic_regression() -> None:
    counts = endings(lambda lead: (1 / (1 + np.exp(-lead)), 1 / (1 + np.exp(lead)), 0.0))
    said = as_comparison(counts)
    found = fit(objective("bradley-terry", said), said).numpy()

    signs = np.zeros((len(counts), len(TRUTH)))
    for row, (one, other, _) in zip(signs, counts, strict=True):
        row[one], row[other] = 1, -1
    verdicts = np.array([each[:2] for _, _, each in counts])
    glm = sm.GLM(verdicts, signs[:, 1:], family=sm.families.Binomial()).fit(tol=1e-12)  # the first reward is 0
    rewards = np.concatenate(([0.0], glm.params))
    assert found == pytest.approx(rewards - rewards.mean(), abs=1e-4)
    assert found == pytest.approx(TRUTH - TRUTH.mean(), abs=0.08)


@pytest.mark.parametrize("nu", [0.25, 1.5])
def test_davidson_finds_the_planted_rewards_and_nu_and_those_of_a_log_linear_model(nu: float) -> None:
    """Davidson's model is Poisson regression on counts, with a free level for each two responses (Fienberg 1979)."""
    counts = endings(davidson(nu))
    said = as_comparison(counts)
    learned = objective("davidson", said)
    found = fit(learned, said).numpy()

    rows, observed = [], []
    for number, (one, other, each) in enumerate(counts):
        for half, is_tie, count in ((0.5, 0, each[0]), (-0.5, 0, each[1]), (0.0, 1, each[2])):
            row = np.zeros(len(TRUTH) + 1 + len(counts))
            row[one], row[other], row[len(TRUTH)], row[len(TRUTH) + 1 + number] = half, -half, is_tie, 1
            rows.append(row[1:])  # the first reward is 0
            observed.append(count)
    glm = sm.GLM(observed, np.array(rows), family=sm.families.Poisson()).fit(tol=1e-12)
    rewards = np.concatenate(([0.0], glm.params[: len(TRUTH) - 1]))
    assert found == pytest.approx(rewards - rewards.mean(), abs=1e-4)
    assert learned.tie_parameter() == pytest.approx(np.exp(glm.params[len(TRUTH) - 1]), rel=1e-4)
    assert found == pytest.approx(TRUTH - TRUTH.mean(), abs=0.1)
    assert learned.tie_parameter() == pytest.approx(nu, rel=0.1)


@pytest.mark.parametrize("theta", [1.2, 3.0])
def test_rao_kupper_finds_the_planted_rewards_and_theta_and_those_of_scipy(theta: float) -> None:
    counts = endings(rao_kupper(theta))
    said = as_comparison(counts)
    learned = objective("rao-kupper", said)
    found = fit(learned, said).numpy()

    def surprise(parameters: Floats) -> float:
        model = rao_kupper(np.exp(parameters[-1]))
        return (
            -sum(each @ np.log(model(parameters[one] - parameters[other])) for one, other, each in counts) / JUDGMENTS
        )

    start = np.array([0.0] * len(TRUTH) + [0.5])
    best = minimize(surprise, start, method="L-BFGS-B", bounds=[(-5, 5)] * 5 + [(1e-3, 5)], options={"ftol": 1e-15})
    assert found == pytest.approx(best.x[:5] - best.x[:5].mean(), abs=1e-3)
    assert learned.tie_parameter() == pytest.approx(np.exp(best.x[5]), rel=1e-3)
    assert found == pytest.approx(TRUTH - TRUTH.mean(), abs=0.1)
    assert learned.tie_parameter() == pytest.approx(theta, rel=0.05)


def rankings(count: int, seed: int = 0) -> list[tuple[int, ...]]:
    """Drawn by adding Gumbel noise to the rewards and sorting, which is Plackett and Luce's model."""
    noisy = TRUTH + np.random.default_rng(seed).gumbel(size=(count, len(TRUTH)))
    return [tuple(int(index) for index in row) for row in np.argsort(-noisy, axis=1)]


def ranked(drawn: list[tuple[int, ...]], *, named: int = len(TRUTH)) -> TokenizedComparison:
    """Their first responses in order, the others below."""
    counts = Counter((each[:named], tuple(sorted(each[named:]))) for each in drawn)
    return comparison(
        len(TRUTH),
        orders=[order(*((i,) for i in first), below=below, weight=n) for (first, below), n in counts.items()],
    )


def test_plackett_luce_finds_the_planted_rewards() -> None:
    said = ranked(rankings(JUDGMENTS))
    assert fit(objective("plackett-luce", said), said).numpy() == pytest.approx(TRUTH - TRUTH.mean(), abs=0.05)


def test_rankings_of_the_best_two_find_the_planted_rewards() -> None:
    said = ranked(rankings(JUDGMENTS), named=2)
    assert fit(objective("plackett-luce", said), said).numpy() == pytest.approx(TRUTH - TRUTH.mean(), abs=0.08)


def test_plackett_luce_finds_the_rewards_that_choix_finds() -> None:
    drawn = rankings(50)
    said = ranked(drawn)
    expected = choix.opt_rankings(len(TRUTH), drawn, alpha=0, method="BFGS", tol=1e-8)
    assert fit(objective("plackett-luce", said), said).numpy() == pytest.approx(expected, abs=1e-4)


def test_rankings_of_the_best_two_find_the_rewards_that_choix_finds_in_their_choices() -> None:
    drawn = rankings(200, seed=1)
    said = ranked(drawn, named=2)
    choices = [choice for each in drawn for choice in ((each[0], each[1:]), (each[1], each[2:]))]
    expected = choix.opt_top1(len(TRUTH), choices, alpha=0, tol=1e-10)
    assert fit(objective("plackett-luce", said), said).numpy() == pytest.approx(expected, abs=1e-4)


def test_regression_finds_the_mean_rating_of_each_response() -> None:
    draw = np.random.default_rng(0)
    values = np.clip(np.round(2.5 + TRUTH + draw.normal(size=(400, len(TRUTH)))), 0, 5)
    said = comparison(
        len(TRUTH), ratings=[Rating(text, "quality", value, 1.0) for row in values for text, value in enumerate(row)]
    )
    found = fit(objective("regression", said), said).numpy()
    expected = values.mean(axis=0) / values.std()
    assert found == pytest.approx(expected - expected.mean(), abs=1e-4)
    assert np.corrcoef(found, TRUTH)[0, 1] > 0.99


def test_leaving_ties_to_bradley_terry_as_half_wins_flattens_rewards_that_davidson_finds() -> None:
    said = as_comparison(endings(davidson(1.5)))
    flat, whole = (fit(objective(loss, said), said).numpy().std() for loss in ("bradley-terry", "davidson"))
    assert whole == pytest.approx(TRUTH.std(), rel=0.05)
    assert flat < 0.8 * whole
