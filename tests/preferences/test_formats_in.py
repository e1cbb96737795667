"""Formats that are only read: Open-Assistant's trees, Label Studio's tasks, Argilla's records."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.errors import InvalidRow
from preferences.formats import FORMATS, detect, format_named, read_rows
from preferences.formats.tasks import answer_names

QUESTION = "Which way to the lake?"


def read(name, row):
    return list(format_named(name).read(json.loads(json.dumps(row))))


def read_one(name, row):
    (record,) = read(name, row)
    return record


def refusal(name, row):
    with pytest.raises(InvalidRow) as caught:
        read(name, row)
    return str(caught.value)


def ranked(record, judgment=None):
    """A judgment's ranking, the record's only one's by default, by content."""
    judgment = judgment or record.judgments[0]
    return [sorted(record.responses[index].content for index in group) for group in judgment.ranking]


def by_annotator(record):
    return {judgment.annotator: judgment for judgment in record.judgments}


# oasst


def said(text, role, *replies, name=None, **more):
    return {"message_id": name or text, "text": text, "role": role, "lang": "en", "replies": list(replies), **more}


def answer(text, rank, *replies, **more):
    return said(text, "assistant", *replies, rank=rank, **more)


def tree(*replies, **more):
    return {
        "message_tree_id": "t1",
        "tree_state": "ready_for_export",
        "prompt": said(QUESTION, "prompter", *replies),
        **more,
    }


TREE = tree(
    answer("Left.", 1),
    answer(
        "Right.",
        0,
        said("Sure?", "prompter", answer("Yes.", 0), answer("No.", 2), answer("Maybe.", 1)),
        said("Thanks!", "prompter", answer("Welcome.", None)),
    ),
    answer("Straight on.", 2, synthetic=True, model_name="robot-1"),
)


def test_each_set_of_ranked_siblings_is_a_comparison_whose_prompt_is_the_path_from_the_root():
    first, second = read("oasst", TREE)
    assert detect([TREE]) == "oasst"
    assert ranked(first) == [["Right."], ["Left."], ["Straight on."]]
    assert ranked(second) == [["Yes."], ["Maybe."], ["No."]]
    assert [(turn["role"], turn["content"]) for turn in second.prompt] == [
        ("user", QUESTION),
        ("assistant", "Right."),
        ("user", "Sure?"),
    ]
    assert {response.policy for response in first.responses} == {None, "robot-1"}
    assert first.metadata == {"language": "en", "message_id": QUESTION, "message_tree_id": "t1"}
    assert {judgment.annotator for record in (first, second) for judgment in record.judgments} == {"consensus"}


def test_siblings_without_a_rank_are_left_out_unless_nobody_ranked_any():
    some = read_one("oasst", tree(answer("a", 1), answer("b", None), answer("c", 0)))
    assert ranked(some) == [["c"], ["a"]]
    for ranks in ((None, None, None), (0, None, None)):
        none = read_one("oasst", tree(*(answer(text, rank) for text, rank in zip("abc", ranks, strict=True))))
        assert (len(none.responses), none.judgments) == (3, ())


def test_a_shared_rank_is_a_tie():
    assert ranked(read_one("oasst", tree(answer("a", 1), answer("b", 0), answer("c", 1)))) == [["b"], ["a", "c"]]


def test_what_was_deleted_or_refused_in_review_is_left_out_with_all_that_follows():
    below = said("Sure?", "prompter", answer("Yes.", 0), answer("No.", 1))
    record = read_one(
        "oasst",
        tree(answer("a", 0), answer("b", 1), answer("c", 2, below, deleted=True), answer("d", 3, review_result=False)),
    )
    assert ranked(record) == [["a"], ["b"]]


