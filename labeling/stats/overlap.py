"""How sure a comparison's judgments make us of what most people would answer."""

from collections.abc import Sequence
from itertools import combinations
from math import comb, factorial

from labeling.stats.agreement import opinion

Ranking = Sequence[Sequence[int]]


def probability_that_first_leads(counts: Sequence[int]) -> float:
    """Probability that the first answer is the commonest of all people, given how often each answer was given.

    How common each answer is has a uniform Dirichlet prior, so that the posterior is Dirichlet(count + 1). A Dirichlet
    is a normalised vector of Gamma variables, and the chance that one integer-shaped Gamma exceeds one or two others
    is a finite sum.

    Args:
        counts: how many people gave each of two or three answers.

    Returns: 1/2 for (0, 0), 1/3 for (0, 0, 0); for two answers the upper tail at 1/2 of Beta(a + 1, b + 1), so 3/4 for
        (1, 0) and 11/16 for (2, 1).
    Raises: ValueError for another number of answers, or a negative count.
    Source: Sheng, Provost & Ipeirotis 2008, “Get another label?”, KDD, section 5 (label uncertainty as a tail of the
        Beta posterior); the third answer by inclusion and exclusion.
    """
    if len(counts) not in (2, 3) or any(count < 0 for count in counts):
        raise ValueError(f"Counts are of two or three answers and not negative, got {tuple(counts)}.")
    shape, *others = [count + 1 for count in counts]
    beaten = sum(comb(shape - 1 + k, k) / 2 ** (shape + k) for other in others for k in range(other))
    if len(others) == 1:
        return 1.0 - beaten
    beaten_by_both = sum(
        factorial(shape - 1 + k + m) / (factorial(shape - 1) * factorial(k) * factorial(m) * 3 ** (shape + k + m))
        for k in range(others[0])
        for m in range(others[1])
    )
    return 1.0 - beaten + beaten_by_both


def confidence(rankings: Sequence[Ranking], responses: Sequence[int], *, allows_ties: bool = True) -> float:
    """How probable it is that the leading opinion is that of most people: of a pair, or the mean over pairs.

    Each two responses are one question with the answers better, worse and, if allowed, equal. A ranking that leaves
    both out says nothing about them; one that names neither and nothing else (all are bad) calls all equal; one that
    names one of the two puts it above.

    Args:
        rankings: what people said, as tie groups of response ids, best first.
        responses: what the comparison shows, two or more.
        allows_ties: whether people could call two responses equal.

    Returns: 0 without any ranking; 15/16 for a pair on which three people agree and could not tie.
    """
    shares = []
    for left, right in combinations(sorted(responses), 2):
        said = [view for ranking in rankings if (view := _view(ranking, left, right)) is not None]
        if not said:
            continue
        counts = [said.count(1), said.count(-1), *([said.count(0)] if allows_ties else [])]
        lead = max(range(len(counts)), key=counts.__getitem__)
        shares.append(probability_that_first_leads([counts[lead], *counts[:lead], *counts[lead + 1 :]]))
    return sum(shares) / len(shares) if shares else 0.0


def _view(ranking: Ranking, left: int, right: int) -> int | None:
    """1 if `left` is better, −1 if `right` is, 0 if they are equal, None if nothing was said of them."""
    if not ranking:
        return 0
    named = {response for group in ranking for response in group}
    if left in named and right in named:
        return opinion(ranking, left, right)
    if left not in named and right not in named:
        return None
    return 1 if left in named else -1
