"""A comparison between some of its responses says of these what was judged, and nothing new."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from preferences.pairs import pairs_in_ranking
from preferences.records import ComparisonRecord, JudgmentRecord, ResponseRecord
from preferences.selection import with_responses


def record(k, *judgments, **fields):
    responses = tuple(ResponseRecord(f"response {index}") for index in range(k))
    return ComparisonRecord(({"role": "user", "content": "Q"},), responses, judgments, **fields)


def test_a_response_is_taken_out_of_everything_that_names_it():
    verdict = JudgmentRecord(
        "ann", ((2,), (0, 1)), strength=3, ratings={0: {"tone": 1.0}, 2: {"tone": 4.0}}, shown_order=(1, 2, 0)
    )
    one = with_responses(record(3, verdict, gold=((1,), (0, 2))), {0, 2})
    assert [response.content for response in one.responses] == ["response 0", "response 2"]
    (kept,) = one.judgments
    assert (kept.ranking, kept.strength, kept.shown_order) == (((1,), (0,)), None, (1, 0))
    assert kept.ratings == {0: {"tone": 1.0}, 1: {"tone": 4.0}}
    assert one.gold == ((0, 1),)


def test_fewer_than_two_responses_are_no_comparison_and_all_of_them_the_same_one():
    whole = record(3, JudgmentRecord("ann", ((0,), (1,), (2,)), strength=2))
    assert with_responses(whole, {1}) is None
    assert with_responses(whole, {0, 1, 2}) is whole


def test_a_verdict_that_ranks_only_what_went_is_left_out_unless_it_says_something_else():
    silent = JudgmentRecord("ann", ((2,),))
    one = with_responses(record(3, silent, replace(silent, all_bad=True), gold=((2,),)), {0, 1})
    assert [judgment.all_bad for judgment in one.judgments] == [True]
    assert one.gold is None


@given(st.permutations(range(5)), st.sets(st.integers(0, 4), min_size=2), st.sets(st.integers(1, 4)))
def test_pairs_between_those_that_stay_are_the_pairs_there_were(order, kept, cuts):
    bounds = [0, *sorted(cuts), 5]
    ranking = tuple(tuple(sorted(order[a:b])) for a, b in pairwise(bounds))
    one = with_responses(record(5, JudgmentRecord("ann", ranking)), kept)
    names = sorted(kept)
    before = {pair for pair in pairs_in_ranking(ranking, 5) if {pair[0], pair[1]} <= kept}
    after = pairs_in_ranking(one.judgments[0].ranking, len(names))
    assert {(names[better], names[worse], tie) for better, worse, tie in after} == before
