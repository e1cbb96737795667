"""Several people judge the same two responses: each a pair, a share of votes, or what most of them say."""

import math
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.formats import ExportReport, format_named
from preferences.pairs import Pair, PairRules, derive_pairs, pairs_in_ranking
from preferences.records import JudgmentRecord
from preferences.rows import SnapshotRow
from preferences.votes import Poll
from tests.preferences.strategies import comparisons, labels
from tests.preferences.test_pairs import comparison, rules_drawn, verdict

LEFT, RIGHT, TIE = ((0,), (1,)), ((1,), (0,)), ((0, 1),)
SHARE, MAJORITY = PairRules(votes="share", weight="pair"), PairRules(votes="majority", weight="pair")
annotator_weights_drawn = st.dictionaries(labels, st.floats(0, 100), max_size=4)


def judged(*rankings, **fields):
    return [JudgmentRecord(f"p{number}", ranking, **fields) for number, ranking in enumerate(rankings)]


def of_two(*rankings, rules, **options):
    return derive_pairs(comparison(*judged(*rankings)), rules, **options)


def test_three_votes_to_one_are_a_target_of_three_quarters_and_weigh_four():
    assert of_two(LEFT, RIGHT, LEFT, LEFT, rules=SHARE) == [Pair(0, 1, 0.0, 4.0, 0.75)]
    assert of_two(RIGHT, RIGHT, LEFT, RIGHT, rules=SHARE) == [Pair(1, 0, 0.0, 4.0, 0.75)]


def test_a_tie_is_half_a_vote_for_each_where_ties_count_and_no_vote_where_they_are_dropped():
    assert of_two(LEFT, LEFT, RIGHT, TIE, rules=replace(SHARE, ties="half")) == [Pair(0, 1, 0.0, 4.0, 2.5 / 4)]
    assert of_two(LEFT, LEFT, RIGHT, TIE, rules=SHARE) == [Pair(0, 1, 0.0, 3.0, 2 / 3)]
    assert of_two(TIE, TIE, rules=SHARE) == []
    assert of_two(TIE, TIE, rules=replace(SHARE, ties="half")) == [Pair(0, 1, 0.0, 2.0, 0.5)]


def test_as_many_votes_for_one_as_for_the_other_are_a_target_of_a_half():
    assert of_two(LEFT, RIGHT, rules=SHARE) == [Pair(0, 1, 0.0, 2.0, 0.5)]


def test_the_majority_is_one_pair_of_weight_one():
    assert of_two(LEFT, RIGHT, RIGHT, rules=MAJORITY) == [Pair(1, 0, 0.0, 1.0, 1.0)]
    assert of_two(LEFT, TIE, TIE, rules=MAJORITY) == [Pair(0, 1, 0.0, 1.0, 1.0)]


def test_a_draw_is_a_tie_and_follows_its_rule():
    for draw in [(LEFT, RIGHT), (TIE,), (LEFT, TIE, RIGHT)]:
        assert of_two(*draw, rules=MAJORITY) == []
        assert of_two(*draw, rules=replace(MAJORITY, ties="half")) == [Pair(0, 1, 0.0, 1.0, 0.5)]


def test_a_majority_may_run_in_a_circle():
    condorcet = judged(((0,), (1,), (2,)), ((1,), (2,), (0,)), ((2,), (0,), (1,)))
    pairs = derive_pairs(comparison(*condorcet, k=3), MAJORITY)
    assert {(pair.better, pair.worse) for pair in pairs} == {(0, 1), (1, 2), (2, 0)}


def test_votes_on_four_responses_are_counted_two_by_two():
    record = comparison(*judged(((0,), (1, 2), (3,)), ((1,), (0,))), k=4)  # the second leaves 2 and 3 below
    found = {(pair.better, pair.worse): (pair.weight, pair.target) for pair in derive_pairs(record, SHARE)}
    assert found == {(0, 1): (2, 0.5), (0, 2): (2, 1), (0, 3): (2, 1), (1, 2): (1, 1), (1, 3): (2, 1), (2, 3): (1, 1)}


