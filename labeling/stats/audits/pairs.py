"""Judgments taken apart into pairs of responses, as arrays that models are fitted to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from labeling.stats.audits.clusters import Units, clustered_share, coefficient, units_of
from labeling.stats.audits.effects import Effect
from labeling.stats.audits.models import Floats, fit_logistic
from labeling.stats.audits.rows import AuditRow, Seen
from labeling.stats.text_features import TextFeatures
from labeling.stats.undefined import Undefined


@dataclass(frozen=True)
class Pairs:
    """P pairs of which one response won; `first` was shown earlier where the order is known.

    Attributes:
        first, second: the two responses, P each.
        first_wins: 1 or 0, shape (P,).
        weight: what each counts, shape (P,): all of a judgment's pairs sum to 1, however many responses it ranked.
        order_is_known: shape (P,).
        ties: pairs that were called equal; they are left out.
    """

    first: tuple[Seen, ...]
    second: tuple[Seen, ...]
    first_wins: Floats
    weight: Floats
    order_is_known: NDArray[np.bool_]
    units: Units
    ties: int

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, which: NDArray[np.bool_]) -> "Pairs":
        """Some of the pairs."""
        return Pairs(
            first=tuple(one for one, kept in zip(self.first, which, strict=True) if kept),
            second=tuple(one for one, kept in zip(self.second, which, strict=True) if kept),
            first_wins=self.first_wins[which],
            weight=self.weight[which],
            order_is_known=self.order_is_known[which],
            units=self.units[which],
            ties=self.ties,
        )

    def difference(self, measure: Callable[[TextFeatures], float]) -> Floats:
        """A measure of the first response's text less that of the second, shape (P,); NaN where a text is unknown."""
        values = [
            measure(one.features) - measure(other.features) if one.features and other.features else np.nan
            for one, other in zip(self.first, self.second, strict=True)
        ]
        return np.array(values, dtype=np.float64)

    def share_won_by_more(self, difference: Floats, what: str) -> Effect | Undefined:
        """Of pairs that differ in something, the share that the response with more of it won; without bias ½."""
        unequal = difference != 0
        if not unequal.any():
            return Undefined(f"no pair of known texts of which one won differs in {what}")
        won = np.where(difference > 0, self.first_wins, 1 - self.first_wins)[unequal]
        return clustered_share(won, self.weight[unequal], self.units[unequal], null=0.5)

    def slope(self, *columns: Floats) -> Effect | Undefined:
        """What one more of the first column (a difference, first minus second) adds to the log-odds of winning, beside
        the other columns."""
        if not len(self):
            return Undefined("there is no pair of known texts and order of which one won")
        fit = fit_logistic(np.stack(columns, axis=1), self.first_wins, self.weight)
        return coefficient(fit, 0, self.units)


def pairs_of(rows: Sequence[AuditRow]) -> Pairs:
    """All pairs of all judgments that were not called equal."""
    first: list[Seen] = []
    second: list[Seen] = []
    weight: list[float] = []
    owner: list[AuditRow] = []
    ties = 0
    for row in rows:
        pairs = list(combinations(row.seen, 2))
        untied = [pair for pair in pairs if pair[0].place != pair[1].place]
        ties += len(pairs) - len(untied)
        for one, other in untied:
            first.append(one)
            second.append(other)
            weight.append(1 / len(untied))
            owner.append(row)
    return Pairs(
        first=tuple(first),
        second=tuple(second),
        first_wins=np.array([one.place < two.place for one, two in zip(first, second, strict=True)], dtype=np.float64),
        weight=np.array(weight, dtype=np.float64),
        order_is_known=np.array([row.order_is_known for row in owner], dtype=np.bool_),
        units=units_of([row.annotator for row in owner], [row.prompt for row in owner]),
        ties=ties,
    )
