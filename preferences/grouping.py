"""Lines of a snapshot, split anew so that near-duplicate prompts stay together."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from preferences.hashing import canonical_json
from preferences.near_duplicates import near_duplicate_groups
from preferences.shingles import prompt_text
from preferences.splits import split_of


def split_by_group(
    lines: Iterable[bytes], directory: Path, *, seed: int, validation: float, test: float
) -> Iterator[bytes]:
    """Give sorted lines (key, content, times, parted by tabs) back with the split of their prompt's group.

    A prompt in no group keeps the split of its own hash. The lines wait in a temporary file in `directory` until all
    prompts are known.
    """
    with tempfile.TemporaryFile(dir=directory, prefix="ungrouped-") as file:
        groups = near_duplicate_groups(_prompts_of(_kept(lines, file)), directory=directory)
        file.seek(0)
        for line in file:
            key, content, times = line[:-1].split(b"\t")
            row = json.loads(content)
            group = groups.get(row["prompt_hash"])
            if group is not None:
                row["split"] = split_of(group, seed=seed, validation=validation, test=test)
                content = canonical_json(row)
            yield b"\t".join((key, content, times))


def _kept(lines: Iterable[bytes], file: BinaryIO) -> Iterator[bytes]:
    for line in lines:
        file.write(line + b"\n")
        yield line


def _prompts_of(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Hash and text of each prompt; the lines of one prompt follow each other."""
    for prompt, same in groupby(lines, key=lambda line: line[: line.index(b" ")]):
        first, *_others = same
        yield prompt.decode(), prompt_text(json.loads(first.split(b"\t")[1])["prompt"])