def test_of_answers_that_are_alike_the_best_stays():
    assert ranked(read_one("oasst", tree(answer("a b", 2), answer("c", 1), answer("a  b", 0)))) == [["a  b"], ["c"]]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"message_tree_id": "t", "prompt": None}, "The field “prompt” is missing."),
        (tree(answer("a", 0)), "no message has two answers that stand"),
        (tree(said("x", "prompter"), said("y", "prompter")), "no message has two answers that stand"),
        (tree(answer("a", 0), answer("b", "1")), "“rank” is '1', not a whole number."),
        (tree(answer("a", 0), said("b", "robot")), "“role” is 'robot'; it is one of prompter, assistant"),
        (tree(answer("a", 0), answer("b", 1), said(3, "assistant", name="m")), "“text” is not a text."),
        (
            {"message_tree_id": "t", "prompt": said("q", "prompter") | {"replies": [1]}},
            "“replies” is not a list of messages",
        ),
        (tree(*(answer(f"a{place}", place) for place in range(27))), "at most 26 can be compared"),
    ],
)
def test_a_wrong_tree_is_refused(row, sentence):
    assert sentence in refusal("oasst", row)


def flat(message, parent=None, tree="t1"):
    """The messages of a tree as a table, depth first."""
    own = {name: value for name, value in message.items() if name != "replies"}
    yield {"message_tree_id": tree, "parent_id": parent, **own}
    for reply in message["replies"]:
        yield from flat(reply, message["message_id"], tree)


def test_a_table_of_messages_holds_the_same_comparisons():
    rows = [*flat(TREE["prompt"]), *flat(tree(answer("a", 0), answer("b", 1))["prompt"], tree="t2")]
    assert detect(rows) == "oasst"
    first, second = read_rows(enumerate(rows, start=1), FORMATS["oasst"])
    assert list(first.records) == read("oasst", TREE)
    assert [number for number, _row in second.rows] == [11, 12, 13]
    assert ranked(second.records[0]) == [["a"], ["b"]]


def test_a_message_whose_parent_is_not_there_is_left_out_and_a_tree_without_a_root_refused():
    rows = [row for row in flat(TREE["prompt"]) if row["text"] != "Right."]
    (reading,) = read_rows(enumerate(rows, start=1), FORMATS["oasst"])
    assert [ranked(record) for record in reading.records] == [[["Left."], ["Straight on."]]]
    (reading,) = read_rows(enumerate(rows[1:], start=1), FORMATS["oasst"])
    assert str(reading.found) == f"The messages of a tree have one root; these {len(rows) - 1} have 0."
    (reading,) = read_rows(enumerate([rows[0], rows[0]], start=1), FORMATS["oasst"])
    assert "is there twice" in str(reading.found)


