"""Nectar's ranks and Chatbot Arena's conversations: order, ties, models and judges come and go as they were."""

from datetime import UTC, datetime
from itertools import combinations

import pytest
from hypothesis import given

from preferences.pairs import PairRules, pairs_in_ranking
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from tests.preferences.strategies import comparisons, prompts
from tests.preferences.test_formats import PROMPT, QUESTION, read, refusal, write

TALK = prompts().filter(lambda turns: turns[0]["role"] == "user" and all(t["role"] != "system" for t in turns))
ABC = tuple(ResponseRecord(name, f"model {name}") for name in "abc")


def groups_of(record, judgment):
    return [sorted(record.responses[index].content for index in group) for group in judgment.ranking]


def user(content):
    return {"role": "user", "content": content}


def assistant(content):
    return {"role": "assistant", "content": content}


# nectar

ANSWERS = [
    {"answer": "Right.", "model": "tuned", "rank": 1.0},
    {"answer": "Left.", "model": "base", "rank": 3},
    {"answer": "Back.", "model": None, "rank": 3},
]
NECTAR = {"prompt": "\n\nHuman: Hi. \n\nAssistant: Yes?\n\nHuman: Which way?\n\nAssistant: ", "answers": ANSWERS}


def test_ranks_are_a_ranking_and_equal_ones_a_tie():
    record = read("nectar", {**NECTAR, "source": ["roads"], "good_natured": False, "turns": 2, "num_response": 3})
    (judgment,) = record.judgments
    assert groups_of(record, judgment) == [["Right."], ["Back.", "Left."]]
    assert [(turn["role"], turn["content"]) for turn in record.prompt] == [
        ("user", "Hi. "),
        ("assistant", "Yes?"),
        ("user", "Which way?"),
    ]
    assert {response.content: response.policy for response in record.responses} == {
        "Right.": "tuned",
        "Left.": "base",
        "Back.": None,
    }
    assert record.metadata == {"source": ["roads"], "good_natured": False}
    ((row,), dropped) = write("nectar", record)
    assert dropped == {}
    assert row["prompt"] == NECTAR["prompt"]
    assert (row["answers"][0]["answer"], row["answers"][0]["rank"]) == ("Right.", 1)
    assert sorted(answer["rank"] for answer in row["answers"]) == [1, 2, 2]
    assert (row["turns"], row["num_response"], row["source"], row["good_natured"]) == (2, 3, ["roads"], False)
    assert read("nectar", row) == record


@given(comparisons(prompt=TALK))
def test_every_ranking_is_one_row_and_comes_back_with_its_models(record):
    record = record.canonical()
    kept = [judgment for judgment in record.judgments if not judgment.is_surplus]
    rows, dropped = write("nectar", record)
    if not rows:  # the prompt holds a turn marker
        assert sum(dropped.values()) >= len(record.judgments)
        return
    assert len(rows) == len(kept)
    for row, judgment in zip(rows, kept, strict=True):
        back = read("nectar", row)
        named = {index for group in judgment.ranking for index in group}
        below = [sorted(r.content for i, r in enumerate(record.responses) if i not in named)]
        assert groups_of(back, back.judgments[0]) == groups_of(record, judgment) + below * bool(below[0])
        assert back.prompt == record.prompt
        assert [(r.content, r.policy) for r in back.responses] == [(r.content, r.policy) for r in record.responses]


def test_what_a_ranked_row_cannot_hold_is_counted():
    ranked = (JudgmentRecord("p", ((0,),), all_bad=True),)
    several = ResponseRecord('[{"content":"a","role":"assistant"},{"content":"b","role":"user"}]', kind="messages")
    records = [
        ComparisonRecord(PROMPT, ABC, ranked),
        ComparisonRecord((Message(role="system", content="s"), *PROMPT), ABC, ranked),
        ComparisonRecord((Message(role="user", content="a\n\nAssistant: b"),), ABC, ranked),
        ComparisonRecord(PROMPT, (several, *ABC), ranked),
        ComparisonRecord(PROMPT, ABC, (JudgmentRecord("p", (), all_bad=True),)),
    ]
    rows, dropped = write("nectar", *records)
    assert [sorted(answer["rank"] for answer in row["answers"]) for row in rows] == [[1, 2, 2]]
    assert dropped == {
        "judgment that says all are bad and ranks none": 1,
        "ranking for a prompt that is not a conversation of user and assistant, or has a turn marker": 2,
        "ranking of responses of several messages": 1,
        "response that a ranking leaves out, written as tied last": 2,
        "word that all are bad, beside an order": 1,
    }


