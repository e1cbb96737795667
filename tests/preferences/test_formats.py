import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.containers.jsonl import parse_row
from preferences.errors import InvalidRow, UnknownFormat
from preferences.formats import FORMATS, ExportReport, detect, export_rows, format_named
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from preferences.rows import SnapshotRow
from tests.preferences.strategies import comparisons, prompts, texts
from tests.preferences.test_records import bytes_of

QUESTION = "Which way?"
PROMPT = (Message(role="user", content=QUESTION),)
NATIVE = {"prompt": QUESTION, "responses": [{"content": "Left."}, {"content": "Right."}]}


def read(name, row):
    (record,) = format_named(name).read(row)
    return record


def write(name, *records, rules=None):
    report = ExportReport()
    rows = (SnapshotRow(r.canonical(), "train", r.comparison_hash, r.prompt_hash) for r in records)
    written = list(export_rows(rows, format_named(name), rules or PairRules(), report))
    assert report.rows == len(written)
    return [json.loads(json.dumps(row)) for row in written], dict(report.dropped)


def refusal(name, row):
    with pytest.raises(InvalidRow) as caught:
        read(name, row)
    return caught.value.reason, str(caught.value)


def preference(record):
    """(prompt, chosen, rejected) as a person would say it."""
    ((better,), (worse,)) = record.judgments[0].ranking
    return record.prompt, record.responses[better].content, record.responses[worse].content


# plumbline


@given(comparisons())
def test_the_native_format_loses_nothing(record):
    ((row,), dropped) = write("plumbline", record)
    assert dropped == {}
    back = read("plumbline", parse_row(json.dumps(row).encode()))
    assert bytes_of(back) == bytes_of(record)


def test_a_native_row_means_what_it_says():
    record = read(
        "plumbline",
        {
            "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}],
            "responses": [{"content": "B", "policy": "old", "sampling": {"top_p": 1}}, {"content": "A"}, "C"],
            "judgments": [
                {
                    "annotator": "p-7",
                    "ranking": [[1], [0, 2]],
                    "strength": 0,
                    "ratings": {"1": {"tone": 4}},
                    "judged_at": "2026-01-02T09:00:00+09:00",
                }
            ],
            "gold": [[1]],
            "metadata": {"topic": "roads"},
        },
    )
    contents = [response.content for response in record.responses]
    (judgment,) = record.judgments
    assert [[contents[i] for i in group] for group in judgment.ranking] == [["A"], sorted("BC", key=contents.index)]
    assert (judgment.strength, judgment.annotator, judgment.source) == (0, "p-7", "imported")
    assert judgment.ratings == {contents.index("A"): {"tone": 4}}
    assert judgment.judged_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert record.gold == ((contents.index("A"),),)
    assert record.responses[contents.index("B")].sampling == {"top_p": 1}
    assert (record.prompt[0]["role"], record.metadata) == ("system", {"topic": "roads"})


def test_a_native_demonstration_has_one_response():
    row = {"prompt": QUESTION, "responses": [{"content": "Left."}], "kind": "demonstration"}
    assert read("plumbline", row).kind == "demonstration"
    assert write("plumbline", read("plumbline", row))[0][0]["kind"] == "demonstration"


