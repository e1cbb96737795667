"""HelpSteer3's preferences: one row a pair of responses, with what each of up to some annotators said.

{"domain", "language", "context": [{"role", "content"}, …], "response1", "response2", "overall_preference": −3 … 3,
 "individual_preference": [{"score": −3 … 3, "reasoning", "feedback1"?, "feedback2"?}, …]}

Negative means that response 1 is better (`signed`). Read: each individual preference is a judgment by an annotator
without a name, with its reasoning and its feedback on each response as the reason; the overall preference is what
they make together, and is a judgment only where no individual one is given. Written: the individual preferences of
each two responses, and `signed.overall` of them.
Source: the dataset card of nvidia/HelpSteer3, subset `preference`; Wang et al. 2025, arXiv:2505.11475.
"""

from collections.abc import Iterator
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields, signed
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, ResponseRecord
from preferences.rows import SnapshotRow

NAME = "helpsteer3"
TYPED_FIELDS = ("overall_preference",)
DROPS = f"{signed.NOT_HELD}; metadata but for domain and language"


def matches(row: dict[str, Any]) -> bool:
    return {"context", "response1", "response2"} <= row.keys() and bool(
        {"overall_preference", "individual_preference"} & row.keys()
    )


def read(row: dict[str, Any]) -> ComparisonRecord:
    responses = [ResponseRecord(fields.text(fields.required(row, name), name)) for name in ("response1", "response2")]
    return fields.record(
        prompt=fields.prompt(fields.required(row, "context"), "context"),
        responses=responses,
        judgments=_judgments(row),
        metadata=fields.kept(row, "domain", "language"),
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    record = row.record
    for first, second, said in signed.scored_pairs(row, rules, report):
        report.rows += 1
        yield {
            "domain": record.metadata.get("domain"),
            "language": record.metadata.get("language"),
            "context": [dict(turn) for turn in record.prompt],
            "response1": record.responses[first].content,
            "response2": record.responses[second].content,
            "overall_preference": signed.overall([score for score, _reason in said]),
            "individual_preference": [{"score": score, "reasoning": reason} for score, reason in said],
        }


def _judgments(row: dict[str, Any]) -> list[JudgmentRecord]:
    individual = row.get("individual_preference") or []
    if not isinstance(individual, list) or not all(isinstance(item, dict) for item in individual):
        raise InvalidRow("“individual_preference” is not a list of objects.", reason="bad-judgment")
    if not individual:
        return [signed.judgment(_score(fields.required(row, "overall_preference"), "overall_preference"))]
    return [
        signed.judgment(
            _score(item.get("score"), f"individual_preference, {position}, score"),
            reason=_reason(item, f"individual_preference, {position}"),
            position=position,
        )
        for position, item in enumerate(individual, start=1)
    ]


def _score(value: Any, name: str) -> int:
    return fields.whole_number(value, name, -signed.MOST, signed.MOST)


def _reason(item: dict[str, Any], name: str) -> str:
    """The reasoning, and what was said of each response, under the names that the reasoning uses for them."""
    texts = {
        field: fields.text(item.get(field) or "", f"{name}, {field}", may_be_empty=True)
        for field in ("reasoning", "feedback1", "feedback2")
    }
    parts = [texts["reasoning"], *(f"@Response {n}: {texts[f'feedback{n}']}" for n in (1, 2) if texts[f"feedback{n}"])]
    return "\n\n".join(part for part in parts if part)
