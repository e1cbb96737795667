"""A table in no format, read by a field mapping."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.errors import InvalidMapping, InvalidRow
from preferences.formats.mapped import mapped_format
from preferences.formats.mapping import TableMapping, parse_mapping
from tests.preferences.strategies import comparisons

ROW = {"q": "Which way?", "a": "Left.", "b": "Right.", "who": "w1", "better": "b"}
BASE = {"prompt": "q", "responses": ["a", "b"]}
WINNER = {**BASE, "judgments": [{"winner": "better", "annotator": "who"}]}


def read(mapping, row):
    (record,) = mapped_format(json.loads(json.dumps(mapping))).read(row)
    return record


def judged(row=(), **verdict):
    """The only judgment of ROW, with changes, under BASE with one verdict; and its ranking by content."""
    record = read({**BASE, "judgments": [verdict]}, {**ROW, **dict(row)})
    (judgment,) = record.judgments
    return judgment, said(record, judgment.ranking)


def said(record, ranking):
    return [sorted(record.responses[index].content for index in group) for group in ranking]


def refusal(mapping, row=()):
    with pytest.raises(InvalidRow) as caught:
        read(mapping, {**ROW, **dict(row)})
    return str(caught.value)


def mapping_refusal(mapping):
    with pytest.raises(InvalidMapping) as caught:
        parse_mapping(json.dumps(mapping).encode())
    return str(caught.value)


# what is compared


def test_columns_become_a_prompt_and_its_responses():
    record = read(BASE, ROW)
    assert [dict(turn) for turn in record.prompt] == [{"role": "user", "content": "Which way?"}]
    assert sorted(response.content for response in record.responses) == ["Left.", "Right."]
    assert record.judgments == ()


def test_a_prompt_of_several_columns_leaves_out_the_empty_ones():
    mapping = {**BASE, "prompt": ["q", "more", "most"], "join": " / ", "system": "rules"}
    record = read(mapping, {**ROW, "more": " ", "most": "To the lake.", "rules": "Be brief."})
    assert [(turn["role"], turn["content"]) for turn in record.prompt] == [
        ("system", "Be brief."),
        ("user", "Which way? / To the lake."),
    ]
    chat = [{"role": "user", "content": "x"}]
    assert [dict(turn) for turn in read(BASE, {**ROW, "q": chat}).prompt] == chat


def test_responses_may_be_a_list_of_texts_or_of_objects():
    texts = read(
        {"prompt": "q", "responses": "all", "policies": "models"}, {"q": "?", "all": ["x", "y"], "models": ["m", 7]}
    )
    assert {response.content: response.policy for response in texts.responses} == {"x": "m", "y": "7"}
    mapping = {"prompt": "q", "responses": "deep.all", "content": "out.text", "policy": "by"}
    items = [{"out": {"text": text}, "by": by} for text, by in (("x", "m"), ("y", None))]
    objects = read(mapping, {"q": "?", "deep": {"all": items}})
    assert {response.content: response.policy for response in objects.responses} == {"x": "m", "y": None}


def test_policies_may_stand_in_columns_or_in_one_text():
    row = {**ROW, "ma": "old", "mb": "new", "both": "old_new"}
    for policies in ({"policies": ["ma", "mb"]}, {"policies": "both", "policies_split": "_"}):
        record = read({**BASE, **policies}, row)
        assert {response.content: response.policy for response in record.responses} == {"Left.": "old", "Right.": "new"}
    assert "2 responses and 3 policies" in refusal(
        {**BASE, "policies": "both", "policies_split": "_"}, {"both": "a_b_c"}
    )


def test_metadata_documents_and_pictures():
    mapping = {**BASE, "metadata": {"language": "lang", "x": "none"}, "documents": ["page", "pages"]}
    record = read(mapping, {**ROW, "lang": "en", "page": "One.", "pages": ["Two.", "Three."]})
    assert record.metadata == {"language": "en", "documents": ["One.", "Two.", "Three."]}
    assert read({**BASE, "metadata": ["who"]}, ROW).metadata == {"who": "w1"}
    pictures = read({**BASE, "pictures": True}, {**ROW, "a": "a.png", "b": "b.png"})
    assert {response.kind for response in pictures.responses} == {"picture"}


def test_a_demonstration_has_one_response():
    record = read({"kind": "demonstration", "prompt": "q", "responses": "a"}, ROW)
    assert (record.kind, record.responses[0].content) == ("demonstration", "Left.")


# verdicts


@pytest.mark.parametrize(
    ("verdict", "value", "ranking"),
    [
        ({}, "b", [["Right."], ["Left."]]),
        ({}, 1, [["Left."], ["Right."]]),
        ({}, "2", [["Right."], ["Left."]]),
        ({}, 2.0, [["Right."], ["Left."]]),
        ({"values": {"L": 1, "R": 2}}, "R", [["Right."], ["Left."]]),
        ({"values": {"0": "tie", "1": 1}}, 0, [["Left.", "Right."]]),
        ({"values": {"0": "tie", "1": 1}}, 1.0, [["Left."], ["Right."]]),
        ({"values": {"true": 1, "false": 2}}, False, [["Right."], ["Left."]]),
    ],
)
def test_a_winner_is_named_by_column_number_or_value(verdict, value, ranking):
    assert judged({"better": value}, winner="better", **verdict)[1] == ranking


def test_a_winner_may_be_a_policy():
    for verdict in ({"winner": "better"}, {"winner": "better", "values": {"tie": "tie"}}):
        mapping = {**BASE, "policies": ["ma", "mb"], "judgments": verdict}
        record = read(mapping, {**ROW, "ma": "old", "mb": "new", "better": "new"})
        assert said(record, record.judgments[0].ranking) == [["Right."], ["Left."]]
        assert "“better” is 'same'" in refusal(mapping, {"ma": "same", "mb": "same", "better": "same"})


def test_all_bad_says_no_ranking_and_skip_says_nothing():
    judgment, ranking = judged({"better": "none"}, winner="better", values={"none": "all_bad"})
    assert (judgment.all_bad, ranking) == (True, [])
    skipping = {**BASE, "judgments": {"winner": "better", "values": {"b": "skip"}}}
    assert read(skipping, ROW).judgments == ()
    assert read(WINNER, {**ROW, "better": None}).judgments == read(WINNER, {**ROW, "better": ""}).judgments == ()


def test_of_three_a_winner_stands_above_the_rest():
    mapping = {**WINNER, "responses": ["a", "b", "c"]}
    record = read(mapping, {**ROW, "c": "Up."})
    assert said(record, record.judgments[0].ranking) == [["Right."]]


def test_ranks_tie_where_they_are_equal_and_either_end_may_be_best():
    mapping = {"prompt": "q", "responses": "all", "judgments": {"ranks": "places"}}
    row = {"q": "?", "all": ["x", "y", "z"], "places": [2, 1, 2]}
    record = read(mapping, row)
    assert said(record, record.judgments[0].ranking) == [["y"], ["x", "z"]]
    scores = {**mapping, "judgments": {"ranks": ["sx", "sy", "sz"], "best": "highest"}}
    record = read(scores, {**row, "sx": "0.5", "sy": 0.25, "sz": None})
    assert said(record, record.judgments[0].ranking) == [["x"], ["y"]]
    assert read(scores, row).judgments == ()
    assert "3 responses and 2 ranks" in refusal({**mapping}, {"all": ["x", "y", "z"], "places": [1, 2]})


def test_an_order_counts_from_one_or_zero_and_may_hold_ties():
    mapping = {"prompt": "q", "responses": "all", "judgments": {"order": "best"}}
    row = {"q": "?", "all": ["x", "y", "z"], "best": [3, [1, 2]]}
    record = read(mapping, row)
    assert said(record, record.judgments[0].ranking) == [["z"], ["x", "y"]]
    zero = {**mapping, "judgments": {"order": "best", "first": 0}}
    record = read(zero, {**row, "best": [2, 0, 1]})
    assert said(record, record.judgments[0].ranking) == [["z"], ["x"], ["y"]]
    assert read(mapping, {**row, "best": None}).judgments == ()


@pytest.mark.parametrize(
    ("verdict", "value", "ranking", "strength"),
    [
        ({"above": 2}, 3, [["Right."], ["Left."]], 3),
        ({"above": 2}, -1, [["Left."], ["Right."]], 1),
        ({}, 2, [["Left."], ["Right."]], 2),
        ({}, 0, [["Left.", "Right."]], 0),
        ({"middle": 4, "above": 2}, "7", [["Right."], ["Left."]], 3),
        ({"middle": 3.5, "strengths": {"0.5": 0, "1.5": 1, "2.5": 3}}, 1, [["Right."], ["Left."]], 3),
    ],
)
def test_a_signed_score_says_who_and_how_much(verdict, value, ranking, strength):
    judgment, told = judged({"score": value}, score="score", **verdict)
    assert (told, judgment.strength) == (ranking, strength)


def test_a_verdict_brings_what_the_mapping_names():
    judgment, _ = judged(
        {
            "sure": 2,
            "why": "Shorter.",
            "secs": "2.5",
            "when": "2016-02-01 23:57:19.0 UTC",
            "ha": 4,
            "hb": "2",
            "bad": "no",
        },
        winner="better",
        annotator="who",
        strength="sure",
        reason="why",
        dwell_seconds="secs",
        judged_at="when",
        all_bad="bad",
        ratings={"help": ["ha", "hb"]},
        source="simulated",
    )
    assert (judgment.annotator, judgment.strength, judgment.reason, judgment.dwell_ms) == ("w1", 2, "Shorter.", 2500)
    assert (judgment.judged_at.isoformat(), judgment.source) == ("2016-02-01T23:57:19+00:00", "simulated")
    assert sorted(values["help"] for values in judgment.ratings.values()) == [2, 4]
    between, _ = judged(
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:01.5Z"},
        winner="better",
        dwell_between=["from", "to"],
        annotator_name="first",
    )
    assert (between.dwell_ms, between.annotator) == (1500, "first")
    assert judged({"ms": 700}, winner="better", dwell_ms="ms")[0].dwell_ms == 700


def test_ratings_alone_are_a_verdict():
    judgment, ranking = judged({"ha": 4, "hb": None}, ratings={"help": ["ha", "hb"]})
    assert (ranking, list(judgment.ratings.values())) == ([], [{"help": 4}])


def test_a_row_may_hold_several_verdicts_in_columns_or_in_a_list():
    columns = [
        {"winner": f"annotator{n}", "annotator_name": f"annotator{n}", "values": {"0": "tie", "1": 1, "2": 2}}
        for n in (1, 2)
    ]
    record = read({**BASE, "judgments": columns}, {**ROW, "annotator1": 2, "annotator2": 0})
    assert {judgment.annotator: said(record, judgment.ranking) for judgment in record.judgments} == {
        "annotator1": [["Right."], ["Left."]],
        "annotator2": [["Left.", "Right."]],
    }
    listed = {**BASE, "judgments": {"each": "votes", "winner": "value", "annotator": "worker"}}
    record = read(listed, {**ROW, "votes": [{"worker": "u", "value": "a"}, {"worker": "v", "value": "b"}]})
    assert [judgment.annotator for judgment in record.judgments] == ["u", "v"]
    assert read(listed, {**ROW, "votes": None}).judgments == ()
    assert "“votes” is not a list of objects" in refusal(listed, {"votes": "u"})


def test_gold_is_the_expected_ranking():
    mapping = {**WINNER, "gold": {"winner": "truth", "values": {"a1": 1, "equal": "tie", "bad": "all_bad"}}}
    for value, expected in (("a1", [["Left."], ["Right."]]), ("equal", [["Left.", "Right."]])):
        record = read(mapping, {**ROW, "truth": value})
        assert said(record, record.gold) == expected
    assert read(mapping, {**ROW, "truth": None}).gold is None
    assert "it cannot be that all are bad" in refusal(mapping, {"truth": "bad"})


@pytest.mark.parametrize(
    ("mapping", "row", "sentence"),
    [
        (WINNER, {"q": None}, "The field “q” is missing."),
        (WINNER, {"q": 3}, "“q” is neither a text nor a list of messages."),
        (WINNER, {"a": None}, "“a” is not a text."),
        (WINNER, {"better": "c"}, "“better” is 'c', which is none of the 2 responses."),
        (WINNER, {"better": 3}, "“better” is 3, which is none of the 2 responses."),
        (WINNER, {"better": 1.5}, "“better” is 1.5, which is none"),
        (WINNER, {"better": [1]}, "“better” is [1], which is none"),
        (WINNER, {"who": ["x"]}, "annotator” is not a text."),
        (
            {**BASE, "judgments": {"winner": "better", "values": {"x": 1}}},
            {"better": "z"},
            "is 'z'; the mapping knows x.",
        ),
        ({**BASE, "judgments": {"winner": "better", "values": {"b": 5}}}, {}, "which is none of the 2 responses"),
        ({**BASE, "judgments": {"score": "better"}}, {}, "“better” is not a number."),
        ({**BASE, "judgments": {"score": "better"}}, {"better": 9}, "“better” is 9, not a whole number from 0 to 3."),
        ({**BASE, "judgments": {"score": "s", "strengths": {"1": 1}}}, {"s": 2}, "“s” gives 2; “strengths” knows 1."),
        ({**BASE, "judgments": {"order": "better"}}, {}, "“better” is not a list of responses."),
        ({**BASE, "judgments": {"order": "o"}}, {"o": [1, 1]}, "names response 0 twice"),
        ({**BASE, "judgments": {"winner": "better", "all_bad": "bad"}}, {"bad": "maybe"}, "neither true nor false"),
        ({**BASE, "judgments": {"winner": "better", "judged_at": "t"}}, {"t": "noon"}, "“t” is 'noon', not a time"),
        ({**BASE, "judgments": {"winner": "better", "dwell_ms": "t"}}, {"t": -5}, "dwell time is negative"),
        ({**BASE, "judgments": {"winner": "better", "reason": "r"}}, {"r": 3}, "reason” is not a text."),
        ({"prompt": "q", "responses": "list"}, {}, "The field “list” is missing."),
        (
            {"prompt": "q", "responses": "list"},
            {"list": [{"t": "x"}, {"t": "y"}]},
            "“content” of the mapping says which",
        ),
        (
            {**BASE, "judgments": {"score": "s"}, "responses": ["a", "b", "q"]},
            {"s": 1},
            "compares two responses; the row has 3",
        ),
    ],
)
def test_a_row_that_the_mapping_does_not_fit_is_refused_by_column(mapping, row, sentence):
    assert sentence in refusal(mapping, row)


# what a mapping may say


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({}, "The mapping says no “prompt”"),
        ({"prompt": "q"}, "The mapping says no “responses”"),
        ({**BASE, "prompts": "q"}, "There is no key “prompts”. There are: "),
        ({**BASE, "prompt": []}, "“prompt” is []; it names a column, or several in a list."),
        ({**BASE, "prompt": [1]}, "“prompt” is 1; it names a column."),
        ({**BASE, "responses": 2}, "“responses” is 2; it names a column, or several in a list."),
        ({**BASE, "kind": "poem"}, "“kind” is 'poem'; it is one of comparison, demonstration."),
        ({**BASE, "pictures": "yes"}, "“pictures” is 'yes'; it is true or false."),
        ({**BASE, "metadata": {"x": 1}}, "“metadata, x” is 1; it names a column."),
        ({**BASE, "judgments": "better"}, "“judgments, 1” is not a table of keys and values."),
        ({**BASE, "judgments": [{"winners": "x"}]}, "There is no key “judgments, 1, winners”."),
        ({**BASE, "judgments": [{"annotator": "who"}]}, "“judgments, 1” says no verdict"),
        ({**BASE, "judgments": [{"winner": "x", "score": "y"}]}, "“judgments, 1” has “winner” and “score”"),
        (
            {**BASE, "judgments": [{"winner": "x", "values": {"a": 0}}]},
            "“judgments, 1, values, a” is 0; it is a response's",
        ),
        ({**BASE, "judgments": [{"winner": "x", "values": {"a": "draw"}}]}, "“judgments, 1, values, a” is 'draw'"),
        ({**BASE, "judgments": [{"winner": "x", "best": "lowest"}]}, "has “best” without “ranks”"),
        ({**BASE, "judgments": [{"ranks": "x", "best": "last"}]}, "“judgments, 1, best” is 'last'"),
        (
            {**BASE, "judgments": [{"order": "x", "first": 2}]},
            "“judgments, 1, first” is 2, not a whole number from 0 to 1.",
        ),
        ({**BASE, "judgments": [{"score": "x", "middle": "4"}]}, "“judgments, 1, middle” is '4', not a number."),
        ({**BASE, "judgments": [{"score": "x", "strengths": {"1": 4}}]}, "“judgments, 1, strengths, 1” is 4"),
        ({**BASE, "judgments": [{"winner": "x", "dwell_between": ["a"]}]}, "names 1 columns; it is two"),
        ({**BASE, "judgments": [{"winner": "x", "source": "person"}]}, "it is one of imported, simulated."),
        ({**BASE, "gold": {"winner": "x", "annotator": "w"}}, "“gold” has “annotator”: a gold answer is a ranking"),
        ({**BASE, "kind": "demonstration", "gold": {"winner": "x"}}, "no “judgments” and no “gold”"),
    ],
)
def test_a_wrong_mapping_is_refused_by_key(mapping, sentence):
    assert sentence in mapping_refusal(mapping)


def test_a_mapping_is_toml_or_json():
    toml = b'prompt = "q"\nresponses = ["a", "b"]\n\n[[judgments]]\nwinner = "better"\nannotator = "who"\n'
    assert parse_mapping(toml) == parse_mapping(json.dumps(WINNER).encode()) == WINNER
    for broken, sentence in ((b"prompt = ", "neither TOML nor"), (b"{1}", "neither TOML nor"), (b"\xff", "not UTF-8")):
        with pytest.raises(InvalidMapping, match=sentence):
            parse_mapping(broken)


names = st.sampled_from(
    ["prompt", "responses", "q", "a", "judgments", "winner", "ranks", "values", "gold", "metadata", "x"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(names, anything, max_size=5))
def test_any_mapping_is_taken_or_refused_with_a_sentence(said):
    with contextlib.suppress(InvalidMapping):
        assert TableMapping.from_dict(said).prompt


@given(anything, anything, anything)
def test_any_row_is_read_or_refused(q, a, better):
    for mapping in (
        WINNER,
        {"prompt": "q", "responses": "a", "judgments": {"ranks": "better"}, "metadata": ["better"]},
    ):
        with contextlib.suppress(InvalidRow):
            assert len(read(mapping, {**ROW, "q": q, "a": a, "better": better}).responses) >= 2


@given(comparisons())
def test_a_ranking_written_as_ranks_comes_back(record):
    """Ranks from each judgment, responses as a list, against the record itself."""
    for judgment in record.judgments:
        ranks = [
            next((p for p, group in enumerate(judgment.ranking, 1) if i in group), None)
            for i in range(len(record.responses))
        ]
        row = {
            "q": [dict(turn) for turn in record.prompt],
            "all": [response.content for response in record.responses],
            "places": ranks,
        }
        back = read({"prompt": "q", "responses": "all", "judgments": {"ranks": "places"}}, row)
        assert said(back, back.judgments[0].ranking) == said(record, judgment.ranking)
