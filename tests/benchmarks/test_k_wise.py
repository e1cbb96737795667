"""Whole comparisons against shuffled pairs: what the three ways of training have in common, and what they have not."""

from collections import Counter
from itertools import combinations
from xml.etree import ElementTree

import pytest

from benchmarks.curves import ticks
from benchmarks.k_wise import PER_STEP, RULES, SPLIT, WHOLE, arranged, chart, verdicts_by_prompt, whole_comparisons
from preferences.pairs import derive_pairs
from preferences.records import ComparisonRecord, JudgmentRecord, ResponseRecord
from preferences.splits import split_of

ANSWERS = "dbac"
SECOND_WINS, TIE = ((1,), (0,)), ((0, 1),)
NOBODY: frozenset[str] = frozenset()


def judged(one: str, other: str, *rankings: tuple[tuple[int, ...], ...], prompt: str = "Which?") -> ComparisonRecord:
    return ComparisonRecord(
        prompt=({"role": "user", "content": prompt},),
        responses=(ResponseRecord(one), ResponseRecord(other)),
        judgments=tuple(
            JudgmentRecord(f"person {number}", ranking, source="imported") for number, ranking in enumerate(rankings)
        ),
    )


def debate(
    prompt: str = "Which?", *, answers: str = ANSWERS, turned: frozenset[str] = NOBODY, missing: frozenset[str] = NOBODY
) -> list[ComparisonRecord]:
    """All pairs of the answers, each judged once, the one earlier in the alphabet better but in the pair `turned`."""
    return [
        judged(one, other, ((0,), (1,)) if (one < other) != (turned == {one, other}) else SECOND_WINS, prompt=prompt)
        for one, other in combinations(answers, 2)
        if missing != {one, other}
    ]


def orders(records: list[ComparisonRecord]) -> list[str]:
    """The answers of each whole comparison, the best first."""
    (verdicts,) = verdicts_by_prompt(records).values()
    return [
        "".join(record.responses[place].content for (place,) in record.judgments[0].ranking)
        for record in whole_comparisons(verdicts)
    ]


def test_a_verdict_is_what_most_people_said_and_a_draw_is_none():
    most = judged("a", "b", SECOND_WINS, SECOND_WINS, ((0,), (1,)))
    draw = judged("c", "d", SECOND_WINS, ((0,), (1,)), TIE)
    ((verdict,),) = verdicts_by_prompt([most, draw]).values()
    assert [response.content for response in verdict.responses] == ["b", "a"]


def test_the_pairs_of_four_answers_become_one_order_and_no_answer_is_in_two():
    assert orders(debate()) == ["abcd"]
    assert orders(debate(answers="hgfedcba")) == ["abcd", "efgh"]
    assert orders(debate(answers="hgfedcba", turned=frozenset("ad"))) == ["abce", "dfgh"]


@pytest.mark.parametrize("asked", [debate(turned=frozenset("ad")), debate(missing=frozenset("bc"))])
def test_a_cycle_and_a_pair_that_nobody_judged_make_no_order(asked):
    assert orders(asked) == []


def given(way: str, split: str) -> list[ComparisonRecord]:
    debates = verdicts_by_prompt(record for number in range(40) for record in debate(f"Debate {number}?")).values()
    records = [record for verdicts in debates for record in arranged(verdicts, way)]
    return [record for record in records if split_of(record.prompt_hash, **SPLIT) == split]


def test_all_ways_hold_out_the_same_pairs():
    held_out = given(WHOLE, "validation")
    assert {len(record.responses) for record in held_out} == {2}
    assert all(given(way, "validation") == held_out for way in PER_STEP)


def test_all_ways_learn_the_same_pairs_with_the_same_weights():
    learned = []
    for way in PER_STEP:
        weights: Counter[tuple[str, str, str]] = Counter()
        for record in given(way, "train"):
            for pair in derive_pairs(record, RULES):
                better, worse = (record.responses[place].content for place in (pair.better, pair.worse))
                weights[record.prompt_hash, better, worse] += pair.weight
        learned.append(weights)
    assert set(learned[0].values()) == {1.0}
    assert all(weights == learned[0] for weights in learned)
    assert {len(record.responses) for record in given(WHOLE, "train")} == {4}


def test_the_chart_shows_every_way_in_both_panels():
    run = {"loss": [0.7, 0.65, 0.72], "accuracy": [0.5, 0.6, 0.62]}
    picture = ElementTree.fromstring(chart({way: [run, run] for way in PER_STEP}))  # noqa: S314 - our own
    shapes = Counter(element.tag.rpartition("}")[2] for element in picture.iter())
    assert shapes["polyline"] == shapes["polygon"] == 2 * len(PER_STEP)
    words = {element.text for element in picture.iter() if element.tag.endswith("text")}
    assert {*PER_STEP, "log 2", "epoch"} <= words


def test_ticks_are_round_and_few():
    assert ticks(0.512, 0.768) == [0.55, 0.6, 0.65, 0.7, 0.75]
    assert ticks(0.7312, 0.7461) == [0.735, 0.74, 0.745]
