"""Two more ways to write chosen and rejected: UltraFeedback's with scores, OpenRLHF's as its reader takes them."""

import pytest
from hypothesis import given

from preferences.formats import detect
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from tests.preferences.strategies import comparisons
from tests.preferences.test_formats import PROMPT, QUESTION, preference, read, refusal, write

USER = {"role": "user", "content": QUESTION}
LEFT, RIGHT = {"role": "assistant", "content": "Left."}, {"role": "assistant", "content": "Right."}
AB = (ResponseRecord("a"), ResponseRecord("b"))


def rated(*scores, name="score", **changes):
    ratings = {index: {name: score} for index, score in enumerate(scores) if score is not None}
    return ComparisonRecord(PROMPT, AB, (JudgmentRecord("p", ((0,), (1,)), ratings=ratings),), **changes)


# ultrafeedback

ULTRA = {
    "prompt": QUESTION,
    "prompt_id": "p1",
    "chosen": [USER, RIGHT],
    "rejected": [USER, LEFT],
    "messages": [USER, RIGHT],
    "score_chosen": 8.5,
    "score_rejected": 4.0,
}


def test_a_scored_pair_comes_back_as_it_was():
    record = read("ultrafeedback", ULTRA)
    assert preference(record) == (PROMPT, "Right.", "Left.")
    (judgment,) = record.judgments
    scores = {record.responses[index].content: values for index, values in judgment.ratings.items()}
    assert scores == {"Right.": {"score": 8.5}, "Left.": {"score": 4.0}}
    assert write("ultrafeedback", record) == ([ULTRA], {})


def test_equal_scores_are_a_tie_and_missing_ones_are_not():
    tie = read("ultrafeedback", {**ULTRA, "score_rejected": 8.5})
    assert [len(group) for group in tie.judgments[0].ranking] == [2]
    assert write("ultrafeedback", tie) == ([], {"tied pair": 1})
    plain = read("ultrafeedback", {**ULTRA, "score_chosen": None, "score_rejected": None})
    assert preference(plain) == (PROMPT, "Right.", "Left.")
    assert plain.judgments[0].ratings == {}


@pytest.mark.parametrize(
    ("record", "scores", "dropped"),
    [
        (rated(4, 1), (4.0, 1.0), {}),
        (rated(1, 4), (1.0, 4.0), {}),
        (rated(6, 2, name="overall"), (6.0, 2.0), {}),
        (rated(6, 2, name="helpfulness"), (None, None), {}),
        (rated(3, None), (None, None), {}),
        (rated(3, 3), (None, None), {"scores that are equal although one response was preferred": 1}),
    ],
)
def test_scores_are_what_the_annotator_gave_and_never_unsay_the_preference(record, scores, dropped):
    (row,), told = write("ultrafeedback", record)
    assert ((row["score_chosen"], row["score_rejected"]), told) == (scores, dropped)
    assert preference(read("ultrafeedback", row))[1:] == ("a", "b")


def test_the_prompt_text_is_the_first_question_and_its_id_the_prompts_hash():
    prompt = (Message(role="system", content="s"), *PROMPT, Message(**LEFT), Message(role="user", content="Sure?"))
    record = ComparisonRecord(prompt, AB, (JudgmentRecord("p", ((0,), (1,))),))
    (row,), _ = write("ultrafeedback", record)
    assert (row["prompt"], row["prompt_id"]) == (QUESTION, record.prompt_hash)
    assert row["messages"] == row["chosen"]
    assert len(row["chosen"]) == 5


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"chosen": None}, "The field “chosen” is missing."),
        ({"chosen": "x"}, "“chosen” is not a list of messages."),
        ({"chosen": [LEFT]}, "do not begin with the same message"),
        ({"chosen": [USER, LEFT]}, "The two conversations are identical."),
        ({"chosen": [USER]}, "One conversation is the beginning of the other"),
        ({"score_chosen": "8"}, "“score_chosen” is not a number."),
        ({"score_rejected": float("nan")}, "“score_rejected” is not a number."),
    ],
)
def test_a_wrong_scored_pair_is_refused(changes, sentence):
    assert sentence in refusal("ultrafeedback", {**ULTRA, **changes})[1]


