"""Whether a prompt holds one of a benchmark's: a model trained on it would know the answers before the test."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from preferences.errors import InvalidRow
from preferences.shingles import prompt_text, shingles_of

# A prompt that holds this share of a benchmark prompt's shingles overlaps with it.
LEAST_CONTAINMENT = 0.8
MOST_PROMPTS = 200_000
_FIELDS = ("prompt", "question", "instruction", "messages", "text")


@dataclass(frozen=True, slots=True)
class Overlap:
    """A prompt that holds a benchmark's: `line` of the file counts from 1, `containment` is a share, 0 to 1."""

    line: int
    containment: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Benchmark:
    """A benchmark's prompts, ready to be looked for in others."""

    def __init__(self, prompts: Iterable[tuple[int, str]]) -> None:
        """Take (line, text) of each prompt; texts without a word or sign are passed over.

        Raises: InvalidRow for more prompts than are looked for at once.
        """
        self._holders: defaultdict[int, list[int]] = defaultdict(list)
        self._sizes: dict[int, int] = {}
        for line, text in prompts:
            shingles = shingles_of(text)
            if len(shingles):
                self._sizes[line] = len(shingles)
            if len(self._sizes) > MOST_PROMPTS:
                raise InvalidRow(f"The benchmark has more than {MOST_PROMPTS:,} prompts. Look for it in parts.")
            for shingle in shingles.tolist():
                self._holders[shingle].append(line)

    def __len__(self) -> int:
        return len(self._sizes)

    def overlap(self, text: str) -> Overlap | None:
        """The benchmark prompt that `text` holds most of, if it holds enough; of equals the first in the file.

        Source: containment, Broder 1997, On the resemblance and containment of documents.
        """
        common: Counter[int] = Counter()
        for shingle in shingles_of(text).tolist():
            common.update(self._holders.get(shingle, ()))
        best = max(common, key=lambda line: (common[line] / self._sizes[line], -line), default=None)
        if best is None or (containment := common[best] / self._sizes[best]) < LEAST_CONTAINMENT:
            return None
        return Overlap(best, round(containment, 3))


def benchmark_prompts(lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Read a benchmark's prompts from JSONL: a text a line, or an object with one of a few fields.

    Yields: (line, counted from 1, text). Empty lines are passed over.
    Raises: InvalidRow, naming the line, for what is no JSON or holds no prompt.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, _text_of(line, number)


def _text_of(line: bytes, number: int) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidRow(f"Line {number} of the benchmark is not JSON.") from None
    found = row
    if isinstance(row, Mapping):
        found = next((row[name] for name in _FIELDS if row.get(name)), None)
    if isinstance(found, str):
        return found
    if isinstance(found, list) and all(
        isinstance(turn, Mapping) and {"role", "content"} <= set(turn) for turn in found
    ):
        return prompt_text(found)
    raise InvalidRow(
        f"Line {number} of the benchmark holds no prompt. It is a text, or in one of: {', '.join(_FIELDS)}."
    )
