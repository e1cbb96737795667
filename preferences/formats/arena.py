"""Chatbot Arena: two whole conversations, one with each model, and who won.

{"question_id", "model_a", "model_b", "winner": "model_a", "model_b", "tie" or "tie (bothbad)", "judge",
 "conversation_a": [{"role", "content"}, …], "conversation_b": […], "turn", "anony", "language", "tstamp"}

The user says the same to both models. The prompt is what both conversations share from their start, so everything up to
the first answer; a response is all that follows, as several messages where the conversation went on. Conversations
whose user turns differ are refused: they were not one battle. `turn` says after how many user turns was judged, and
what comes later is left out. `tie (bothbad)`, `bothbad` and `both_bad` say that all are bad. The left model is A.
Source: the dataset cards of lmsys/chatbot_arena_conversations, lmsys/mt_bench_human_judgments and
lmarena-ai/arena-human-preference-140k (whose contents are lists of parts); Chiang et al. 2024, arXiv:2403.04132.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations, islice
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import conversations, fields, trl
from preferences.formats.openai import plain_messages
from preferences.formats.pairwise import as_shown, judgments_that_count, orders_in
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules, counts_towards_pairs
from preferences.records import ComparisonRecord, JudgmentRecord, Message, Ranking
from preferences.rows import SnapshotRow

NAME = "arena"
TYPED_FIELDS = ("turn", "tstamp", "anony", "is_code", "evaluation_order")
DROPS = (
    "pictures, strength, weights, ratings, reasons, flags, gold answers; other metadata; "
    "an order beside the word that all are bad, or that word"
)
BOTH_BAD = "tie (bothbad)"
_RANKINGS: dict[str, Ranking] = {
    "model_a": ((0,), (1,)),
    "model_b": ((1,), (0,)),
    "tie": ((0, 1),),
    BOTH_BAD: (),
    "bothbad": (),
    "both_bad": (),
}
OPTIONAL_FIELDS = (
    "question_id",
    "id",
    "language",
    "anony",
    "openai_moderation",
    "toxic_chat_tag",
    "evaluation_session_id",
    "evaluation_order",
    "category_tag",
    "is_code",
)


def matches(row: dict[str, Any]) -> bool:
    return {"conversation_a", "conversation_b", "winner"} <= row.keys()


def read(row: dict[str, Any]) -> ComparisonRecord:
    talks = [_conversation(row, f"conversation_{side}") for side in "ab"]
    users = [[turn for turn in talk if turn["role"] == "user"] for talk in talks]
    if users[0] != users[1]:
        place = conversations.shared_length(*users) + 1
        raise InvalidRow(
            f"User turn {place} is not the same in both conversations, so they are not one battle.",
            reason="broken-transcript",
        )
    prompt, *answers = conversations.split(*talks)
    policies = [fields.policy(row.get(f"model_{side}"), f"model_{side}") for side in "ab"]
    ranking = fields.one_of(_RANKINGS, fields.required(row, "winner"), "winner")
    judge = fields.text(row.get("judge") or fields.IMPORTED, "judge")
    verdict = JudgmentRecord(
        annotator=judge,
        ranking=ranking,
        all_bad=not ranking,
        shown_order=(0, 1),
        judged_at=_time(row.get("tstamp")),
        source=fields.IMPORTED,
    )
    return fields.record(
        prompt=prompt,
        responses=[replace(answer, policy=policy) for answer, policy in zip(answers, policies, strict=True)],
        judgments=(verdict,),
        metadata=fields.kept(row, *OPTIONAL_FIELDS),
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    responses = row.record.responses
    for judgment in judgments_that_count(row, rules, report):
        if not judgment.ranking and not judgment.all_bad:
            report.drop("judgment that ranks none")
            continue
        orders = orders_in(judgment, len(responses))
        for pair in combinations(range(len(responses)), 2):
            first, second = as_shown(*pair, [judgment])
            winner = _winner(orders.get((first, second)), judgment, rules, report)
            if winner is None:
                report.drop("pair of responses that a ranking leaves out")
                continue
            talks = [[*row.record.prompt, *trl.turns_of(responses[index])] for index in (first, second)]
            if not _is_one_battle(*talks):
                report.drop("pair of conversations that are not one battle")
                continue
            report.rows += 1
            yield _row(row, judgment, talks, winner, [responses[first].policy, responses[second].policy])


def _row(
    row: SnapshotRow, judgment: JudgmentRecord, talks: list[list[Message]], winner: str, policies: list[str | None]
) -> dict[str, Any]:
    said = row.record.metadata
    time = judgment.judged_at
    return {
        "question_id": str(said.get("question_id", row.comparison_hash)),
        "model_a": policies[0],
        "model_b": policies[1],
        "winner": winner,
        "judge": judgment.annotator,
        "conversation_a": [dict(turn) for turn in talks[0]],
        "conversation_b": [dict(turn) for turn in talks[1]],
        "turn": sum(turn["role"] == "user" for turn in talks[0]),
        # People here never see a model's name; how others were asked, only their own file can tell.
        "anony": said.get("anony", True if judgment.source == "person" else None),
        "language": said.get("language"),
        "tstamp": None if time is None else time.timestamp(),
    }


def _winner(order: int | None, judgment: JudgmentRecord, rules: PairRules, report: ExportReport) -> str | None:
    if judgment.all_bad and (not order or not counts_towards_pairs(judgment, rules)):
        report.drop("order beside the word that all are bad", int(bool(order)))
        return BOTH_BAD
    if order is None:
        return None
    report.drop("word that all are bad, beside an order", int(judgment.all_bad))
    return {-1: "model_a", 0: "tie", 1: "model_b"}[order]


def _is_one_battle(first: list[Message], second: list[Message]) -> bool:
    """Whether two conversations would be read again: the same user turns, and neither the beginning of the other."""
    users = [[turn for turn in talk if turn["role"] == "user"] for talk in (first, second)]
    return users[0] == users[1] and conversations.shared_length(first, second) < min(len(first), len(second))


def _conversation(row: dict[str, Any], name: str) -> tuple[Message, ...]:
    """One side, up to the turn that was judged."""
    turns = fields.messages(_without_counts(plain_messages(fields.required(row, name), name)), name)
    judged = row.get("turn")
    if judged is None:
        return turns
    judged = fields.whole_number(judged, "turn", 1, 10**6)
    asked = (place for place, turn in enumerate(turns) if turn["role"] == "user")
    return turns[: next(islice(asked, judged, None), len(turns))]


def _without_counts(value: Any) -> Any:
    """Messages without the length that some files give each of them."""
    if not fields.is_messages(value):
        return value
    return [{key: item for key, item in turn.items() if key != "num_tokens"} for turn in value]


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise InvalidRow(f"“tstamp” is {value!r}, not seconds since 1970.", reason="bad-judgment") from None