def test_annotators_vote_with_their_weight():
    weights = {"p0": 3.0, "p1": 0.5}
    assert of_two(LEFT, RIGHT, RIGHT, rules=SHARE, annotator_weights=weights) == [Pair(0, 1, 0.0, 4.5, 3 / 4.5)]
    assert of_two(LEFT, RIGHT, RIGHT, rules=MAJORITY, annotator_weights=weights) == [Pair(0, 1, 0.0, 1.0, 1.0)]
    each = of_two(LEFT, RIGHT, RIGHT, rules=PairRules(), annotator_weights=weights)
    assert [(pair.better, pair.weight) for pair in each] == [(0, 3 / 4.5), (1, 0.5 / 4.5), (1, 1 / 4.5)]


def test_who_weighs_nothing_casts_no_vote():
    for rules in (SHARE, MAJORITY, PairRules(), PairRules(weight="pair")):
        assert of_two(LEFT, RIGHT, RIGHT, rules=rules, annotator_weights={"p1": 0, "p2": 0}) == of_two(
            LEFT, rules=rules
        )
        assert of_two(LEFT, rules=rules, annotator_weights={"p0": 0}) == []


def test_weights_whose_sums_differ_in_the_last_bit_only_are_a_draw():
    weights = {"p0": 0.1, "p1": 0.2, "p2": 0.3}  # 0.1 + 0.2 > 0.3 in floats
    assert of_two(LEFT, LEFT, RIGHT, rules=MAJORITY, annotator_weights=weights) == []
    assert of_two(LEFT, LEFT, RIGHT, rules=SHARE, annotator_weights=weights)[0].target == 0.5


def test_the_margin_is_the_mean_of_the_votes_with_those_against_it_negative_and_never_below_zero():
    def margin(*said, **rules):
        judgments = [JudgmentRecord(f"p{n}", ranking, strength=strength) for n, (ranking, strength) in enumerate(said)]
        ((pair),) = derive_pairs(comparison(*judgments), PairRules(margin="large", **rules))
        return pair.margin

    for votes in ("share", "majority"):
        assert margin((LEFT, 3), (LEFT, 1), votes=votes) == 2
        assert margin((LEFT, 3), (LEFT, 2), (RIGHT, 1), votes=votes) == pytest.approx(4 / 3)
        assert margin((LEFT, 1), (LEFT, 0), (RIGHT, 3), votes=votes) == 0
        assert margin((LEFT, 3), (TIE, None), votes=votes, ties="half") == 1.5
        assert margin((LEFT, 3), (TIE, None), votes=votes, ties="drop") == 3


def cost(pairs, rewards):
    """Bradley–Terry's weighted sum of cross-entropies without margins, in nats."""
    total = 0.0
    for pair in pairs:
        lead = rewards[pair.better] - rewards[pair.worse]
        total += pair.weight * (
            pair.target * math.log1p(math.exp(-lead)) + (1 - pair.target) * math.log1p(math.exp(lead))
        )
    return total


@given(comparisons(max_k=9), rules_drawn, annotator_weights_drawn, st.lists(st.floats(-5, 5), min_size=9, max_size=9))
def test_shares_of_votes_cost_rewards_what_the_single_votes_cost_them(record, rules, weights, rewards):
    for weight in ("prompt", "pair"):
        each, share = (
            derive_pairs(record, replace(rules, margin="none", weight=weight, votes=votes), annotator_weights=weights)
            for votes in ("each", "share")
        )
        assert cost(share, rewards) == pytest.approx(cost(each, rewards), abs=1e-9)


