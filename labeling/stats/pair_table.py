"""Judgments of two responses as they stood on the screen, as arrays."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from labeling.stats.label_table import Floats, Ints, Key

Verdict = Literal["left", "right", "tie"]
OUTCOMES: tuple[Verdict, ...] = ("left", "right", "tie")


class ShownPair(NamedTuple):
    """One judgment of two responses as they stood on the screen; either may be a response or its policy."""

    annotator: Key
    left: Key
    right: Key
    verdict: Verdict


@dataclass(frozen=True)
class PairTable:
    """N judgments that A annotators made of R responses, two at a time, with L outcomes.

    Attributes:
        annotators, responses: what the numbers below stand for, sorted; lengths A, R.
        annotator, left, right: of each judgment, shape (N,), sorted, so that the order in which they came is no matter.
        outcome: place in OUTCOMES, shape (N,).
        outcomes: L: 2, or 3 where anybody said tie.
    """

    annotators: list[Key]
    responses: list[Key]
    annotator: Ints
    left: Ints
    right: Ints
    outcome: Ints
    outcomes: int

    def judgments_of_others(self) -> Floats:
        """How many judgments of others stand on a response, in the mean over what each annotator judged, shape (A,)."""
        r = len(self.responses)
        sides = np.concatenate([self.left, self.right])
        cells = np.concatenate([self.annotator, self.annotator]) * r + sides
        _, cell, own = np.unique(cells, return_inverse=True, return_counts=True)
        others = np.bincount(sides, minlength=r)[sides] - own[cell]
        who = cells // r
        return np.bincount(who, others) / np.bincount(who)

    def groups(self) -> int:
        """How many groups of responses there are between which nobody compared any two."""
        graph = csr_array(
            (np.ones(len(self.left), dtype=bool), (self.left, self.right)), shape=(len(self.responses),) * 2
        )
        found, _ = connected_components(graph, directed=False)
        return int(found)


def pair_table(judgments: Iterable[ShownPair]) -> PairTable:
    """Number the annotators and responses of judgments.

    Raises: ValueError for a response shown against itself, another verdict, or ids that do not sort together.
    """
    judgments = list(judgments)
    for judgment in judgments:
        if judgment.left == judgment.right:
            raise ValueError(f"Response {judgment.left!r} was shown against itself.")
        if judgment.verdict not in OUTCOMES:
            raise ValueError(f"A verdict is left, right or tie, not {judgment.verdict!r}.")
    try:
        ordered = sorted(judgments)
        annotators = sorted({judgment.annotator for judgment in ordered})
        responses = sorted({side for judgment in ordered for side in (judgment.left, judgment.right)})
    except TypeError as error:
        raise ValueError(f"Annotators and responses must each be of one kind: {error}.") from error
    who, what = ({key: number for number, key in enumerate(keys)} for keys in (annotators, responses))
    columns = np.array(
        [(who[one.annotator], what[one.left], what[one.right], OUTCOMES.index(one.verdict)) for one in ordered],
        dtype=np.int64,
    ).reshape(-1, 4)
    annotator, left, right, outcome = columns.T
    return PairTable(annotators, responses, annotator, left, right, outcome, outcomes=3 if (outcome == 2).any() else 2)