# openrlhf


@pytest.mark.parametrize(
    "row",
    [
        {"context_messages": [USER], "chosen": [RIGHT], "rejected": [LEFT]},
        {"input": QUESTION, "chosen": " Right.", "rejected": " Left."},
    ],
)
def test_messages_and_texts_are_read_under_both_names(row):
    assert detect([row]) == "openrlhf"
    prompt, chosen, rejected = preference(read("openrlhf", row))
    assert (prompt, chosen.strip(), rejected.strip()) == (PROMPT, "Right.", "Left.")


def test_a_pair_and_its_margin_come_back_as_they_were():
    row = {"context_messages": [USER], "chosen": [RIGHT], "rejected": [LEFT]}
    assert write("openrlhf", read("openrlhf", row)) == ([row], {})
    strong = ComparisonRecord(PROMPT, AB, (JudgmentRecord("p", ((0,), (1,)), strength=3),))
    (row,), _ = write("openrlhf", strong, rules=PairRules(margin="large"))
    assert row["margin"] == 3.0
    assert read("openrlhf", row).metadata == {"margin": 3}


def render(messages, *, add_generation_prompt=False):
    """A chat template like those of the common models."""
    text = "".join(f"<|{turn['role']}|>{turn['content']}<end>" for turn in messages)
    return text + "<|assistant|>" * add_generation_prompt


@given(comparisons())
def test_openrlhf_can_read_every_row(record):
    """What its reward dataset does to a row with a chat template: all of this must hold before it trains on it."""
    rows, _ = write("openrlhf", record, rules=PairRules(margin="small"))
    for row in rows:
        assert set(row) == {"context_messages", "chosen", "rejected", "margin"}
        prompt = render(row["context_messages"], add_generation_prompt=True)
        texts = []
        for side in ("chosen", "rejected"):
            whole = render(row["context_messages"] + row[side])  # lists, so that they can be joined
            assert whole.startswith(prompt)  # it cuts the answer off by the prompt's length
            texts.append(whole[len(prompt) :])
            assert texts[-1].removesuffix("<end>").strip()
            assert row[side][-1]["role"] == "assistant"  # what a DPO run without a prompt key cuts off
        assert texts[0] != texts[1]
        assert isinstance(row["margin"], float)


@given(comparisons())
def test_openrlhf_glues_texts_without_a_template(record):
    for row in write("trl-standard", record)[0]:
        assert all(isinstance(row[name], str) for name in ("prompt", "chosen", "rejected"))
        assert row["prompt"] + row["chosen"] != row["prompt"] + row["rejected"]
        assert row["prompt"][-1:].isspace() or row["chosen"][:1].isspace()


@given(comparisons())
def test_each_decided_pair_reads_back_as_that_preference(record):
    wanted = sorted(map(repr, (preference(read("trl", row)) for row in write("trl", record)[0])))
    for name in ("openrlhf", "ultrafeedback"):
        rows, dropped = write(name, record)
        assert sorted(map(repr, (preference(read(name, row)) for row in rows))) == wanted
        assert dropped == write("trl", record)[1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"context_messages": None}, "The field “context_messages” is missing."),
        ({"context_messages": 3}, "“context_messages” is neither a text nor a list of messages."),
        ({"chosen": [LEFT]}, "identical apart from white space"),
        ({"chosen": 3}, "“chosen” is not a list of messages."),
        ({"margin": "big"}, "“margin” is not a number."),
    ],
)
def test_a_wrong_pair_is_refused(changes, sentence):
    row = {"context_messages": [USER], "chosen": [RIGHT], "rejected": [LEFT], **changes}
    assert sentence in refusal("openrlhf", row)[1]
