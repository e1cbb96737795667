"""UltraFeedback as it was made into pairs for Zephyr: chosen and rejected conversations with their scores.

{"prompt": text, "prompt_id", "chosen": [{"role", "content"}, …], "rejected": […], "messages": […],
 "score_chosen", "score_rejected"}

Both conversations begin with the prompt's messages; `prompt` is the first user message of them, `messages` is `chosen`
again. Read: scores are ratings named `score`. Equal scores are a tie: the pair had to be written one way round, and
was drawn. Written: the ratings named `score`, else `overall`, where an annotator gave both responses one; null where
they are missing, or equal although the annotator preferred one.
Source: the dataset card of HuggingFaceH4/ultrafeedback_binarized; Tunstall et al. 2023, arXiv:2310.16944.
"""

from collections.abc import Iterator
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import conversations, fields, trl
from preferences.formats.pairwise import ranked_judgments
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules, pairs_in_ranking
from preferences.records import ComparisonRecord, JudgmentRecord
from preferences.rows import SnapshotRow

NAME = "ultrafeedback"
SCORES = ("score_chosen", "score_rejected")
ATTRIBUTES = ("score", "overall")
DROPS = (
    "pictures, tied pairs, strength, weights, reasons, flags, who judged, gold answers; other ratings; other metadata; "
    "where the prompt ends"
)


def matches(row: dict[str, Any]) -> bool:
    return {"chosen", "rejected", *SCORES} <= row.keys()


def read(row: dict[str, Any]) -> ComparisonRecord:
    chosen, rejected = (fields.messages(fields.required(row, name), name) for name in ("chosen", "rejected"))
    prompt, better, worse = conversations.split(chosen, rejected)
    scores = [_score(row.get(name), name) for name in SCORES]
    is_tie = scores[0] is not None and scores[0] == scores[1]
    verdict = JudgmentRecord(
        annotator=fields.IMPORTED,
        ranking=((0, 1),) if is_tie else ((0,), (1,)),
        ratings={index: {"score": score} for index, score in enumerate(scores) if score is not None},
        source=fields.IMPORTED,
    )
    return fields.record(
        prompt=prompt, responses=(better, worse), judgments=(verdict,), metadata=fields.kept(row, "prompt_id")
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    record = row.record
    prompt = [dict(turn) for turn in record.prompt]
    first = next((turn for turn in record.prompt if turn["role"] == "user"), record.prompt[0])
    for better, worse, judgment in _wins(row, rules, report):
        chosen = prompt + [dict(turn) for turn in trl.turns_of(record.responses[better])]
        rejected = prompt + [dict(turn) for turn in trl.turns_of(record.responses[worse])]
        scores = _scores(better, worse, judgment, report)
        report.rows += 1
        yield {
            "prompt": first["content"],
            "prompt_id": record.metadata.get("prompt_id") or row.prompt_hash,
            "chosen": chosen,
            "rejected": rejected,
            "messages": chosen,
            **dict(zip(SCORES, scores, strict=True)),
        }


def _wins(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[tuple[int, int, JudgmentRecord]]:
    """Each two responses of which an annotator preferred one: better, worse, and by whose word."""
    for judgment in ranked_judgments(row, rules, report):
        for better, worse, is_tie in pairs_in_ranking(judgment.ranking, len(row.record.responses)):
            if is_tie:
                report.drop("tied pair")
            else:
                yield better, worse, judgment


def _scores(
    better: int, worse: int, judgment: JudgmentRecord, report: ExportReport
) -> tuple[float, float] | tuple[None, None]:
    for name in ATTRIBUTES:
        first, second = (judgment.ratings.get(index, {}).get(name) for index in (better, worse))
        if first is None or second is None:
            continue
        if first != second:
            return float(first), float(second)
        report.drop("scores that are equal although one response was preferred")
        break
    return None, None


def _score(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1e9:
        raise InvalidRow(f"“{name}” is not a number.", reason="bad-judgment")
    return value
