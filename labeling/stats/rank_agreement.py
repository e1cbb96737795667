"""Whether rankings go together: Kendall's tau-b of two, Kendall's W of two or more.

A ranking names tie groups of responses, best first. A ranking of the best few leaves the others out: these share the
last place. Ties are corrected for in both coefficients.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import sqrt
from statistics import fmean

from labeling.stats.agreement import Ranking, opinion
from labeling.stats.estimates import Estimate
from labeling.stats.intervals import mean_interval
from labeling.stats.judged import JudgedComparison, rankings_of
from labeling.stats.undefined import Undefined


def kendall_tau_b(one: Ranking, other: Ranking, responses: int) -> float | Undefined:
    """Kendall's tau-b of two rankings of the same responses.

    Args:
        responses: how many responses there are; rankings name them 0 to K − 1.

    Returns: 1 for the same order with the same ties, −1 for the reverse. Undefined if a ranking ties all.
    Raises: ValueError for fewer than two responses, or a ranking that names others.
    Source: Kendall 1945, Biometrika 33(3).
    """
    first, second = _signs(one, responses), _signs(other, responses)
    norm = sqrt(sum(map(abs, first)) * sum(map(abs, second)))
    if not norm:
        return Undefined("a ranking that ties all responses has no order to compare")
    return sum(a * b for a, b in zip(first, second, strict=True)) / norm


def kendall_w(rankings: Sequence[Ranking], responses: int) -> float | Undefined:
    """Kendall's coefficient of concordance of two or more rankings of the same responses.

    Args:
        responses: how many responses there are; rankings name them 0 to K − 1.

    Returns: 1 when all rankings are the same, 0 when responses' sums of ranks are equal; 1/m is what m people who rank
        by chance are expected to reach. Undefined for one ranking, or when all tie everything.
    Raises: ValueError for fewer than two responses, or a ranking that names others.
    Source: Kendall & Babington Smith 1939, Ann. Math. Stat. 10(3); with ties: Siegel & Castellan 1988, chapter 9.
    """
    if len(rankings) < 2:
        return Undefined("concordance needs two rankings or more")
    ranks = [mid_ranks(ranking, responses) for ranking in rankings]
    middle = (responses + 1) / 2
    spread = sum((rank - middle) ** 2 for of in ranks for rank in of)  # each ranking's, less what its ties take away
    if not spread:
        return Undefined("every ranking ties all responses")
    between = sum((sum(of) - len(rankings) * middle) ** 2 for of in zip(*ranks, strict=True))
    return between / (len(rankings) * spread)


def mid_ranks(ranking: Ranking, responses: int) -> list[float]:
    """The rank of each response, 1 the best; responses of a tie group share the mean of the places they take.

    Returns: shape (K,); (1, 2.5, 2.5) for [[0], [1, 2]], and for [[0]] of three responses too.
    Raises: ValueError for fewer than two responses, or a ranking that names one twice or another one.
    """
    named = [response for group in ranking for response in group]
    if responses < 2 or len(set(named)) != len(named) or not set(named) <= set(range(responses)):
        raise ValueError(f"A ranking of two responses or more is wanted, not {ranking!r} of {responses}.")
    left_out = [response for response in range(responses) if response not in named]
    ranks = [0.0] * responses
    above = 0
    for group in (*ranking, left_out):
        for response in group:
            ranks[response] = above + (len(group) + 1) / 2
        above += len(group)
    return ranks


def mean_tau_b(comparisons: Iterable[JudgedComparison]) -> Estimate | Undefined:
    """Mean of tau-b over comparisons, in each over every two annotators, with Student's interval over comparisons.

    What ranks nothing, and two rankings of which one ties all, are left out.
    """
    taus: list[float] = []
    people: set[str] = set()
    for judged in comparisons:
        within = []
        for (first, one), (second, other) in combinations(rankings_of(judged), 2):
            tau = kendall_tau_b(one, other, judged.responses)
            if not isinstance(tau, Undefined):
                within.append(tau)
                people |= {first, second}
        if within:
            taus.append(fmean(within))
    return _mean(taus, len(people), least=-1.0)


def mean_kendall_w(comparisons: Iterable[JudgedComparison]) -> Estimate | Undefined:
    """Mean of Kendall's W over comparisons, with Student's interval over comparisons.

    What ranks nothing is left out. With two annotators chance gives ½ and with many it gives less: compare only means
    of equally many.
    """
    concordances: list[float] = []
    people: set[str] = set()
    for judged in comparisons:
        said = list(rankings_of(judged))
        w = kendall_w([ranking for _annotator, ranking in said], judged.responses)
        if not isinstance(w, Undefined):
            concordances.append(w)
            people |= {annotator for annotator, _ranking in said}
    return _mean(concordances, len(people), least=0.0)


def _mean(values: Sequence[float], annotators: int, *, least: float) -> Estimate | Undefined:
    if not values:
        return Undefined("no comparison has two rankings that order its responses")
    # Rounding may take a perfect value past its bound.
    bounded = [min(max(value, least), 1.0) for value in values]
    interval = mean_interval(bounded, least=least, most=1.0)
    return Estimate(
        value=fmean(bounded), low=interval.low, high=interval.high, units=len(values), annotators=annotators
    )


def _signs(ranking: Ranking, responses: int) -> list[int]:
    """1, −1 or 0 for every two responses, as the first, the second or neither stands above the other."""
    mid_ranks(ranking, responses)  # refuses what is no ranking of these
    return [opinion(ranking, left, right) or 0 for left, right in combinations(range(responses), 2)]
