"""Read the hand-written demo texts: families of questions that share their answers.

A family file is plain text, made to be edited by people:

    # boiled-eggs            a family's name
    ? How long …             a question; `?` alone, then lines "user: …", "assistant: …", "system: …" for a dialogue
    + Lower the eggs …       a helpful, correct, courteous answer
    = Seven minutes.         correct but terse
    - Boil them for …        wrong or off topic
    ! Really?                rude, or refusing for no reason

An entry goes on in the lines below it that are indented by two spaces (blank lines included).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "families"
POOLS = "pools"  # the file of openers, closers and rude answers that no family owns
HELPFUL, TERSE, WRONG, RUDE = "+", "=", "-", "!"
QUESTION, FAMILY = "?", "#"


@dataclass(frozen=True)
class Message:
    """One turn of a prompt."""

    role: str
    content: str


@dataclass(frozen=True)
class Family:
    """Questions that the same answers fit, and the answers by what is good or bad about them."""

    name: str
    topic: str
    questions: list[tuple[Message, ...]] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=lambda: {HELPFUL: [], TERSE: [], WRONG: [], RUDE: []})

    @property
    def language(self) -> str:
        return "ko" if self.name.startswith("ko-") else "en"


def read_families() -> list[Family]:
    """Every family, in the order of file names and lines."""
    return [
        family
        for file in sorted(FOLDER.glob("*.txt"))
        if file.stem != POOLS
        for family in _parse(file.read_text(encoding="utf-8"), topic=file.stem)
    ]


def read_pools() -> dict[str, Family]:
    """The shared phrases by name: en-rude, en-opener, en-closer, and the same in Korean."""
    text = (FOLDER / f"{POOLS}.txt").read_text(encoding="utf-8")
    return {pool.name: pool for pool in _parse(text, topic=POOLS)}


def _parse(text: str, *, topic: str) -> Iterator[Family]:
    family: Family | None = None
    for mark, body in _entries(text):
        if mark == FAMILY:
            if family is not None:
                yield family
            family = Family(name=body, topic=topic)
        elif family is None:
            raise ValueError(f"{topic}: an entry before the first family: {body[:40]!r}")
        elif mark == QUESTION:
            family.questions.append(_messages(body))
        else:
            family.answers[mark].append(body)
    if family is not None:
        yield family


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """(mark, body) pairs; a body keeps its line breaks."""
    mark, lines = "", list[str]()
    for line in text.split("\n"):
        if not line or line.startswith("  "):
            lines.append(line[2:])
            continue
        if mark:
            yield mark, "\n".join(lines).strip()
        mark, lines = line[0], [line[2:]]
        if mark not in (FAMILY, QUESTION, HELPFUL, TERSE, WRONG, RUDE):
            raise ValueError(f"a line begins with {mark!r}: {line[:60]!r}")
    if mark:
        yield mark, "\n".join(lines).strip()


def _messages(body: str) -> tuple[Message, ...]:
    if not body.startswith(("user: ", "system: ", "assistant: ")):
        return (Message("user", body),)
    turns = (line.partition(": ") for line in body.split("\n"))
    return tuple(Message(role, content) for role, _, content in turns)
