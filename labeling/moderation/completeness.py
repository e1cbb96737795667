"""Responses that are not there, or not whole."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from labeling.moderation.findings import Finding, Severity
from labeling.moderation.subjects import Subject, Text

PLACEHOLDERS = frozenset(
    {"n/a", "null", "nan", "undefined", "[deleted]", "[removed]", "[empty]", "(empty)", "<empty>"}
    | {"<noinput>", "<nooutput>", "lorem ipsum", "tbd", "todo"}
)
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$", re.MULTILINE)
SENTENCE_END = re.compile(r"[.!?…。！？]['\"”’)\]*_]*(?=\s|$)")
# What a whole answer may end in besides the end of a sentence: a bracket, a quotation, a table, a code span, a link.
CLOSED = tuple(".!?…。！？;:\"'”’»)]}>`|*_~=$%°/\\#-–—)】」』》")
LIST_ITEM = re.compile(r"^\s*(?:[-*+•·▪◦]|\(?\d{1,3}[.):]|\(?[a-zA-Z][.)])\s|^\s*\d+\s*$|^\s*#{1,6}\s")
# English words that no sentence ends with: determiners, conjunctions, prepositions that always want an object.
OPEN_WORDS = frozenset(
    {"an", "the", "and", "or", "but", "nor", "because", "although", "whereas", "unless", "whether", "of", "from"}
    | {"into", "onto", "than", "your", "my", "their", "our", "its"}
)
# A Korean word that a sentence goes on after: object, topic and possessive particles on a noun, "and", "in order to".
OPEN_KOREAN = re.compile(
    r"(?:[가-힣](?:을|를|은|는|의|와|과|에서|에게|으로)|[가-힣]하(?:며|고|거나|여|지만|면서)|[가-힣]기 위해)$"
)
# How a Korean sentence ends when nobody set the stop.
CLOSED_KOREAN = re.compile(r"[다요죠까네음임함됨것오]$")
LAST_WORD = re.compile(r"\S+\s*$")
# Somebody who writes "i" sets no stops either.
INFORMAL = re.compile(r"(?:^|\s)i(?:['’]?(?:m|d|ll|ve))?\s")
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"


@dataclass(frozen=True, slots=True)
class Empty:
    """A response without a word in it, or with a word that stands for none."""

    name: ClassVar[str] = "empty"
    reasons: ClassVar[tuple[str, ...]] = ("empty", "no_words", "placeholder")

    def find(self, subject: Subject) -> Iterator[Finding]:
        for text in subject.responses:
            reason = _emptiness(text.content)
            if reason:
                severity: Severity = "low" if reason == "no_words" else "high"
                yield Finding(self.name, reason, severity, text, 0, len(text.content))


def _emptiness(content: str) -> str:
    said = content.translate(dict.fromkeys(map(ord, INVISIBLE))).strip()
    if not said:
        return "empty"
    if said.strip(".").lower() in PLACEHOLDERS:
        return "placeholder"
    return "" if any(_speaks(character) for character in said) else "no_words"


def _speaks(character: str) -> bool:
    """Whether it is a letter, a digit or a picture."""
    return character.isalnum() or unicodedata.category(character) == "So"


@dataclass(frozen=True, slots=True)
class Truncated:
    """A response that ends before it is finished: in an open code block, or in the middle of a sentence.

    The middle of a sentence is a guess from how the text ends. `cut_word`: the last word is one that no sentence ends
    with. `cut_sentence`: the text has sentences that end in a stop and its last line, which is no heading or list item,
    does not.

    Attributes:
        shortest_characters: how long a text is before the end of its last sentence says anything: people often set
            none below a short answer.
    """

    shortest_characters: int = 200

    name: ClassVar[str] = "truncated"
    reasons: ClassVar[tuple[str, ...]] = ("open_code_block", "cut_word", "cut_sentence")

    def find(self, subject: Subject) -> Iterator[Finding]:
        for text in subject.responses:
            if (at := open_fence(text.content)) is not None:
                yield Finding(self.name, "open_code_block", "high", text, at, len(text.content.rstrip()))
            else:
                yield from self._cut(text)

    def _cut(self, text: Text) -> Iterator[Finding]:
        content = text.content.rstrip()
        last = LAST_WORD.search(content)
        if last is None or content.endswith(CLOSED):
            return
        word = last.group().strip(",")
        is_close = content.endswith(",") and len(content[content.rfind("\n") + 1 :].split()) <= 3  # "Best regards,"
        is_open = word.lower() in OPEN_WORDS and not word.isupper()
        if is_open or (content.endswith(",") and not is_close) or OPEN_KOREAN.search(content):
            yield Finding(self.name, "cut_word", "medium", text, last.start(), len(content))
        elif len(content) >= self.shortest_characters and _breaks_off(content):
            yield Finding(self.name, "cut_sentence", "low", text, content.rfind("\n") + 1, len(content))


def open_fence(content: str) -> int | None:
    """Where a Markdown code block begins that nothing closes; None if every one is closed (CommonMark 0.31, 4.5)."""
    opened: tuple[str, int] | None = None
    for match in FENCE.finditer(content):
        marks, info = match.group(1), match.group(2).strip()
        if opened is None:
            if not (marks[0] == "`" and "`" in info):
                opened = (marks, match.start())
        elif marks[0] == opened[0][0] and len(marks) >= len(opened[0]) and not info:
            opened = None
    return opened[1] if opened else None


def _breaks_off(content: str) -> bool:
    """Whether the last line has words and no end, in a text whose other lines of prose have one."""
    *earlier, last = content.splitlines()
    if LIST_ITEM.match(last) or "http" in last or len(last.split()) < 4 or not last[-1].isalpha():
        return False
    if CLOSED_KOREAN.search(last) or INFORMAL.search(content):
        return False
    ends = len(SENTENCE_END.findall(content))
    if earlier and not SENTENCE_END.search(last):
        prose = [line.rstrip() for line in earlier if len(line.split()) >= 4 and not LIST_ITEM.match(line)]
        return bool(prose) and all(line.endswith(CLOSED) for line in prose) and ends >= 2
    return ends >= 2