@pytest.mark.parametrize(
    ("changes", "reason", "sentence"),
    [
        ({"prompt": None}, "wrong-field", "The field “prompt” is missing."),
        ({"prompt": " \n"}, "empty", "“prompt” is empty."),
        ({"prompt": 3}, "wrong-field", "“prompt” is neither a text nor a list of messages."),
        ({"prompt": []}, "wrong-field", "“prompt” is not a list of messages."),
        ({"prompt": [{"role": "robot", "content": "x"}]}, "wrong-field", "has the role 'robot'"),
        ({"prompt": [{"role": "user", "content": [1]}]}, "wrong-field", "“prompt, message 1” is not a text."),
        ({"prompt": [{"role": "user", "content": "x", "tool_calls": [1]}]}, "wrong-field", "has “tool_calls”"),
        ({"prompt": "a\0b"}, "bad-text", "NUL"),
        ({"responses": "x"}, "wrong-field", "“responses” is not a list."),
        ({"responses": []}, "too-few-responses", "needs at least 2 responses; the row has 0"),
        ({"responses": ["x"]}, "too-few-responses", "the row has 1"),
        ({"responses": [f"{n}" for n in range(27)]}, "too-many-responses", "at most 26"),
        ({"responses": ["x", ""]}, "empty", "“responses, 2” is empty."),
        ({"responses": ["x", 5]}, "wrong-field", "“responses, 2” is neither a text nor an object"),
        ({"responses": ["a b", "c", " a\n b "]}, "identical-responses", "Responses 1 and 3 are identical apart from"),
        ({"responses": ["x", {"content": "y", "kind": "sound"}]}, "wrong-field", "“responses, 2, kind” is 'sound'"),
        ({"responses": ["x", {"content": "y", "policy": "p" * 121}]}, "wrong-field", "longer than 120"),
        ({"responses": ["x", {"content": "y", "sampling": 1}]}, "wrong-field", "sampling” is not an object"),
        ({"responses": ["x", {"content": "y", "kind": "messages"}]}, "wrong-field", "of kind messages, but"),
        ({"judgments": {"a": 1}}, "wrong-field", "“judgments” is not a list of objects."),
        ({"judgments": [{}]}, "bad-judgment", "“judgments, 1, ranking” is not a list of groups"),
        ({"judgments": [{"ranking": [[0], [2]]}]}, "bad-judgment", "names response 2, but there are only 2"),
        ({"judgments": [{"ranking": [[0], [0]]}]}, "bad-judgment", "names response 0 twice"),
        ({"judgments": [{"ranking": [[0]], "strength": 4}]}, "bad-judgment", "The strength is 4"),
        ({"judgments": [{"ranking": [[0]], "strength": True}]}, "bad-judgment", "not a whole number"),
        ({"judgments": [{"ranking": [[0]], "all_bad": "no"}]}, "bad-judgment", "neither true nor false"),
        ({"judgments": [{"ranking": [[0]], "ratings": {"x": {}}}]}, "bad-judgment", "names 'x'"),
        ({"judgments": [{"ranking": [[0]], "ratings": {"0": {"a": "b"}}}]}, "bad-judgment", "is not a number"),
        ({"judgments": [{"ranking": [[0]], "ratings": {"9": {"a": 1}}}]}, "bad-judgment", "names response 9"),
        ({"judgments": [{"ranking": [[0]], "judged_at": "noon"}]}, "bad-judgment", "not a time"),
        ({"judgments": [{"ranking": [[0]], "source": "model"}]}, "wrong-field", "is 'model'; it is one of person"),
        ({"judgments": [{"ranking": [[0]], "dwell_ms": -5}]}, "bad-judgment", "negative"),
        ({"judgments": [{"ranking": [[0]], "shown_order": [None]}]}, "bad-judgment", "holds null"),
        ({"gold": [[0], [1], [2]]}, "bad-judgment", "“gold”: The ranking names response 2"),
        ({"metadata": [1]}, "wrong-field", "“metadata” is not an object."),
        ({"kind": "poem"}, "wrong-field", "“kind” is 'poem'; it is one of comparison, demonstration."),
    ],
)
def test_a_native_row_that_is_wrong_is_refused_by_field(changes, reason, sentence):
    told_reason, told_sentence = refusal("plumbline", {**NATIVE, **changes})
    assert sentence in told_sentence
    assert told_reason == reason


# responses


@given(prompts(), st.lists(texts, min_size=2, max_size=4, unique_by=lambda text: " ".join(text.split())))
def test_unjudged_responses_come_back(prompt, contents):
    record = ComparisonRecord(prompt, tuple(map(ResponseRecord, contents)))
    ((row,), dropped) = write("responses", record)
    assert dropped == {}
    assert read("responses", row) == record.canonical()


def test_responses_name_what_they_cannot_hold():
    judged = ComparisonRecord(
        PROMPT, (ResponseRecord("a"), ResponseRecord("b")), (JudgmentRecord("p", ((0,), (1,))),) * 2, ((0,),)
    )
    picture = ComparisonRecord(PROMPT, (ResponseRecord("a.png", kind="picture"), ResponseRecord("b")))
    shown = ComparisonRecord(PROMPT, (ResponseRecord("a"),), kind="demonstration")
    rows, dropped = write("responses", judged, picture, shown)
    assert len(rows) == 1
    assert dropped == {
        "judgment": 2,
        "gold answer": 1,
        "comparison whose responses are not plain text": 1,
        "demonstration: it has one response": 1,
    }


# hh-rlhf

HH_PROMPT = "\n\nHuman: Which way?\n\nAssistant: Where to?\n\nHuman: North."


