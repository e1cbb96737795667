"""Open-Assistant's conversation trees: {"message_tree_id", "prompt": {"text", "role", "replies": [message, …], …}}.

Each set of two or more answers to one message is a comparison whose prompt is the path from the root. `rank` (0 is
best) is the people's consensus and becomes one judgment, of the annotator “consensus”. The rules:

- deleted messages and those that review refused are left out, with all that follows them;
- where some siblings are ranked, those without a rank are left out; where fewer than two are, nobody judged the set,
  and it comes in without a judgment;
- of answers that are alike but for white space the best one is kept;
- what users wrote as alternatives is no comparison, and a tree without a comparison is refused.

A flat table of messages (`message_id`, `parent_id`, `message_tree_id`) is read too if the messages of a tree follow
each other, as they do in the published files. Source: Köpf et al. 2023, arXiv:2304.07327; oasst_data/schemas.py.
"""

from collections.abc import Iterator
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields
from preferences.formats.format import Grouping
from preferences.records import ComparisonRecord, JudgmentRecord, Message, Ranking, ResponseRecord
from preferences.text import without_space

DROPS = "everything: it is read only"
CONSENSUS = "consensus"
_ROLES = {"prompter": "user", "assistant": "assistant", "system": "system"}
_DEEPEST = 200


def matches(row: dict[str, Any]) -> bool:
    root = row.get("prompt")
    is_tree = isinstance(root, dict) and "message_id" in root and "text" in root
    return is_tree or {"message_id", "parent_id", "message_tree_id", "text", "role"} <= row.keys()


def read(row: dict[str, Any]) -> Iterator[ComparisonRecord]:
    root = fields.required(row, "prompt")
    if not isinstance(root, dict):
        raise InvalidRow("“prompt” is not a message with its replies.")
    tree = row.get("message_tree_id")
    found = False
    for record in _comparisons(root, (), tree if isinstance(tree, str) else None):
        found = True
        yield record
    if not found:
        raise InvalidRow(
            "The tree holds nothing to compare: no message has two answers that stand.", reason="too-few-responses"
        )


def tree_of(row: dict[str, Any]) -> str | None:
    """The tree that a row of a flat table belongs to; None for a row that is a tree itself."""
    tree = row.get("message_tree_id")
    return tree if isinstance(tree, str) and "prompt" not in row else None


def join(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The messages of a tree as the tree; what hangs on a message that is not there is left out with it."""
    messages: dict[Any, dict[str, Any]] = {}
    for row in rows:
        name = fields.text(row.get("message_id"), "message_id")
        if name in messages:
            raise InvalidRow(f"The message {name} is there twice.")
        messages[name] = {**row, "replies": []}
    roots = []
    for message in messages.values():
        parent = message.get("parent_id")
        if parent is None:
            roots.append(message)
        elif isinstance(parent, str) and parent in messages:
            messages[parent]["replies"].append(message)
    if len(roots) != 1:
        raise InvalidRow(f"The messages of a tree have one root; these {len(rows)} have {len(roots)}.")
    return {"message_tree_id": rows[0]["message_tree_id"], "prompt": roots[0]}


GROUPING = Grouping(tree_of, join)


def _comparisons(message: dict[str, Any], before: tuple[Message, ...], tree: str | None) -> Iterator[ComparisonRecord]:
    if _is_out(message):
        return
    if len(before) == _DEEPEST:
        raise InvalidRow(f"The tree is more than {_DEEPEST} messages deep.")
    path = (*before, _turn(message))
    replies = message.get("replies") or []
    if not isinstance(replies, list) or not all(isinstance(reply, dict) for reply in replies):
        raise InvalidRow("“replies” is not a list of messages.")
    answers = [reply for reply in replies if _turn(reply)["role"] == "assistant" and not _is_out(reply)]
    record = _comparison(path, answers, message, tree)
    if record is not None:
        yield record
    for reply in replies:
        yield from _comparisons(reply, path, tree)


def _comparison(
    path: tuple[Message, ...], answers: list[dict[str, Any]], message: dict[str, Any], tree: str | None
) -> ComparisonRecord | None:
    ranked = [answer for answer in answers if _rank(answer) is not None]
    shown = _different(ranked if len(ranked) > 1 else answers)
    if len(shown) < 2:
        return None
    ranks = [_rank(answer) for answer in shown]
    said = {"language": message.get("lang"), "message_id": message.get("message_id"), "message_tree_id": tree}
    return fields.record(
        prompt=path,
        responses=[ResponseRecord(fields.text(answer.get("text"), "text"), _policy(answer)) for answer in shown],
        judgments=([JudgmentRecord(CONSENSUS, _by_rank(ranks), source=fields.IMPORTED)] if len(ranked) > 1 else []),
        metadata={name: value for name, value in said.items() if isinstance(value, str)},
    )


def _by_rank(ranks: list[int | None]) -> Ranking:
    places = sorted({rank for rank in ranks if rank is not None})
    return tuple(tuple(index for index, rank in enumerate(ranks) if rank == place) for place in places)


def _different(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers without empty ones and repetitions, of which the best ranked stays; best first."""
    best: dict[str, dict[str, Any]] = {}
    for answer in sorted(answers, key=lambda answer: _rank(answer) or 0):
        content = fields.text(answer.get("text"), "text", may_be_empty=True)
        if content.strip():
            best.setdefault(without_space(content), answer)
    return list(best.values())


def _turn(message: dict[str, Any]) -> Message:
    role = fields.one_of(_ROLES, message.get("role"), "role")
    return Message(role=role, content=fields.text(message.get("text"), "text", may_be_empty=True))


def _rank(message: dict[str, Any]) -> int | None:
    rank = message.get("rank")
    if rank is not None and (isinstance(rank, bool) or not isinstance(rank, int)):
        raise InvalidRow(f"“rank” is {rank!r}, not a whole number.", reason="bad-judgment")
    return rank


def _policy(message: dict[str, Any]) -> str | None:
    """The model that wrote a synthetic message; people's messages have none."""
    name = message.get("model_name")
    return name[:120] if message.get("synthetic") and isinstance(name, str) and name else None


def _is_out(message: dict[str, Any]) -> bool:
    return bool(message.get("deleted")) or message.get("review_result") is False
