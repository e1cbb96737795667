"""Reading fields of a foreign row: each of these names the field when it is not what it should be."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from preferences.errors import InvalidRanking, InvalidRecord, InvalidRow, InvalidText, PreferenceError
from preferences.hashing import canonical_json
from preferences.pictures import brought_content
from preferences.records import (
    ComparisonRecord,
    JudgmentRecord,
    JudgmentSource,
    Message,
    RecordKind,
    ResponseRecord,
)
from preferences.text import check_text, check_texts_within, without_space

ValueT = TypeVar("ValueT")
WORDS_COMPARED_FIRST = 4
MAX_RESPONSES = 26  # one letter each on the workbench
MAX_POLICY_CHARACTERS = 120
LEAST_RESPONSES: dict[RecordKind, int] = {"comparison": 2, "demonstration": 1, "prompt": 0}
ROLES = ("system", "developer", "user", "assistant", "tool")
IMPORTED: Literal["imported"] = "imported"


def required(row: Mapping[str, Any], name: str) -> Any:
    if row.get(name) is None:
        raise InvalidRow(f"The field “{name}” is missing.")
    return row[name]


def text(value: Any, name: str, *, may_be_empty: bool = False) -> str:
    """A text that every engine can hold and, unless said otherwise, that has something to read in it."""
    if not isinstance(value, str):
        raise InvalidRow(f"“{name}” is not a text.")
    try:
        check_text(value)
    except InvalidText as error:
        raise InvalidRow(f"“{name}”: {error}", reason="bad-text") from None
    if not may_be_empty and not value.strip():
        raise InvalidRow(f"“{name}” is empty.", reason="empty")
    return value


def one_of(allowed: Mapping[str, ValueT], value: Any, name: str) -> ValueT:
    if not isinstance(value, str) or value not in allowed:
        raise InvalidRow(f"“{name}” is {value!r}; it is one of {', '.join(allowed)}.")
    return allowed[value]


def policy(value: Any, name: str) -> str | None:
    """The name of the policy a response came from, or None where it is null or empty."""
    if value is None:
        return None
    label = text(value, name, may_be_empty=True) or None
    if label and len(label) > MAX_POLICY_CHARACTERS:
        raise InvalidRow(f"“{name}” is longer than {MAX_POLICY_CHARACTERS} characters.")
    return label


def whole_number(value: Any, name: str, lowest: int, highest: int) -> int:
    """A whole number within limits; 2.0 is one too, because tables keep whole numbers as fractions."""
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not is_whole or not lowest <= value <= highest:
        raise InvalidRow(
            f"“{name}” is {value!r}, not a whole number from {lowest} to {highest}.", reason="bad-judgment"
        )
    return int(value)


def unnamed(position: int) -> str:
    """What an annotator is called whom a row does not name, when it brings several verdicts; counted from 1.

    Another row's second annotator may be another person: the name tells verdicts apart, not people.
    """
    return IMPORTED if position == 1 else f"{IMPORTED} {position}"


def kept(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Fields that are kept as they are, as metadata; those that are missing or null are left out."""
    found = {name: row[name] for name in names if row.get(name) is not None}
    for name, value in found.items():
        try:
            canonical_json(value)
            check_texts_within(value)
        except PreferenceError as error:
            raise InvalidRow(f"“{name}”: {error}") from None
    return found


def key_of(value: Any) -> str | None:
    """What rows of the same prompt have in common, or None where the prompt is neither text nor list."""
    if not isinstance(value, str | list):
        return None
    try:
        return canonical_json(value).decode()
    except PreferenceError:
        return None


def is_messages(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(turn, dict) for turn in value)


def messages(value: Any, name: str) -> tuple[Message, ...]:
    """A list of {"role", "content"}, with something to read in at least one of them."""
    if not is_messages(value):
        raise InvalidRow(f"“{name}” is not a list of messages.")
    turns = []
    for position, turn in enumerate(value, start=1):
        where = f"{name}, message {position}"
        extra = sorted(key for key, item in turn.items() if key not in ("role", "content") and item is not None)
        if extra:
            raise InvalidRow(f"“{where}” has “{extra[0]}”; only role and content can be kept.")
        role = turn.get("role")
        if role not in ROLES:
            raise InvalidRow(f"“{where}” has the role {role!r}; known roles are {', '.join(ROLES)}.")
        turns.append(Message(role=role, content=text(turn.get("content"), where, may_be_empty=True)))
    if not any(turn["content"].strip() for turn in turns):
        raise InvalidRow(f"“{name}” is empty.", reason="empty")
    return tuple(turns)


