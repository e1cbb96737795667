"""Who gave which item which label, as arrays, and which annotators' labels can be held against each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from labeling.stats.undefined import Undefined

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Key = Any  # an id, a name or a tuple of them: keys of one kind hash and sort


@dataclass(frozen=True)
class LabelTable:
    """N labels that A annotators gave to I items, each one of K classes; nobody and nothing in it is without a label.

    Attributes:
        annotators, items, classes: what the numbers below stand for, sorted; lengths A, I, K.
        annotator, item, label: of each label, shape (N,), sorted, so that the order in which they came is no matter.
    """

    annotators: Sequence[Key]
    items: Sequence[Key]
    classes: Sequence[Key]
    annotator: Ints
    item: Ints
    label: Ints

    def only(self, chosen: Bools) -> "LabelTable":
        """The table of these labels alone, with the classes of the whole.

        Args:
            chosen: shape (N,).
        """
        annotators, annotator = np.unique(self.annotator[chosen], return_inverse=True)
        items, item = np.unique(self.item[chosen], return_inverse=True)
        return LabelTable(
            annotators=[self.annotators[a] for a in annotators],
            items=[self.items[i] for i in items],
            classes=self.classes,
            annotator=annotator,
            item=item,
            label=self.label[chosen],
        )

    def votes(self) -> Floats:
        """How many labels of each class each item has, shape (I, K)."""
        shape = (len(self.items), len(self.classes))
        return (
            np.bincount(self.item * shape[1] + self.label, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
        )

    def shared(self) -> Bools:
        """Whether somebody else labelled the item too, of each label, shape (N,)."""
        pairs = np.unique(np.stack([self.item, self.annotator]), axis=1)
        people = np.bincount(pairs[0], minlength=len(self.items))
        return people[self.item] > 1


def label_table(labels: Iterable[tuple[Key, Key, Key]]) -> LabelTable:
    """Number the annotators, items and classes of (annotator, item, label) triples.

    One annotator may label an item more than once; each label counts.

    Raises: ValueError if annotators, items or labels are of kinds that do not sort together, such as 1 and "1", or for
        NaN, which a table may hold where a label is missing.
    """
    rows = list(labels)
    if any(label != label for _annotator, _item, label in rows):  # noqa: PLR0124  # only NaN differs from itself
        raise ValueError("A label is NaN; leave out what is missing.")
    try:
        (annotators, annotator), (items, item), (classes, label) = (
            _numbered([row[column] for row in rows]) for column in range(3)
        )
    except TypeError as error:
        raise ValueError(f"Annotators, items and labels must each be of one kind: {error}.") from error
    order = np.lexsort((label, annotator, item))
    return LabelTable(annotators, items, classes, annotator[order], item[order], label[order])


def nothing_to_compare(table: LabelTable, connected: LabelTable, *, too_thin: str) -> Undefined | None:
    """Why no annotator model says anything of these labels; None if one can be fitted.

    Args:
        connected: the labels of those whom the model can tell apart.
        too_thin: the reason when there are none of them.
    """
    if not len(table.label):
        return Undefined("nobody has labelled anything")
    if len(table.annotators) == 1:
        return Undefined("one annotator alone can be held against nobody")
    if not len(connected.label):
        return Undefined(too_thin)
    if len(np.unique(connected.label)) == 1:
        return Undefined(f"every label is {connected.classes[connected.label[0]]}: without variation nobody stands out")
    return None


def overlap_groups(table: LabelTable) -> Ints:
    """Of each annotator the group of people whom shared items connect to them, shape (A,)."""
    a, i = len(table.annotators), len(table.items)
    _, groups = connected_components(_graph(table.annotator, table.item + a, a + i), directed=False)
    return groups[:a].astype(np.int64)


def has_item_of_three(table: LabelTable, groups: Ints) -> Bools:
    """Of each group whether three of its people labelled one item, shape (G,)."""
    pairs = np.unique(np.stack([table.item, table.annotator]), axis=1)
    people = np.bincount(pairs[0], minlength=len(table.items))
    found = np.zeros(int(groups.max(initial=-1)) + 1, dtype=bool)
    found[groups[pairs[1]][people[pairs[0]] >= 3]] = True
    return found


def has_odd_cycle(table: LabelTable, groups: Ints) -> Bools:
    """Of each group whether an odd ring of people share items, each with the next, shape (G,).

    How often two people agree is then enough to tell them apart: along a ring of three, a, b and c follow from ab, bc
    and ca; along an even ring, or in a chain, what one loses another gains and no agreement changes.
    """
    pairs = np.unique(np.stack([table.item, table.annotator]), axis=1)
    one, other = [], []
    for step in (1, 2):  # neighbours, and one further: three people on an item make a ring
        same = pairs[0, :-step] == pairs[0, step:]
        one.append(pairs[1, :-step][same])
        other.append(pairs[1, step:][same])
    first, second = np.concatenate(one), np.concatenate(other)
    a = len(table.annotators)
    # In the double cover an annotator meets their own second copy exactly when a walk of odd length comes back to them.
    _, cover = connected_components(
        _graph(np.concatenate([first, second]), np.concatenate([second, first]) + a, 2 * a), directed=False
    )
    found = np.zeros(int(groups.max(initial=-1)) + 1, dtype=bool)
    found[groups[cover[:a] == cover[a:]]] = True
    return found


def sums_by(group: Ints, values: Floats, groups: int) -> Floats:
    """The sum of the values of each group, shape (groups,)."""
    return np.bincount(group, values, minlength=groups).astype(np.float64)


def _graph(one: Ints, other: Ints, nodes: int) -> Any:
    return csr_array((np.ones(len(one), dtype=bool), (one, other)), shape=(nodes, nodes))


def _numbered(column: Sequence[Key]) -> tuple[list[Key], Ints]:
    values = sorted(set(column))
    numbers = {value: number for number, value in enumerate(values)}
    return values, np.array([numbers[value] for value in column], dtype=np.int64)
