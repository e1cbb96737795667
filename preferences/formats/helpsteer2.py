"""HelpSteer2's ratings: one row a response, with five attributes, each a whole number from 0 to 4.

{"prompt", "response", "helpfulness", "correctness", "coherence", "complexity", "verbosity"}

Rows of one prompt follow each other (two of them in HelpSteer2) and are read together as one comparison. What is read
are ratings and nothing else: no ranking is made of them, because people who rate and people who rank the same answers
do not say the same (Bansal et al. 2023, arXiv:2308.15812); HelpSteer2's own preferences are `helpsteer2-preference`.
Written: the mean of all who rated the response, to the nearest whole number, as HelpSteer2 has it.
Source: the dataset card of nvidia/HelpSteer2; Wang et al. 2024, arXiv:2406.08673. nvidia/HelpSteer has the same rows.
"""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any

from preferences.formats import extra_id, fields, together
from preferences.formats.pairwise import judgments_that_count
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, ResponseRecord
from preferences.rows import SnapshotRow

NAME = "helpsteer2"
ATTRIBUTES = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")
HIGHEST = 4
GROUPING = together.grouping_by("prompt")
DROPS = (
    "pictures, rankings, strength, that all are bad, reasons, flags, who judged, gold answers, metadata; "
    "other ratings; responses of several messages; prompts with a system or tool message"
)


def matches(row: dict[str, Any]) -> bool:
    return {"prompt", "response", "helpfulness"} <= row.keys()


def read(row: dict[str, Any]) -> ComparisonRecord:
    heard = together.gather(together.rows_of(row), _response, _ratings)
    return fields.record(
        prompt=extra_id.turns_of(fields.required(row, "prompt")),
        responses=heard.responses,
        judgments=[
            JudgmentRecord(fields.unnamed(position), (), ratings=dict(said), source=fields.IMPORTED)
            for position, said in enumerate(heard.said, start=1)
        ],
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    judgments = list(judgments_that_count(row, rules, report))
    if not judgments:
        return
    report.drop("ranking", sum(1 for judgment in judgments if judgment.ranking))
    report.drop("word that all are bad", sum(judgment.all_bad for judgment in judgments))
    prompt = extra_id.text_of(row.record.prompt)
    for index, response in enumerate(row.record.responses):
        rated = [judgment.ratings[index] for judgment in judgments if _is_complete(judgment.ratings.get(index))]
        if not rated:
            report.drop("response without all five attributes, whole numbers from 0 to 4")
        elif prompt is None:
            report.drop("response to a prompt that is not a conversation of user and assistant")
        elif response.kind != "text":
            report.drop("response of several messages")
        else:
            report.drop("rating made one with those of other annotators", len(rated) - 1)
            report.rows += 1
            means = {name: round(fmean(values[name] for values in rated)) for name in ATTRIBUTES}
            yield {"prompt": prompt, "response": response.content, **means}


def _response(row: dict[str, Any]) -> ResponseRecord:
    return ResponseRecord(fields.text(fields.required(row, "response"), "response"))


def _ratings(row: dict[str, Any]) -> dict[str, float]:
    return {name: fields.whole_number(row.get(name), name, 0, HIGHEST) for name in ATTRIBUTES}


def _is_complete(values: Mapping[str, float] | None) -> bool:
    return values is not None and all(values.get(name) in range(HIGHEST + 1) for name in ATTRIBUTES)