@pytest.mark.parametrize(
    ("changes", "reason", "sentence"),
    [
        ({"prompt": QUESTION}, "broken-transcript", "does not start with a blank line"),
        ({"prompt": "\n\nHuman: a"}, "broken-transcript", "does not end with an Assistant turn"),
        ({"prompt": "\n\nHuman: a\n\nAssistant: b"}, "broken-transcript", "with “Assistant:” and nothing after it"),
        ({"answers": "x"}, "wrong-field", "“answers” is not a list of objects."),
        ({"answers": []}, "too-few-responses", "the row has 0"),
        ({"answers": ANSWERS[:1]}, "too-few-responses", "the row has 1"),
        ({"answers": [{**ANSWERS[0], "rank": None}, ANSWERS[1]]}, "bad-judgment", "“answers, 1, rank” is None"),
        ({"answers": [{**ANSWERS[0], "rank": 0}, ANSWERS[1]]}, "bad-judgment", "not a whole number from 1"),
        ({"answers": [{**ANSWERS[0], "answer": ""}, ANSWERS[1]]}, "empty", "“answers, 1, answer” is empty."),
        ({"answers": [{**ANSWERS[0], "model": 7}, ANSWERS[1]]}, "wrong-field", "“answers, 1, model” is not a text."),
        ({"answers": [ANSWERS[0], ANSWERS[0]]}, "identical-responses", "Responses 1 and 2 are identical"),
        ({"source": ["\ud800"]}, "wrong-field", "“source”: The text holds a lone surrogate"),
    ],
)
def test_a_wrong_ranked_row_is_refused(changes, reason, sentence):
    told_reason, told_sentence = refusal("nectar", {**NECTAR, **changes})
    assert sentence in told_sentence
    assert told_reason == reason


# arena

ARENA = {
    "question_id": "q1",
    "model_a": "base",
    "model_b": "tuned",
    "winner": "model_b",
    "judge": "user 7",
    "conversation_a": [user(QUESTION), assistant("Left."), user("Sure?"), assistant("No.")],
    "conversation_b": [user(QUESTION), assistant("Right."), user("Sure?"), assistant("Yes.")],
    "turn": 2,
    "anony": True,
    "language": "English",
    "tstamp": 1767344400.5,
}


def test_the_prompt_ends_where_the_conversations_part_and_the_rest_is_the_response():
    record = read("arena", ARENA)
    (judgment,) = record.judgments
    assert record.prompt == PROMPT
    assert {(response.kind, response.policy) for response in record.responses} == {
        ("messages", "base"),
        ("messages", "tuned"),
    }
    ((best,), _) = judgment.ranking
    assert record.responses[best].policy == "tuned"
    assert [record.responses[index].policy for index in judgment.shown_order] == ["base", "tuned"]
    assert (judgment.annotator, judgment.judged_at) == ("user 7", datetime(2026, 1, 2, 9, 0, 0, 500_000, UTC))
    assert record.metadata == {"question_id": "q1", "anony": True, "language": "English"}
    assert write("arena", record) == ([ARENA], {})
    ((row,), _) = write("arena", read("arena", {**ARENA, "question_id": 81}))
    assert row["question_id"] == "81"  # one type in the whole column


def test_only_what_was_judged_is_read():
    record = read("arena", {**ARENA, "turn": 1})
    assert sorted(response.content for response in record.responses) == ["Left.", "Right."]
    assert read("arena", {**ARENA, "turn": 9}) == read("arena", ARENA)


@pytest.mark.parametrize(
    ("winner", "groups", "all_bad", "written"),
    [
        ("model_a", [["Left."], ["Right."]], False, "model_a"),
        ("model_b", [["Right."], ["Left."]], False, "model_b"),
        ("tie", [["Left.", "Right."]], False, "tie"),
        ("tie (bothbad)", [], True, "tie (bothbad)"),
        ("bothbad", [], True, "tie (bothbad)"),
        ("both_bad", [], True, "tie (bothbad)"),
    ],
)
def test_each_winner_means_what_it_says(winner, groups, all_bad, written):
    record = read("arena", {**ARENA, "turn": 1, "winner": winner})
    (judgment,) = record.judgments
    assert (groups_of(record, judgment), judgment.all_bad) == (groups, all_bad)
    ((row,), dropped) = write("arena", record)
    assert (row["winner"], row["model_a"], dropped) == (written, "base", {})


def test_contents_in_parts_and_counted_tokens_are_read():
    parts = [{**user([{"type": "text", "text": QUESTION, "image": None}]), "num_tokens": 3}]
    row = {
        "winner": "both_bad",
        "conversation_a": [*parts, {**assistant([{"type": "text", "text": "Left."}]), "num_tokens": 1}],
        "conversation_b": [*parts, assistant("Right.")],
    }
    record = read("arena", row)
    assert record.prompt == PROMPT
    assert [judgment.annotator for judgment in record.judgments] == ["imported"]
    ((back,), _) = write("arena", record)
    assert (back["model_a"], back["anony"], back["tstamp"]) == (None, None, None)
    assert back["question_id"] == record.comparison_hash


