"""Nectar: a prompt with up to seven answers or more, each with its model and its rank, 1 for the best.

{"prompt": "\\n\\nHuman: …\\n\\nAssistant: ", "answers": [{"answer", "model", "rank"}, …], "turns", "num_response",
 "source": [text, …], "good_natured": true or false}

The prompt is a transcript as HH-RLHF writes it, that ends where the answer begins. Equal ranks are a tie. Written: one
row a judgment; responses that it does not name have the last rank together.
Source: the dataset card of berkeley-nest/Nectar (there the ranks are a model's, GPT-4's).
"""

from collections.abc import Iterator
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields
from preferences.formats.hh_rlhf import transcript, turns_of_transcript
from preferences.formats.pairwise import ranked_judgments
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from preferences.rows import SnapshotRow

NAME = "nectar"
DROPS = (
    "pictures, strength, that all are bad, ratings, reasons, flags, who judged, gold answers, weights; other metadata; "
    "prompts with a system or tool message; prompts that contain a turn marker; responses of several messages"
)
_END = "\n\nAssistant: "
_LOWEST = 10**6


def matches(row: dict[str, Any]) -> bool:
    answers = row.get("answers")
    return (
        "prompt" in row
        and isinstance(answers, list)
        and any(isinstance(item, dict) and "rank" in item for item in answers)
    )


def read(row: dict[str, Any]) -> ComparisonRecord:
    answers = fields.required(row, "answers")
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        raise InvalidRow("“answers” is not a list of objects.")
    ranks: dict[int, list[int]] = {}
    responses = []
    for index, answer in enumerate(answers):
        name = f"answers, {index + 1}"
        content = fields.text(fields.required(answer, "answer"), f"{name}, answer")
        responses.append(ResponseRecord(content, fields.policy(answer.get("model"), f"{name}, model")))
        ranks.setdefault(fields.whole_number(answer.get("rank"), f"{name}, rank", 1, _LOWEST), []).append(index)
    ranking = tuple(tuple(ranks[rank]) for rank in sorted(ranks))
    return fields.record(
        prompt=_prompt(fields.text(fields.required(row, "prompt"), "prompt")),
        responses=responses,
        judgments=(JudgmentRecord(fields.IMPORTED, ranking, source=fields.IMPORTED),),
        metadata=fields.kept(row, "source", "good_natured"),
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    record = row.record
    prompt = _transcript(record.prompt)
    for judgment in ranked_judgments(row, rules, report):
        if prompt is None:
            report.drop("ranking for a prompt that is not a conversation of user and assistant, or has a turn marker")
        elif any(response.kind != "text" for response in record.responses):
            report.drop("ranking of responses of several messages")
        else:
            report.drop("word that all are bad, beside an order", int(judgment.all_bad))
            unnamed = len(record.responses) - sum(map(len, judgment.ranking))
            report.drop("response that a ranking leaves out, written as tied last", unnamed if unnamed > 1 else 0)
            report.rows += 1
            yield _row(record, prompt, judgment)


def _row(record: ComparisonRecord, prompt: str, judgment: JudgmentRecord) -> dict[str, Any]:
    places = {index: place for place, group in enumerate(judgment.ranking) for index in group}
    last = len(judgment.ranking)
    ranked = sorted((places.get(index, last), index) for index in range(len(record.responses)))
    return {
        "prompt": prompt,
        "answers": [
            {"answer": record.responses[index].content, "model": record.responses[index].policy, "rank": place + 1}
            for place, index in ranked
        ],
        "turns": sum(turn["role"] == "user" for turn in record.prompt),
        "num_response": len(record.responses),
        "source": record.metadata.get("source"),
        "good_natured": record.metadata.get("good_natured"),
    }


def _prompt(text: str) -> tuple[Message, ...]:
    *turns, last = turns_of_transcript(text, "prompt")
    if last["content"].strip():
        raise InvalidRow(
            "The transcript “prompt” does not end with “Assistant:” and nothing after it.", reason="broken-transcript"
        )
    return tuple(turns)


def _transcript(turns: tuple[Message, ...]) -> str | None:
    """The prompt as a transcript that reads back as the same turns; None where there is no such transcript."""
    if turns[0]["role"] != "user" or any(turn["role"] not in ("user", "assistant") for turn in turns):
        return None
    text = transcript(turns) + _END
    return text if _prompt(text) == turns else None
