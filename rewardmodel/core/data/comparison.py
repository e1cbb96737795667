"""One comparison as a model reads it: token ids of K responses, and what people said of them by index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from preferences.orders import Order
from preferences.pairs import Pair
from preferences.ratings import Rating
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.data.token_tables import Packer, Tables, joined, unpack


@dataclass(frozen=True)
class TokenizedComparison:
    """One comparison, ready for a forward pass.

    Args:
        comparison_hash, prompt_hash: where it comes from.
        texts: the responses that something is said of, each with its prompt, shape (K,).
        pairs: who beat whom, as indices into `texts`, as all below.
        orders: each judgment's tie groups, best first (`preferences.orders`).
        ratings: each judgment's values of attributes (`preferences.ratings`).
    """

    comparison_hash: str
    prompt_hash: str
    texts: tuple[EncodedText, ...]
    pairs: tuple[Pair, ...] = ()
    orders: tuple[Order, ...] = ()
    ratings: tuple[Rating, ...] = ()

    @property
    def longest(self) -> int:
        """Tokens of its longest text."""
        return max(len(text.token_ids) for text in self.texts)

    @property
    def tokens(self) -> int:
        return sum(len(text.token_ids) for text in self.texts)


class PackedComparisons(Sequence[TokenizedComparison]):
    """Comparisons that are built from tables whenever they are asked for, so that none of them is kept.

    Args:
        tables: in memory, or mapped from files (`rewardmodel.core.data.token_store`).
        attributes: names of rated attributes by number.
        rows: which rows of the tables, in which order, shape (C,); all by default.
    """

    def __init__(self, tables: Tables, attributes: Sequence[str], rows: NDArray[np.int64] | None = None) -> None:
        self.tables, self.attributes = tables, tuple(attributes)
        self.rows = np.arange(len(tables["comparisons"])) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> TokenizedComparison: ...
    @overload
    def __getitem__(self, place: slice) -> "PackedComparisons": ...
    def __getitem__(self, place: int | slice) -> "TokenizedComparison | PackedComparisons":
        if isinstance(place, slice):
            return PackedComparisons(self.tables, self.attributes, self.rows[place])
        return TokenizedComparison(*unpack(self.tables, int(self.rows[place]), self.attributes))

    def only(self, places: Sequence[int] | NDArray[np.int64]) -> "PackedComparisons":
        """Some of these comparisons, without copying what they hold."""
        return PackedComparisons(self.tables, self.attributes, self.rows[np.asarray(places, dtype=np.int64)])

    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each comparison's longest text, shape (C,), read from one column."""
        return self.tables["comparisons"]["longest"][self.rows].astype(np.int64)

    def tokens(self) -> NDArray[np.int64]:
        """Tokens of all texts of each comparison, shape (C,), read from one column."""
        return np.asarray(self.tables["comparisons"]["tokens"][self.rows])

    def counted(self, table: str) -> int:
        """How many texts, pairs, orders or ratings these comparisons have, by the name of the table."""
        starts, ends = self._bounds(table)
        return int((ends - starts).sum())

    def column(self, table: str, name: str) -> NDArray[Any]:
        """One field of all their texts, pairs, orders or ratings, one comparison's after the other's."""
        starts, ends = self._bounds(table)
        values: NDArray[Any] = self.tables[table][name]
        if not len(self):
            return values[:0]
        if np.array_equal(starts[1:], ends[:-1]):
            return values[starts[0] : ends[-1]]
        counts = ends - starts
        return values[np.repeat(ends - counts.cumsum(), counts) + np.arange(counts.sum())]

    def sums(self, table: str, values: NDArray[Any]) -> NDArray[np.float64]:
        """What the values of each comparison's part of a table sum to, shape (C,).

        Args:
            values: a number for each row that `column` gives.
        """
        starts, ends = self._bounds(table)
        counts = ends - starts
        sums = np.zeros(len(self))
        if (speaks := counts > 0).any():
            sums[speaks] = np.add.reduceat(values, (counts.cumsum() - counts)[speaks])
        return sums

    def _bounds(self, table: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where each comparison's part of a table begins and ends, both of shape (C,)."""
        ends = self.tables["comparisons"][f"{table.removesuffix('s')}_end"]
        return np.where(self.rows > 0, ends[self.rows - 1], 0), ends[self.rows]


def packed(comparisons: Sequence[TokenizedComparison]) -> PackedComparisons:
    """The same comparisons in tables; those that are packed stay as they are."""
    if isinstance(comparisons, PackedComparisons):
        return comparisons
    packer = Packer()
    return PackedComparisons(joined([packer.pack(comparisons)]), packer.attributes)
