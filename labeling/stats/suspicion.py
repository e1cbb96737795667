"""What speaks against a judgment: contradiction, a pace nobody reads at, one place again and again."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from labeling.stats.agreement import Ranking, opinion

WIDE = re.compile("[\u2e80-\ud7a3\uf900-\ufaff]")  # Hangul, kana, Chinese characters
LOW_CONCORDANCE = 0.6
# Silent reading of English is about 24 characters a second (Brysbaert 2019, doi:10.1016/j.jml.2019.104047: 238 words a
# minute); four times as fast is no reading.
MOST_CHARACTERS_PER_SECOND = 100.0
# An expected false alarm for every hundred thousand judgments; for pairs it takes 18 in a row.
LEAST_CHANCE_OF_RUN = 1e-5


@dataclass(frozen=True, slots=True)
class Concordance:
    """How a group of rankings of the same responses go together.

    Attributes:
        share: mean over (two people, two responses): 1 in the same order, 0 in opposite orders, ½ where one of them
            says tie and the other does not.
        contradictions: how many of those are in opposite orders.
    """

    share: float
    contradictions: int

    @property
    def is_low(self) -> bool:
        """Whether somebody should look: people contradict each other outright, and not one against many."""
        return self.contradictions > 0 and self.share < LOW_CONCORDANCE


def concordance_of(rankings: Sequence[Ranking]) -> Concordance | None:
    """How rankings of the same responses go together; None when no two of them can be compared.

    Two opposite verdicts on a pair: 0; two against one: ⅓; three against two: 0.4; four against one: 0.6.
    """
    total = contradictions = 0
    score = 0.0
    for one, other in combinations(rankings, 2):
        for left, right in combinations(_responses(rankings), 2):
            first, second = opinion(one, left, right), opinion(other, left, right)
            if first is None or second is None:
                continue
            total += 1
            contradictions += first * second == -1
            score += 1 - abs(first - second) / 2
    return Concordance(score / total, contradictions) if total else None


def contradicts(ranking: Ranking, expected: Ranking) -> bool:
    """Whether a ranking puts any two responses in the opposite order; a tie contradicts nothing."""
    return any(
        (opinion(ranking, left, right) or 0) * (opinion(expected, left, right) or 0) == -1
        for left, right in combinations(_responses([ranking, expected]), 2)
    )


def reading_weight(text: str) -> int:
    """The characters of a text; a Hangul syllable, kana or a Chinese character counts as two, for it says as much."""
    return len(text) + len(WIDE.findall(text))


def characters_per_second(weight: int, dwell_ms: int | None) -> float | None:
    """The pace at which everything shown would have been read; None without a time, infinite for none at all."""
    if dwell_ms is None:
        return None
    return weight / (dwell_ms / 1000) if dwell_ms else math.inf


def chance_of_run(responses_shown: Iterable[int]) -> float:
    """The chance that a run of judgments all put the response at the same place first, although places are drawn.

    Responses are shown in an order drawn anew for each judgment, so that whatever somebody likes stands at each of K
    places with probability 1/K: the first of the run is free, each further one is 1/K.

    Args:
        responses_shown: K of each judgment of the run; two pairs give ½, none gives 1.
    """
    return math.prod(1 / k for k in list(responses_shown)[1:])


def _responses(rankings: Sequence[Ranking]) -> list[int]:
    return sorted({response for ranking in rankings for group in ranking for response in group})