def prompt(value: Any, name: str = "prompt") -> tuple[Message, ...]:
    """A prompt given as text (one user message) or as messages."""
    if isinstance(value, str):
        return (Message(role="user", content=text(value, name)),)
    if isinstance(value, list):
        return messages(value, name)
    raise InvalidRow(f"“{name}” is neither a text nor a list of messages.")


def response_of_messages(turns: Sequence[Message], **fields: Any) -> ResponseRecord:
    """A response given as messages: one assistant message is its text, anything else stays messages."""
    if len(turns) == 1 and turns[0]["role"] == "assistant":
        return ResponseRecord(turns[0]["content"], **fields)
    return ResponseRecord(canonical_json(turns).decode(), kind="messages", **fields)


def response_of_picture(value: Mapping[str, Any], name: str, **fields: Any) -> ResponseRecord:
    """A response given as {"picture": data URL or path, "alt"?: what it shows}; the picture itself is not looked at."""
    picture = text(value.get("picture"), f"{name}, picture")
    alt = text(value.get("alt") or "", f"{name}, alt", may_be_empty=True)
    return ResponseRecord(brought_content(picture, alt), kind="picture", **fields)


def record(
    *,
    prompt: tuple[Message, ...],
    responses: Sequence[ResponseRecord],
    judgments: Sequence[JudgmentRecord] = (),
    gold: tuple[tuple[int, ...], ...] | None = None,
    metadata: dict[str, Any] | None = None,
    kind: RecordKind = "comparison",
) -> ComparisonRecord:
    """Build a record, in canonical order, from what a row gave.

    Raises: InvalidRow for too few, too many, empty or identical responses (white space apart), or a bad judgment.
    """
    least = LEAST_RESPONSES[kind]
    if len(responses) < least:
        raise InvalidRow(
            f"A {kind} needs at least {least} response{'s' * (least > 1)}; the row has {len(responses)}.",
            reason="too-few-responses",
        )
    if len(responses) > MAX_RESPONSES:
        raise InvalidRow(
            f"The row has {len(responses)} responses; at most {MAX_RESPONSES} can be compared.",
            reason="too-many-responses",
        )
    seen: dict[tuple[str, ...], list[int]] = {}
    for position, response in enumerate(responses, start=1):
        beginning = tuple(response.content.split(maxsplit=WORDS_COMPARED_FIRST)[:WORDS_COMPARED_FIRST])
        if not beginning:
            raise InvalidRow(f"Response {position} is empty.", reason="empty")
        for earlier in seen.setdefault(beginning, []):  # nearly always none, and then the rest need not be looked at
            if without_space(responses[earlier - 1].content) == without_space(response.content):
                raise InvalidRow(
                    f"Responses {earlier} and {position} are identical apart from white space: "
                    "nobody could prefer one of them.",
                    reason="identical-responses",
                )
        seen[beginning].append(position)
    try:
        return ComparisonRecord(prompt, tuple(responses), tuple(judgments), gold, metadata or {}, kind).canonical()
    except (InvalidRecord, InvalidRanking) as error:
        raise InvalidRow(str(error), reason="bad-judgment") from None


def chosen_over_rejected(
    prompt: tuple[Message, ...],
    chosen: ResponseRecord,
    rejected: ResponseRecord,
    *,
    strength: int | None = None,
    source: JudgmentSource = IMPORTED,
    metadata: dict[str, Any] | None = None,
) -> ComparisonRecord:
    """A preference pair as a comparison. The winner leaves no trace but the judgment: responses stand in hash order."""
    verdict = JudgmentRecord(annotator=IMPORTED, ranking=((0,), (1,)), strength=strength, source=source)
    return record(prompt=prompt, responses=(chosen, rejected), judgments=(verdict,), metadata=metadata)
