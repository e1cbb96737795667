"""HelpSteer2 and 3: the sign, the strength, the reasons and the ratings come and go as they were."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.errors import InvalidRow
from preferences.formats import FORMATS, read_rows
from preferences.formats.signed import overall
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from tests.preferences.strategies import comparisons, prompts, texts
from tests.preferences.test_formats import PROMPT, QUESTION, read, refusal, write

SCORES = st.integers(-3, 3)
PREFERENCES = {
    "helpsteer2-preference": {
        "prompt": QUESTION,
        "response_1": "Left.",
        "response_2": "Right.",
        "preference_strength": -2,
        "preference_statement": "",
        "preference_elaboration": "",
    },
    "helpsteer3": {
        "context": [{"role": "user", "content": QUESTION}],
        "response1": "Left.",
        "response2": "Right.",
        "overall_preference": -2,
    },
}
STRENGTH = {"helpsteer2-preference": "preference_strength", "helpsteer3": "overall_preference"}
ONE = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")


def verdict(record, judgment):
    """Groups of words, best first."""
    return [sorted(record.responses[index].content for index in group) for group in judgment.ranking]


# the sign


@pytest.mark.parametrize("name", PREFERENCES)
@pytest.mark.parametrize(
    ("score", "groups", "strength"),
    [
        (-3, [["Left."], ["Right."]], 3),
        (-1, [["Left."], ["Right."]], 1),
        (0, [["Left.", "Right."]], None),
        (2, [["Right."], ["Left."]], 2),
        (2.0, [["Right."], ["Left."]], 2),
    ],
)
def test_negative_means_that_response_1_is_better(name, score, groups, strength):
    record = read(name, {**PREFERENCES[name], STRENGTH[name]: score})
    (judgment,) = record.judgments
    assert (verdict(record, judgment), judgment.strength) == (groups, strength)
    assert [record.responses[index].content for index in judgment.shown_order] == ["Left.", "Right."]
    ((row,), dropped) = write(name, record)
    assert dropped == {}
    assert (row[STRENGTH[name]], [row[key] for key in row if key.startswith("response")]) == (
        score,
        ["Left.", "Right."],
    )


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([2], 2),
        ([-1, 1], 0),
        ([1, 2], 2),
        ([1, 1, 1, -3], 1),
        ([-3, 2, 2, 3], 2),
        ([-2, -2, 0, 2, 2], 0),
        ([3, 3, 2], 3),
    ],
)
def test_the_overall_score_is_the_mean_of_the_three_that_agree_most(scores, expected):
    assert overall(scores) == expected


@given(st.lists(SCORES, min_size=1, max_size=6))
def test_the_overall_score_takes_no_side(scores):
    assert overall([-score for score in scores]) == -overall(scores)
    assert min(scores) <= overall(scores) <= max(scores)
    assert overall(scores) == overall(scores[::-1])


# several annotators


def test_every_individual_preference_is_a_judgment_with_its_reason():
    row = {
        **PREFERENCES["helpsteer3"],
        "domain": "stem",
        "language": "english",
        "individual_preference": [
            {"score": -2, "reasoning": "@Response 1 is right.", "feedback1": "Good.", "feedback2": ""},
            {"score": 1, "reasoning": "@Response 2 is shorter."},
            {"score": 0, "reasoning": None},
        ],
    }
    record = read("helpsteer3", row)
    assert [judgment.annotator for judgment in record.judgments] == ["imported", "imported 2", "imported 3"]
    assert [judgment.strength for judgment in record.judgments] == [2, 1, None]
    assert [judgment.reason for judgment in record.judgments] == [
        "@Response 1 is right.\n\n@Response 1: Good.",
        "@Response 2 is shorter.",
        "",
    ]
    assert record.metadata == {"domain": "stem", "language": "english"}
    ((back,), _) = write("helpsteer3", record)
    assert [item["score"] for item in back["individual_preference"]] == [-2, 1, 0]
    assert (back["overall_preference"], back["domain"]) == (0, "stem")
    assert read("helpsteer3", back) == record


def test_unprocessed_preferences_come_before_the_filtered_ones():
    row = {
        **PREFERENCES["helpsteer2-preference"],
        "split": "train",
        "preference_statement": "@Response 1 is better.",
        "preference_elaboration": "It is right.",
        "three_most_similar_preferences": [{"statement": "S.", "elaboration": "E.", "strength": -2}],
        "all_preferences_unprocessed": [
            {"strength": -2, "justification": "S. E."},
            {"strength": 3, "justification": "No."},
        ],
    }
    every = read("helpsteer2-preference", row)
    assert [judgment.reason for judgment in every.judgments] == ["S. E.", "No."]
    assert every.metadata == {"split": "train"}
    similar = read("helpsteer2-preference", {**row, "all_preferences_unprocessed": []})
    assert [judgment.reason for judgment in similar.judgments] == ["S. E."]
    alone = read(
        "helpsteer2-preference", {**row, "all_preferences_unprocessed": None, "three_most_similar_preferences": []}
    )
    assert [judgment.reason for judgment in alone.judgments] == ["@Response 1 is better. It is right."]


USERS = prompts().filter(lambda turns: turns[0]["role"] == "user" and all(t["role"] != "system" for t in turns))


@pytest.mark.parametrize("name", PREFERENCES)
@given(record=comparisons(max_k=2, prompt=USERS))
def test_two_responses_come_back_with_each_verdict_strength_and_reason(name, record):
    record = record.canonical()
    kept = [j for j in record.judgments if not j.is_surplus]
    rows, dropped = write(name, record)
    assert len(rows) == bool(kept)
    assert dropped.get("word that all are bad, beside an order", 0) == sum(j.all_bad for j in kept)
    for row in rows:
        back = read(name, row)
        assert back.prompt == record.prompt
        said = [(verdict(back, j), j.strength, j.reason) for j in back.judgments]
        expected = []
        for judgment in kept:
            groups = verdict(record, judgment)
            named = {text for group in groups for text in group}
            below = sorted({response.content for response in record.responses} - named)
            groups = groups + [below] * bool(below)
            expected.append((groups, max(judgment.strength or 1, 1) if len(groups) > 1 else None, judgment.reason))
        assert said == expected


@pytest.mark.parametrize("name", PREFERENCES)
def test_a_ranking_becomes_a_row_for_each_two_in_the_order_they_were_shown(name):
    ranked = JudgmentRecord("p", ((2,), (0, 1)), strength=3, shown_order=(2, 1, 0))
    record = ComparisonRecord(PROMPT, tuple(map(ResponseRecord, "abc")), (ranked,))
    rows, dropped = write(name, record)
    sides = [key for key in rows[0] if key.startswith("response")]
    said = sorted((*(row[side] for side in sides), row[STRENGTH[name]]) for row in rows)
    assert said == [("b", "a", 0), ("c", "a", -3), ("c", "b", -3)]
    assert dropped == {"strength of a tie": 1}


@pytest.mark.parametrize("name", PREFERENCES)
def test_what_the_row_cannot_hold_is_counted(name):
    answers = tuple(map(ResponseRecord, "abc"))
    several = ResponseRecord('[{"content":"a","role":"assistant"},{"content":"b","role":"user"}]', kind="messages")
    records = [
        ComparisonRecord(PROMPT, answers),
        ComparisonRecord(PROMPT, answers, (JudgmentRecord("p", ((0,),)),)),
        ComparisonRecord(PROMPT, answers, (JudgmentRecord("p", (), ratings={0: {"x": 1}}),)),
        ComparisonRecord(PROMPT, answers, (JudgmentRecord("p", (), all_bad=True),)),
        ComparisonRecord(PROMPT, (several, answers[0]), (JudgmentRecord("p", ((0,), (1,)), strength=2),)),
    ]
    rows, dropped = write(name, *records)
    assert len(rows) == 2  # nobody ordered b and c
    assert dropped == {
        "comparison without a judgment": 1,
        "judgment that ranks none": 1,
        "judgment that says all are bad and ranks none": 1,
        "pair whose response has several messages": 1,
        "strength that was not told or 0, written as 1": 2,
    }


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        ("helpsteer3", {"overall_preference": 4}, "“overall_preference” is 4, not a whole number from -3 to 3."),
        ("helpsteer3", {"overall_preference": 0.5}, "“overall_preference” is 0.5, not a whole number"),
        ("helpsteer3", {"overall_preference": True}, "“overall_preference” is True, not a whole number"),
        ("helpsteer3", {"overall_preference": None}, "The field “overall_preference” is missing."),
        ("helpsteer3", {"individual_preference": [1]}, "“individual_preference” is not a list of objects."),
        ("helpsteer3", {"individual_preference": [{}]}, "“individual_preference, 1, score” is None"),
        (
            "helpsteer3",
            {"individual_preference": [{"score": 1, "reasoning": 5}]},
            "“individual_preference, 1, reasoning” is not a text.",
        ),
        ("helpsteer3", {"response2": " "}, "“response2” is empty."),
        ("helpsteer3", {"context": []}, "“context” is not a list of messages."),
        ("helpsteer2-preference", {"preference_strength": "2"}, "“preference_strength” is '2', not a whole number"),
        ("helpsteer2-preference", {"response_2": "Left. "}, "identical apart from white space"),
        ("helpsteer2-preference", {"prompt": 3}, "“prompt” is not a text."),
        (
            "helpsteer2-preference",
            {"all_preferences_unprocessed": [{"strength": -5}]},
            "“all_preferences_unprocessed, 1, strength” is -5",
        ),
    ],
)
def test_a_wrong_preference_is_refused_by_field(name, changes, sentence):
    assert sentence in refusal(name, {**PREFERENCES[name], **changes})[1]


# prompts of several turns in one text


def test_a_prompt_of_several_turns_is_taken_apart():
    prompt = "Hi.\n<extra_id_1>Assistant\nHello.\n<extra_id_1>User\nWhich way?"
    record = read("helpsteer2-preference", {**PREFERENCES["helpsteer2-preference"], "prompt": prompt})
    assert [(turn["role"], turn["content"]) for turn in record.prompt] == [
        ("user", "Hi."),
        ("assistant", "Hello."),
        ("user", "Which way?"),
    ]
    assert write("helpsteer2-preference", record)[0][0]["prompt"] == prompt


@pytest.mark.parametrize(
    "turns",
    [
        [("system", "s"), ("user", "u")],
        [("assistant", "a"), ("user", "u")],
        [("user", "u\n<extra_id_1>Assistant\nv")],
    ],
)
def test_a_prompt_without_such_a_text_is_counted(turns):
    prompt = tuple(Message(role=role, content=content) for role, content in turns)
    judgment = JudgmentRecord("p", ((0,), (1,)), ratings={0: dict.fromkeys(ONE, 2)}, strength=1)
    record = ComparisonRecord(prompt, tuple(map(ResponseRecord, "ab")), (judgment,))
    assert write("helpsteer2-preference", record) == (
        [],
        {"pair whose prompt is not a conversation of user and assistant": 1},
    )
    assert write("helpsteer2", record)[0] == []


# ratings


def rated(response, *values, prompt=QUESTION):
    return {"prompt": prompt, "response": response, **dict(zip(ONE, values, strict=True))}


def ratings_of(rows):
    (reading,) = read_rows(enumerate(rows, start=1), FORMATS["helpsteer2"])
    if isinstance(reading.found, InvalidRow):
        raise reading.found
    (record,) = reading.records
    return record


def test_two_rated_responses_are_one_comparison_and_no_ranking():
    rows = [rated("Left.", 3, 4, 4, 2, 1), rated("Right.", 1, 0, 4, 2, 1)]
    record = ratings_of(rows)
    (judgment,) = record.judgments
    assert judgment.ranking == ()
    assert {record.responses[i].content: list(values.values()) for i, values in judgment.ratings.items()} == {
        "Left.": [3, 4, 4, 2, 1],
        "Right.": [1, 0, 4, 2, 1],
    }
    written, dropped = write("helpsteer2", record)
    assert sorted(map(json.dumps, written)) == sorted(map(json.dumps, rows))
    assert dropped == {}


@given(st.data(), USERS, st.lists(texts, min_size=2, max_size=4, unique_by=lambda text: " ".join(text.split())))
def test_ratings_come_back_as_they_were(data, prompt, answers):
    values = st.fixed_dictionaries({name: st.integers(0, 4) for name in ONE})
    judgment = JudgmentRecord(
        "imported", (), ratings={i: data.draw(values) for i in range(len(answers))}, source="imported"
    )
    record = ComparisonRecord(prompt, tuple(map(ResponseRecord, answers)), (judgment,)).canonical()
    rows, dropped = write("helpsteer2", record)
    assert dropped == {}
    assert ratings_of(rows) == record


def test_several_annotators_become_their_mean_and_this_is_counted():
    ratings = [
        {0: dict(zip(ONE, values, strict=True))} for values in ((4, 4, 0, 1, 1), (4, 3, 1, 1, 2), (3, 3, 1, 1, 0))
    ]
    judgments = tuple(JudgmentRecord(f"p{n}", (), ratings=said) for n, said in enumerate(ratings))
    record = ComparisonRecord(PROMPT, tuple(map(ResponseRecord, "ab")), judgments).canonical()
    assert record.responses[0].content == "b"  # so that the rated response is not the first
    (row,), dropped = write("helpsteer2", record)
    means = [Fraction(sum(said[0][name] for said in ratings), 3) for name in ONE]
    assert [row[name] for name in ONE] == [round(mean) for mean in means] == [4, 3, 1, 1, 1]
    assert row["response"] == "a"
    assert dropped == {
        "rating made one with those of other annotators": 2,
        "response without all five attributes, whole numbers from 0 to 4": 1,
    }


@pytest.mark.parametrize("value", [5, -1, 2.5, None, "three", True])
def test_a_rating_that_is_none_is_refused(value):
    with pytest.raises(InvalidRow, match=r"“coherence” is .*, not a whole number from 0 to 4"):
        ratings_of([rated("Left.", 1, 1, value, 1, 1), rated("Right.", 1, 1, 1, 1, 1)])


def test_one_rated_response_alone_is_refused():
    with pytest.raises(InvalidRow, match="alone it compares with nothing"):
        ratings_of([rated("Left.", 1, 1, 1, 1, 1)])
