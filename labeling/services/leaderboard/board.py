"""A leaderboard as JSON: every figure with its interval, or with the reason why there is none."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labeling.services.leaderboard.request import LeaderboardRequest
from labeling.services.leaderboard.verdicts import Verdicts
from labeling.stats.intervals import Interval, Share
from labeling.stats.leaderboard import bradley_terry_leaderboard, elo_leaderboard, plackett_luce_leaderboard
from labeling.stats.majority_cycles import MajorityCycles, majority_cycles
from labeling.stats.outcomes import Outcomes, outcomes_of
from labeling.stats.standings import Leaderboard, Rank, Score
from labeling.stats.style import style_differences
from labeling.stats.style_control import StyleControl, style_controlled_leaderboard
from labeling.stats.text_features import TextFeatures
from labeling.stats.transitivity import Consistency, PairVerdict, consistency_of_annotators
from labeling.stats.undefined import Undefined
from labeling.stats.win_rates import WinRate, win_rates

Features = Sequence[Sequence[TextFeatures | None]]
CYCLES_KEPT = 20
NEVER_MET = Undefined("the two were never compared with each other")


def compute_board(verdicts: Verdicts, request: LeaderboardRequest, features: Features | None = None) -> dict[str, Any]:
    """Rank the policies of these verdicts.

    Args:
        features: how the texts look, for a board at equal style; see `features_of`.

    Returns: what the API documents as a leaderboard, less who asked for it and when.
    """
    outcomes = outcomes_of(verdicts.rankings, weight=request.weight)  # type: ignore[arg-type]  # one of CHOICES
    board = _leaderboard(verdicts, outcomes, request.method)
    rates = {rate.policy: rate for rate in win_rates(outcomes)}
    styled = None
    if features is not None:
        styled = style_controlled_leaderboard(outcomes, style_differences(outcomes, features))
    return {
        "counts": {
            "judgments": len(verdicts.rankings),
            "annotators": len(set(verdicts.annotators)),
            "prompts": outcomes.units,
            "pairs": len(outcomes.score),
            "ties": int((outcomes.score == 0.5).sum()),
            "largest": max((len(ranking.policies) for ranking in verdicts.rankings), default=0),
        },
        "left_out": {reason: count for reason, count in sorted(verdicts.left_out.items()) if count},
        "not_ranked": board.left_out,
        "words": {name: sorted(words) for name, words in verdicts.words.items()},
        "groups": [[line.policy for line in group.standings] for group in board.groups],
        "tie_parameters": [group.tie_parameter and _figure(group.tie_parameter) for group in board.groups],
        "standings": _standings(board, outcomes, rates, styled),
        "pairs": _pairs(board, rates),
        "style": _style(styled),
        "cycles": _cycles(majority_cycles(outcomes)),
        "annotators": _annotators(verdicts, outcomes),
    }


def _leaderboard(verdicts: Verdicts, outcomes: Outcomes, method: str) -> Leaderboard:
    if method == "plackett-luce":
        return plackett_luce_leaderboard(verdicts.rankings)
    if method == "elo":
        return elo_leaderboard(outcomes)
    return bradley_terry_leaderboard(outcomes, ties_as=method)  # type: ignore[arg-type]  # one of CHOICES


def _standings(
    board: Leaderboard, outcomes: Outcomes, rates: Mapping[str, WinRate], styled: StyleControl | None
) -> list[dict[str, Any]]:
    lines = {line.policy: line for line in styled.leaderboard.standings} if styled else {}
    pairs = _pair_counts(outcomes)
    return [
        {
            "policy": line.policy,
            "group": number,
            "prompts": line.units,
            "pairs": pairs[line.policy],
            "rank": _rank(line.rank),
            "score": _figure(line.score),
            "win_rate": _figure(rates[line.policy].overall),
            "average_win_rate": _figure(rates[line.policy].average),
            "equal_style": (
                {"rank": _rank(lines[line.policy].rank), "score": _figure(lines[line.policy].score)}
                if line.policy in lines
                else None
            ),
        }
        for number, group in enumerate(board.groups)
        for line in group.standings
    ]


def _pair_counts(outcomes: Outcomes) -> dict[str, int]:
    """In how many pairs each policy stands."""
    sides = np.concatenate([outcomes.first, outcomes.second])
    counts = np.bincount(sides, minlength=len(outcomes.policies))
    return dict(zip(outcomes.policies, counts.tolist(), strict=True))


def _pairs(board: Leaderboard, rates: Mapping[str, WinRate]) -> list[dict[str, Any]]:
    """How each policy did against each other, best policies first, and what the model expects.

    Two that never met have no value, and two on different scales no chance; those of neither are left out.
    """
    order = [line.policy for line in board.standings]
    found = []
    for policy in order:
        for other in order:
            share, chance = rates[policy].against.get(other), board.chance(policy, other)
            if share is None and isinstance(chance, Undefined):
                continue
            found.append(
                {
                    "policy": policy,
                    "against": other,
                    "prompts": share.n if share else 0,
                    **_figure(share or NEVER_MET),
                    "chance": None if isinstance(chance, Undefined) else {"win": chance.win, "tie": chance.tie},
                }
            )
    return found


def _style(styled: StyleControl | None) -> dict[str, Any] | None:
    if styled is None:
        return None
    effects = [
        {"covariate": effect.covariate, "typical": effect.typical, **_figure(effect.coefficient)}
        for effect in styled.effects
    ]
    return {"effects": effects, "left_out": styled.left_out}


def _cycles(found: MajorityCycles) -> dict[str, Any]:
    return {
        "triads": found.triads,
        "circular": found.circular,
        "by_noise": _interval(found.by_noise),
        "tangles": [list(tangle) for tangle in found.tangles],
        "cycles": [
            {"policies": list(cycle.policies), "weakest": cycle.weakest, "support": cycle.support}
            for cycle in found.cycles[:CYCLES_KEPT]
        ],
    }


def _annotators(verdicts: Verdicts, outcomes: Outcomes) -> list[dict[str, Any]]:
    """Whose own choices between two responses of a prompt went in circles, the most circles first.

    Rankings of three and more are left out: they cannot.
    """
    said = []
    rows = zip(outcomes.judgment, outcomes.first_at, outcomes.second_at, outcomes.score, strict=True)
    for judgment, first, second, score in rows:
        shown = verdicts.responses[judgment]
        if len(shown) == 2:
            unit = verdicts.rankings[judgment].unit
            said.append(PairVerdict(verdicts.annotators[judgment], unit, shown[first], shown[second], float(score)))
    consistency = consistency_of_annotators(said)
    told = [(name, found) for name, found in consistency.items() if found.triads]
    return [_consistency(name, found) for name, found in sorted(told, key=lambda one: (-one[1].circular, one[0]))]


def _consistency(annotator: str, found: Consistency) -> dict[str, Any]:
    return {
        "annotator": annotator,
        "triads": found.triads,
        "circular": found.circular,
        **_figure(found.share),
    }


def _rank(rank: Rank | Undefined) -> dict[str, Any]:
    if isinstance(rank, Undefined):
        return {"value": None, "low": None, "high": None, "undefined": rank.because}
    return {"value": rank.value, "low": rank.low, "high": rank.high, "undefined": None}


def _interval(interval: Interval | Undefined) -> dict[str, Any]:
    if isinstance(interval, Undefined):
        return {"low": None, "high": None, "undefined": interval.because}
    return {"low": interval.low, "high": interval.high, "undefined": None}


def _figure(figure: Score | Share | Undefined) -> dict[str, Any]:
    """A value with its interval; `undefined` says why there is no value, or no interval."""
    if isinstance(figure, Undefined):
        return {"value": None, "low": None, "high": None, "undefined": figure.because}
    if isinstance(figure, Share):
        return {"value": figure.share, "low": figure.low, "high": figure.high, "undefined": None}
    return {"value": figure.value, **_interval(figure.interval)}
