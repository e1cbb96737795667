"""Orders and ratings beside pairs, and what a prompt's targets weigh together."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.orders import Order, derive_orders
from preferences.pairs import PairRules, derive_pairs, pairs_in_ranking
from preferences.ratings import Rating, derive_ratings
from preferences.records import JudgmentRecord
from preferences.targets import TARGET_KINDS, Targets, shared_targets, targets_of
from preferences.weights import check_annotator_weights
from tests.preferences.strategies import comparisons
from tests.preferences.test_pairs import PROMPT, comparison, rules_drawn, verdict
from tests.preferences.test_votes import annotator_weights_drawn


def test_an_order_holds_the_tie_groups_best_first_and_what_is_left_out_below():
    record = comparison(verdict((3,), (0, 2)), verdict((1,), (0,), (2,), (3,)), k=4)
    assert derive_orders(record, PairRules()) == [
        Order(((3,), (0, 2)), 0.5, (1,)),
        Order(((1,), (0,), (2,), (3,)), 0.5, ()),
    ]


def test_a_ranking_that_ties_all_orders_nothing_unless_ties_count():
    record = comparison(verdict((0, 1)))
    assert derive_orders(record, PairRules()) == []
    assert derive_orders(record, PairRules(ties="half")) == [Order(((0, 1),), 1.0)]
    assert derive_orders(comparison(verdict((0, 1)), k=3), PairRules()) == [Order(((0, 1),), 1.0, (2,))]


def test_a_verdict_without_a_ranking_is_no_order():
    assert derive_orders(comparison(verdict(all_bad=True)), PairRules(ties="half")) == []


def test_orders_follow_the_rules_on_surplus_and_all_bad_as_pairs_do():
    record = comparison(verdict((0,), (1,), is_surplus=True), verdict((1,), (0,), all_bad=True))
    assert [order.groups[0] for order in derive_orders(record, PairRules())] == [(1,)]
    assert [order.groups[0] for order in derive_orders(record, PairRules(surplus="keep", all_bad="drop"))] == [(0,)]


def test_annotators_weigh_in_orders_and_ratings_as_in_pairs():
    record = comparison(
        JudgmentRecord("p", ((0,), (1,)), ratings={1: {"tone": 2}}),
        JudgmentRecord("q", ((1,), (0,)), ratings={0: {"tone": 4}}),
        JudgmentRecord("r", ((1,), (0,)), ratings={0: {"tone": 5}}),
    )
    weights = {"p": 3.0, "r": 0.0}
    assert [order.weight for order in derive_orders(record, PairRules(), annotator_weights=weights)] == [0.75, 0.25]
    assert derive_ratings(record, PairRules(weight="pair"), annotator_weights=weights) == [
        Rating(1, "tone", 2.0, 3.0),
        Rating(0, "tone", 4.0, 1.0),
    ]


def test_every_rating_counts_but_for_surplus_and_none_for_being_all_bad():
    record = comparison(
        verdict((0,), (1,), ratings={1: {"b": 1, "a": 0.5}, 0: {"a": 4}}, all_bad=True),
        verdict(ratings={0: {"a": 3}}, is_surplus=True),
    )
    assert derive_ratings(record, PairRules(all_bad="drop")) == [
        Rating(0, "a", 4.0, 1 / 3),
        Rating(1, "a", 0.5, 1 / 3),
        Rating(1, "b", 1.0, 1 / 3),
    ]
    assert len(derive_ratings(record, PairRules(surplus="keep"))) == 4


@given(st.lists(comparisons(max_k=9, prompt=st.just(PROMPT)), max_size=4), rules_drawn, annotator_weights_drawn)
def test_each_kind_of_target_of_a_prompt_sums_to_one_or_is_absent(records, rules, weights):
    found = [targets_of(record, rules, kinds=TARGET_KINDS, annotator_weights=weights) for record in records]
    found = shared_targets(found, rules)
    assert len(found) == len(records)
    for kind in TARGET_KINDS:
        total = sum(item.weight for said in found for item in getattr(said, kind))
        assert not any(getattr(said, kind) for said in found) or math.isclose(total, 1)


@given(comparisons(max_k=9), rules_drawn)
def test_pairs_can_be_read_off_orders(record, rules):
    """Each order implies what its ranking implied, whatever way it is written."""
    implied = []
    for order in derive_orders(record, rules):
        place = {index: position for position, group in enumerate(order.groups) for index in group}
        place.update(dict.fromkeys(order.below, len(order.groups)))
        assert sorted(place) == list(range(len(record.responses)))
        implied.extend((a, b) for a in place for b in place if place[a] < place[b])
    strict = [(pair.better, pair.worse) for pair in derive_pairs(record, rules) if pair.target == 1]
    assert sorted(implied) == sorted(strict)


@pytest.mark.parametrize("k", range(2, 10))
def test_of_k_responses_an_order_holds_each_once(k):
    record = comparison(verdict(*((index,) for index in reversed(range(k)))), k=k)
    (order,) = derive_orders(record, PairRules())
    assert order.responses == tuple(reversed(range(k)))
    assert len(derive_pairs(record, PairRules())) == k * (k - 1) // 2 == len(list(pairs_in_ranking(order.groups, k)))


def test_only_the_kinds_that_are_asked_for_are_derived():
    record = comparison(verdict((0,), (1,), ratings={0: {"tone": 1}}))
    for kind in TARGET_KINDS:
        said = targets_of(record, PairRules(), kinds=(kind,))
        assert [name for name in TARGET_KINDS if getattr(said, name)] == [kind]


def test_targets_are_renumbered_to_the_responses_they_speak_of():
    record = comparison(verdict((3,), ratings={}), verdict(ratings={1: {"tone": 2}}), k=4)
    said = targets_of(record, PairRules(), kinds=("ratings",))
    assert said.responses == [1]
    assert said.renumbered().ratings[0].text == 0
    said = targets_of(comparison(verdict((3,), (1,)), k=4), PairRules(), kinds=("orders",))
    assert said.renumbered() == said


def test_targets_that_say_nothing_are_false():
    assert not Targets()
    assert Targets(ratings=(Rating(0, "tone", 1.0, 1.0),))


@pytest.mark.parametrize("weight", [-0.1, 1e-300, math.nan, math.inf, 1e7, 10**400, "1", True, None])
def test_an_impossible_weight_is_refused_by_name(weight):
    with pytest.raises(ValueError, match="'p-1' is"):
        check_annotator_weights({"p-0": 1, "p-1": weight})
    check_annotator_weights({"p-0": 0, "p-1": 2.5})
