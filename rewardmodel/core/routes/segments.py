"""Texts one after the other in one row, without padding, cut into segments of which some are read by several texts.

A text is a chain of segments: a beginning that others share, perhaps a second one that fewer share, and an end of its
own. A token attends to its own segment and to the segments that the text has before it, never to anything else in the
row; its position is its place in the text. So every text comes out as if it stood alone, and what texts have in common
is encoded once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise

import numpy as np
import torch
from torch import Tensor

from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.hardware import sent

LEAST_SHARED_TOKENS = 8
"""A beginning shorter than this is encoded again: another segment costs more than it saves."""


@dataclass(frozen=True)
class Segment:
    """Tokens start to stop of one text, which several texts may read.

    Args:
        text: index of a text that holds these tokens at this place.
        start, stop: places in that text, start < stop.
        before: indices of the segments that hold its tokens 0 to start, in order.
    """

    text: int
    start: int
    stop: int
    before: tuple[int, ...] = ()

    @property
    def length(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Plan:
    """How texts lie in a row.

    Args:
        segments: in the order of the row, S of them.
        ends: the segment that each text ends in, and that it shares with no other, shape (B,).
    """

    segments: tuple[Segment, ...]
    ends: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """Tokens of the row: what a forward pass costs."""
        return sum(segment.length for segment in self.segments)


def one_by_one(texts: Sequence[EncodedText]) -> Plan:
    """Every text a segment of its own."""
    segments = tuple(Segment(index, 0, len(text.token_ids)) for index, text in enumerate(texts))
    return Plan(segments, tuple(range(len(texts))))


def sharing_beginnings(texts: Sequence[EncodedText]) -> Plan:
    """What texts have in common at their beginnings stands once; the last token of every text is its own.

    Texts whose prompt was cut share with those that were cut alike. Source: the radix tree of prefixes, as Zheng et al.
    2024, arXiv:2312.07104, keep it for generation.
    """
    ids = [text.token_ids for text in texts]
    order = sorted(range(len(ids)), key=lambda index: ids[index])
    alike = [common_beginning(ids[one], ids[other]) for one, other in pairwise(order)]
    segments: list[Segment] = []
    ends = [0] * len(ids)
    waiting: list[tuple[int, int, int, tuple[int, ...]]]
    waiting = [(first, last, 0, ()) for first, last in _runs(alike, 0, len(order), LEAST_SHARED_TOKENS)]
    while waiting:
        first, last, start, before = waiting.pop()
        if last - first == 1:
            text = order[first]
            ends[text] = len(segments)
            segments.append(Segment(text, start, len(ids[text]), before))
            continue
        shortest = min(len(ids[text]) for text in order[first:last])
        stop = min(shortest - 1, *alike[first : last - 1])
        chain = (*before, len(segments))
        segments.append(Segment(order[first], start, stop, before))
        runs = _runs(alike, first, last, stop + LEAST_SHARED_TOKENS)
        waiting.extend((inner, end, stop, chain) for inner, end in runs)
    return Plan(tuple(segments), tuple(ends))


class Attending:
    """Which keys each segment of a row attends to, as kernels want to know it.

    Args:
        segments: of a plan.
        read: where in the row the head reads each text, shape (B,), int64.

    Attributes:
        lengths: tokens of each segment, shape (S,).
        before: indices of the segments read before each, shape (S,).
        starts_of_queries, starts_of_keys: where each segment's queries and its gathered keys start, and where the last
            ones end, shape (S + 1,), int32.
        gathered: for each gathered key its place in the row, int64; None where every segment reads itself alone.
        most_queries, most_keys: of any segment.
    """

    def __init__(self, segments: Sequence[Segment], read: Tensor) -> None:
        self.read = read
        device = read.device
        self.lengths = [segment.length for segment in segments]
        self.before = [segment.before for segment in segments]
        ends = list(accumulate(self.lengths, initial=0))
        keys = [segment.stop for segment in segments]
        self.starts_of_queries = sent(torch.tensor(ends, dtype=torch.int32), device)
        self.starts_of_keys = sent(torch.tensor([0, *accumulate(keys)], dtype=torch.int32), device)
        self.most_queries, self.most_keys = max(self.lengths), max(keys)
        self.gathered: Tensor | None = None
        if any(self.before):
            chains = (part for index, before in enumerate(self.before) for part in (*before, index))
            self.gathered = _ranges(((ends[part], ends[part + 1]) for part in chains), device)
        self._masks: dict[tuple[int, int], Tensor] = {}

    def mask(self, queries: int, keys: int) -> Tensor:
        """For the last queries of a sequence of keys: query i sees keys 0 to keys - queries + i; (1, 1, q, k), bool."""
        if (queries, keys) not in self._masks:
            ones = torch.ones(queries, keys, dtype=torch.bool, device=self.read.device)
            self._masks[queries, keys] = ones.tril(keys - queries)[None, None]
        return self._masks[queries, keys]


@dataclass(frozen=True)
class Row:
    """A plan as tensors.

    Args:
        input_ids, position_ids: shape (1, T), int64.
        token_type_ids: shape (1, T), or None where the model knows no types.
        attending: which keys each segment attends to, and where the head reads.
    """

    input_ids: Tensor
    position_ids: Tensor
    token_type_ids: Tensor | None
    attending: Attending


def as_row(
    texts: Sequence[EncodedText],
    plan: Plan,
    device: torch.device,
    *,
    reads_first: bool = False,
    first_position: int = 0,
) -> Row:
    """Lay texts out by a plan.

    Args:
        reads_first: the head reads each text's first token instead of its last; for texts one by one only.
        first_position: what the model calls the position of a text's first token; 0 but for RoBERTa and its kin.
    """
    parts = plan.segments
    ends = list(accumulate((part.length for part in parts), initial=0))
    ids = chain.from_iterable(texts[part.text].token_ids[part.start : part.stop] for part in parts)
    positions = ((first_position + part.start, first_position + part.stop) for part in parts)
    has_types = texts[0].token_types is not None
    types = chain.from_iterable((texts[part.text].token_types or ())[part.start : part.stop] for part in parts)
    read = (ends[end] if reads_first else ends[end + 1] - 1 for end in plan.ends)
    return Row(
        _integers(ids, device)[None],
        _ranges(positions, device)[None],
        _integers(types, device)[None] if has_types else None,
        Attending(parts, _integers(read, device)),
    )


def _integers(values: Iterable[int], device: torch.device) -> Tensor:
    return sent(torch.from_numpy(np.fromiter(values, dtype=np.int64)), device)


def _ranges(bounds: Iterable[tuple[int, int]], device: torch.device) -> Tensor:
    """All integers from each first to its last, the last left out, one range after the other."""
    return sent(torch.from_numpy(np.concatenate([np.arange(*each) for each in bounds])), device)


def common_beginning(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the common beginning."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _runs(alike: Sequence[int], first: int, last: int, least: int) -> Iterator[tuple[int, int]]:
    """Cut first…last where neighbours have less than `least` tokens in common."""
    start = first
    for place in range(first, last - 1):
        if alike[place] < least:
            yield start, place + 1
            start = place + 1
    yield start, last
