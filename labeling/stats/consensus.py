"""What a crowd's labels of one item come to, with its probability."""

from collections.abc import Sequence
from dataclasses import dataclass

from labeling.stats.label_table import Floats, Key, LabelTable
from labeling.stats.undefined import Undefined

EQUALLY_PROBABLE = 1e-6  # two classes nearer than this are a draw, whatever the last bits say


@dataclass(frozen=True, slots=True)
class Consensus:
    """The label an item most probably has.

    Attributes:
        label: the most probable class, or why none is.
        probability: of that class, or of each of the leading ones, 0 to 1.
        posterior: of each class of the fit, in its order, sums to 1.
        labels: how many labels it rests on.
    """

    label: Key | Undefined
    probability: float
    posterior: tuple[float, ...]
    labels: int


def majority(labels: LabelTable) -> dict[Key, Consensus]:
    """The commonest label of each item; a draw is none. The peer that every model has to beat."""
    votes = labels.votes()
    return consensus_of(labels, votes / votes.sum(axis=1, keepdims=True))


def consensus_of(labels: LabelTable, posterior: Floats) -> dict[Key, Consensus]:
    """Read off each item's consensus.

    Args:
        posterior: probability of each class of each item, shape (I, K), rows sum to 1.
    """
    counts = labels.votes().sum(axis=1)
    best = posterior.max(axis=1)
    return {
        item: Consensus(
            label=_leader(labels.classes, row, float(best[i])),
            probability=float(best[i]),
            posterior=tuple(row),
            labels=int(counts[i]),
        )
        for i, (item, row) in enumerate(zip(labels.items, posterior.tolist(), strict=True))
    }


def _leader(classes: Sequence[Key], posterior: Sequence[float], best: float) -> Key | Undefined:
    leaders = [name for name, share in zip(classes, posterior, strict=True) if share >= best - EQUALLY_PROBABLE]
    if len(leaders) == 1:
        return leaders[0]
    return Undefined(f"{' and '.join(map(str, leaders))} are equally probable")
