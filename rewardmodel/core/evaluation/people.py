"""People on the same pairs: how often two agree, and whether the model would be a better annotator than one of them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardmodel.core.evaluation.figures import FEWEST, Figure, figure, mean_of, reason_against, share_of, undefined
from rewardmodel.core.evaluation.tallies import Judged
from rewardmodel.core.resampling import Interval, Resampling

FEWEST_OTHERS = 2
NOBODY_DOUBLED = "no two people judged the same two responses"
NOBODY_TREBLED = "nowhere did three people judge the same two responses"


def agreement_figure(judged: Sequence[Judged], *, seed: int = 0) -> Figure:
    """How often two people agree on which of two responses is better, where both have a preference; 95 % over prompts.

    Every two judgments of one pair of responses count once. It is what a model can be expected to reach on one
    person's judgments only where people who disagree are merely noisy.
    """
    agreeing, possible, prompts = [], [], []
    for one in judged:
        votes = Counter(win for verdict in one.verdicts for win in verdict.wins)
        agree = total = 0
        for left, right in {(min(pair), max(pair)) for pair in votes}:
            forward, backward = votes[left, right], votes[right, left]
            agree += forward * (forward - 1) // 2 + backward * (backward - 1) // 2
            total += (forward + backward) * (forward + backward - 1) // 2
        if total:
            agreeing.append(agree)
            possible.append(total)
            prompts.append(one.prompt)
    n = sum(possible)
    if not n:
        return undefined(NOBODY_DOUBLED)
    value = sum(agreeing) / n
    distinct = len(set(prompts))
    if reason_against(n, distinct):
        return {"value": value, "low": None, "high": None, "n": n, "prompts": distinct}
    resampling = Resampling(np.array(prompts, dtype=np.int64), seed=seed)
    drawn = resampling.ratio(np.array(agreeing, dtype=np.float64), np.array(possible, dtype=np.float64))
    return figure(Interval(value, drawn.low, drawn.high), n=n, prompts=distinct)


@dataclass(frozen=True)
class LeftOut:
    """One person's preference between two responses, and whether person and model say what most of the others say."""

    annotator: str
    prompt: int
    person: float
    model: float


def beside_one_person(judged: Sequence[Judged], *, seed: int = 0) -> dict[str, Any]:
    """Leave one person out, take what most of the others prefer as right, and ask both the person and the model.

    Where at least two others have a preference and most of them the same one. A person who judged 20 such pairs or more
    counts as one of `people`; names that only tell the verdicts of a row apart do not.

    Returns: {"person", "model": shares right, "difference": model minus person, paired, "people", "people_beaten": how
        many of them the model beats on their own pairs, "median_person": their median share}.
    Source: leave-one-out against the others, by pairs and with intervals here: Calderon, Reichart & Dror 2025, "The
        Alternative Annotator Test", arXiv:2501.10970.
    """
    cases = [case for one in judged for case in _left_out(one)]
    if not cases:
        nobody = undefined(NOBODY_TREBLED)
        return {"person": nobody, "model": nobody, "difference": nobody, "people": 0, "people_beaten": 0}
    resampling = Resampling(np.array([case.prompt for case in cases], dtype=np.int64), seed=seed)
    person = np.array([case.person for case in cases])
    model = np.array([case.model for case in cases])
    by_person: dict[str, list[LeftOut]] = defaultdict(list)
    for case in cases:
        if not is_nameless(case.annotator):
            by_person[case.annotator].append(case)
    known = [own for own in by_person.values() if len(own) >= FEWEST]
    rates = [(np.mean([case.person for case in own]), np.mean([case.model for case in own])) for own in known]
    return {
        "person": share_of(resampling, person),
        "model": share_of(resampling, model),
        "difference": mean_of(resampling, model - person),
        "people": len(known),
        "people_beaten": sum(bool(model_rate > person_rate) for person_rate, model_rate in rates),
        "median_person": float(np.median([rate for rate, _ in rates])) if rates else None,
    }


def is_nameless(annotator: str) -> bool:
    """Whether a name only tells verdicts of one row apart: "imported", "imported 2", "gold"."""
    return annotator == "gold" or annotator.partition(" ")[0] == "imported"


def _left_out(one: Judged) -> list[LeftOut]:
    votes = Counter(win for verdict in one.verdicts for win in verdict.wins)
    cases = []
    for verdict in one.verdicts:
        for better, worse in verdict.wins:
            with_it, against = votes[better, worse] - 1, votes[worse, better]
            if with_it + against < FEWEST_OTHERS or with_it == against:
                continue
            others_agree = with_it > against
            lead = one.rewards[better] - one.rewards[worse]
            model = 0.5 if lead == 0 else float((lead > 0) == others_agree)
            cases.append(LeftOut(verdict.annotator, one.prompt, float(others_agree), model))
    return cases
