"""HelpSteer2's preferences: one row a pair of responses, with a strength from −3 to 3 and the reason.

{"split", "prompt", "response_1", "response_2", "preference_strength": −3 … 3, "preference_statement",
 "preference_elaboration", "three_most_similar_preferences": [{"statement", "elaboration", "strength"}, …],
 "all_preferences_unprocessed": [{"strength", "justification"}, …]}

Negative means that response 1 is better (`signed`). Read: all preferences, as each annotator gave them; where only the
three most similar are given, those; where neither is, the one strength with its statement and elaboration. Written:
all of them, their overall strength (`signed.overall`), and as statement the reason of the first who gave that strength;
the three most similar are not written, because a reason does not say where its statement ends.
Source: the dataset card of nvidia/HelpSteer2, folder `preference`; Wang et al. 2024, arXiv:2410.01257.
"""

from collections.abc import Iterator
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import extra_id, fields, signed
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, ResponseRecord
from preferences.rows import SnapshotRow

NAME = "helpsteer2-preference"
TYPED_FIELDS = ("preference_strength",)
DROPS = f"{signed.NOT_HELD}; metadata; prompts with a system or tool message"
_LISTS = {
    "all_preferences_unprocessed": ("justification",),
    "three_most_similar_preferences": ("statement", "elaboration"),
}


def matches(row: dict[str, Any]) -> bool:
    return {"prompt", "response_1", "response_2", "preference_strength"} <= row.keys()


def read(row: dict[str, Any]) -> ComparisonRecord:
    responses = [ResponseRecord(fields.text(fields.required(row, name), name)) for name in ("response_1", "response_2")]
    return fields.record(
        prompt=extra_id.turns_of(fields.required(row, "prompt")),
        responses=responses,
        judgments=_judgments(row),
        metadata=fields.kept(row, "split"),
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    record = row.record
    prompt = extra_id.text_of(record.prompt)
    for first, second, said in signed.scored_pairs(row, rules, report):
        if prompt is None:
            report.drop("pair whose prompt is not a conversation of user and assistant")
            continue
        overall = signed.overall([score for score, _reason in said])
        report.rows += 1
        yield {
            "split": row.split,
            "prompt": prompt,
            "response_1": record.responses[first].content,
            "response_2": record.responses[second].content,
            "preference_strength": overall,
            "preference_statement": next((reason for score, reason in said if score == overall), ""),
            "preference_elaboration": "",
            "all_preferences_unprocessed": [{"strength": score, "justification": reason} for score, reason in said],
        }


def _judgments(row: dict[str, Any]) -> list[JudgmentRecord]:
    for name, reasons in _LISTS.items():
        given = row.get(name) or []
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            raise InvalidRow(f"“{name}” is not a list of objects.", reason="bad-judgment")
        if given:
            return [
                _judgment(item, "strength", reasons, f"{name}, {position}, ", position)
                for position, item in enumerate(given, start=1)
            ]
    return [_judgment(row, "preference_strength", ("preference_statement", "preference_elaboration"), "", 1)]


def _judgment(
    said: dict[str, Any], strength: str, reasons: tuple[str, ...], name: str, position: int
) -> JudgmentRecord:
    texts = [fields.text(said.get(field) or "", f"{name}{field}", may_be_empty=True) for field in reasons]
    score = fields.whole_number(said.get(strength), f"{name}{strength}", -signed.MOST, signed.MOST)
    return signed.judgment(score, reason=" ".join(text for text in texts if text), position=position)
