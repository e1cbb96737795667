"""Leaderboards: policies in order of strength, with how sure each strength and each rank is, or why there is none."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from labeling.stats.bradley_terry import TiesAs, chances, fit_bradley_terry
from labeling.stats.connectivity import bounds_tie_parameter, groups_on_one_scale, groups_that_met
from labeling.stats.elo import K_FACTOR, SHUFFLES, elo_ratings
from labeling.stats.elo import ROUNDS as ELO_ROUNDS
from labeling.stats.outcomes import Outcomes, PolicyRanking, outcomes_of
from labeling.stats.plackett_luce import can_be_broken, fit_plackett_luce, stages_of
from labeling.stats.resampling import ROUNDS, percentiles, unit_weights
from labeling.stats.scale import ELO, Scale
from labeling.stats.standings import ALL_TIES, GroupFit, Leaderboard, Score, leaderboard_of
from labeling.stats.undefined import Undefined

Floats = NDArray[np.float64]

ROUNDS_AT_ONCE = 50
NO_TIE = Undefined("nobody called a tie")
UNBOUNDED = Undefined(
    "ties are so common beside two-sided wins that the tie parameter has no finite estimate; count ties as half"
)


def bradley_terry_leaderboard(
    outcomes: Outcomes,
    *,
    ties_as: TiesAs = "half",
    prior_variance: float | None = None,
    rounds: int = ROUNDS,
    seed: int = 0,
    scale: Scale = ELO,
) -> Leaderboard:
    """Policies by their Bradley–Terry strengths; see `fit_bradley_terry` for what ties are taken as.

    Args:
        prior_variance: of a Gaussian about the mean policy, in nats². It puts all policies on one scale, undefeated and
            unconnected ones too, where the prior alone then says how far apart. None, the default, invents nothing.
        rounds: how often units are weighed anew for the intervals.
    """

    def fit(among: Outcomes) -> GroupFit | Undefined:
        return _fit_group(among, ties_as, prior_variance, rounds, seed)

    method = f"Bradley–Terry, ties as {ties_as}"
    groups = groups_on_one_scale(*outcomes.tallies())
    if prior_variance is not None:
        method = f"{method}, prior variance {prior_variance:g} nats²"
        groups = [sorted(policy for group in groups for policy in group)] if groups else []
    return leaderboard_of(method, outcomes, groups, fit, scale=scale)


def plackett_luce_leaderboard(
    rankings: Sequence[PolicyRanking], *, rounds: int = ROUNDS, seed: int = 0, scale: Scale = ELO
) -> Leaderboard:
    """Policies by their Plackett–Luce strengths in whole rankings; ties are broken in every way (`stages_of`)."""
    kept = [ranking for ranking in rankings if can_be_broken(ranking)]
    outcomes = outcomes_of(kept)

    def fit(among: Outcomes) -> GroupFit | Undefined:
        if not among.tallies()[0].any():
            return ALL_TIES
        stages = stages_of(kept, among.policies)
        strengths = fit_plackett_luce(stages, np.ones(stages.units))
        anew = unit_weights(stages.units, rounds, seed)
        return GroupFit(strengths, np.array([fit_plackett_luce(stages, one, start=strengths) for one in anew]))

    board = leaderboard_of(
        "Plackett–Luce, ties broken in every way", outcomes, groups_on_one_scale(*outcomes.tallies()), fit, scale=scale
    )
    return replace(board, left_out=len(rankings) - len(kept))


def elo_leaderboard(
    outcomes: Outcomes,
    *,
    k: float = K_FACTOR,
    shuffles: int = SHUFFLES,
    rounds: int = ELO_ROUNDS,
    seed: int = 0,
    scale: Scale = ELO,
) -> Leaderboard:
    """Policies by Elo rating, the mean over shuffled orders; intervals are over orders and units at once.

    Ratings are finite for everybody, but an undefeated policy's is a matter of `k` and of how often it was judged. Only
    policies that comparisons link, whatever their outcome, share a scale.
    """

    def fit(among: Outcomes) -> GroupFit | Undefined:
        if not among.tallies()[0].any():
            return ALL_TIES
        ratings = elo_ratings(among, k=k, shuffles=shuffles, rounds=rounds, seed=seed)
        return GroupFit(ELO.nats(ratings.mean), ELO.nats(ratings.resampled))

    groups = groups_that_met(*outcomes.tallies())
    return leaderboard_of(f"Elo, k = {k:g}, mean of {shuffles} orders", outcomes, groups, fit, scale=scale)


def _fit_group(
    among: Outcomes, ties_as: TiesAs, prior_variance: float | None, rounds: int, seed: int
) -> GroupFit | Undefined:
    wins, ties = among.tallies()
    if not wins.any():
        return ALL_TIES
    has_parameter = ties_as != "half" and bool(ties.any())
    if has_parameter and prior_variance is None and not bounds_tie_parameter(wins, ties):
        return UNBOUNDED
    model: TiesAs = ties_as if has_parameter else "half"
    fitted = fit_bradley_terry(wins[None], ties[None], ties_as=model, prior_variance=prior_variance)
    strengths, drawn, tie_drawn = fitted.strengths[0], [], []
    draw = np.random.default_rng([seed, 1])
    for wins_anew, ties_anew in _tallies_anew(among, rounds, seed):
        # A prior's centre is drawn too: what nothing is known of then varies as much as the prior says.
        centre = draw.normal(0, prior_variance**0.5, wins_anew.shape[:2]) if prior_variance else None
        anew = fit_bradley_terry(
            wins_anew,
            ties_anew,
            ties_as=model,
            prior_variance=prior_variance,
            prior_mean=centre,
            start=strengths if centre is None else None,
        )
        drawn.append(anew.strengths)
        tie_drawn.append(anew.tie_parameter)
    log_tie = None if fitted.tie_parameter is None else float(fitted.tie_parameter[0])
    return GroupFit(
        strengths,
        np.concatenate(drawn),
        _tie_score(ties_as, log_tie, tie_drawn),
        lambda lead: chances(lead, log_tie, model),
    )


def _tallies_anew(among: Outcomes, rounds: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Wins and ties with units weighed anew, some rounds at once, shape (B, P, P)."""
    weights = unit_weights(among.units, rounds, seed)
    while some := [among.tallies(one) for one in islice(weights, ROUNDS_AT_ONCE)]:
        yield np.array([wins for wins, _ties in some]), np.array([ties for _wins, ties in some])


def _tie_score(ties_as: TiesAs, log_tie: float | None, drawn: Sequence[Floats | None]) -> Score | Undefined | None:
    if ties_as == "half":
        return None
    if log_tie is None:
        return NO_TIE
    rounds = np.concatenate([one for one in drawn if one is not None])
    return Score(float(np.exp(log_tie)), percentiles(np.exp(rounds)))
