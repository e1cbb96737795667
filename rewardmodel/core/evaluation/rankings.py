"""Three responses or more: whether the model orders them as people do, and what best-of-n would bring."""

from collections.abc import Sequence
from itertools import groupby
from math import comb
from typing import Any

import numpy as np

from rewardmodel.core.evaluation.figures import Figure, figure, mean_of, reason_against, share_of, undefined
from rewardmodel.core.evaluation.tallies import Judged, Verdict
from rewardmodel.core.resampling import Floats, Resampling

FEWEST_RESPONSES = 3
NO_RANKINGS = "no comparison has three responses or more"


def ranking_figures(judged: Sequence[Judged], *, seed: int = 0) -> dict[str, Any]:
    """Kendall's tau-b with people's orders, and best-of-n, over comparisons with K ≥ 3."""
    several = [one for one in judged if one.k >= FEWEST_RESPONSES]
    if not several:
        return {"kendall_tau_b": undefined(NO_RANKINGS), "best_of_n": None}
    return {"kendall_tau_b": rank_correlation(several, seed=seed), "best_of_n": best_of_n(several, seed=seed)}


def rank_correlation(judged: Sequence[Judged], *, seed: int = 0) -> Figure:
    """Mean over comparisons of tau-b between the rewards and each person's order, which may have ties.

    Returns: 1 for the same order everywhere, 0 by chance; an order that ties everything is passed over.
    Source: Kendall 1945, Biometrika 33 (tau-b).
    """
    values, prompts = [], []
    for one in judged:
        found = [tau for verdict in one.verdicts if (tau := tau_b(one.rewards, verdict)) is not None]
        if found:
            values.append(float(np.mean(found)))
            prompts.append(one.prompt)
    distinct = len(set(prompts))
    if reason := reason_against(len(values), distinct):
        return undefined(reason, n=len(values), prompts=distinct)
    interval = Resampling(np.array(prompts, dtype=np.int64), seed=seed).mean(np.array(values))
    return figure(interval, n=len(values), prompts=distinct)


def tau_b(rewards: Sequence[float], verdict: Verdict) -> float | None:
    """Kendall's tau-b between rewards and one person's order; None where either ties everything.

    Pairs of which the verdict says nothing (both left out of a partial ranking) count as ties, as equal places would.
    """
    total = comb(len(rewards), 2)
    concordant = sum(np.sign(rewards[better] - rewards[worse]) for better, worse in verdict.wins)
    reward_ties = sum(count * (count - 1) // 2 for count in np.unique(rewards, return_counts=True)[1])
    spread = (total - reward_ties) * len(verdict.wins)
    return float(concordant / np.sqrt(spread)) if spread else None


def best_of_n(judged: Sequence[Judged], *, seed: int = 0) -> dict[str, Any]:
    """What people think of the response with the highest reward among n drawn from a comparison.

    A response's worth is how often people put it above another response of its comparison, ties one half; 0.5 on
    average. For each n, the expectation over all n-subsets, exactly.

    Returns: {"top": share of comparisons where the highest reward is one of people's best, "regret": worth of people's
        best minus worth of the model's pick, "curve": [{"n", "picked": figure, "best": worth that people's own pick
        would have, "random": worth of a random pick}], n up to the K that at least 20 comparisons have}.
    Source: best-of-n by order statistics: Stiennon et al. 2020, arXiv:2009.01325, appendix; Gao et al. 2023,
        arXiv:2210.10760, eq. 4.
    """
    worths = [worth(one) for one in judged]
    prompts = np.array([one.prompt for one in judged], dtype=np.int64)
    resampling = Resampling(prompts, seed=seed)
    top = np.array([_top_share(one.rewards, values) for one, values in zip(judged, worths, strict=True)])
    listed = [values.tolist() for values in worths]
    picked = np.array([expected_pick(one.rewards, values, one.k) for one, values in zip(judged, listed, strict=True)])
    best = np.array([max(values) for values in listed])
    curve = []
    for n in range(1, max(one.k for one in judged) + 1):
        enough = np.array([one.k >= n for one in judged])
        if enough.sum() < FEWEST_RESPONSES or reason_against(int(enough.sum()), resampling.prompts_among(enough)):
            break
        at_n = np.array(
            [
                (expected_pick(one.rewards, values, n), expected_pick(values, values, n), sum(values) / one.k)
                if one.k >= n
                else (0.0, 0.0, 0.0)
                for one, values in zip(judged, listed, strict=True)
            ]
        )
        curve.append(
            {
                "n": n,
                "picked": mean_of(resampling, at_n[:, 0], enough),
                "best": float(at_n[enough, 1].mean()),
                "random": float(at_n[enough, 2].mean()),
            }
        )
    return {"top": share_of(resampling, top), "regret": mean_of(resampling, best - picked), "curve": curve}


def worth(judged: Judged) -> Floats:
    """How often each response was put above another one of its comparison, ties one half; shape (K,), mean 0.5.

    What a verdict says nothing about counts as a tie.
    """
    k = judged.k
    wins = np.full((k, k), 0.5 * len(judged.verdicts))
    for verdict in judged.verdicts:
        for better, worse in verdict.wins:
            wins[better, worse] += 0.5
            wins[worse, better] -= 0.5
    np.fill_diagonal(wins, 0.0)
    return np.asarray(wins.sum(axis=1) / ((k - 1) * len(judged.verdicts)))


def expected_pick(rewards: Sequence[float], values: Sequence[float], n: int) -> float:
    """The expected value of the response with the highest reward among n drawn without replacement from K.

    Equal rewards share the pick. n = 1 gives the mean of the values, n = K the value of the highest reward.
    """
    k = len(values)
    expected, above = 0.0, 0
    order = sorted(range(k), key=lambda index: -rewards[index])
    for _reward, level in groupby(order, key=lambda index: rewards[index]):
        inside = [values[index] for index in level]
        highest_is_here = comb(k - above, n) - comb(k - above - len(inside), n)
        expected += sum(inside) / len(inside) * highest_is_here
        above += len(inside)
    return expected / comb(k, n)


def _top_share(rewards: Sequence[float], values: Floats) -> float:
    """How much of the highest reward falls on people's best: 1, 0, or a part where rewards are equal."""
    highest = np.asarray(rewards) == max(rewards)
    return float(np.isclose(values[highest], values.max()).mean())