@given(comparisons(max_k=9), rules_drawn, annotator_weights_drawn)
def test_the_majority_is_on_the_side_that_has_more_than_half_of_the_votes(record, rules, weights):
    share, majority = (
        derive_pairs(record, replace(rules, votes=votes, ties="half"), annotator_weights=weights)
        for votes in ("share", "majority")
    )
    assert [(pair.better, pair.worse) for pair in share] == [(pair.better, pair.worse) for pair in majority]
    for soft, hard in zip(share, majority, strict=True):
        assert 0.5 <= soft.target <= 1
        assert hard.target == (1 if soft.target > 0.5 else 0.5)
        assert soft.margin == hard.margin >= 0
    decided = derive_pairs(record, replace(rules, votes="majority", ties="drop"), annotator_weights=weights)
    assert {(p.better, p.worse) for p in decided} == {(p.better, p.worse) for p in majority if p.target == 1}


@given(comparisons(max_k=9), rules_drawn, st.sampled_from(["each", "share", "majority"]), annotator_weights_drawn)
def test_weights_of_a_prompt_sum_to_one_whoever_weighs_what(record, rules, votes, weights):
    pairs = derive_pairs(record, replace(rules, votes=votes), annotator_weights=weights)
    assert not pairs or math.isclose(sum(pair.weight for pair in pairs), 1)
    assert all(0 < pair.weight <= 1 + 1e-12 and 0.5 <= pair.target <= 1 for pair in pairs)
    if votes != "each":
        assert len({frozenset((pair.better, pair.worse)) for pair in pairs}) == len(pairs)


@given(comparisons(max_k=9), rules_drawn)
def test_shares_agree_with_counting_by_hand(record, rules):
    rules = replace(rules, votes="share", weight="pair", ties="half", all_bad="keep", surplus="keep")
    found = {(pair.better, pair.worse): pair for pair in derive_pairs(record, rules)}
    for a, b in combinations(range(len(record.responses)), 2):
        points, votes = 0.0, 0
        for judgment in record.judgments:
            place = {index: position for position, group in enumerate(judgment.ranking) for index in group}
            if a not in place and b not in place:
                continue
            at = [place.get(index, math.inf) for index in (a, b)]
            votes += 1
            points += 1.0 if at[0] < at[1] else 0.5 if at[0] == at[1] else 0.0
        pair = found.get((a, b)) or found.get((b, a))
        if votes == 0:
            assert pair is None
        else:
            share_of_a = pair.target if (pair.better, pair.worse) == (a, b) else 1 - pair.target
            assert (pair.weight, share_of_a) == (votes, pytest.approx(points / votes))


def test_an_empty_poll_says_nothing():
    assert Poll().share(counts_ties=True) is None
    assert (Poll().leader, Poll().margin(counts_ties=True)) == (0, 0)


@given(comparisons(max_k=9), st.sampled_from(["share", "majority"]), st.sampled_from(["drop", "half"]))
def test_an_export_by_votes_holds_or_counts_each_two_responses_that_somebody_spoke_of(record, votes, ties):
    rules = PairRules(votes=votes, ties=ties, surplus="keep", all_bad="keep")
    report = ExportReport()
    row = SnapshotRow(record, "train", record.comparison_hash, record.prompt_hash)
    written = list(format_named("trl").write(row, rules, report))
    named = {
        frozenset(said[:2])
        for judgment in record.judgments
        for said in pairs_in_ranking(judgment.ranking, len(record.responses))
    }
    assert len(written) + report.dropped["pair that votes do not decide"] == len(named)


def test_an_export_by_votes_stands_as_most_have_it():
    record = comparison(*judged(LEFT, RIGHT, RIGHT))
    row = SnapshotRow(record, "train", record.comparison_hash, record.prompt_hash)
    for votes in ("share", "majority"):
        ((written),) = format_named("trl").write(row, PairRules(votes=votes), ExportReport())
        assert (written["chosen"][0]["content"], written["rejected"][0]["content"]) == ("answer 1", "answer 0")
    assert len(list(format_named("trl").write(row, PairRules(), ExportReport()))) == 3


def test_a_ranking_that_names_nothing_votes_on_nothing():
    assert derive_pairs(comparison(verdict(all_bad=True)), SHARE) == []