def test_a_transcript_is_split_at_its_last_answer():
    row = {"chosen": f"{HH_PROMPT}\n\nAssistant: Left.", "rejected": f"{HH_PROMPT}\n\nAssistant:  Right.\n"}
    prompt, chosen, rejected = preference(read("hh-rlhf", row))
    assert [turn["role"] for turn in prompt] == ["user", "assistant", "user"]
    assert [turn["content"] for turn in prompt] == ["Which way?", "Where to?", "North."]
    assert (chosen, rejected) == ("Left.", " Right.\n")
    assert write("hh-rlhf", read("hh-rlhf", row)) == ([row], {})


def test_two_answers_in_a_row_stay_two_turns():
    start = "\n\nHuman: Hi\n\nAssistant: Wait."
    row = {"chosen": f"{start}\n\nAssistant: Yes.", "rejected": f"{start}\n\nAssistant: No."}
    assert [turn["role"] for turn in read("hh-rlhf", row).prompt] == ["user", "assistant"]
    assert write("hh-rlhf", read("hh-rlhf", row)) == ([row], {})


@pytest.mark.parametrize(
    ("chosen", "rejected", "reason", "sentence"),
    [
        ("Human: hi", "Human: ho", "broken-transcript", "does not start with a blank line"),
        ("\n\nHuman: hi", "\n\nHuman: hi", "broken-transcript", "does not end with an Assistant turn"),
        (
            "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d",
            "\n\nHuman: a\n\nAssistant: e",
            "broken-transcript",
            r"differ before the last Assistant turn (at turn 2 of 4 and 2)",
        ),
        ("\n\nHuman: a\n\nAssistant: b", "\n\nHuman: x\n\nAssistant: b", "broken-transcript", "at turn 1 of 2 and 2"),
        ("\n\nHuman: a\n\nAssistant: ", "\n\nHuman: a\n\nAssistant: b", "empty", "of “chosen” is empty"),
        ("\n\nHuman: a\n\nAssistant: b", "\n\nHuman: a\n\nAssistant:\n", "empty", "of “rejected” is empty"),
        ("\n\nHuman: a\n\nAssistant: b", "\n\nHuman: a\n\nAssistant: b ", "identical-responses", "nobody could"),
        (None, "\n\nHuman: a\n\nAssistant: b", "wrong-field", "The field “chosen” is missing."),
        ([1], "\n\nHuman: a\n\nAssistant: b", "wrong-field", "“chosen” is not a text."),
    ],
)
def test_a_broken_transcript_is_refused_by_what_is_wrong(chosen, rejected, reason, sentence):
    told_reason, told_sentence = refusal("hh-rlhf", {"chosen": chosen, "rejected": rejected})
    assert sentence in told_sentence
    assert told_reason == reason


@given(comparisons())
def test_whatever_is_written_as_a_transcript_is_read_back_as_the_same_preference(record):
    rows, _ = write("hh-rlhf", record)
    for row in rows:
        prompt, chosen, rejected = preference(read("hh-rlhf", row))
        contents = {response.content for response in record.responses}
        assert prompt == record.prompt
        assert {chosen, rejected} <= contents


def test_a_transcript_cannot_hold_a_marker_or_a_system_message():
    verdict = (JudgmentRecord("p", ((0,), (1,))),)
    marked = ComparisonRecord(PROMPT, (ResponseRecord("a\n\nHuman: b"), ResponseRecord("c")), verdict)
    system = ComparisonRecord(
        (Message(role="system", content="s"), *PROMPT), (ResponseRecord("a"), ResponseRecord("c")), verdict
    )
    assert write("hh-rlhf", marked, system) == (
        [],
        {
            "pair whose text contains a turn marker": 1,
            "pair whose prompt is not a conversation of user and assistant": 1,
        },
    )


# trl

CHAT = [{"role": "user", "content": QUESTION}]
LEFT, RIGHT = [{"role": "assistant", "content": "Left."}], [{"role": "assistant", "content": "Right."}]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("trl", {"prompt": CHAT, "chosen": LEFT, "rejected": RIGHT}),
        ("trl-implicit", {"chosen": CHAT + LEFT, "rejected": CHAT + RIGHT}),
        ("trl-standard", {"prompt": QUESTION, "chosen": " Left.", "rejected": "\nRight."}),
        ("trl-implicit-standard", {"chosen": "Which way? Left.", "rejected": "Which way?\nRight."}),
    ],
)
def test_a_pair_comes_back_as_it_was(name, row):
    assert write(name, read(name, row)) == ([row], {})


def test_a_prompt_repeated_inside_the_answers_is_taken_off():
    row = {"prompt": QUESTION, "chosen": CHAT + LEFT, "rejected": CHAT + RIGHT}
    assert preference(read("trl", row)) == (PROMPT, "Left.", "Right.")


