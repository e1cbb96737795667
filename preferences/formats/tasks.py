"""Tasks of labeling tools: which of the fields that people were shown hold the answers, and what a label says of them.

Such exports do not say what their fields are for, so names decide. Where they do not, a row is refused, and a field
mapping can say it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from preferences.errors import InvalidRow
from preferences.formats import fields
from preferences.records import Message, ResponseRecord

Label = int | Literal["tie", "all_bad"]

PROMPTS = ("prompt", "instruction", "question", "query", "input", "conversation", "chat", "dialog")
SYSTEMS = ("system", "system_prompt")
DOCUMENTS = ("context", "document", "documents", "passage", "background")
ANSWERS = ("response", "answer", "completion", "output", "generation", "reply", "candidate", "summary", "model", "text")
TIES = {"tie", "tied", "equal", "equallygood", "same", "thesame", "both", "bothgood", "draw", "nopreference"}
ALL_BAD = {"bothbad", "allbad", "bothwrong", "allwrong", "equallybad", "tiebothbad", "botharebad", "allarebad"}
SIDES = {"left": 0, "first": 0, "right": 1, "second": 1}
_NUMBERED = re.compile(r"(.*?)(\d{1,2}|[a-h])")
_CONTENT = ("body", "text", "content", "html", "title")


@dataclass(frozen=True)
class Task:
    """What a task shows: a prompt, documents, and answers under the names that labels use for them."""

    prompt: tuple[Message, ...]
    answers: dict[str, ResponseRecord]
    documents: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> "Task":
        """Raises: InvalidRow where no field looks like a prompt, or fewer than two like answers."""
        name = next((name for name in PROMPTS if shown.get(name)), None)
        if name is None:
            raise InvalidRow(f"No field is named like a prompt ({', '.join(PROMPTS)}); {_mapping(shown)}")
        answers = _listed_answers(shown) or {
            answer: ResponseRecord(fields.text(shown[answer], answer)) for answer in answer_names(shown)
        }
        if len(answers) < 2:
            raise InvalidRow(
                f"Fewer than two fields are named like answers (response1, response2, answer_a, …); {_mapping(shown)}",
                reason="too-few-responses",
            )
        system = next((shown[name] for name in SYSTEMS if shown.get(name)), None)
        before = () if system is None else (Message(role="system", content=fields.text(system, "system")),)
        return cls((*before, *fields.prompt(shown[name], name)), answers, _documents(shown))

    @property
    def responses(self) -> list[ResponseRecord]:
        return list(self.answers.values())

    @property
    def metadata(self) -> dict[str, Any]:
        return {"documents": self.documents} if self.documents else {}

    def index(self, name: Any) -> int | None:
        """Which answer a label names: by its field's name, or by the number or letter at its end."""
        wanted = _plain(name)
        plain = [_plain(answer) for answer in self.answers]
        if wanted in plain:
            return plain.index(wanted)
        end = _end_of(wanted)
        ends = [_end_of(answer) for answer in plain]
        return ends.index(end) if end is not None and ends.count(end) == 1 else None

    def verdict(self, label: Any) -> Label | None:
        """What a label says: the answer it prefers, a tie, that all are bad, or None if it says nothing of them."""
        index = self.index(label)
        if index is not None:
            return index
        plain = _plain(label)
        if plain in SIDES and len(self.answers) == 2:
            return SIDES[plain]
        return "tie" if plain in TIES else "all_bad" if plain in ALL_BAD else None

    def places(self, names: Iterable[Any], where: str) -> list[int]:
        """The answers that a ranking names, each in its turn. Raises: InvalidRow for a name that is no answer."""
        found = []
        for name in names:
            index = self.index(name)
            if index is None:
                raise InvalidRow(f"“{where}” names {name!r}, which is no answer of the task.", reason="bad-judgment")
            found.append(index)
        return found


@dataclass
class Said:
    """What one annotator answered to all questions of a task, as it is gathered."""

    ranking: list[list[int]] = field(default_factory=list)
    all_bad: bool = False
    ratings: dict[str, dict[str, float]] = field(default_factory=dict)
    remarks: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_verdict(self) -> bool:
        return bool(self.ranking or self.all_bad or self.ratings)

    def prefer(self, label: Label, k: int, where: str) -> None:
        """Take in a label. Raises: InvalidRow where another question was answered with another ranking."""
        if label == "all_bad":
            self.all_bad = True
        elif label == "tie":
            self.rank([list(range(k))], where)
        else:
            self.rank([[label], [1 - label]] if k == 2 else [[label]], where)

    def rank(self, groups: list[list[int]], where: str) -> None:
        """Take in a ranking, best group first. Raises: InvalidRow as `prefer` does."""
        if self.ranking and self.ranking != groups:
            raise InvalidRow(f"“{where}” ranks the answers, and so does another question.", reason="bad-judgment")
        self.ranking = groups

    def rate(self, index: int, attribute: str, value: float) -> None:
        self.ratings.setdefault(str(index), {})[attribute] = value

    def as_judgment(self) -> dict[str, Any]:
        """As the native format writes it; remarks stand in the reason, named where there is more than one."""
        texts = [text if len(self.remarks) == 1 else f"{name}: {text}" for name, text in self.remarks]
        return {
            "ranking": self.ranking,
            "all_bad": self.all_bad,
            "ratings": self.ratings,
            "reason": "\n".join(texts),
        }


def answer_names(names: Iterable[str]) -> list[str]:
    """The fields that hold answers: alike but for a number or letter at their end, and named like answers."""
    by_stem: dict[str, dict[str, str]] = {}
    for name in names:
        found = _NUMBERED.fullmatch(_plain(name))
        if found and found[1] in ANSWERS:
            by_stem.setdefault(found[1], {})[found[2].zfill(2)] = name
    groups = [by_stem[stem] for stem in ANSWERS if len(by_stem.get(stem, ())) > 1]
    return [name for _end, name in sorted(groups[0].items())] if groups else []


def _listed_answers(shown: Mapping[str, Any]) -> dict[str, ResponseRecord]:
    """Answers that come as a list of objects with an id, as for Label Studio's List."""
    for value in shown.values():
        if isinstance(value, list) and value and all(isinstance(item, dict) and "id" in item for item in value):
            contents = [next((item[name] for name in _CONTENT if item.get(name)), "") for item in value]
            responses = [ResponseRecord(fields.text(content, "items")) for content in contents]
            return {str(item["id"]): response for item, response in zip(value, responses, strict=True)}
    return {}


def _documents(shown: Mapping[str, Any]) -> list[Any]:
    found = [shown[name] for name in DOCUMENTS if shown.get(name)]
    listed = [document for value in found for document in (value if isinstance(value, list) else [value])]
    return [fields.text(document, "context") for document in listed]


def _mapping(shown: Mapping[str, Any]) -> str:
    return f"the row has {', '.join(f'“{name}”' for name in list(shown)[:8]) or 'none'}. A field mapping can say which."


def _plain(name: Any) -> str:
    return "".join(character for character in str(name).casefold() if character.isalnum())


def _end_of(plain: str) -> str | None:
    """The number or letter at the end of a name that is otherwise nothing, or a word for an answer."""
    found = _NUMBERED.fullmatch(plain)
    return found[2].lstrip("0") if found and (not found[1] or found[1] in ANSWERS) else None
