"""What text alone gives away: the bag of words against independent computations, and the verdict on a model."""

import gzip
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from preferences.containers import open_rows
from preferences.formats import detect, format_named, read_rows
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from rewardmodel.core.evaluate_reward import FileRow
from rewardmodel.core.evaluation.bag_of_words import fit_bag_of_words, fit_weights, tf_idf, words_of
from rewardmodel.core.evaluation.floors import LearnedFrom, has_earned_its_keep, learn_words
from tests.rewardmodel.builders import planted_records, record

# Accuracies of an independent TF-IDF Bradley–Terry, on about 350 test pairs each: sampling alone moves them by 0.04.
KNOWN = {"hh_harmless_base": 0.633, "hh_helpful_base": 0.635, "ukpconvarg1": 0.762}


def test_words_are_lower_case_and_come_with_their_neighbours() -> None:
    assert words_of("The egg, the EGG!") == ["the", "egg", "the", "egg", "the egg", "egg the", "the egg"]
    assert words_of("달걀을 삶는다") == ["달걀을", "삶는다", "달걀을 삶는다"]
    assert words_of("…") == []


def test_tf_idf_is_as_by_hand() -> None:
    rows = tf_idf(["a a b", "c", ""], {"a": 0, "b": 1}, np.array([1.0, 2.0]))
    dense = np.zeros((rows.texts, rows.words))
    dense[rows.rows, rows.columns] = rows.values
    first, second = (1 + math.log(2)) * 1.0, 2.0
    length = math.hypot(first, second)
    assert dense[0] == pytest.approx([first / length, second / length, math.log(6)])
    assert dense[1] == pytest.approx([0, 0, math.log(2)])
    assert dense[2] == pytest.approx([0, 0, 0])


def test_the_weights_are_those_that_another_optimizer_finds() -> None:
    texts = [record.responses[index].content for record in planted_records(prompts=40, responses=3) for index in (0, 1)]
    better, worse = np.arange(40) * 2, np.arange(40) * 2 + 1
    vocabulary = {word: place for place, word in enumerate(sorted({word for text in texts for word in text.split()}))}
    rows = tf_idf(texts, vocabulary, np.ones(len(vocabulary)))
    dense = np.zeros((rows.texts, rows.words))
    dense[rows.rows, rows.columns] = rows.values
    features = dense[better] - dense[worse]

    def loss(weights: Any) -> tuple[float, Any]:
        lead = features @ weights
        gradient = -features.T @ (1 / (1 + np.exp(lead))) + weights
        return float(np.logaddexp(0, -lead).sum() + weights @ weights / 2), gradient

    expected = minimize(loss, np.zeros(rows.words), jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9})
    assert fit_weights(rows, better, worse) == pytest.approx(expected.x, abs=1e-4)


def test_words_that_win_are_learned_and_the_same_data_gives_the_same_weights() -> None:
    texts = ["good egg", "bad egg"] * 60
    better, worse = np.arange(60) * 2, np.arange(60) * 2 + 1
    first, again = (fit_bag_of_words(texts, better, worse) for _ in range(2))
    good, bad, unknown = first.scores(["good", "bad", "xyzzy"])
    assert good > unknown > bad
    assert first.weights.tolist() == again.weights.tolist()


def test_length_is_known_to_it_beside_words() -> None:
    texts = [text for number in range(60) for text in (f"x{number} " * 20, f"y{number} ")]
    model = fit_bag_of_words(texts, np.arange(60) * 2, np.arange(60) * 2 + 1)
    longer, shorter = model.scores(["unseen " * 30, "unseen"])
    assert longer > shorter


def test_texts_without_words_are_no_obstacle() -> None:
    model = fit_bag_of_words(["…", "!", "?", "\x01"], np.array([0, 2]), np.array([1, 3]))
    assert all(math.isfinite(score) for score in model.scores(["", "…", "\ud7ff" * 5, "word " * 10_000]))


