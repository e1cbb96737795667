"""Three answers instead of two: better, worse, or tied. A model says "tied" where two rewards are close enough."""

from typing import Any

import numpy as np

from rewardmodel.core.evaluation.figures import FEWEST, TOO_FEW, share_of, undefined
from rewardmodel.core.resampling import Bools, Floats, Ints, Resampling

HALVES_SEED = 17


def three_way_figures(
    leads: Floats, prompts: Ints, tie_leads: Floats, tie_prompts: Ints, *, seed: int = 0
) -> dict[str, Any]:
    """The share of pairs, ties among them, whose answer the model gives: a tie where |lead| is below a threshold.

    No pair is judged by a threshold that it helped to fit: prompts are parted in two halves, and each half is judged by
    the threshold that is best on the other.

    Args:
        leads, prompts: of the pairs that people decided, shape (P,).
        tie_leads, tie_prompts: |difference of rewards| of the pairs they left tied, shape (T,).

    Returns: {"accuracy": figure, "never_tied": the share right of a model that never says "tied", "decided", "ties"};
        undefined below 20 ties or 20 decided pairs.
    Source: Deutsch, Foster & Freitag 2023, "Ties Matter", arXiv:2305.14324 (pairwise accuracy with tie calibration),
        cross-fitted here.
    """
    counts = {"decided": len(leads), "ties": len(tie_leads)}
    if min(counts.values()) < FEWEST:
        return {"accuracy": undefined(TOO_FEW, n=min(counts.values())), "never_tied": None, **counts}
    distance = np.concatenate([np.abs(leads), tie_leads])
    is_tie = np.concatenate([np.zeros(len(leads), dtype=bool), np.ones(len(tie_leads), dtype=bool)])
    is_right = np.concatenate([leads > 0, np.zeros(len(tie_leads), dtype=bool)])
    among = np.concatenate([prompts, tie_prompts])
    names = np.unique(among)
    in_first = np.isin(among, np.random.default_rng(HALVES_SEED).permutation(names)[: len(names) // 2])
    correct = np.zeros(len(among))
    for half in (in_first, ~in_first):
        threshold = best_threshold(distance[~half], is_tie[~half], is_right[~half])
        correct[half] = np.where(distance[half] < threshold, is_tie[half], is_right[half])
    resampling = Resampling(among, seed=seed)
    return {"accuracy": share_of(resampling, correct), "never_tied": float(is_right.mean()), **counts}


def best_threshold(distance: Floats, is_tie: Bools, is_right: Bools) -> float:
    """The threshold below which calling a pair tied makes most pairs right; 0 where it never helps.

    Args: distance: |lead|; is_tie: what people said; is_right: whether the order is theirs. All of shape (N,).
    """
    order = np.argsort(distance, kind="stable")
    gain = is_tie[order].astype(int) - is_right[order].astype(int)
    total = np.concatenate([[0], np.cumsum(gain)])
    ends = np.concatenate([[True], np.diff(distance[order]) > 0, [True]])  # equal distances fall on one side
    best = int(np.argmax(np.where(ends, total, np.iinfo(np.int64).min)))
    if best == 0:
        return 0.0
    below = distance[order][best - 1]
    return float((below + distance[order][best]) / 2) if best < len(distance) else float(np.nextafter(below, np.inf))
