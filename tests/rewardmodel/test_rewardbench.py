"""RewardBench files: rows as comparisons, and the benchmarks' own scores by hand."""

import json
import math
from pathlib import Path

import pytest

from preferences.errors import InvalidRow
from preferences.formats import detect
from rewardmodel.core.evaluation.rewardbench import (
    SECTIONS,
    SUBSETS_OF_2,
    Scores,
    Separation,
    best_of,
    matches,
    read,
    ties_score,
    weighted_average,
)

PAIR = {"prompt": "How?", "chosen": "So.", "rejected": "No.", "subset": "alpacaeval-easy", "id": 7}
FOUR = {
    "id": "12", "prompt": "How?", "chosen": ["So."], "rejected": ["No.", "Nay.", "Never."], "subset": "Math",
    "num_correct": 1, "total_completions": 4,
}  # fmt: skip


def test_rows_of_both_benchmarks_are_recognised_and_others_are_not() -> None:
    assert matches(PAIR)
    assert matches(FOUR)
    assert not matches({name: value for name, value in PAIR.items() if name != "subset"})
    assert not matches(PAIR | {"rejected": ["No."]})
    assert not matches(PAIR | {"chosen": [{"role": "assistant", "content": "So."}]})
    assert not matches(PAIR | {"chosen": None})
    assert detect([{name: PAIR[name] for name in ("prompt", "chosen", "rejected")}]) == "trl"


def test_what_is_chosen_stands_above_everything_rejected() -> None:
    record = read(FOUR)
    (best,), rest = record.judgments[0].ranking
    assert record.responses[best].content == "So."
    assert len(rest) == 3
    assert record.metadata == {"id": "12", "subset": "Math"}


@pytest.mark.parametrize(
    "row",
    [FOUR | {"rejected": []}, FOUR | {"chosen": [3]}, FOUR | {"chosen": None}, PAIR | {"subset": ""},
     PAIR | {"rejected": "So."}, PAIR | {"prompt": ""}, FOUR | {"chosen": ["\x00"]}],
)  # fmt: skip
def test_a_row_that_cannot_be_compared_is_refused_with_a_sentence(row: dict[str, object]) -> None:
    with pytest.raises(InvalidRow):
        read(row)


def test_a_shared_first_place_counts_in_part() -> None:
    assert best_of([2.0], [1.0, 0.0]) == 1
    assert best_of([2.0], [2.0, 0.0]) == 0.5
    assert best_of([1.0], [2.0, 0.0]) == 0
    assert best_of([2.0, 2.0], [2.0, 0.0]) == pytest.approx(2 / 3)


def test_sections_weigh_their_subsets_as_the_benchmark_does() -> None:
    assert sum(SECTIONS["Chat"].values()) == 358
    assert SECTIONS["Reasoning"]["math-prm"] == sum(
        w for name, w in SECTIONS["Reasoning"].items() if name != "math-prm"
    )
    assert (SECTIONS["Safety"]["xstest-should-refuse"], SECTIONS["Safety"]["xstest-should-respond"]) == (250, 154)
    shares = {"math-prm": 1.0, "hep-cpp": 0.0}
    assert weighted_average(shares, SECTIONS["Reasoning"]) == pytest.approx(984 / (984 + 164))
    assert weighted_average({}, SECTIONS["Chat"]) is None


def test_the_average_is_told_only_where_every_subset_is_there() -> None:
    scores = Scores()
    for section in SECTIONS.values():
        for subset in section:
            scores.add(read(PAIR | {"subset": subset}), [1.0, 0.0])
    everything = scores.figures()
    assert everything["average"] == pytest.approx(sum(section["value"] for section in everything["sections"]) / 4)
    assert [section["missing"] for section in everything["sections"]] == [[]] * 4
    part = Scores()
    part.add(read(PAIR), [1.0, 0.0])
    assert part.figures()["average"] is None
    assert [section["label"] for section in part.figures()["sections"]] == ["Chat"]


def test_ties_by_hand() -> None:
    # Question 1: right answers 0.5 apart and 1 above the wrong ones, its reference 2 above: everything is kept apart.
    # Question 2: right answers 2 apart and 1 below the best wrong one; its reference is right.
    ties = {
        ("tied", "1"): Separation(0.5, 1.0), ("ref", "1"): Separation(0.0, 2.0),
        ("tied", "2"): Separation(2.0, -1.0), ("ref", "2"): Separation(0.0, 1.0),
    }  # fmt: skip
    margin = (math.tanh(1.0 / 0.5 - 1) + math.tanh(-1.0 / 2.0 - 1)) / 2
    assert ties_score(ties) == pytest.approx(0.30 * 0.5 + 0.30 * 1 + 0.20 * 0.5 + 0.20 * 0.5 + 0.01 * margin)
    assert ties_score({("ref", "1"): Separation(0.0, 1.0)}) is None


def test_the_second_benchmark_averages_its_six_subsets() -> None:
    scores = Scores()
    for subset in SUBSETS_OF_2[:-1]:
        record = read(FOUR | {"subset": subset})
        (best,) = record.judgments[0].ranking[0]
        scores.add(record, [float(index == best) for index in range(4)])
    several = read(FOUR | {"subset": "Ties", "id": "tied:3", "chosen": ["So.", "Thus."]})
    alone = read(FOUR | {"subset": "Ties", "id": "ref:3"})
    for record in (several, alone):
        right = set(record.judgments[0].ranking[0])
        scores.add(record, [float(index in right) for index in range(len(record.responses))])
    found = scores.figures()
    assert found["ties"] == pytest.approx(1 + 0.01)  # equal right answers: infinitely closer than to the wrong ones
    assert found["average"] == pytest.approx((5 + found["ties"]) / 6)
    json.dumps(found, allow_nan=False)


def test_hostile_texts_are_data(tmp_path: Path) -> None:
    record = read(PAIR | {"chosen": "<script>alert(1)</script>", "rejected": "'; DROP TABLE", "subset": "<b>"})
    scores = Scores()
    scores.add(record, [0.0, 0.0])
    assert scores.figures()["subsets"][0] == {
        "label": "<b>", "value": 0.5, "low": None, "high": None, "n": 1, "prompts": 1,
    }  # fmt: skip