def rows_of(records: Any) -> list[FileRow]:
    return [FileRow(one) for one in records]


def test_words_are_learned_only_where_there_is_enough_to_learn_from() -> None:
    assert learn_words(None, PairRules()).reason == "no train split is known to learn words from"
    few = LearnedFrom(rows_of(planted_records(prompts=3, responses=2)), is_the_models=True)
    assert learn_words(few, PairRules()).reason == "fewer than 50 pairs to learn words from"
    assert len(learn_words(few, PairRules()).prompts) == 3
    many = learn_words(LearnedFrom(rows_of(planted_records(prompts=40, responses=3)), is_the_models=False), PairRules())
    assert many.model is not None
    assert many.prompts == frozenset()
    good, bad = many.model.scores(["boil good good an egg", "boil bad bad an egg"])
    assert good > bad


def test_demonstrations_pictures_and_unjudged_rows_teach_no_words() -> None:
    rows = rows_of([record(f"p{number}", ["a", "b"]) for number in range(60)])
    assert learn_words(LearnedFrom(rows, is_the_models=True), PairRules()).prompts == frozenset()


def floor(name: str, value: float | None, low: float = 0, high: float = 0, accuracy: float = 0.6) -> dict[str, Any]:
    if value is None:
        return {"name": name, "accuracy": {"value": None}, "difference": {"value": None}}
    return {"name": name, "accuracy": {"value": accuracy}, "difference": {"value": value, "low": low, "high": high}}


def test_a_model_has_earned_its_keep_only_above_every_floor() -> None:
    above, level, below = floor("longer", 0.1, 0.05, 0.15), floor("words", 0.01, -0.02, 0.04, 0.7), None
    assert has_earned_its_keep([above, floor("words", None)]) == {"verdict": "earned", "against": "longer"}
    assert has_earned_its_keep([above, level]) == {"verdict": "not shown", "against": "words"}
    below = floor("words", -0.1, -0.15, -0.05, 0.8)
    assert has_earned_its_keep([above, below]) == {"verdict": "below", "against": "words"}
    assert has_earned_its_keep([floor("longer", None)]) == {"verdict": "unknown", "against": None}


def pairs_of(folder: Path, split: str) -> list[tuple[str, str]]:
    """(better, worse) of each row; of ukpconvarg1, whose rows name a gold answer, that one."""
    file = folder / f"{split}.jsonl.gz"
    if folder.name == "ukpconvarg1":
        rows = [json.loads(line) for line in gzip.decompress(file.read_bytes()).decode().splitlines()]
        return [
            (row["arg1"], row["arg2"]) if row["gold"] == "a1" else (row["arg2"], row["arg1"])
            for row in rows
            if row["gold"] in ("a1", "a2")
        ]
    lines = list(open_rows(file))
    records: list[ComparisonRecord] = [
        one
        for reading in read_rows(lines, format_named(detect(row for _, row in lines[:20])))
        for one in reading.records
    ]
    ranked = [(one.responses, one.judgments[0].ranking) for one in records]
    return [(responses[first[0]].content, responses[second[0]].content) for responses, (first, second) in ranked]


@pytest.mark.parametrize("dataset", KNOWN)
def test_the_floor_is_as_high_as_an_independent_one_on_public_data(dataset: str) -> None:
    folder = Path(os.environ.get("PLUMBLINE_DATA", "")) / dataset
    if "PLUMBLINE_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("PLUMBLINE_DATA does not name a folder with public preference data")
    learned, asked = pairs_of(folder, "train"), pairs_of(folder, "test")
    places = np.arange(len(learned)) * 2
    model = fit_bag_of_words([text for pair in learned for text in pair], places, places + 1)
    scores = np.array(model.scores([text for pair in asked for text in pair])).reshape(-1, 2)
    accuracy = float((scores[:, 0] > scores[:, 1]).mean())
    assert accuracy == pytest.approx(KNOWN[dataset], abs=0.04)
