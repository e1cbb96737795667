"""One comparison as a model reads it: token ids of K responses, and what people said of them by index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

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

    def only(self, places: Sequence[int]) -> "PackedComparisons":
        """Some of these comparisons, without copying what they hold."""
        return PackedComparisons(self.tables, self.attributes, self.rows[np.array(places, dtype=np.int64)])

    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each comparison's longest text, shape (C,), read from one column."""
        return self.tables["comparisons"]["longest"][self.rows].astype(np.int64)

    def tokens(self) -> NDArray[np.int64]:
        """Tokens of all texts of each comparison, shape (C,), read from one column."""
        return np.asarray(self.tables["comparisons"]["tokens"][self.rows])

    def counted(self, table: str) -> int:
        """How many texts, pairs, orders or ratings these comparisons have, by the name of the table."""
        ends = self.tables["comparisons"][f"{table.removesuffix('s')}_end"]
        starts = np.where(self.rows > 0, ends[self.rows - 1], 0)
        return int((ends[self.rows] - starts).sum())


def packed(comparisons: Sequence[TokenizedComparison]) -> PackedComparisons:
    """The same comparisons in tables; those that are packed stay as they are."""
    if isinstance(comparisons, PackedComparisons):
        return comparisons
    packer = Packer()
    return PackedComparisons(joined([packer.pack(comparisons)]), packer.attributes)
