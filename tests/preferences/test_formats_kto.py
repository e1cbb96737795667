"""Unpaired preferences: which response is called desirable, and what a label says when it comes back."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.errors import InvalidRow
from preferences.formats import FORMATS, read_rows
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from tests.preferences.strategies import comparisons, prompts, texts
from tests.preferences.test_formats import PROMPT, QUESTION, write

CHAT = [{"role": "user", "content": QUESTION}]
DISTINCT = st.lists(texts, min_size=2, max_size=4, unique_by=lambda text: " ".join(text.split()))


def row(answer, label, prompt=CHAT):
    return {"prompt": prompt, "completion": [{"role": "assistant", "content": answer}], "label": label}


def readings(rows):
    return list(read_rows(enumerate(rows, start=1), FORMATS["kto"]))


def record_of(rows):
    (reading,) = readings(rows)
    (record,) = reading.records
    return record


def refusal(*rows):
    (reading,) = readings(rows)
    assert isinstance(reading.found, InvalidRow)
    return reading.found.reason, str(reading.found)


def labels_of(record):
    """What each annotator called each response, by its words."""
    return [
        {record.responses[index].content: values["desirable"] for index, values in judgment.ratings.items()}
        for judgment in record.judgments
    ]


def judged(*judgments, answers="abc"):
    return ComparisonRecord(PROMPT, tuple(map(ResponseRecord, answers)), judgments)


def written_labels(record, **rules):
    rows, dropped = write("kto", record, rules=PairRules(**rules))
    return {row["completion"][0]["content"]: row["label"] for row in rows}, dropped


def test_rows_of_one_prompt_are_one_comparison():
    record = record_of([row("Left.", False), row("Right.", True), row("Back.", False)])
    (judgment,) = record.judgments
    assert record.prompt == (Message(role="user", content=QUESTION),)
    assert [record.responses[i].content for group in judgment.ranking for i in group] == ["Right."]
    assert labels_of(record) == [{"Left.": 0, "Right.": 1, "Back.": 0}]
    assert (judgment.annotator, judgment.source, judgment.all_bad) == ("imported", "imported", False)


def test_all_false_says_that_all_are_bad_and_all_true_ranks_nothing():
    (bad,) = record_of([row("Left.", False), row("Right.", False)]).judgments
    (good,) = record_of([row("Left.", True), row("Right.", True)]).judgments
    assert (bad.ranking, bad.all_bad) == ((), True)
    assert (good.ranking, good.all_bad) == ((), False)


def test_a_response_that_comes_again_is_labelled_by_somebody_else():
    record = record_of([row("Left.", False), row("Right.", True), row("Left.", True), row("Left.", True)])
    assert [judgment.annotator for judgment in record.judgments] == ["imported", "imported 2", "imported 3"]
    assert labels_of(record) == [{"Left.": 0, "Right.": 1}, {"Left.": 1}, {"Left.": 1}]
    assert [judgment.ranking != () for judgment in record.judgments] == [True, False, False]
    assert [judgment.all_bad for judgment in record.judgments] == [False, False, False]


def test_each_row_is_accounted_for_and_a_lone_thumb_is_refused():
    other = [{"role": "user", "content": "Another?"}]
    rows = [row("Left.", True), row("Right.", False), row("Left.", True, other), row("Right.", True)]
    found = readings(rows)
    assert [len(reading.rows) for reading in found] == [2, 1, 1]
    assert [len(reading.records) for reading in found] == [1, 0, 0]
    assert refusal(row("Left.", True)) == (
        "too-few-responses",
        "Only one response to this prompt stands here, and alone it compares with nothing: rows of one prompt must "
        "follow each other.",
    )


@pytest.mark.parametrize(
    ("ranking", "all_bad", "ratings", "expected"),
    [
        (((0,), (1,), (2,)), False, {}, {"a": True, "b": False, "c": False}),
        (((1,),), False, {}, {"a": False, "b": True, "c": False}),
        (((0, 2), (1,)), False, {}, {"a": True, "b": False, "c": True}),
        (((0, 1, 2),), False, {}, {}),
        ((), True, {}, {"a": False, "b": False, "c": False}),
        (((0,), (1,), (2,)), True, {}, {"a": False, "b": False, "c": False}),
        ((), False, {0: {"desirable": 1}, 2: {"desirable": 0}}, {"a": True, "c": False}),
        (((0,), (1,), (2,)), False, {1: {"desirable": 1}}, {"a": True, "b": True, "c": False}),
        ((), False, {0: {"helpfulness": 4}}, {}),
    ],
)
def test_which_response_is_desirable_follows_the_stated_rule(ranking, all_bad, ratings, expected):
    record = judged(JudgmentRecord("p", ranking, all_bad=all_bad, ratings=ratings))
    for rule in ("keep", "drop"):
        labels, dropped = written_labels(record, all_bad=rule)
        assert labels == expected
        assert dropped.get("response said to be neither desirable nor undesirable", 0) == 3 - len(expected)


def test_a_judgment_above_the_target_labels_nothing_unless_the_rules_keep_it():
    record = judged(JudgmentRecord("p", ((0,),), is_surplus=True))
    assert written_labels(record) == ({}, {"judgment above the target": 1})
    assert written_labels(record, surplus="keep")[0] == {"a": True, "b": False, "c": False}


@given(prompts(), DISTINCT, st.data())
def test_labels_come_back_as_they_were(prompt, answers, data):
    turns = [dict(turn) for turn in prompt]
    rows = [row(answer, data.draw(st.booleans()), turns) for answer in answers]
    record = record_of(rows)
    back, dropped = write("kto", record)
    assert dropped == {}
    assert sorted(map(json.dumps, back)) == sorted(map(json.dumps, rows))
    assert record_of(back) == record


@given(comparisons())
def test_every_judgment_labels_every_response_or_none_and_reads_back_so(record):
    rows, dropped = write("kto", record)
    counted = [judgment for judgment in record.judgments if not judgment.is_surplus]
    silent = [j for j in counted if not j.all_bad and len(j.ranking[0]) == len(record.responses)]
    k = len(record.responses)
    assert len(rows) == k * (len(counted) - len(silent))
    assert dropped.get("response said to be neither desirable nor undesirable", 0) == k * len(silent)
    if rows:
        back = record_of(rows)
        assert back.prompt == record.prompt
        assert {r.content for r in back.responses} == {r.content for r in record.responses}
        assert sorted(itertools.chain(*(said.items() for said in labels_of(back)))) == sorted(
            (row["completion"][0]["content"], int(row["label"])) for row in rows
        )


@given(DISTINCT)
def test_texts_are_glued_as_they_are(answers):
    record = judged(JudgmentRecord("p", ((0,),)), answers=answers)
    rows, dropped = write("kto-standard", record)
    assert dropped == {}
    assert all(row["prompt"] == QUESTION for row in rows)
    assert {row["completion"][0].isspace() for row in rows} == {True}
    back = record_of(rows)
    assert {r.content.strip() for r in back.responses} == {answer.strip() for answer in answers}


def test_what_has_no_text_form_is_counted():
    verdict = (JudgmentRecord("p", ((0,),)),)
    system = ComparisonRecord((Message(role="system", content="s"), *PROMPT), tuple(map(ResponseRecord, "ab")), verdict)
    several = ResponseRecord('[{"content":"a","role":"assistant"},{"content":"b","role":"user"}]', kind="messages")
    talk = ComparisonRecord(PROMPT, (several, ResponseRecord("b")), verdict)
    rows, dropped = write("kto-standard", system, talk)
    assert [row["completion"] for row in rows] == [" b"]
    assert dropped == {
        "label for a prompt that is not a conversation of user and assistant": 2,
        "label for a response of several messages": 1,
    }


@pytest.mark.parametrize(
    ("broken", "reason", "sentence"),
    [
        ({"label": 1}, "bad-judgment", "“label” is neither true nor false."),
        ({"label": None}, "wrong-field", "The field “label” is missing."),
        ({"completion": ""}, "empty", "“completion” is empty."),
        ({"completion": 3}, "wrong-field", "“completion” is not a list of messages."),
        ({"completion": "Left. "}, "identical-responses", "identical apart from white space"),
        ({"completion": "a\0b"}, "bad-text", "NUL"),
    ],
)
def test_a_wrong_row_is_refused_with_those_it_belongs_to(broken, reason, sentence):
    rows = [{**row("Left.", True), "completion": "Left."}, {**row("Right.", False), "completion": "Right.", **broken}]
    told = refusal(*rows)
    assert told[0] == reason
    assert sentence in told[1]


def test_a_prompt_without_words_is_refused():
    assert refusal(row("Left.", True, prompt=3)) == (
        "wrong-field",
        "“prompt” is neither a text nor a list of messages.",
    )