@given(comparisons(prompt=TALK))
def test_each_two_responses_that_a_judgment_compares_are_one_row_that_reads_back(record):
    record = record.canonical()
    rows, _ = write("arena", record)
    k, expected = len(record.responses), []
    for judgment in record.judgments:
        if judgment.is_surplus:
            continue
        pairs = {frozenset((a, b)): None if tie else a for a, b, tie in pairs_in_ranking(judgment.ranking, k)}
        for pair in map(frozenset, combinations(range(k), 2)):
            best = pairs.get(pair, "nothing")
            if best == "nothing" and not judgment.all_bad:
                continue
            is_bad = judgment.all_bad and best in (None, "nothing")
            winner = "bad" if is_bad else "tie" if best is None else record.responses[best].content
            policies = sorted((record.responses[i].content, record.responses[i].policy) for i in pair)
            expected.append((judgment.annotator, judgment.judged_at, winner, str(policies)))
    said = []
    for row in rows:
        back = read("arena", row)
        (judgment,) = back.judgments
        groups = groups_of(back, judgment)
        winner = "bad" if judgment.all_bad else "tie" if len(groups) == 1 else groups[0][0]
        policies = sorted((response.content, response.policy) for response in back.responses)
        said.append((judgment.annotator, judgment.judged_at, winner, str(policies)))
        assert back.prompt == record.prompt
    assert sorted(said, key=repr) == sorted(expected, key=repr)


def test_what_a_battle_cannot_hold_is_counted():
    several = ResponseRecord('[{"content":"a","role":"assistant"},{"content":"b","role":"user"}]', kind="messages")
    records = [
        ComparisonRecord(PROMPT, ABC, (JudgmentRecord("p", ((0,),)),)),
        ComparisonRecord(PROMPT, ABC[:2], (JudgmentRecord("p", (), ratings={0: {"x": 1}}),)),
        ComparisonRecord(PROMPT, (several, ABC[1]), (JudgmentRecord("p", ((0,), (1,))),)),
        ComparisonRecord(PROMPT, ABC[:2], (JudgmentRecord("p", ((0,), (1,)), all_bad=True),)),
    ]
    rows, dropped = write("arena", *records)
    assert [row["anony"] for row in rows] == [True] * 3
    assert dropped == {
        "judgment that ranks none": 1,
        "pair of conversations that are not one battle": 1,
        "pair of responses that a ranking leaves out": 1,
        "word that all are bad, beside an order": 1,
    }
    (row,), dropped = write("arena", records[3], rules=PairRules(all_bad="drop"))
    assert (row["winner"], dropped) == ("tie (bothbad)", {"order beside the word that all are bad": 1})


@pytest.mark.parametrize(
    ("changes", "reason", "sentence"),
    [
        (
            {"winner": "model_c"},
            "wrong-field",
            "“winner” is 'model_c'; it is one of model_a, model_b, tie, tie (bothbad)",
        ),
        ({"winner": None}, "wrong-field", "The field “winner” is missing."),
        ({"conversation_a": None}, "wrong-field", "The field “conversation_a” is missing."),
        ({"conversation_a": "x"}, "wrong-field", "“conversation_a” is not a list of messages."),
        (
            {"conversation_a": [user(QUESTION), assistant("Left."), user("Why?"), assistant("So.")]},
            "broken-transcript",
            "User turn 2 is not the same in both conversations, so they are not one battle.",
        ),
        ({"conversation_a": [user("Who?"), assistant("I.")]}, "broken-transcript", "User turn 1 is not the same"),
        ({"conversation_b": ARENA["conversation_a"]}, "identical-responses", "The two conversations are identical."),
        (
            {"conversation_b": ARENA["conversation_a"][:3]},
            "empty",
            "One conversation is the beginning of the other, so one answer is empty.",
        ),
        (
            {"conversation_a": [user([{"type": "image", "image": "x"}]), assistant("a")]},
            "wrong-field",
            "“conversation_a, message 1” is not a text.",
        ),
        ({"turn": 0}, "bad-judgment", "“turn” is 0, not a whole number from 1"),
        ({"tstamp": "noon"}, "bad-judgment", "“tstamp” is 'noon', not seconds since 1970."),
        ({"tstamp": 1e99}, "bad-judgment", "not seconds since 1970"),
        ({"judge": ["x"]}, "wrong-field", "“judge” is not a text."),
        ({"model_a": "m" * 121}, "wrong-field", "“model_a” is longer than 120 characters."),
    ],
)
def test_a_wrong_battle_is_refused(changes, reason, sentence):
    told_reason, told_sentence = refusal("arena", {**ARENA, **changes})
    assert sentence in told_sentence
    assert told_reason == reason
