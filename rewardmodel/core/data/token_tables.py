"""Tokenized comparisons as a few flat tables: what a file or a large memory holds instead of millions of objects.

A table's rows follow each other in the order of the comparisons; where a comparison's part of another table ends is
said by an `end`, and it begins where the part before it ended.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from preferences.orders import Order
from preferences.pairs import Pair
from preferences.ratings import Rating
from rewardmodel.core.data.template import EncodedText

Tables: TypeAlias = Mapping[str, NDArray[Any]]

DTYPES: dict[str, np.dtype[Any]] = {
    "comparisons": np.dtype(
        [
            ("comparison_hash", "S64"),
            ("prompt_hash", "S64"),
            ("longest", "<i4"),
            ("tokens", "<i8"),
            ("text_end", "<i8"),
            ("pair_end", "<i8"),
            ("order_end", "<i8"),
            ("rating_end", "<i8"),
        ]
    ),
    "texts": np.dtype([("end", "<i8"), ("is_truncated", "?")]),
    "token_ids": np.dtype("<i4"),
    "token_types": np.dtype("u1"),  # empty where the model knows no types
    "pairs": np.dtype([("better", "<i4"), ("worse", "<i4"), ("margin", "<f8"), ("weight", "<f8"), ("target", "<f8")]),
    "orders": np.dtype([("weight", "<f8"), ("end", "<i8")]),
    "members": np.dtype([("text", "<i4"), ("group", "<i4")]),  # of an order; in group −1 those below all groups
    "ratings": np.dtype([("text", "<i4"), ("attribute", "<i4"), ("value", "<f8"), ("weight", "<f8")]),
}
BELOW = -1


class Tokenized(Protocol):
    """What a comparison is once it is tokenized (`rewardmodel.core.data.training_set.TokenizedComparison`)."""

    @property
    def comparison_hash(self) -> str: ...
    @property
    def prompt_hash(self) -> str: ...
    @property
    def texts(self) -> tuple[EncodedText, ...]: ...
    @property
    def pairs(self) -> tuple[Pair, ...]: ...
    @property
    def orders(self) -> tuple[Order, ...]: ...
    @property
    def ratings(self) -> tuple[Rating, ...]: ...


Parts: TypeAlias = tuple[
    str, str, tuple[EncodedText, ...], tuple[Pair, ...], tuple[Order, ...], tuple[Rating, ...]
]  # in the order of Tokenized


class Packer:
    """Turns comparisons into the next rows of each table, chunk by chunk.

    Attributes:
        attributes: names of rated attributes, in the order in which the tables number them.
    """

    def __init__(self) -> None:
        self.ends: Counter[str] = Counter()
        self._numbers: dict[str, int] = {}

    @property
    def attributes(self) -> tuple[str, ...]:
        return tuple(self._numbers)

    def pack(self, comparisons: Sequence[Tokenized]) -> dict[str, NDArray[Any]]:
        """The rows of these comparisons.

        Raises: ValueError if some texts have token types and others have none.
        """
        texts = [text for comparison in comparisons for text in comparison.texts]
        orders = [order for comparison in comparisons for order in comparison.orders]
        types = [text.token_types for text in texts if text.token_types is not None]
        if types and len(types) != len(texts):
            raise ValueError("Some texts have token types and others have none.")
        rows: dict[str, Iterable[Any]] = {
            "comparisons": [self._comparison(comparison) for comparison in comparisons],
            "texts": [(self._end("token_ids", len(text.token_ids)), text.is_truncated) for text in texts],
            "token_ids": chain.from_iterable(text.token_ids for text in texts),
            "token_types": chain.from_iterable(types),
            "pairs": [
                (pair.better, pair.worse, pair.margin, pair.weight, pair.target)
                for comparison in comparisons
                for pair in comparison.pairs
            ],
            "orders": [(order.weight, self._end("members", len(order.responses))) for order in orders],
            "members": [member for order in orders for member in _members(order)],
            "ratings": [
                (
                    rating.text,
                    self._numbers.setdefault(rating.attribute, len(self._numbers)),
                    rating.value,
                    rating.weight,
                )
                for comparison in comparisons
                for rating in comparison.ratings
            ],
        }
        return {name: np.fromiter(rows[name], dtype=dtype) for name, dtype in DTYPES.items()}

    def _comparison(self, comparison: Tokenized) -> tuple[Any, ...]:
        lengths = [len(text.token_ids) for text in comparison.texts]
        return (
            comparison.comparison_hash.encode(),
            comparison.prompt_hash.encode(),
            max(lengths, default=0),
            sum(lengths),
            self._end("texts", len(comparison.texts)),
            self._end("pairs", len(comparison.pairs)),
            self._end("orders", len(comparison.orders)),
            self._end("ratings", len(comparison.ratings)),
        )

    def _end(self, table: str, rows: int) -> int:
        self.ends[table] += rows
        return self.ends[table]


def unpack(tables: Tables, row: int, attributes: Sequence[str]) -> Parts:
    """The comparison that stands in a row, bit for bit as it was packed."""
    comparisons = tables["comparisons"]
    name, prompt, _longest, _tokens, *ends = comparisons[row].item()
    starts = comparisons[row - 1].item()[4:] if row else (0, 0, 0, 0)
    texts, pairs, orders, ratings = (slice(start, end) for start, end in zip(starts, ends, strict=True))
    return (
        name.decode(),
        prompt.decode(),
        _texts(tables, texts),
        tuple(Pair(*values) for values in tables["pairs"][pairs].tolist()),
        _orders(tables, orders),
        tuple(
            Rating(text, attributes[attribute], value, weight)
            for text, attribute, value, weight in tables["ratings"][ratings].tolist()
        ),
    )


def sizes(tables: Tables) -> NDArray[Any]:
    """Per comparison, fields `longest` and `tokens` (in its longest text, and in all)."""
    return tables["comparisons"][["longest", "tokens"]]


def joined(chunks: Sequence[Tables]) -> dict[str, NDArray[Any]]:
    """Chunks of tables, packed one after the other, as one."""
    return {
        name: np.concatenate([chunk[name] for chunk in chunks]) if chunks else np.empty(0, dtype)
        for name, dtype in DTYPES.items()
    }


def _texts(tables: Tables, part: slice) -> tuple[EncodedText, ...]:
    start = tables["texts"][part.start - 1].item()[0] if part.start else 0
    rows = tables["texts"][part].tolist()
    if not rows:
        return ()
    first, last = start, rows[-1][0]
    ids = tables["token_ids"][first:last].tolist()
    types = tables["token_types"][first:last].tolist() if len(tables["token_types"]) else None
    found = []
    for end, is_truncated in rows:
        own = slice(start - first, end - first)
        found.append(EncodedText(tuple(ids[own]), None if types is None else tuple(types[own]), is_truncated))
        start = end
    return tuple(found)


def _members(order: Order) -> Iterable[tuple[int, int]]:
    for number, group in enumerate(order.groups):
        for text in group:
            yield text, number
    for text in order.below:
        yield text, BELOW


def _orders(tables: Tables, part: slice) -> tuple[Order, ...]:
    start = tables["orders"][part.start - 1].item()[1] if part.start else 0
    found = []
    for weight, end in tables["orders"][part].tolist():
        groups: dict[int, list[int]] = {}
        for text, group in tables["members"][start:end].tolist():
            groups.setdefault(group, []).append(text)
        below = tuple(groups.pop(BELOW, ()))
        found.append(Order(tuple(map(tuple, groups.values())), weight, below))
        start = end
    return tuple(found)