messages = st.recursive(
    st.builds(
        said, st.text(max_size=3), st.sampled_from(["prompter", "assistant", "x"]), rank=st.none() | st.integers(0, 3)
    ),
    lambda inner: st.builds(
        lambda message, replies: {**message, "replies": replies},
        st.builds(
            said, st.text(max_size=3), st.sampled_from(["prompter", "assistant"]), rank=st.none() | st.integers(0, 3)
        ),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@given(messages)
def test_any_tree_is_read_or_refused(message):
    try:
        records = read("oasst", {"message_tree_id": "t", "prompt": message})
    except InvalidRow:
        return
    assert records
    assert all(len(record.responses) > 1 for record in records)


# label-studio

DATA = {"prompt": QUESTION, "answer1": "Left.", "answer2": "Right.", "context": "The lake lies east."}


def annotation(person, *results, **more):
    return {"completed_by": person, "result": list(results), "was_cancelled": False, "ground_truth": False, **more}


def result(kind, value, to_name="answer1", from_name=None):
    return {"from_name": from_name or kind, "to_name": to_name, "type": kind, "value": value}


def picked(side, to_name="answer1,answer2"):
    return result("pairwise", {"selected": side}, to_name)


def task(*annotations, data=DATA, **more):
    return {"id": 1, "data": data, "annotations": list(annotations), "predictions": [], **more}


def test_a_task_is_one_comparison_with_a_judgment_of_each_annotator():
    row = task(
        annotation(7, picked("right"), lead_time=4.2881, created_at="2026-01-02T09:00:00.5Z"),
        annotation({"id": 8, "email": "b@example.org"}, picked("left")),
        annotation(9, picked("left"), was_cancelled=True),
        annotation(10),
        predictions=[{"model_version": "m", "result": [picked("left")]}],
    )
    record = read_one("label-studio", row)
    assert detect([row]) == "label-studio"
    seven, eight = (by_annotator(record)[f"label-studio {name}"] for name in ("7", "b@example.org"))
    assert len(record.judgments) == 2
    assert (ranked(record, seven), ranked(record, eight)) == ([["Right."], ["Left."]], [["Left."], ["Right."]])
    assert (seven.dwell_ms, seven.judged_at.isoformat()) == (4288, "2026-01-02T09:00:00.500000+00:00")
    assert record.documents == ["The lake lies east."]


def test_of_two_annotations_by_one_person_the_newer_stands():
    row = task(
        annotation(7, picked("left"), created_at="2026-01-02T10:00:00Z"),
        annotation(7, picked("right"), created_at="2026-01-02T09:00:00Z"),
    )
    assert ranked(read_one("label-studio", row)) == [["Left."], ["Right."]]


def test_ground_truth_is_gold_and_no_judgment():
    record = read_one("label-studio", task(annotation(7, picked("right"), ground_truth=True)))
    assert record.judgments == ()
    assert [record.responses[index].content for (index,) in record.gold] == ["Right.", "Left."]
    both = task(annotation(7, picked("right"), ground_truth=True), annotation(8, picked("left"), ground_truth=True))
    assert "contradict each other" in refusal("label-studio", both)


def test_the_sides_of_a_pair_are_what_the_tag_compares():
    for names in ("answer2,answer1", ["answer2", "answer1"]):
        assert ranked(read_one("label-studio", task(annotation(7, picked("left", names))))) == [["Right."], ["Left."]]
    assert ranked(read_one("label-studio", task(annotation(7, picked("left", "txt-1,txt-2"))))) == [
        ["Left."],
        ["Right."],
    ]


@pytest.mark.parametrize(
    ("label", "expected"),
    [("answer2", "Right."), ("Answer 2", "Right."), ("Response 2", "Right."), ("right", "Right."), ("1", "Left.")],
)
def test_a_choice_names_an_answer_in_many_ways(label, expected):
    record = read_one("label-studio", task(annotation(7, result("choices", {"choices": [label]}, "prompt"))))
    assert ranked(record)[0] == [expected]


def test_a_choice_may_be_a_tie_or_all_bad_and_what_else_is_said_is_the_reason():
    tie = read_one("label-studio", task(annotation(7, result("choices", {"choices": ["Tie"]}))))
    assert ranked(tie) == [["Left.", "Right."]]
    row = task(
        annotation(
            7,
            result("choices", {"choices": ["Both bad"]}, "prompt"),
            result("choices", {"choices": ["geography"]}, "prompt", "topic"),
            result("textarea", {"text": ["Neither is", "true."]}, "prompt", "why"),
        )
    )
    (judgment,) = read_one("label-studio", row).judgments
    assert (judgment.all_bad, judgment.ranking) == (True, ())
    assert judgment.reason == "topic: geography\nwhy: Neither is\ntrue."


LIST = {"prompt": QUESTION, "items": [{"id": name, "title": name.upper(), "body": f"Way {name}."} for name in "abc"]}


@pytest.mark.parametrize(
    "value", [["c", "a", "b"], {"rank": ["c", "a", "b"]}, {"_": ["c", "a", "b"]}, {"_": [], "r": ["c", "a", "b"]}]
)
def test_a_ranker_gives_the_ids_in_order(value):
    record = read_one("label-studio", task(annotation(7, result("ranker", {"ranker": value}, "items")), data=LIST))
    assert ranked(record) == [["Way c."], ["Way a."], ["Way b."]]


def test_ratings_are_of_the_answer_that_the_tag_names():
    row = task(
        annotation(
            7,
            result("rating", {"rating": 4}, "answer1", "helpful"),
            result("rating", {"rating": 2}, "answer2", "helpful"),
            result("rating", {"rating": 5}, "prompt", "clarity"),
        )
    )
    record = read_one("label-studio", row)
    (judgment,) = record.judgments
    said_of = {record.responses[index].content: values for index, values in judgment.ratings.items()}
    assert said_of == {"Left.": {"helpful": 4}, "Right.": {"helpful": 2}}
    assert (judgment.ranking, judgment.reason) == ((), "5")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (task(data=None), "The field “data” is missing."),
        (task(data={"text": "x", "other": "y"}), "No field is named like a prompt"),
        (task(data={"prompt": "x", "answer1": "y"}), "Fewer than two fields are named like answers"),
        (task(annotation(7, picked("top"))), "“annotations, 1, pairwise” is 'top'; a pair has left and right."),
        (task(annotation(7, result("choices", {"choices": ["blue"]}))), "says nothing of which answer is better"),
        (task(annotation(7, picked("left"), picked("right"))), "ranks the answers, and so does another question"),
        (task(annotation(7, picked("left"), lead_time=-1)), "“annotations, 1, lead_time” is -1"),
        (task(annotation(7, picked("left"), created_at="noon")), "not a time"),
        (task(annotation(7, result("ranker", {"ranker": ["z"]})), data=LIST), "names 'z', which is no answer"),
        (task(annotation(7, result("ranker", {"ranker": ["a", "a"]})), data=LIST), "twice"),
        (task(annotation(7, result("ranker", {"ranker": {"x": ["a"], "y": ["b"]}})), data=LIST), "buckets"),
        (task(annotation(7, picked("left", "")), data={**DATA, "answer3": "Up."}), "does not say which"),
        (task(data={**DATA, "answer2": " Left. "}), "identical apart from white space"),
    ],
)
def test_a_wrong_task_is_refused(row, sentence):
    assert sentence in refusal("label-studio", row)


