"""Write the demo files from the hand-written families: `python -m labeling.demo.generate [FOLDER]`.

    responses.jsonl          four answers to a prompt, with the quality planted in each (plumbline format)
    pair_project.jsonl       two answers to a prompt, for a project that asks for pairs
    demonstrations.jsonl     one ideal answer to a prompt, for supervised fine-tuning
    unseen_prompts.jsonl     prompts that appear in none of the files above

Every choice is drawn from a hash of what is chosen for, so the files come out byte for byte the same on any machine,
and editing one family leaves the rows of the others alone.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from labeling.demo.families import (
    HELPFUL,
    RUDE,
    TERSE,
    WRONG,
    Family,
    Message,
    read_families,
    read_pools,
)
from preferences.hashing import response_hash

T = TypeVar("T")

SEED = "plumbline-demo-1"
COMPARED_QUESTIONS = 4  # of a family's five; the last one stays unseen
GOLD_EVERY = 27
PAIR_EVERY = 2  # every second family lends a prompt to the pair project

# Planted quality in nats: P(i is preferred to j) = sigmoid(quality_i − quality_j) for an annotator without quirks.
QUALITY = {HELPFUL: 2.2, TERSE: 0.8, WRONG: -0.9, RUDE: -2.1}
SPREAD = 0.3  # each answer's own quality lies this far around its kind's, at most

POLICIES = {
    HELPFUL: ("demo-sft-v2", "demo-sft-v2", "demo-sft-v1"),
    TERSE: ("demo-sft-v1", "demo-sft-v1", "demo-sft-v2", "demo-base-v1"),
    WRONG: ("demo-base-v1", "demo-base-v1", "demo-sft-v1"),
    RUDE: ("demo-base-v1", "demo-base-v0", "demo-base-v0"),
}
POLITE_SHARE = {HELPFUL: 35, WRONG: 25}  # per cent that open with a courteous phrase: courtesy alone decides nothing
CLOSING_SHARE = {HELPFUL: 30, WRONG: 10}


@dataclass(frozen=True)
class Answer:
    """One response of a row: its text, what kind it is, and its planted quality in nats."""

    content: str
    kind: str
    quality: float
    policy: str

    def to_row(self, key: str) -> dict[str, Any]:
        temperature = (0.7, 0.8, 1.0)[draw(f"{key}/temperature", 3)]
        return {"content": self.content, "policy": self.policy, "sampling": {"temperature": temperature}}


def draw(key: str, count: int) -> int:
    """A number from 0 to `count` − 1 that depends on the key alone."""
    digest = hashlib.sha256(f"{SEED}/{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % count


def shuffled(items: Sequence[T], key: str) -> list[T]:
    """The items in an order that depends on the key alone."""
    order = sorted(range(len(items)), key=lambda index: hashlib.sha256(f"{SEED}/{key}/{index}".encode()).digest())
    return [items[index] for index in order]


class Writer:
    """Makes rows out of families and the phrases they share."""

    def __init__(self) -> None:
        self.families = read_families()
        self.pools = read_pools()

    def comparisons(self) -> list[dict[str, Any]]:
        """One row a compared question, four answers each, in shuffled order."""
        keyed = [
            (f"{family.name}/{number}", family, number)
            for family in self.families
            for number in range(COMPARED_QUESTIONS)
        ]
        rows = [self._comparison(key, family, number) for key, family, number in shuffled(keyed, "rows")]
        for row in rows[::GOLD_EVERY]:
            planted = row["metadata"]["planted_quality"]
            quality = [planted[response_hash(response["content"])[:16]] for response in row["responses"]]
            row["gold"] = [[index] for index in sorted(range(len(quality)), key=lambda index: -quality[index])]
        return rows

    def pairs(self) -> list[dict[str, Any]]:
        """One row each for every second family: a helpful answer and another one of a kind that varies."""
        return [self._pair(f"pair/{family.name}", family) for family in shuffled(self.families[::PAIR_EVERY], "pairs")]

    def demonstrations(self) -> list[dict[str, Any]]:
        """The best answer to each compared question, as a person would have written it."""
        return [
            {
                "kind": "demonstration",
                "prompt": _prompt(family.questions[number]),
                "responses": [{"content": self._courteous(f"demonstration/{family.name}/{number}", family, number)}],
                "metadata": {"family": family.name, "language": family.language},
            }
            for family in self.families
            for number in range(COMPARED_QUESTIONS)
        ]

    def unseen_prompts(self) -> list[dict[str, Any]]:
        return [
            {"prompt": _prompt(question), "metadata": {"family": family.name, "language": family.language}}
            for family in self.families
            for question in family.questions[COMPARED_QUESTIONS:]
        ]

    def _comparison(self, key: str, family: Family, number: int) -> dict[str, Any]:
        kinds = [HELPFUL, TERSE, WRONG, RUDE]
        twist = draw(f"{key}/twist", 8)
        if twist == 0:
            kinds[3] = HELPFUL  # two good answers of one prompt are hard to tell apart
        elif twist == 1:
            kinds[3] = WRONG
        answers = [
            self._answer(f"{key}/{kind}", family, kind, number + kinds[:slot].count(kind))
            for slot, kind in enumerate(kinds)
        ]
        return _row(key, family, family.questions[number], shuffled(answers, f"{key}/order"))

    def _pair(self, key: str, family: Family) -> dict[str, Any]:
        number = draw(f"{key}/question", COMPARED_QUESTIONS)
        other = (TERSE, TERSE, WRONG, HELPFUL, RUDE)[draw(f"{key}/other", 5)]
        answers = [
            self._answer(f"{key}/first", family, HELPFUL, number),
            self._answer(f"{key}/second", family, other, number + 1),
        ]
        return _row(key, family, family.questions[number], shuffled(answers, f"{key}/order"))

    def _answer(self, key: str, family: Family, kind: str, number: int) -> Answer:
        content = self._text(key, family, kind, number)
        jitter = (draw(f"{key}/jitter", 201) - 100) / 100 * SPREAD
        policies = POLICIES[kind]
        return Answer(content, kind, round(QUALITY[kind] + jitter, 2), policies[draw(f"{key}/policy", len(policies))])

    def _text(self, key: str, family: Family, kind: str, number: int) -> str:
        if kind == RUDE:
            pool = family.answers[RUDE] * 3 + self.pools[f"{family.language}-rude"].answers[RUDE]
            return pool[draw(f"{key}/rude", len(pool))]
        texts = family.answers[kind]
        return self._dressed(key, family, kind, texts[number % len(texts)])

    def _dressed(self, key: str, family: Family, kind: str, text: str) -> str:
        """The text with a courteous phrase before or after it, now and then; never around a letter or a poem."""
        if family.topic == "email" or "\n" in text or text.startswith(("Subject", "제목")):
            return text
        if draw(f"{key}/opens", 100) < POLITE_SHARE.get(kind, 0):
            openers = self.pools[f"{family.language}-opener"].answers[HELPFUL]
            text = f"{openers[draw(f'{key}/opener', len(openers))]} {text}"
        if draw(f"{key}/closes", 100) < CLOSING_SHARE.get(kind, 0):
            closers = self.pools[f"{family.language}-closer"].answers[HELPFUL]
            text = f"{text} {closers[draw(f'{key}/closer', len(closers))]}"
        return text

    def _courteous(self, key: str, family: Family, number: int) -> str:
        return self._text(key, family, HELPFUL, number)


def _row(key: str, family: Family, question: tuple[Message, ...], answers: list[Answer]) -> dict[str, Any]:
    return {
        "prompt": _prompt(question),
        "responses": [answer.to_row(f"{key}/{index}") for index, answer in enumerate(answers)],
        "metadata": {
            "family": family.name,
            "topic": family.topic,
            "language": family.language,
            "planted_quality": {response_hash(answer.content)[:16]: answer.quality for answer in answers},
        },
    }


def _prompt(question: tuple[Message, ...]) -> str | list[dict[str, str]]:
    if len(question) == 1:
        return question[0].content
    return [{"role": message.role, "content": message.content} for message in question]


def write_files(folder: Path) -> dict[str, int]:
    """Write the four files; answer how many rows each has."""
    writer = Writer()
    files = {
        "responses.jsonl": writer.comparisons(),
        "pair_project.jsonl": writer.pairs(),
        "demonstrations.jsonl": writer.demonstrations(),
        "unseen_prompts.jsonl": writer.unseen_prompts(),
    }
    for name, rows in files.items():
        (folder / name).write_bytes(b"".join(_lines(rows)))
    return {name: len(rows) for name, rows in files.items()}


def _lines(rows: list[dict[str, Any]]) -> Iterator[bytes]:
    for row in rows:
        yield (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for file_name, count in write_files(target).items():
        sys.stdout.write(f"{file_name}: {count} rows\n")
