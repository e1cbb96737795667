"""OpenAI's two formats and Alpaca's two: what goes out comes back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.best import best_response
from preferences.errors import InvalidRow
from preferences.formats import detect, format_named
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from tests.preferences.strategies import comparisons, prompts, texts
from tests.preferences.test_formats import PROMPT, preference, write

USER = {"role": "user", "content": "Which way?"}
SYSTEM = {"role": "system", "content": "Be brief."}
LEFT, RIGHT = {"role": "assistant", "content": "Left."}, {"role": "assistant", "content": "Right."}
TOOLS = [{"type": "function", "function": {"name": "compass", "parameters": {}}}]
PAIR = {"input": {"messages": [USER]}, "preferred_output": [LEFT], "non_preferred_output": [RIGHT]}


def read(name, row):
    return list(format_named(name).read(json.loads(json.dumps(row))))


def refusal(name, row):
    with pytest.raises(InvalidRow) as caught:
        read(name, row)
    return str(caught.value)


def demonstration(prompt, answer, **metadata):
    return ComparisonRecord(tuple(prompt), (ResponseRecord(answer),), metadata=metadata, kind="demonstration")


def decided(*names):
    """A comparison of named answers, the first the best."""
    ranking = tuple((index,) for index in range(len(names)))
    return ComparisonRecord(PROMPT, tuple(map(ResponseRecord, names)), (JudgmentRecord("p", ranking),))


# openai-preference


def test_a_preferred_output_comes_back_with_its_tools():
    row = {**PAIR, "input": {"messages": [SYSTEM, USER], "tools": TOOLS, "parallel_tool_calls": False}}
    (record,) = read("openai-preference", row)
    assert preference(record) == ((Message(**SYSTEM), Message(**USER)), "Left.", "Right.")
    assert write("openai-preference", record) == ([row], {})
    assert detect([row]) == detect([PAIR]) == "openai-preference"


def test_no_tools_are_no_metadata():
    (record,) = read(
        "openai-preference", {**PAIR, "input": {**PAIR["input"], "tools": [], "parallel_tool_calls": True}}
    )
    assert record.metadata == {}


def test_the_names_of_the_reference_and_contents_in_parts_are_read_too():
    parts = [{"type": "text", "text": "Which "}, {"type": "text", "text": "way?"}]
    row = {
        "input": {"messages": [{"role": "user", "content": parts}]},
        "preferred_completion": [LEFT],
        "non_preferred_completion": [RIGHT],
    }
    assert detect([row]) == "openai-preference"
    assert read("openai-preference", row) == read("openai-preference", PAIR)


@given(comparisons())
def test_each_preference_of_openai_reads_back_as_it_was_meant(record):
    rows, _dropped = write("openai-preference", record)
    assert len(rows) == len(write("trl", record)[0])
    back = [preference(one) for row in rows for one in read("openai-preference", row)]
    assert back == [preference(one) for row in write("trl", record)[0] for one in read("trl", row)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"input": None}, "The field “input” is missing."),
        ({"input": "Which way?"}, "“input” is not an object with “messages”."),
        ({"input": {"messages": "Which way?"}}, "“input, messages” is not a list of messages."),
        ({"input": {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}}, "message 1” is not a text"),
        ({"input": {"messages": [USER], "tools": "compass"}}, "“tools” is not a list of objects."),
        ({"preferred_output": None}, "The field “preferred_output” is missing."),
        ({"non_preferred_output": [LEFT]}, "identical apart from white space"),
        ({"non_preferred_output": [{"role": "assistant", "content": None, "tool_calls": [{}]}]}, "has “tool_calls”"),
    ],
)
def test_a_wrong_preference_of_openai_is_refused(changes, sentence):
    assert sentence in refusal("openai-preference", {**PAIR, **changes})


# openai-chat


def test_each_answer_to_be_learned_is_a_demonstration_of_what_stands_before_it():
    row = {"messages": [SYSTEM, USER, LEFT, {"role": "user", "content": "Sure?"}, RIGHT]}
    first, second = read("openai-chat", row)
    assert (len(first.prompt), first.responses[0].content, first.kind) == (2, "Left.", "demonstration")
    assert (len(second.prompt), second.responses[0].content) == (4, "Right.")
    row["messages"][2] = {**LEFT, "weight": 0}
    assert read("openai-chat", row) == [second]
    assert write("openai-chat", second) == ([row], {})
    assert detect([row]) == "openai-chat"


@given(prompts().filter(lambda turns: turns != ()), texts, st.booleans())
def test_a_demonstration_comes_back_as_the_only_thing_to_learn(prompt, answer, has_tools):
    record = demonstration(prompt, answer, **({"tools": TOOLS} if has_tools else {}))
    ((row,), dropped) = write("openai-chat", record)
    assert dropped == {}
    assert read("openai-chat", row) == [record]


@given(comparisons())
def test_of_a_comparison_the_one_best_answer_is_written(record):
    rows, dropped = write("openai-chat", record)
    record = record.canonical()
    best = best_response(record)
    if best is None:
        assert (rows, dropped) == ([], {"comparison without one best answer": 1})
    else:
        assert [one.responses[0].content for one in read("openai-chat", rows[0])] == [record.responses[best].content]
        assert dropped["answer that is not the best"] == len(record.responses) - 1


def test_the_best_answer_is_the_one_with_the_best_mean_place():
    def best(*rankings, all_bad=()):
        judgments = tuple(
            JudgmentRecord(f"p{place}", ranking, all_bad=place in all_bad) for place, ranking in enumerate(rankings)
        )
        return best_response(ComparisonRecord(PROMPT, tuple(map(ResponseRecord, "abc")), judgments))

    assert best(((1,), (0,), (2,))) == 1
    assert best(((1,), (0,), (2,)), ((0,), (1,), (2,))) is None  # mean places 0.5 and 0.5
    assert best(((1,), (0,), (2,)), ((0,), (1,), (2,)), ((0,), (2,), (1,))) == 0
    assert best(((0, 1), (2,))) is None
    assert best(((2,),)) == 2  # the others stand below
    assert best() is None
    assert best(((0,), (1,)), ((0,), (1,)), all_bad=(1,)) is None
    assert best(((0,), (1,)), ((0,), (1,)), ((0,), (1,)), all_bad=(1,)) == 0
    assert best_response(demonstration(PROMPT, "a")) is None


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        (None, "The field “messages” is missing."),
        ([USER], "ends with a message of the role 'user'"),
        ([LEFT], "begins with an answer"),
        ([USER, {**LEFT, "weight": 0}], "nothing to learn from"),
        ([USER, {**LEFT, "weight": 0.5}], "weight” is 0.5; it is 0 or 1"),
        ([USER, {**LEFT, "weight": True}], "weight” is True; it is 0 or 1"),
        ([USER, {"role": "assistant", "content": " "}], "Response 1 is empty"),
        ([USER, {"role": "assistant", "tool_calls": [{"id": "1"}]}], "has “tool_calls”"),
    ],
)
def test_a_wrong_chat_is_refused(messages, sentence):
    assert sentence in refusal("openai-chat", {"messages": messages})


def test_a_chat_beside_what_was_chosen_is_another_format():
    with_pair = {"messages": [USER, LEFT], "chosen": [USER, LEFT], "rejected": [USER, RIGHT], "prompt": "Which way?"}
    assert detect([with_pair]) != "openai-chat"


# alpaca

CLASSIC = {"instruction": "Name a colour.", "input": "It is warm.", "output": "Red."}


def test_an_instruction_is_asked_with_its_input_on_a_new_line():
    (record,) = read("alpaca", CLASSIC)
    assert [dict(turn) for turn in record.prompt] == [{"role": "user", "content": "Name a colour.\nIt is warm."}]
    assert (record.kind, record.responses[0].content) == ("demonstration", "Red.")
    (bare,) = read("alpaca", {"instruction": "Name a colour.", "input": " ", "output": "Red."})
    assert bare.prompt[0]["content"] == "Name a colour."


def test_a_system_message_and_a_history_come_first():
    row = {
        "instruction": "And cold?",
        "input": "",
        "system": "Be brief.",
        "history": [["Name a colour.", "Red."], ["Another?", "Pink."]],
        "output": "Blue.",
    }
    (record,) = read("alpaca", row)
    assert [turn["role"] for turn in record.prompt] == ["system", *["user", "assistant"] * 2, "user"]
    assert write("alpaca", record) == ([row], {})


@pytest.mark.parametrize(
    "answers",
    [
        {"chosen": "Red.", "rejected": "Rad."},
        {"output": ["Red.", "Rad."]},
        {"output": "", "chosen": "Red.", "rejected": "Rad."},
    ],
)
def test_a_better_and_a_worse_answer_are_a_pair(answers):
    row = {"instruction": "Name a colour.", **answers}
    (record,) = read("alpaca", row)
    assert preference(record)[1:] == ("Red.", "Rad.")
    assert detect([row]) == "alpaca"
    written = {"instruction": "Name a colour.", "input": "", "chosen": "Red.", "rejected": "Rad."}
    assert write("alpaca-ranking", record) == ([written], {})


chats = st.builds(
    lambda system, turns, last: tuple(
        Message(role=role, content=content)
        for role, content in [
            *([("system", system)] if system else []),
            *(turn for asked, answered in turns for turn in (("user", asked), ("assistant", answered))),
            ("user", last),
        ]
    ),
    st.none() | texts,
    st.lists(st.tuples(texts, texts), max_size=2),
    texts,
)


@given(chats, texts)
def test_a_demonstration_comes_back_from_alpaca(prompt, answer):
    record = demonstration(prompt, answer)
    ((row,), dropped) = write("alpaca", record)
    assert dropped == {}
    assert read("alpaca", row) == [record]


@given(comparisons(prompt=chats))
def test_each_pair_of_alpaca_reads_back_as_it_was_meant(record):
    rows, dropped = write("alpaca-ranking", record)
    assert (len(rows), dropped) == (len(write("trl", record)[0]), write("trl", record)[1])
    back = [preference(one) for row in rows for one in read("alpaca", row)]
    assert back == [preference(one) for row in write("trl", record)[0] for one in read("trl", row)]


@given(comparisons())
def test_what_alpaca_writes_of_any_prompt_reads_back_as_that_prompt(record):
    for name in ("alpaca", "alpaca-ranking"):
        rows, dropped = write(name, record)
        assert all(one.prompt == record.prompt for row in rows for one in read("alpaca", row))
        assert rows or dropped or not record.judgments


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"output": "Red."}, "The field “instruction” is missing."),
        ({"instruction": " ", "output": "Red."}, "“instruction” is empty."),
        ({"instruction": "Q", "input": 3, "output": "Red."}, "“input” is not a text."),
        ({"instruction": "Q"}, "The field “output” is missing."),
        ({"instruction": "Q", "output": ["a", "b", "c"]}, "“output” has 3 answers"),
        ({"instruction": "Q", "chosen": "a"}, "The field “rejected” is missing."),
        ({"instruction": "Q", "output": "a", "history": [["x"]]}, "“history” is not a list of pairs"),
        ({"instruction": "Q", "output": "a", "history": [["x", 1]]}, "“history, 1” is not a text."),
        ({"instruction": "Q", "output": "a", "kto_tag": False}, "“kto_tag” says whether one answer is good"),
    ],
)
def test_a_wrong_row_of_alpaca_is_refused(row, sentence):
    assert sentence in refusal("alpaca", row)


def test_a_prompt_that_is_no_chat_is_told():
    record = decided("Good.", "Bad.")
    odd = ComparisonRecord((*PROMPT, *PROMPT), record.responses, record.judgments)
    assert write("alpaca", odd) == ([], {"answer whose prompt is not a conversation of user and assistant": 1})
    assert write("alpaca-ranking", odd) == ([], {"pair whose prompt is not a conversation of user and assistant": 1})
    assert write("alpaca", record)[0] == [{"instruction": "Which way?", "input": "", "output": "Good."}]
    assert write("openai-chat", record) == (
        [{"messages": [USER, {"role": "assistant", "content": "Good."}]}],
        {"answer that is not the best": 1},
    )
