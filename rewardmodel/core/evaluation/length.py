"""Whether a model prefers length: accuracy where the better response is longer, shorter, or as long; correlation."""

from typing import Any

import numpy as np

from rewardmodel.core.evaluation.figures import Figure, reason_against, share_of, undefined
from rewardmodel.core.evaluation.tallies import Tallies
from rewardmodel.core.metrics import pairwise_correct
from rewardmodel.core.resampling import Floats, Resampling, ends_of

MATCHED_RATIO = 1.1
NO_SPREAD = "rewards or lengths do not differ within a prompt"


def length_figures(tallies: Tallies, leads: Floats, resampling: Resampling, *, seed: int = 0) -> dict[str, Any]:
    """Length in people's verdicts and in the model's.

    Returns:
        people_prefer_longer, model_prefers_longer: how often each does, on the same pairs.
        longer_better, shorter_better: accuracy where people found the longer (shorter) response better; a model without
            regard to length has about the same in both.
        matched: accuracy where the longer response has at most 1.1 times the other's characters.
        correlation: of reward with length, within comparisons.
    """
    better, worse = tallies.lengths()
    correct = pairwise_correct(leads)
    longer = better > worse
    differ = better != worse
    matched = np.maximum(better, worse) <= MATCHED_RATIO * np.minimum(better, worse)
    return {
        "people_prefer_longer": share_of(resampling, longer.astype(np.float64), differ),
        "model_prefers_longer": share_of(resampling, np.where(longer, correct, 1 - correct), differ),
        "longer_better": share_of(resampling, correct, longer),
        "shorter_better": share_of(resampling, correct, better < worse),
        "matched": share_of(resampling, correct, matched),
        "correlation": length_correlation(tallies, seed=seed),
    }


def length_correlation(tallies: Tallies, *, seed: int = 0) -> Figure:
    """Pearson's correlation of reward with characters, both taken less their mean over the comparison's responses.

    Only responses to one prompt are compared, so that what a prompt asks for plays no part. Interval over prompts.

    Returns: between -1 and 1; undefined below 20 comparisons or 5 prompts, or where nothing differs.
    """
    sums = []
    for judged in tallies.judged:
        reward = np.array(judged.rewards) - np.mean(judged.rewards)
        length = np.array(judged.lengths, dtype=np.float64) - np.mean(judged.lengths)
        sums.append((reward @ length, reward @ reward, length @ length))
    prompts = np.array([judged.prompt for judged in tallies.judged], dtype=np.int64)
    found = len(np.unique(prompts))
    if reason := reason_against(len(sums), found):
        return undefined(reason, n=len(sums), prompts=found)
    moments = np.array(sums)
    value = _correlation(moments.sum(axis=0)[None])
    if not value.size:
        return undefined(NO_SPREAD, n=len(sums), prompts=found)
    drawn = _correlation(Resampling(prompts, seed=seed).totals(moments))
    low, high = ends_of(drawn, prompts=found)
    return {"value": float(value[0]), "low": low, "high": high, "n": len(sums), "prompts": found}


def _correlation(moments: Floats) -> Floats:
    spread = np.sqrt(moments[:, 1] * moments[:, 2])
    kept = spread > 0
    return moments[kept, 0] / spread[kept]
