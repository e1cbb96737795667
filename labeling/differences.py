"""What changed between two texts, word by word; by character where words are not parted by spaces."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "added", "removed"]
Stretch = tuple[int, int, int, int]  # tokens of the old text from, to; of the new text from, to
SHORTEST_SAME = 4  # characters besides space: less between two changes is no landmark for a reader
# A character of Chinese, Japanese or Korean stands for itself; elsewhere a word, a stretch of space, or one sign.
TOKEN = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]|[^\W_]+|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that is in both versions, only in the new one, or only in the old one."""

    kind: Kind
    text: str


def differences(before: str, after: str) -> list[Piece]:
    """The pieces that make up `after`, with what was removed from `before` where it stood.

    Leaving out the added pieces gives `before`, leaving out the removed ones gives `after`.
    """
    return list(_pieces(TOKEN.findall(before), TOKEN.findall(after)))


def _pieces(old: list[str], new: list[str]) -> Iterator[Piece]:
    for is_same, (old_from, old_to, new_from, new_to) in _stretches(old, new):
        if is_same:
            yield Piece("same", "".join(new[new_from:new_to]))
            continue
        if old_from < old_to:
            yield Piece("removed", "".join(old[old_from:old_to]))
        if new_from < new_to:
            yield Piece("added", "".join(new[new_from:new_to]))


def _stretches(old: list[str], new: list[str]) -> list[tuple[bool, Stretch]]:
    """Whether each stretch is in both; a word or two that happen to stand between two changes belong to the change."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    stretches: list[tuple[bool, Stretch]] = []
    opcodes = matcher.get_opcodes()
    for position, (name, *bounds) in enumerate(opcodes):
        old_from, old_to, new_from, new_to = bounds
        is_same = name == "equal"
        stands_between = 0 < position < len(opcodes) - 1
        if is_same and stands_between and len("".join(new[new_from:new_to]).strip()) < SHORTEST_SAME:
            is_same = False
        if stretches and not is_same and not stretches[-1][0]:
            (first_old, _, first_new, _) = stretches.pop()[1]
            old_from, new_from = first_old, first_new
        stretches.append((is_same, (old_from, old_to, new_from, new_to)))
    return stretches
