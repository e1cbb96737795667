"""Prompts that are nearly the same, put into groups, so that no group is torn between training and test.

Each prompt is reduced to a signature (MinHash); signatures that share a band are compared; what resembles enough is one
group. Signatures lie in a temporary file: for a million prompts about 150 MB of memory and 512 MB of disk.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preferences.shingles import shingles_of

# Prompts with this share of common shingles or more are near-duplicates.
LEAST_RESEMBLANCE = 0.8
PERMUTATIONS = 128  # an estimated resemblance of 0.8 is off by 0.035 (one standard error)
BAND_ROWS = 4  # 32 bands of 4: of two prompts that resemble by 0.8 or more, one in 20 million shares no band
COMPARED_IN_BAND = 8  # with so many before it a prompt is compared: templates put thousands into one band
BLOCK = 4096


def near_duplicate_groups(prompts: Iterable[tuple[str, str]], *, directory: Path | None = None) -> dict[str, str]:
    """Put prompts that are nearly the same into groups.

    Args:
        prompts: (prompt hash, text as `preferences.shingles.prompt_text` gives it), each hash once, in any order.
        directory: where the temporary file lies; the system's by default.

    Returns: prompt hash → the smallest hash of its group, for prompts in a group of two or more. The same for any
        order of the prompts. Resemblance is passed on: if A is nearly B, and B nearly C, all three are one group.
    Source: MinHash: Broder 1997; banding: Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3.4.
    """
    with tempfile.TemporaryFile(dir=directory, prefix="signatures-") as file:
        hashes: list[bytes] = []
        for block in _signature_blocks(prompts, hashes):
            file.write(block.tobytes())
        file.flush()
        if len(hashes) < 2:
            return {}
        signatures = np.memmap(file, dtype=np.uint32, mode="r", shape=(len(hashes), PERMUTATIONS))
        return _groups(np.array(hashes), signatures)


def _signature_blocks(prompts: Iterable[tuple[str, str]], hashes: list[bytes]) -> Iterator[NDArray[np.uint32]]:
    """The signatures of the prompts, row by row in blocks; their hashes are appended to `hashes` as they pass."""
    random = np.random.default_rng(20_240_229)
    factors = random.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    offsets = random.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64)
    block = np.empty((BLOCK, PERMUTATIONS), dtype=np.uint32)
    filled = 0
    for prompt, text in prompts:
        shingles = shingles_of(text)
        if not len(shingles):
            continue
        hashes.append(prompt.encode())
        # Multiply-add and keep the upper half: a universal family (Dietzfelbinger et al. 1997).
        permuted = (shingles[:, None] * factors + offsets) >> np.uint64(32)
        block[filled] = permuted.min(axis=0)
        filled += 1
        if filled == BLOCK:
            yield block
            filled = 0
    yield block[:filled]


def _groups(hashes: NDArray[np.bytes_], signatures: NDArray[np.uint32]) -> dict[str, str]:
    order = np.argsort(hashes, kind="stable")  # whatever order they came in, they are looked at in this one
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    parent = np.arange(len(order))  # of ranks; a group's root is its smallest
    for start in range(0, PERMUTATIONS, BAND_ROWS):
        keys = _band_keys(signatures[:, start : start + BAND_ROWS])
        by_key = np.lexsort((rank, keys))
        _join_within_bands(by_key, keys, signatures, rank, parent)
    roots = [_root(parent, position) for position in range(len(parent))]
    grouped = {root for position, root in enumerate(roots) if root != position}
    named = [hashes[index].decode() for index in order]
    return {named[position]: named[root] for position, root in enumerate(roots) if root in grouped}


def _band_keys(rows: NDArray[np.uint32]) -> NDArray[np.uint64]:
    keys = np.zeros(len(rows), dtype=np.uint64)
    for column in range(rows.shape[1]):
        keys = (keys ^ rows[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(31)
    return keys


def _join_within_bands(
    by_key: NDArray[np.int64],
    keys: NDArray[np.uint64],
    signatures: NDArray[np.uint32],
    rank: NDArray[np.int64],
    parent: NDArray[np.int64],
) -> None:
    """Compare each prompt with those just before it in its band, and join the groups of those that resemble."""
    is_new = np.concatenate(([True], keys[by_key[1:]] != keys[by_key[:-1]]))
    begins = np.maximum.accumulate(np.where(is_new, np.arange(len(is_new)), 0))
    for at in np.flatnonzero(~is_new):
        this = by_key[at]
        for before in by_key[max(begins[at], at - COMPARED_IN_BAND) : at]:
            one, other = _root(parent, rank[this]), _root(parent, rank[before])
            if one != other and _resemblance(signatures[this], signatures[before]) >= LEAST_RESEMBLANCE:
                parent[max(one, other)] = min(one, other)


def _resemblance(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> float:
    """The share of equal places of two signatures: an unbiased estimate of Jaccard's index of the shingles."""
    return float(np.mean(one == other))


def _root(parent: NDArray[np.int64], position: int) -> int:
    while parent[position] != position:
        parent[position] = parent[parent[position]]
        position = parent[position]
    return int(position)
