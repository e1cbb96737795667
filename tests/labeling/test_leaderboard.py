"""Leaderboards: planted order, intervals that cover, groups that no judgment links, and what is refused a number."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.stats.intervals import Interval
from labeling.stats.leaderboard import bradley_terry_leaderboard, elo_leaderboard, plackett_luce_leaderboard
from labeling.stats.outcomes import PolicyRanking, outcomes_of, outcomes_of_pairs
from labeling.stats.resampling import percentiles, unit_weights
from labeling.stats.scale import ELO, NATS
from labeling.stats.standings import Rank, Score
from labeling.stats.undefined import Undefined

PLANTED = {"a": 0.9, "b": 0.3, "c": 0.0, "d": -0.4, "e": -0.8}


def judged(count, seed, *, strengths=PLANTED, tied=0.2):
    """Pairs by Bradley–Terry, some of them called equal whatever they are."""
    draw = np.random.default_rng(seed)
    pairs = [draw.choice(list(strengths), 2, replace=False) for _ in range(count)]
    score = []
    for first, second in pairs:
        chance = 1 / (1 + math.exp(strengths[second] - strengths[first]))
        score.append(0.5 if draw.random() < tied else float(draw.random() < chance))
    return [str(one) for one, _ in pairs], [str(other) for _, other in pairs], score


def as_rankings(first, second, score):
    verdict = {1: ((0,), (1,)), 0: ((1,), (0,)), 0.5: ((0, 1),)}
    return [
        PolicyRanking((one, other), verdict[won], unit)
        for unit, (one, other, won) in enumerate(zip(first, second, score, strict=True))
    ]


def boards(first, second, score, rounds=40):
    outcomes = outcomes_of_pairs(first, second, score)
    return [
        *(
            bradley_terry_leaderboard(outcomes, ties_as=model, rounds=rounds)
            for model in ("half", "davidson", "rao-kupper")
        ),
        plackett_luce_leaderboard(as_rankings(first, second, score), rounds=rounds),
        elo_leaderboard(outcomes, rounds=rounds, shuffles=10),
    ]


def test_every_method_finds_the_planted_order_and_says_how_sure_it_is():
    for board in boards(*judged(3000, seed=1)):
        assert [standing.policy for standing in board.standings] == list("abcde")
        assert board.apart is None
        for place, standing in enumerate(board.standings, start=1):
            assert standing.score.interval.low < standing.score.value < standing.score.interval.high
            assert standing.rank.low <= standing.rank.value == place <= standing.rank.high
        assert board.chance("a", "e").expected_score > 0.7
        assert board.chance("a", "e").win == pytest.approx(1 - board.chance("e", "a").win - board.chance("e", "a").tie)


def test_points_of_elo_and_nats_are_the_same_strengths():
    outcomes = outcomes_of_pairs(*judged(400, seed=2))
    points = bradley_terry_leaderboard(outcomes, rounds=20).standings
    nats = bradley_terry_leaderboard(outcomes, rounds=20, scale=NATS).standings
    for one, other in zip(points, nats, strict=True):
        assert one.score.value == pytest.approx(1000 + other.score.value * 400 / math.log(10))
        assert one.score.interval.low == pytest.approx(ELO.points(other.score.interval.low))
    lead = nats[0].score.value - nats[1].score.value
    board = bradley_terry_leaderboard(outcomes, rounds=20)
    assert board.chance(points[0].policy, points[1].policy).win == pytest.approx(1 / (1 + math.exp(-lead)))


def test_intervals_cover_the_planted_strengths():
    covered = total = 0
    for seed in range(40):
        outcomes = outcomes_of_pairs(*judged(300, seed=seed, tied=0))
        for standing in bradley_terry_leaderboard(outcomes, rounds=100, seed=seed, scale=NATS).standings:
            centred = PLANTED[standing.policy] - sum(PLANTED.values()) / 5
            covered += standing.score.interval.low <= centred <= standing.score.interval.high
            total += 1
    assert 0.88 <= covered / total <= 0.99


def test_intervals_of_pairs_that_share_a_prompt_are_wider():
    first, second, score = judged(300, seed=3)
    alone = bradley_terry_leaderboard(outcomes_of_pairs(first, second, score), rounds=200)
    units = [at for at in range(300) for _copy in range(4)]
    repeated = [[one for one in column for _copy in range(4)] for column in (first, second, score)]
    together = bradley_terry_leaderboard(outcomes_of_pairs(*repeated, units=units), rounds=200)
    apart = bradley_terry_leaderboard(outcomes_of_pairs(*repeated), rounds=200)
    assert widths(together) == pytest.approx(widths(alone), rel=1e-6)
    assert np.mean(widths(apart)) == pytest.approx(np.mean(widths(alone)) / 2, rel=0.2)


def widths(board):
    return [standing.score.interval.high - standing.score.interval.low for standing in board.standings]


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(60)), st.permutations("abcde"))
def test_neither_the_order_of_the_judgments_nor_the_names_matter(order, names):
    first, second, score = judged(60, seed=4)
    renamed = dict(zip("abcde", names, strict=True))
    again = [[column[at] for at in order] for column in (first, second, score)]
    again = [[renamed[one] for one in again[0]], [renamed[one] for one in again[1]], again[2]]
    values = {
        one.policy: one.score.value
        for one in bradley_terry_leaderboard(outcomes_of_pairs(first, second, score), rounds=2).standings
    }
    found = {
        one.policy: one.score.value for one in bradley_terry_leaderboard(outcomes_of_pairs(*again), rounds=2).standings
    }
    assert found == pytest.approx({renamed[name]: value for name, value in values.items()})


def test_an_undefeated_policy_gets_a_reason_and_the_others_their_scores():
    first, second, score = judged(200, seed=5)
    for board in boards([*first, *["best"] * 5], [*second, *"abcde"], [*score, *[1] * 5])[:4]:
        assert board.standings[0].policy == "best"
        assert "won every" in board.standings[0].score.because
        assert "best" in board.apart.because
        assert all(isinstance(standing.score, Score) for standing in board.standings[1:])
        assert board.standings[1].rank.value == 1
        assert isinstance(board.chance("best", "a"), Undefined)
        assert "itself" in board.chance("a", "a").because
        with pytest.raises(KeyError, match="zero"):
            board.chance("zero", "a")


def test_policies_that_no_judgment_links_are_on_scales_of_their_own():
    one, other = (
        judged(100, seed=6, strengths={"a": 0.5, "b": 0.0}),
        judged(100, seed=7, strengths={"c": 0.5, "d": 0.0}),
    )
    for board in boards(*[[*left, *right] for left, right in zip(one, other, strict=True)]):
        assert [[standing.policy for standing in group.standings] for group in board.groups] == [["a", "b"], ["c", "d"]]
        assert "2 groups" in board.apart.because
        for group in board.groups:
            values = [standing.score.value for standing in group.standings]
            assert np.mean(values) == pytest.approx(1000)


def test_a_prior_is_the_stated_way_to_one_scale_and_admits_what_it_does_not_know():
    first, second, score = judged(300, seed=8)
    outcomes = outcomes_of(
        [
            *as_rankings([*first, *["best"] * 5], [*second, *"abcde"], [*score, *[1] * 5]),
            PolicyRanking(("unmet", "unmet"), ((0,), (1,)), "last"),
        ]
    )
    board = bradley_terry_leaderboard(outcomes, prior_variance=4.0, scale=NATS, rounds=400)
    assert board.apart is None
    assert "prior variance 4" in board.method
    lines = {standing.policy: standing for standing in board.standings}
    assert board.standings[0].policy == "best"
    assert lines["unmet"].score.value == pytest.approx(0, abs=1e-9)
    assert lines["unmet"].score.interval.low == pytest.approx(-2 * 1.96, abs=0.6)
    assert lines["unmet"].score.interval.high == pytest.approx(2 * 1.96, abs=0.6)
    assert isinstance(bradley_terry_leaderboard(outcomes).standings[-1].score, Undefined)


def test_nobody_and_one_policy_and_only_ties_get_no_number():
    for board in boards([], [], []):
        assert board.standings == ()
        assert board.apart is None
    alone = outcomes_of([PolicyRanking(("a", "a"), ((0,), (1,)), 1)])
    assert "never compared" in bradley_terry_leaderboard(alone).standings[0].score.because
    for board in boards(list("aab"), list("bcc"), [0.5] * 3):
        assert all("tie" in standing.score.because for standing in board.standings)
        assert isinstance(board.chance("a", "b"), Undefined)


def test_one_prompt_judged_both_ways_has_strengths_and_no_interval():
    outcomes = outcomes_of_pairs(["a", "a", "a"], ["b", "b", "b"], [1, 1, 0], units=[1, 1, 1])
    standing = bradley_terry_leaderboard(outcomes, scale=NATS).standings[0]
    assert standing.score.value == pytest.approx(math.log(2) / 2)
    assert "one prompt" in standing.score.interval.because
    assert isinstance(standing.rank, Undefined)


def test_a_tie_parameter_without_ties_or_without_bound_is_told_apart():
    no_ties = outcomes_of_pairs(*judged(200, seed=9, tied=0))
    board = bradley_terry_leaderboard(no_ties, ties_as="davidson", rounds=20)
    assert "nobody called a tie" in board.groups[0].tie_parameter.because
    assert isinstance(board.standings[0].score, Score)
    one_way = outcomes_of_pairs(["a"] * 4, ["b"] * 4, [1, 1, 0.5, 0.5])
    for model in ("davidson", "rao-kupper"):
        assert "tie parameter" in bradley_terry_leaderboard(one_way, ties_as=model).standings[0].score.because
    assert isinstance(bradley_terry_leaderboard(one_way).standings[0].score, Score)


def test_rankings_with_too_large_a_tie_are_left_out_and_counted():
    first, second, score = judged(200, seed=10)
    huge = PolicyRanking(tuple("abcde" * 2), (tuple(range(10)),), "huge")
    board = plackett_luce_leaderboard([*as_rankings(first, second, score), huge], rounds=10)
    assert board.left_out == 1
    assert board.standings[0].policy == "a"


def test_the_same_seed_gives_the_same_leaderboard():
    outcomes = outcomes_of_pairs(*judged(100, seed=11))
    assert bradley_terry_leaderboard(outcomes, seed=3).groups == bradley_terry_leaderboard(outcomes, seed=3).groups


def test_ranks_of_equals_are_wide_and_of_unequals_narrow():
    alike = bradley_terry_leaderboard(outcomes_of_pairs(*judged(300, 12, strengths=dict.fromkeys("abcd", 0.0))))
    assert max(one.rank.high - one.rank.low for one in alike.standings) >= 2
    unlike = bradley_terry_leaderboard(outcomes_of_pairs(*judged(1500, 13, strengths={"a": 2.0, "b": 0.0, "c": -2.0})))
    assert [one.rank for one in unlike.standings] == [Rank(1, 1, 1), Rank(2, 2, 2), Rank(3, 3, 3)]


def test_unit_weights_leave_nobody_out_and_average_one():
    weights = np.array(list(unit_weights(50, 30, seed=1)))
    assert weights.shape == (30, 50)
    assert (weights > 0).all()
    assert weights.mean(axis=1).tolist() == pytest.approx([1] * 30)


def test_percentiles_need_a_spread():
    assert percentiles(np.arange(201.0)) == Interval(5, 195)
    assert isinstance(percentiles(np.ones(200)), Undefined)
    assert isinstance(percentiles(np.ones(1)), Undefined)