def test_a_task_nobody_annotated_waits_for_people():
    assert read_one("label-studio", task()).judgments == ()


def test_answers_are_fields_alike_but_for_their_end_in_the_order_of_it():
    assert answer_names(["response_10", "prompt", "response_2", "Response 1", "model_a", "model_b"]) == [
        "Response 1",
        "response_2",
        "response_10",
    ]
    assert answer_names(["data", "text", "meta_a"]) == []


# argilla

FIELDS = {"prompt": QUESTION, "response_1": "Left.", "response_2": "Right.", "response_3": "Up."}
ORDER = ["response_2", "response_3", "response_1"]
RANKS = [{"value": name, "rank": rank} for name, rank in (("response_1", 2), ("response_2", 1), ("response_3", 2))]

NESTED_2 = {
    "id": "1",
    "fields": FIELDS,
    "metadata": {"topic": "roads"},
    "suggestions": {"order": {"value": ["response_1", "response_2", "response_3"], "score": 0.9, "agent": "m"}},
    "responses": {
        "order": [{"value": ORDER, "user_id": "u-1"}, {"value": ORDER[::-1], "user_id": "u-2"}],
        "why": [{"value": "Shorter.", "user_id": "u-1"}],
    },
    "vectors": {},
}
FLAT_2 = {
    "id": "1",
    "_server_id": "x",
    **FIELDS,
    "topic": "roads",
    "order.responses": [ORDER, ORDER[::-1], ORDER],
    "order.responses.users": ["u-1", "u-2", "u-3"],
    "order.responses.status": ["submitted", "submitted", "draft"],
    "why.responses": ["Shorter.", None, "…"],
    "why.responses.users": ["u-1", "u-2", "u-3"],
    "why.responses.status": ["submitted", "submitted", "discarded"],
    "order.suggestion": ["response_1", "response_2", "response_3"],
    "order.suggestion.score": 0.9,
    "order.suggestion.agent": "m",
}
NESTED_1 = {
    "fields": FIELDS,
    "external_id": None,
    "metadata": {"topic": "roads"},
    "responses": [
        {"user_id": "u-1", "status": "submitted", "values": {"order": {"value": RANKS}, "why": {"value": "Shorter."}}},
        {"user_id": "u-2", "status": "discarded", "values": {"order": {"value": RANKS}}},
        {"user_id": "u-3", "status": "draft", "values": None},
    ],
    "suggestions": [{"question_name": "order", "value": RANKS}],
}
COLUMNS_1 = {
    **FIELDS,
    "order": [
        {"user_id": "u-1", "value": RANKS, "status": "submitted"},
        {"user_id": "u-2", "value": None, "status": "draft"},
    ],
    "order-suggestion": None,
    "order-suggestion-metadata": {"type": None, "score": None, "agent": None},
    "why": {"user_id": ["u-1"], "value": ["Shorter."], "status": ["submitted"]},
    "metadata": '{"topic": "roads"}',
    "external_id": None,
}
SEQUENCE_1 = {
    **COLUMNS_1,
    "order": {
        "user_id": ["u-1"],
        "value": [{"rank": [2, 1, 2], "value": ["response_1", "response_2", "response_3"]}],
        "status": ["submitted"],
    },
}