def test_an_answer_of_several_messages_stays_several_messages():
    turns = [*LEFT, {"role": "user", "content": "Sure?"}, *LEFT]
    row = {"prompt": CHAT, "chosen": turns, "rejected": RIGHT}
    record = read("trl", row)
    assert {response.kind for response in record.responses} == {"messages", "text"}
    assert write("trl", record) == ([row], {})
    assert write("trl-standard", record) == ([], {"pair whose response has several messages": 1})


def test_texts_part_where_the_last_common_word_ends():
    row = {"chosen": "The sky is blue.", "rejected": "The sky is black."}
    assert preference(read("trl-implicit", row)) == (
        (Message(role="user", content="The sky is"),),
        " blue.",
        " black.",
    )


@pytest.mark.parametrize(
    ("name", "row", "sentence"),
    [
        ("trl", {"prompt": QUESTION, "chosen": "a"}, "“rejected” is missing"),
        ("trl", {"prompt": QUESTION, "chosen": "a", "rejected": 3}, "“rejected” is not a list of messages"),
        ("trl", {"prompt": QUESTION, "chosen": "a", "rejected": " a"}, "identical apart from white space"),
        ("trl", {"prompt": QUESTION, "chosen": "a", "rejected": "b", "margin": "1"}, "“margin” is not a number"),
        ("trl-implicit", {"chosen": "a b", "rejected": "c d"}, "no prompt in common"),
        ("trl-implicit", {"chosen": "a b", "rejected": "a b"}, "identical"),
        ("trl-implicit", {"chosen": LEFT, "rejected": RIGHT}, "no prompt in common"),
        ("trl-implicit", {"chosen": CHAT + LEFT, "rejected": CHAT}, "one answer is empty"),
        ("trl-implicit", {"chosen": CHAT + LEFT, "rejected": CHAT + LEFT}, "identical"),
        ("trl-implicit", {"chosen": CHAT + LEFT, "rejected": "x"}, "“rejected” is not a list of messages"),
    ],
)
def test_a_wrong_pair_is_refused(name, row, sentence):
    assert sentence in refusal(name, row)[1]


def test_margins_are_a_column_of_all_rows_or_of_none():
    record = ComparisonRecord(
        PROMPT,
        (ResponseRecord("a"), ResponseRecord("b")),
        (JudgmentRecord("p", ((0,), (1,)), strength=2), JudgmentRecord("q", ((1,), (0,)))),
    )
    assert all("margin" not in row for row in write("trl", record)[0])
    for name in ("trl", "trl-implicit", "trl-standard"):
        assert sorted(row["margin"] for row in write(name, record, rules=PairRules(margin="large"))[0]) == [0, 2]


def test_a_margin_that_came_in_is_kept_beside_the_comparison():
    row = {"prompt": CHAT, "chosen": LEFT, "rejected": RIGHT, "margin": 0.5}
    assert read("trl", row).metadata == {"margin": 0.5}


@given(comparisons())
def test_each_decided_pair_is_one_row_and_reads_back_as_that_preference(record):
    rows, dropped = write("trl", record)
    back = [preference(read("trl", row)) for row in rows]
    counted = [judgment for judgment in record.judgments if not judgment.is_surplus]
    k = len(record.responses)
    rank = lambda judgment, i: next((n for n, group in enumerate(judgment.ranking) if i in group), 99)  # noqa: E731
    expected = [
        (record.prompt, record.responses[a].content, record.responses[b].content)
        for judgment in counted
        for a in range(k)
        for b in range(k)
        if rank(judgment, a) < rank(judgment, b)
    ]
    assert sorted(map(repr, back)) == sorted(map(repr, expected))
    assert dropped.get("judgment above the target", 0) == len(record.judgments) - len(counted)


def test_nothing_that_makes_no_pair_goes_unsaid():
    responses = (ResponseRecord("a"), ResponseRecord("b"))
    records = [
        ComparisonRecord(PROMPT, responses),
        ComparisonRecord(PROMPT, responses, (JudgmentRecord("p", ((0, 1),)),)),
        ComparisonRecord(PROMPT, responses, (JudgmentRecord("p", (), all_bad=True),)),
        ComparisonRecord(PROMPT, responses, (JudgmentRecord("p", ((0,), (1,)), is_surplus=True),)),
        ComparisonRecord(PROMPT, responses[:1], kind="demonstration"),
        ComparisonRecord(PROMPT, (ResponseRecord("a.png", kind="picture"), *responses[1:])),
    ]
    expected = {
        "comparison without a judgment": 1,
        "tied pair": 1,
        "judgment that says all are bad and ranks none": 1,
        "judgment above the target": 1,
        "demonstration: it has no pair": 1,
        "comparison of pictures": 1,
    }
    for name in ("trl", "trl-implicit", "trl-standard", "trl-implicit-standard", "hh-rlhf"):
        assert write(name, *records) == ([], expected)


