"""TRL's unpaired preferences, for KTO: {"prompt", "completion", "label": true or false}, standard or conversational.

A label says of one response alone that it is desirable or not. Written, for each judgment and each response:

1. rated with the attribute `desirable`, 1 or 0: that;
2. else, all are bad: false for each;
3. else, in the best group of a ranking with something below it: true; below it: false;
4. else (all tied, ranked by nobody): no row.

Read: rows of one prompt that follow each other are one comparison, and each label is a rating `desirable`, 1 or 0. An
annotator who labelled all responses says besides that all are bad (all false), or that the desirable ones are better
than the others (some true). A single response has no place: nothing here judges one response without another.
Source: TRL, “Dataset formats”, unpaired preference; Ethayarajh et al. 2024, arXiv:2402.01306.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields, together, trl
from preferences.formats.pairwise import judgments_that_count
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, Ranking, ResponseRecord
from preferences.rows import SnapshotRow

NAME = "kto"
ATTRIBUTE = "desirable"
GROUPING = together.grouping_by("prompt")
TYPED_FIELDS = ("label",)
DROPS = (
    "pictures, strength, weights, reasons, flags, who judged, gold answers, metadata; other ratings; "
    "which of two desirable or two undesirable responses is better"
)
DROPS_STANDARD = f"{DROPS}; prompts with a system or tool message; responses of several messages"


def matches(row: dict[str, Any]) -> bool:
    return {"prompt", "completion", "label"} <= row.keys()


def read(row: dict[str, Any]) -> ComparisonRecord:
    prompt = fields.prompt(fields.required(row, "prompt"))
    heard = together.gather(together.rows_of(row), lambda one: trl.answer(one, "completion", prompt), _label)
    return fields.record(
        prompt=prompt,
        responses=heard.responses,
        judgments=[
            _judgment(said, len(heard.responses), position) for position, said in enumerate(heard.said, start=1)
        ],
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    prompt = [dict(turn) for turn in row.record.prompt]
    for response, label in _labels(row, rules, report):
        report.rows += 1
        yield {"prompt": prompt, "completion": [dict(turn) for turn in trl.turns_of(response)], "label": label}


def write_standard(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    prompt = trl.standard_prompt(row.record.prompt)
    for response, label in _labels(row, rules, report):
        if prompt is None:
            report.drop("label for a prompt that is not a conversation of user and assistant")
        elif response.kind != "text":
            report.drop("label for a response of several messages")
        else:
            report.rows += 1
            yield {"prompt": prompt, "completion": trl.standard_answer(prompt, response.content), "label": label}


def _labels(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[tuple[ResponseRecord, bool]]:
    for judgment in judgments_that_count(row, rules, report):
        for index, response in enumerate(row.record.responses):
            label = label_of(index, judgment, len(row.record.responses))
            if label is None:
                report.drop("response said to be neither desirable nor undesirable")
            else:
                yield response, label


def label_of(index: int, judgment: JudgmentRecord, k: int) -> bool | None:
    """Whether one judgment calls a response of K desirable, by the rule above; None if it does not say."""
    rated = judgment.ratings.get(index, {}).get(ATTRIBUTE)
    if rated in (0, 1):
        return bool(rated)
    if judgment.all_bad:
        return False
    if not judgment.ranking or len(judgment.ranking[0]) == k:
        return None
    return index in judgment.ranking[0]


def _label(row: dict[str, Any]) -> bool:
    label = fields.required(row, "label")
    if not isinstance(label, bool):
        raise InvalidRow("“label” is neither true nor false.", reason="bad-judgment")
    return label


def _judgment(labels: Mapping[int, bool], k: int, position: int) -> JudgmentRecord:
    desirable = tuple(sorted(index for index, label in labels.items() if label))
    is_whole = len(labels) == k
    # The others stand below without being said to be equal.
    ranking: Ranking = (desirable,) if is_whole and 0 < len(desirable) < k else ()
    return JudgmentRecord(
        annotator=fields.unnamed(position),
        ranking=ranking,
        all_bad=is_whole and not desirable,
        ratings={index: {ATTRIBUTE: int(label)} for index, label in labels.items()},
        source=fields.IMPORTED,
    )
