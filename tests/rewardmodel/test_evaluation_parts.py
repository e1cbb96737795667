"""Parts of an evaluation against values computed by hand, limits, and independent implementations."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau

from rewardmodel.core.evaluation.calibration import ece_by_chance, ece_interval, expected_calibration_error, reliability
from rewardmodel.core.evaluation.people import agreement_figure, beside_one_person
from rewardmodel.core.evaluation.rankings import best_of_n, expected_pick, rank_correlation, tau_b, worth
from rewardmodel.core.evaluation.scripts import script_of
from rewardmodel.core.evaluation.slices import bin_label, category_of, length_ratio_labels
from rewardmodel.core.evaluation.tallies import Judged, Verdict
from rewardmodel.core.evaluation.ties import best_threshold, three_way_figures
from rewardmodel.core.resampling import Resampling


def judged(rewards: list[float], *verdicts: Verdict, prompt: int = 0, **more: Any) -> Judged:
    k = len(rewards)
    fields: dict[str, Any] = {
        "number": 0, "prompt": prompt, "verdicts": verdicts, "rewards": tuple(rewards), "lengths": (1,) * k,
        "policies": ("",) * k, "prompt_length": 1, "script": "", "categories": {}, "members": (None,) * k,
    }  # fmt: skip
    return Judged(**fields | more)


def order(*ranking: tuple[int, ...], who: str = "someone") -> Verdict:
    wins = [(one, other) for upper, lower in combinations(ranking, 2) for one in upper for other in lower]
    ties = [pair for group in ranking for pair in combinations(group, 2)]
    return Verdict(who, tuple(wins), tuple(ties), -1)


def test_calibration_of_a_constant_claim_is_its_gap() -> None:
    # sigmoid(ln 9) = 0.9, and 6 of 10 come true: the gap is 0.3
    leads = np.array([math.log(9)] * 6 + [-math.log(9)] * 4)
    assert expected_calibration_error(leads) == pytest.approx(0.3)
    bins = reliability(leads, Resampling(np.arange(10)))
    assert [(bin_.accuracy, bin_.pairs) for bin_ in bins] == [(0.6, 10)]
    assert bins[0].accuracy_low < 0.6 < bins[0].accuracy_high


def test_a_calibrated_model_shows_no_more_error_than_chance_does() -> None:
    draw = np.random.default_rng(2)
    strength = np.abs(draw.normal(0, 2, 1000))
    leads = np.where(draw.random(1000) < 1 / (1 + np.exp(-strength)), strength, -strength)
    expected = ece_by_chance(leads)
    interval = ece_interval(leads, Resampling(np.arange(1000)))
    assert 0.01 < expected < 0.05
    assert interval.value == pytest.approx(expected, abs=0.02)
    assert interval.low <= interval.value <= interval.high
    assert ece_interval(3 * leads, Resampling(np.arange(1000))).low > expected  # three times too confident


def test_adding_a_constant_to_all_rewards_changes_no_tau_and_no_pick() -> None:
    one = judged([1.0, 2.0, 3.0], order((2,), (1,), (0,)))
    shifted = judged([101.0, 102.0, 103.0], order((2,), (1,), (0,)))
    assert tau_b(one.rewards, one.verdicts[0]) == tau_b(shifted.rewards, shifted.verdicts[0]) == 1


def test_tau_b_is_what_scipy_computes_with_ties_on_both_sides() -> None:
    draw = np.random.default_rng(5)
    for _ in range(50):
        k = int(draw.integers(3, 7))
        places, rewards = draw.integers(0, 3, k), draw.integers(0, 4, k).astype(float).tolist()
        ranking = [tuple(np.flatnonzero(places == place).tolist()) for place in range(3)]
        found = tau_b(rewards, order(*[group for group in ranking if group]))
        expected = kendalltau(rewards, -places, variant="b").statistic
        assert (found is None) if math.isnan(expected) else found == pytest.approx(expected)


def test_rank_correlation_needs_twenty_comparisons() -> None:
    many = [judged([1.0, 2.0, 3.0], order((2,), (1,), (0,)), prompt=number) for number in range(20)]
    assert rank_correlation(many)["value"] == 1
    few = rank_correlation(many[:19])
    assert (few["value"], few["reason"], few["n"]) == (None, "fewer than 20", 19)


def test_a_responses_worth_is_how_often_it_beats_another() -> None:
    # 0 beats both in the first order; in the second it ties 1, and both beat 2.
    assert worth(judged([0.0] * 3, order((0,), (1,), (2,)), order((0, 1), (2,)))).tolist() == [0.875, 0.625, 0]


def test_the_expected_pick_is_that_of_all_subsets() -> None:
    draw = np.random.default_rng(1)
    rewards, values = draw.normal(size=6), draw.random(6)
    for n in range(1, 7):
        subsets = list(combinations(range(6), n))
        by_hand = np.mean([values[max(subset, key=lambda index: rewards[index])] for subset in subsets])
        assert expected_pick(rewards, values, n) == pytest.approx(by_hand)
    assert expected_pick(np.zeros(6), values, 4) == pytest.approx(values.mean())


def test_equal_rewards_share_the_pick() -> None:
    # Two of three share the highest reward: among two drawn one of them is always there.
    assert expected_pick([1.0, 1.0, 0.0], np.array([1.0, 0.0, 0.5]), 3) == pytest.approx(0.5)
    assert expected_pick([1.0, 1.0, 0.0], np.array([1.0, 0.0, 0.5]), 2) == pytest.approx(0.5)


def test_the_right_order_has_no_regret_and_the_wrong_one_all_of_it() -> None:
    right = [judged([3.0, 2.0, 1.0], order((0,), (1,), (2,)), prompt=number) for number in range(20)]
    wrong = [judged([1.0, 2.0, 3.0], order((0,), (1,), (2,)), prompt=number) for number in range(20)]
    found, lost = best_of_n(right), best_of_n(wrong)
    assert (found["top"]["value"], found["regret"]["value"]) == (1, 0)
    assert (lost["top"]["value"], lost["regret"]["value"]) == (0, 1)
    assert [point["n"] for point in found["curve"]] == [1, 2, 3]
    assert [point["picked"]["value"] for point in found["curve"]] == pytest.approx([0.5, 5 / 6, 1])
    assert [point["best"] for point in lost["curve"]] == pytest.approx([0.5, 5 / 6, 1])
    assert [point["random"] for point in lost["curve"]] == pytest.approx([0.5] * 3)


def test_agreement_is_the_share_of_agreeing_pairs_of_people() -> None:
    # Three votes for (0, 1) and one against: 3 of 6 pairs of people agree. Two more agree on (2, 0): 4 of 7.
    first = [order((0,), (1,))] * 3 + [order((1,), (0,))]
    both = [judged([0.0, 0.0], *first), judged([0.0] * 3, *[Verdict("x", ((2, 0),), (), -1)] * 2, prompt=1)]
    assert agreement_figure(both)["value"] == pytest.approx(4 / 7)
    assert agreement_figure(both)["n"] == 7


def test_agreement_of_single_judgments_is_unknown_and_says_why() -> None:
    found = agreement_figure([judged([0.0, 0.0], order((0,), (1,)))])
    assert (found["value"], found["reason"]) == (None, "no two people judged the same two responses")


def three_people(model_is_right: bool, careless_is_right: bool, number: int) -> Judged:
    rewards = [1.0, 0.0] if model_is_right else [0.0, 1.0]
    careless = order((0,), (1,), who="careless") if careless_is_right else order((1,), (0,), who="careless")
    steady = [order((0,), (1,), who=name) for name in ("steady", "sober")]
    return judged(rewards, *steady, careless, prompt=number)


def test_the_model_stands_beside_each_person_before_the_others_who_agree() -> None:
    # The careless person is right three times in four, the model nine times in ten. Where the careless one is wrong,
    # the others of a steady person are split, so that nothing is asked of these two.
    cases = [three_people(number % 10 != 0, number % 4 != 0, number) for number in range(200)]
    found = beside_one_person(cases)
    assert found["people"] == 3
    assert found["people_beaten"] == 1
    assert found["median_person"] == 1
    careless_alone = [number for number in range(200) if number % 4 == 0]
    asked = 200 + 2 * (200 - len(careless_alone))
    assert found["person"]["n"] == asked
    assert found["person"]["value"] == pytest.approx((asked - 50) / asked)
    assert found["difference"]["value"] == pytest.approx(found["model"]["value"] - found["person"]["value"])


def test_names_that_only_tell_verdicts_of_a_row_apart_are_no_people() -> None:
    verdicts = [order((0,), (1,), who=name) for name in ("imported", "imported 2", "imported 3")]
    found = beside_one_person([judged([1.0, 0.0], *verdicts, prompt=number) for number in range(30)])
    assert (found["people"], found["person"]["value"]) == (0, 1)
    assert beside_one_person([judged([1.0, 0.0], verdicts[0])])["person"]["value"] is None


def test_the_best_threshold_calls_tied_what_lies_below_it() -> None:
    distance = np.array([0.1, 0.2, 0.3, 1.0, 2.0])
    is_tie = np.array([True, True, False, False, False])
    is_right = np.array([False, False, True, True, True])
    assert best_threshold(distance, is_tie, is_right) == pytest.approx(0.25)
    assert best_threshold(distance, np.zeros(5, dtype=bool), is_right) == 0
    assert best_threshold(distance, np.ones(5, dtype=bool), np.zeros(5, dtype=bool)) > 2


def test_a_threshold_cannot_part_equal_distances() -> None:
    distance, is_tie = np.array([0.5, 0.5, 0.5, 2.0]), np.array([True, True, False, False])
    assert best_threshold(distance, is_tie, ~is_tie) == pytest.approx(1.25)


def test_ties_are_found_where_rewards_tell_them_and_nowhere_else() -> None:
    prompts = np.arange(100)
    told = three_way_figures(np.full(100, 3.0), prompts, np.full(100, 0.1), prompts)
    assert (told["accuracy"]["value"], told["never_tied"]) == (1, 0.5)
    draw = np.random.default_rng(0)
    blind = three_way_figures(draw.normal(0, 1, 300), np.arange(300), np.abs(draw.normal(0, 1, 100)), np.arange(100))
    assert blind["accuracy"]["value"] < 0.5
    assert three_way_figures(np.ones(100), prompts, np.zeros(5), np.arange(5))["accuracy"]["value"] is None


def test_scripts_are_told_apart_where_letters_are_many() -> None:
    assert script_of("How do I boil an egg?") == "Latin"
    assert script_of("달걀은 어떻게 삶나요, 그리고 얼마나 걸리나요?") == "Hangul"
    assert script_of("卵はどうやって茹でるのですか") == "Japanese"
    assert script_of("怎么煮鸡蛋才不会破裂呢请告诉我") == "Han"
    assert script_of("Как сварить яйцо?") == "Cyrillic"
    assert script_of("1 + 1 = ?") == ""
    assert script_of("translate 번역해 주세요 this") == ""


def test_bins_are_named_by_their_ends() -> None:
    assert [bin_label(value, (100, 500)) for value in (0, 99, 100, 500, 9999)] == [
        "0-100", "0-100", "100-500", "500-", "500-",
    ]  # fmt: skip
    assert length_ratio_labels(np.array([10.0, 0, 30]), np.array([10.0, 0, 10])) == ["1-1.1", "1-1.1", "2-"]


def test_a_usual_name_is_sliced_by_before_another_and_an_identifier_never() -> None:
    rows = [
        {"id": str(number), "batch": str(number % 2), "domain": ("maths", "law")[number % 2], "same": "x"}
        for number in range(40)
    ]
    assert category_of([judged([0.0, 1.0], categories=row) for row in rows]) == "domain"
    assert category_of([judged([0.0, 1.0], categories={"id": row["id"]}) for row in rows]) == ""
    assert category_of([]) == ""