@pytest.mark.parametrize("row", [NESTED_2, FLAT_2])
def test_records_of_2_name_the_options_best_first(row):
    record = read_one("argilla", row)
    assert detect([row]) == "argilla"
    first, second = (by_annotator(record)[user] for user in ("u-1", "u-2"))
    assert len(record.judgments) == 2
    assert ranked(record, first) == [["Right."], ["Up."], ["Left."]]
    assert ranked(record, second) == [["Left."], ["Up."], ["Right."]]
    assert (first.reason, second.reason) == ("Shorter.", "")


@pytest.mark.parametrize("row", [NESTED_1, COLUMNS_1, SEQUENCE_1])
def test_records_of_1_give_ranks_with_ties(row):
    record = read_one("argilla", row)
    assert detect([row]) == "argilla"
    assert [judgment.annotator for judgment in record.judgments] == ["u-1"]
    assert ranked(record) == [["Right."], ["Left.", "Up."]]
    assert record.judgments[0].reason == "Shorter."
    assert record.metadata == {"topic": "roads"}


def test_a_suggestion_never_counts():
    for row in ({**NESTED_2, "responses": {}}, {**NESTED_1, "responses": []}):
        assert read_one("argilla", row).judgments == ()


def asked(**values):
    pair = {name: FIELDS[name] for name in ("prompt", "response_1", "response_2")}
    return {"fields": pair, "responses": {name: [{"value": value, "user_id": "u"}] for name, value in values.items()}}


def test_labels_and_ratings_name_an_answer():
    assert ranked(read_one("argilla", asked(preference="Response 2"))) == [["Right."], ["Left."]]
    assert ranked(read_one("argilla", asked(preference="tie"))) == [["Left.", "Right."]]
    assert read_one("argilla", asked(preference="both bad")).judgments[0].all_bad
    record = read_one("argilla", asked(**{"quality_response_1": 2, "quality-2": 5, "response_2": 4, "sure": 3}))
    (judgment,) = record.judgments
    said_of = {record.responses[index].content: values for index, values in judgment.ratings.items()}
    assert said_of == {"Left.": {"quality": 2}, "Right.": {"quality": 5, "rating": 4}}
    assert judgment.reason == "3"


def test_a_prompt_may_be_a_chat():
    chat = [{"role": "user", "content": QUESTION}]
    row = asked(preference="1")
    row["fields"]["prompt"] = chat
    assert [dict(turn) for turn in read_one("argilla", row).prompt] == chat


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"fields": {"a": "x"}, "responses": {}}, "No field is named like a prompt"),
        ({"fields": {"prompt": "x"}, "responses": {}}, "Fewer than two fields"),
        (asked(preference="blue"), "The answers of user u say nothing of which response is better"),
        (asked(order=[{"value": "response_9", "rank": 1}]), "“order” names 'response_9'"),
        (asked(order=[{"value": "response_1", "rank": "1"}]), "A rank is not a whole number."),
        (asked(one="response_1", two="response_2"), "“two” ranks the answers, and so does another question."),
        ({**NESTED_2, "responses": {"order": {"value": 1}}}, "“responses, order” is not a list of objects."),
        ({**FLAT_2, "order.responses": "x"}, "“order.responses” is not a list."),
        ({**NESTED_1, "responses": [{"user_id": "u", "values": [1]}]}, "“responses, values” is not an object."),
    ],
)
def test_a_wrong_record_is_refused(row, sentence):
    assert sentence in refusal("argilla", row)