# all


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (NATIVE, "plumbline"),
        ({"prompt": QUESTION, "responses": ["a", "b"], "judgments": []}, "plumbline"),
        ({"prompt": QUESTION, "responses": ["a", "b"]}, "responses"),
        ({"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"}, "hh-rlhf"),
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, "trl"),
        ({"prompt": CHAT, "chosen": LEFT, "rejected": RIGHT}, "trl"),
        ({"chosen": "a b", "rejected": "a c"}, "trl-implicit"),
        ({"chosen": CHAT + LEFT, "rejected": CHAT + RIGHT}, "trl-implicit"),
    ],
)
def test_a_format_is_known_by_its_fields_even_among_bad_rows(row, name):
    assert detect([InvalidRow("broken"), {"x": 1}, row, row]) == name


def test_an_unknown_format_is_told_by_the_fields_found():
    with pytest.raises(UnknownFormat, match="rows with “question”, “output”"):
        detect([{"question": "a", "output": "b"}])
    with pytest.raises(UnknownFormat, match="No row of the file could be read"):
        detect([InvalidRow("broken")])
    with pytest.raises(UnknownFormat, match="no format “csv2”"):
        format_named("csv2")


def test_the_winner_leaves_no_trace_in_the_order_of_responses():
    firsts = 0
    for number in range(400):
        row = {"prompt": f"question {number}", "chosen": f"good {number}", "rejected": f"bad {number}"}
        record = read("trl", row)
        firsts += record.responses[0].content.startswith("good")
    assert abs(firsts - 200) < 4 * 10  # four standard errors of 400 coin flips


def test_every_format_says_what_it_drops():
    assert all(format.drops for format in FORMATS.values())


names = st.sampled_from(["role", "content", "ranking", "annotator", "ratings", "policy", "0"])
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
lists = st.lists(scalars | st.dictionaries(names, scalars, max_size=2), max_size=3)
objects = st.dictionaries(names, scalars | lists | st.lists(lists, max_size=2), max_size=3)
columns = st.sampled_from(["prompt", "chosen", "rejected", "responses", "judgments", "gold", "metadata", "kind"])


@given(
    st.sampled_from(list(FORMATS)),
    st.dictionaries(columns, scalars | lists | objects | st.lists(objects, max_size=3), max_size=5),
)
def test_no_row_at_all_can_do_worse_than_be_refused(name, row):
    format = format_named(name)
    assert format.matches(row) in (True, False)
    with contextlib.suppress(InvalidRow):
        assert all(isinstance(record, ComparisonRecord) for record in format.read(row))


def test_context_documents_come_and_go_with_the_prompt_and_are_part_of_what_is_asked():
    row = {"prompt": QUESTION, "responses": ["Left.", "Right."], "documents": ["A page.", {"title": "T", "text": "B"}]}
    record = read("plumbline", row)
    assert record.documents == row["documents"]
    assert write("plumbline", record)[0][0]["documents"] == row["documents"]
    assert "metadata" not in write("plumbline", record)[0][0]
    assert read("plumbline", write("plumbline", record)[0][0]) == record
    assert record.prompt_hash != read("plumbline", {**row, "documents": []}).prompt_hash
    assert read("plumbline", {**row, "documents": []}).prompt_hash == read("responses", row).prompt_hash
    assert detect([row]) == "plumbline"
    with pytest.raises(InvalidRow, match="“documents” is not a list of texts or objects"):
        read("plumbline", {**row, "documents": [1]})


def test_a_picture_is_named_by_a_row_and_not_looked_at():
    brought = {"picture": "a.png", "alt": "a line"}
    for name in ("plumbline", "responses"):
        record = read(name, {"prompt": QUESTION, "responses": [brought, "Words."]})
        assert {response.kind for response in record.responses} == {"picture", "text"}
        assert '{"alt":"a line","picture":"a.png"}' in {response.content for response in record.responses}
    for broken in ({"picture": ""}, {"picture": 3}, {"picture": "a.png", "alt": 3}):
        with pytest.raises(InvalidRow):
            read("plumbline", {"prompt": QUESTION, "responses": [broken, "Words."]})
