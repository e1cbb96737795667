import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.pairs import Pair, PairRules, derive_pairs
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from preferences.targets import shared_targets, targets_of
from tests.preferences.strategies import comparisons

PROMPT = (Message(role="user", content="Which way?"),)


def comparison(*judgments, k=2, name=""):
    responses = tuple(ResponseRecord(f"answer {name}{index}") for index in range(k))
    return ComparisonRecord(PROMPT, responses, judgments)


def verdict(*groups, **fields):
    return JudgmentRecord("p", tuple(groups), **fields)


def order(pairs):
    return {(pair.better, pair.worse) for pair in pairs}


def test_one_preferred_pair_is_one_pair_of_weight_one():
    assert derive_pairs(comparison(verdict((1,), (0,))), PairRules()) == [Pair(1, 0, 0.0, 1.0, 1.0)]


def test_a_ranking_of_four_makes_six_pairs_of_a_sixth():
    pairs = derive_pairs(comparison(verdict((2,), (0,), (3,), (1,)), k=4), PairRules())
    assert order(pairs) == {(2, 0), (2, 3), (2, 1), (0, 3), (0, 1), (3, 1)}
    assert {pair.weight for pair in pairs} == {1 / 6}


def test_tied_responses_make_no_pair_but_each_beats_what_stands_below():
    pairs = derive_pairs(comparison(verdict((0,), (1, 2), (3,)), k=4), PairRules())
    assert order(pairs) == {(0, 1), (0, 2), (0, 3), (1, 3), (2, 3)}


def test_a_tie_is_half_a_win_when_the_rules_say_so():
    pairs = derive_pairs(comparison(verdict((0, 1), strength=3)), PairRules(ties="half", margin="large"))
    assert pairs == [Pair(0, 1, 0.0, 1.0, 0.5)]
    assert derive_pairs(comparison(verdict((0, 1))), PairRules()) == []


def test_what_a_partial_ranking_leaves_out_stands_below_and_is_not_compared_with_itself():
    pairs = derive_pairs(comparison(verdict((3,), (1,)), k=4), PairRules(ties="half"))
    assert order(pairs) == {(3, 1), (3, 0), (3, 2), (1, 0), (1, 2)}


@pytest.mark.parametrize(
    ("margin", "expected"),
    [("none", [0, 0, 0, 0]), ("small", [0, 1 / 3, 2 / 3, 1]), ("large", [0, 1, 2, 3])],
)
def test_strength_becomes_the_margin_the_rules_name(margin, expected):
    margins = [
        derive_pairs(comparison(verdict((0,), (1,), strength=strength)), PairRules(margin=margin))[0].margin
        for strength in range(4)
    ]
    assert margins == expected


def test_a_verdict_without_strength_has_no_margin():
    assert derive_pairs(comparison(verdict((0,), (1,))), PairRules(margin="large"))[0].margin == 0


def test_surplus_and_all_bad_follow_their_rules():
    record = comparison(verdict((0,), (1,), is_surplus=True), verdict((1,), (0,), all_bad=True))
    assert order(derive_pairs(record, PairRules())) == {(1, 0)}
    assert order(derive_pairs(record, PairRules(surplus="keep"))) == {(0, 1), (1, 0)}
    assert order(derive_pairs(record, PairRules(all_bad="drop"))) == set()


def test_all_bad_without_a_ranking_makes_no_pair():
    assert derive_pairs(comparison(verdict(all_bad=True)), PairRules()) == []


def test_people_who_disagree_make_one_pair_each_way():
    pairs = derive_pairs(comparison(verdict((0,), (1,)), verdict((1,), (0,)), verdict((0,), (1,))), PairRules())
    assert [(pair.better, pair.weight) for pair in pairs] == [(0, 1 / 3), (1, 1 / 3), (0, 1 / 3)]


def test_all_pairs_of_a_prompt_weigh_as_one_prompt_however_many_comparisons_it_has():
    records = [
        comparison(verdict((0,), (1,), (2,)), k=3, name="a"),
        comparison(verdict((0,), (1,)), verdict((1,), (0,)), name="b"),
        comparison(name="nobody judged this"),
    ]
    for rules, expected in [(PairRules(), [0.5, 0.5, 0]), (PairRules(weight="pair"), [3, 2, 0])]:
        shared = shared_targets([targets_of(record, rules) for record in records], rules)
        assert [sum(pair.weight for pair in found.pairs) for found in shared] == pytest.approx(expected)


rules_drawn = st.builds(
    PairRules,
    margin=st.sampled_from(["none", "small", "large"]),
    ties=st.sampled_from(["drop", "half"]),
    all_bad=st.sampled_from(["drop", "keep"]),
    surplus=st.sampled_from(["drop", "keep"]),
)


@given(comparisons(), rules_drawn)
def test_weights_sum_to_one_or_there_are_no_pairs(record, rules):
    pairs = derive_pairs(record, rules)
    assert not pairs or math.isclose(sum(pair.weight for pair in pairs), 1.0)
    assert all(pair.better != pair.worse for pair in pairs)


@given(comparisons(), rules_drawn)
def test_renaming_responses_renames_pairs_and_changes_nothing_else(record, rules):
    def told(of):
        names = [response.content for response in of.responses]
        pairs = derive_pairs(of, rules)
        sides = [(names[pair.better], names[pair.worse]) for pair in pairs]
        return sorted(
            (sorted(side) if pair.target == 0.5 else list(side), pair.margin, pair.weight, pair.target)
            for side, pair in zip(sides, pairs, strict=True)
        )

    assert told(record) == told(record.canonical())


@given(st.permutations(range(5)))
def test_pairs_agree_with_a_definition_by_rank(best_to_worst):
    rank = {response: place for place, response in enumerate(best_to_worst)}
    by_definition = {(a, b) if rank[a] < rank[b] else (b, a) for a, b in combinations(range(5), 2)}
    record = comparison(verdict(*((response,) for response in best_to_worst)), k=5)
    assert order(derive_pairs(record, PairRules())) == by_definition


def test_rules_survive_a_manifest_and_refuse_what_does_not_exist():
    rules = PairRules(margin="small", ties="half", surplus="keep")
    assert PairRules.from_dict(rules.to_dict()) == rules
    with pytest.raises(ValueError, match="no pair rule named colour"):
        PairRules.from_dict({"colour": "blue"})
    with pytest.raises(ValueError, match="ties='maybe' is not one of drop, half"):
        PairRules.from_dict({"ties": "maybe"})


def test_a_rule_that_came_later_is_named_only_where_it_is_used():
    assert PairRules().to_dict() == {
        "margin": "none", "ties": "drop", "all_bad": "keep", "surplus": "drop", "weight": "prompt"
    }  # fmt: skip
    assert PairRules(votes="share").to_dict()["votes"] == "share"
    for rules in (PairRules(), PairRules(votes="majority")):
        assert PairRules.from_dict(rules.to_dict()) == rules
    with pytest.raises(ValueError, match="votes='loudest' is not one of each, share, majority"):
        PairRules.from_dict({"votes": "loudest"})
