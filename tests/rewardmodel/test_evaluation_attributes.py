"""Predicted beside rated attributes: SciPy's correlations, intervals over prompts, and reasons where there is none."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from preferences.pairs import PairRules
from rewardmodel.core.checkpoint import LoadedModel, ModelCard
from rewardmodel.core.evaluation.attributes import (
    NO_SPREAD,
    Predicted,
    Ratings,
    attribute_figures,
    correlation,
    midranks,
)
from rewardmodel.core.evaluation.evaluating import evaluate_rows
from rewardmodel.core.scorer import Reward
from tests.rewardmodel.builders import record
from tests.rewardmodel.test_evaluate_reward import CountingScorer, rows

HELPFUL = {"name": "helpfulness", "weight": 0.75, "mean": 2.0, "std": 1.0}
VERBOSE = {"name": "verbosity", "weight": -0.25, "mean": 50.0, "std": 20.0}


def ratings_of(rated: Any, said: Any, *, each_prompt: int = 2) -> Ratings:
    prompts = [number // each_prompt for number in range(len(rated))]
    return Ratings({"helpfulness": Predicted(list(rated), list(said), prompts)})


def drawn(count: int = 200, seed: int = 0) -> tuple[Any, Any]:
    draw = np.random.default_rng(seed)
    rated = draw.integers(0, 5, count).astype(float)
    return rated, 1.5 + 0.3 * rated + draw.normal(size=count)


def test_figures_are_those_of_scipy() -> None:
    rated, said = drawn()
    (found,) = attribute_figures(ratings_of(rated, said), [HELPFUL])
    assert found["pearson"]["value"] == pytest.approx(pearsonr(said, rated).statistic)
    assert found["spearman"]["value"] == pytest.approx(spearmanr(said, rated).statistic)
    assert found["rmse"]["value"] == pytest.approx(math.sqrt(np.mean((said - rated) ** 2)))
    assert found["spread"] == pytest.approx(rated.std())
    assert (found["name"], found["weight"]) == ("helpfulness", 0.75)
    assert (found["pearson"]["n"], found["pearson"]["prompts"]) == (200, 100)


def test_cases_that_count_several_times_count_as_if_they_stood_there_as_often() -> None:
    rated, said = drawn(30)
    times = np.random.default_rng(1).integers(0, 4, 30)
    places = [np.unique(values, return_inverse=True)[1] for values in (said, rated)]
    weights = times.astype(float)
    one, other = np.repeat(said, times), np.repeat(rated, times)
    assert correlation(said, rated, weights) == pytest.approx(pearsonr(one, other).statistic)
    ranks = [midranks(each, weights) for each in places]
    assert correlation(*ranks, weights) == pytest.approx(spearmanr(one, other).statistic)


def test_intervals_draw_whole_prompts() -> None:
    rated, said = drawn(400)
    (loose,) = attribute_figures(ratings_of(rated, said, each_prompt=1), [HELPFUL])
    (held,) = attribute_figures(ratings_of(np.repeat(rated, 4), np.repeat(said, 4), each_prompt=4), [HELPFUL])
    for name in ("pearson", "spearman", "rmse"):
        assert held[name]["value"] == pytest.approx(loose[name]["value"])
        assert held[name]["low"] == pytest.approx(loose[name]["low"], abs=1e-9)  # four times the same are no more
        assert loose[name]["low"] < loose[name]["value"] < loose[name]["high"]
    width = loose["pearson"]["high"] - loose["pearson"]["low"]
    fisher = 2 * 1.96 * (1 - loose["pearson"]["value"] ** 2) / math.sqrt(400)
    assert width == pytest.approx(fisher, rel=0.2)


def test_predictions_in_another_unit_have_the_correlation_and_not_the_error() -> None:
    rated, said = drawn()
    (plain,) = attribute_figures(ratings_of(rated, said), [HELPFUL])
    (moved,) = attribute_figures(ratings_of(rated, 10 * said + 3), [HELPFUL])
    assert moved["pearson"]["value"] == pytest.approx(plain["pearson"]["value"])
    assert moved["spearman"] == plain["spearman"]
    assert moved["rmse"]["value"] > plain["rmse"]["value"]


@pytest.mark.parametrize("same", ["rated", "said"])
def test_what_does_not_differ_has_no_correlation_but_an_error(same: str) -> None:
    rated, said = drawn()
    (found,) = attribute_figures(
        ratings_of(np.full(200, 3.1) if same == "rated" else rated, np.full(200, 3.1) if same == "said" else said),
        [HELPFUL],
    )
    assert (found["pearson"]["value"], found["pearson"]["reason"]) == (None, NO_SPREAD)
    assert found["spearman"]["value"] is None
    assert found["rmse"]["value"] > 0
    json.dumps(found, allow_nan=False)


def test_too_few_ratings_or_prompts_have_a_reason() -> None:
    rated, said = drawn(19)
    few, none = attribute_figures(ratings_of(rated, said), [HELPFUL, VERBOSE])
    assert (few["rmse"]["value"], few["rmse"]["reason"], few["rmse"]["n"]) == (None, "fewer than 20", 19)
    assert (none["rmse"]["n"], none["spread"]) == (0, None)
    (narrow,) = attribute_figures(ratings_of(*drawn(40), each_prompt=10), [HELPFUL])
    assert narrow["pearson"]["reason"] == "fewer than 5 prompts"


class RatingScorer(CountingScorer):
    """What people rate is two more than what the scorer counts, and it says so exactly."""

    def __init__(self) -> None:
        super().__init__()
        card = ModelCard("count", "pooled", "sentence-pair", 64, attributes=[HELPFUL, VERBOSE])
        self._model = LoadedModel(None, card, "0" * 64)  # type: ignore[arg-type]

    def score(self, items: Any) -> list[Reward]:
        return [
            replace(reward, attributes={"helpfulness": reward.reward + 2, "verbosity": float(len(item.response))})
            for reward, item in zip(super().score(items), items, strict=True)
        ]


def rated_record(number: int, *, ranks: bool = True, surplus: bool = False) -> Any:
    words = ["good " * (number % 4) + "egg", "bad " * (number % 3) + "water"]
    counts = [number % 4, -(number % 3)]
    one = record(f"prompt {number}", words, ((0,), (1,)))
    ratings = {index: {"helpfulness": count + 2.0, "tone": 1.0} for index, count in enumerate(counts)}
    ranking = one.judgments[0].ranking if ranks else ()
    judgment = replace(one.judgments[0], ranking=ranking, ratings=ratings, is_surplus=surplus)
    return replace(one, judgments=(judgment,))


def test_an_evaluation_asks_each_head_of_every_rating_pairs_or_not() -> None:
    judged = [rated_record(number, ranks=number % 2 == 0) for number in range(60)]
    report = evaluate_rows(rows(judged), RatingScorer())
    helpful, verbose = report["attributes"]
    assert (helpful["rmse"]["value"], helpful["rmse"]["n"], helpful["rmse"]["prompts"]) == (0, 120, 60)
    assert helpful["pearson"]["value"] == pytest.approx(1)
    assert verbose["rmse"]["n"] == 0
    assert (report["pairs"], report["left_out"]["no judgment with a pair"]) == (30, 30)
    json.dumps(report, allow_nan=False)


def test_ratings_are_measured_where_there_is_no_pair_at_all() -> None:
    report = evaluate_rows(rows([rated_record(number, ranks=False) for number in range(30)]), RatingScorer())
    assert (report["pairs"], report["accuracy"]) == (0, None)
    assert report["attributes"][0]["rmse"]["n"] == 60


def test_ratings_that_the_rules_do_not_hear_are_not_asked() -> None:
    judged = [rated_record(number, surplus=number % 2 == 0) for number in range(60)]
    report = evaluate_rows(rows(judged), RatingScorer(), rules=PairRules(surplus="drop"))
    assert report["attributes"][0]["rmse"]["n"] == 60


def test_a_model_without_attribute_heads_is_not_asked() -> None:
    assert "attributes" not in evaluate_rows(rows([rated_record(number) for number in range(30)]), CountingScorer())
