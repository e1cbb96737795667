"""Evaluation on snapshots and files: figures, floors, slices, disagreements, and what could not be read."""

import gzip
import json
import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preferences.records import ComparisonRecord, Message, ResponseRecord
from preferences.snapshot import write_snapshot
from rewardmodel.core.checkpoint import LoadedModel, ModelCard
from rewardmodel.core.errors import InvalidConfig, InvalidData
from rewardmodel.core.evaluate_reward import FileRow, evaluate
from rewardmodel.core.evaluation.evaluating import evaluate_rows
from rewardmodel.core.evaluation.floors import LearnedFrom
from rewardmodel.core.evaluation.outcomes_file import Outcomes
from rewardmodel.core.resampling import Resampling
from rewardmodel.core.run_directory import RunDirectory
from rewardmodel.core.scorer import Reward, RewardScorer
from tests.rewardmodel.builders import make_run, planted_records, record
from tests.rewardmodel.test_checkpoint import save


class CountingScorer(RewardScorer):
    """Rewards known beforehand: words "good" less words "bad", moved and scaled as told."""

    def __init__(
        self, *, shift: float = 0.0, scale: float = 1.0, noise: float = 0.0, uncertainty: bool = False
    ) -> None:
        self._model: Any = LoadedModel(None, ModelCard("count", "pooled", "sentence-pair", 64), "0" * 64)  # type: ignore[arg-type]
        self.shift, self.scale, self.noise, self.uncertainty = shift, scale, noise, uncertainty
        self.draw = np.random.default_rng(0)

    def score(self, items: Any) -> list[Reward]:
        counts = [item.response.count("good") - item.response.count("bad") for item in items]
        values = [self.scale * count + self.shift + self.noise * self.draw.normal() for count in counts]
        rewards = [Reward(float(value), float(value)) for value in values]
        if not self.uncertainty:
            return rewards
        apart = [float(count**2 + count) for count in counts]
        members = [(value + by, value - by) for value, by in zip(values, apart, strict=True)]
        return [replace(one, uncertainty=by, members=m) for one, by, m in zip(rewards, apart, members, strict=True)]


def rows(records: Iterable[ComparisonRecord]) -> list[FileRow]:
    return [FileRow(one) for one in records]


def slice_of(report: dict[str, Any], by: str) -> dict[str, dict[str, Any]]:
    (found,) = [one for one in report["slices"] if one["by"] == by]
    return {row["label"]: row for row in found["rows"]}


def test_the_planted_rewards_are_always_right() -> None:
    report = evaluate_rows(rows(planted_records(prompts=30, responses=4)), CountingScorer())
    assert report["accuracy"] == report["accuracy_high"] == 1
    assert report["accuracy_low"] == pytest.approx(0.025 ** (1 / 30))  # thirty prompts are not certainty
    assert report["pairs"] + report["ties"] == 30 * 6
    assert report["disagreements"] == []
    assert report["baselines"]["random"] == 0.5
    assert report["rankings"]["kendall_tau_b"]["value"] == pytest.approx(1)
    assert report["rankings"]["best_of_n"]["regret"]["value"] == pytest.approx(0)


def test_figures_by_hand() -> None:
    report = evaluate_rows(
        rows(
            [
                record("one", ["good good", "bad"], ((0,), (1,)), ((0,), (1,))),
                record("two", ["bad", "good it is"], ((0,), (1,)), ((1,), (0,))),
                record("three", ["good", "bad"], ((0, 1),)),
                record("four", ["good", "bad"]),
            ]
        ),
        CountingScorer(),
    )
    assert report["accuracy"] == 0.75  # three of four judgments that prefer a response
    assert report["baselines"]["longer"] == 0.75
    assert (report["pairs"], report["ties"], report["prompts"], report["rows"]) == (4, 1, 3, 4)
    assert report["agreement"] == 0.5
    assert report["left_out"] == {"no judgment with a pair": 1}
    assert [entry["better"] for entry in report["disagreements"]] == ["bad"]
    assert report["disagreements"][0]["reward_worse"] == 1
    leads = np.array([3.0, 3.0, -2.0, 2.0])
    assert report["log_loss"] == pytest.approx(np.log1p(np.exp(-leads)).mean())
    assert report["brier"] == pytest.approx(((1 / (1 + np.exp(leads))) ** 2).mean())


def test_a_gold_verdict_stands_in_for_judgments() -> None:
    found = evaluate_rows(rows([record("one", ["good", "bad"], gold=((1,), (0,)))]), CountingScorer())
    assert found["accuracy"] == 0


def test_nothing_to_compare_gives_no_figures_and_a_reason() -> None:
    for nothing in ([], [record("four", ["good", "bad"])]):
        report = evaluate_rows(rows(nothing), CountingScorer())
        assert report["pairs"] == 0
        assert report["accuracy"] is None
        assert report["reason"] == "no pair that a person decided"
        json.dumps(report, allow_nan=False)


def test_ties_alone_are_no_pairs() -> None:
    report = evaluate_rows(rows([record("one", ["good", "bad"], ((0, 1),))]), CountingScorer())
    assert (report["pairs"], report["ties"], report["accuracy"]) == (0, 1, None)


def test_shifting_all_rewards_changes_nothing_and_scaling_them_not_their_order() -> None:
    records = list(planted_records(prompts=40, responses=4))
    plain = evaluate_rows(rows(records), CountingScorer())
    shifted = evaluate_rows(rows(records), CountingScorer(shift=1000))
    scaled = evaluate_rows(rows(records), CountingScorer(scale=7))
    assert json.dumps(plain) == json.dumps(shifted)
    assert (plain["accuracy"], plain["slices"]) == (scaled["accuracy"], scaled["slices"])
    assert plain["log_loss"] != scaled["log_loss"]


def test_planted_noise_gives_the_planted_accuracy() -> None:
    # One pair a prompt, one "good" apart; noise of standard deviation 1 on both rewards: right with Φ(1 / √2) = 0.760.
    records = [record(f"prompt {number}", ["good egg", "plain egg"], ((0,), (1,))) for number in range(2000)]
    report = evaluate_rows(rows(records), CountingScorer(noise=1.0))
    truth = 0.5 * (1 + math.erf(0.5))
    assert report["accuracy_low"] < truth < report["accuracy_high"]
    assert report["accuracy_high"] - report["accuracy_low"] < 0.05


def test_slices_are_counted_and_too_few_pairs_have_no_value() -> None:
    judged = []
    for number in range(60):
        strength = number % 3
        pair = record(
            f"prompt of number {number}", ["good", "bad it is"], ((0,), (1,)), metadata={"domain": "ab"[number % 2]}
        )
        judgments = tuple(type(one)(**{**one.__dict__, "strength": strength}) for one in pair.judgments)
        responses = tuple(
            ResponseRecord(one.content, policy=name) for one, name in zip(pair.responses, "xy", strict=True)
        )
        judged.append(ComparisonRecord(pair.prompt, responses, judgments, metadata=pair.metadata))
    judged.append(record("달걀을 어떻게 삶으면 맛있을까요, 알려 주세요", ["bad", "good"], ((0,), (1,))))
    report = evaluate_rows(rows(judged), CountingScorer())
    strengths = slice_of(report, "strength")
    assert [(label, row["n"], row["value"]) for label, row in strengths.items()] == [
        ("0", 20, 1), ("1", 20, 1), ("2", 20, 1),
    ]  # fmt: skip
    assert {label: row["n"] for label, row in slice_of(report, "domain").items()} == {"a": 30, "b": 30}
    hangul = slice_of(report, "script")["Hangul"]
    assert (hangul["value"], hangul["reason"], hangul["n"]) == (None, "fewer than 20", 1)
    assert {one["by"] for one in report["slices"]} >= {"strength", "domain", "script"}
    assert not any(one["by"] == "policies" for one in report["slices"])  # there is one pair of policies only


def test_a_few_prompts_have_a_floor_beside_their_accuracy_and_no_verdict() -> None:
    judged = [record(f"prompt {number}", ["good egg", "bad"], ((0,), (1,))) for number in range(3)]
    report = evaluate_rows(rows(judged), CountingScorer())
    longer = report["floors"][0]
    assert (report["accuracy"], longer["accuracy"]["value"], longer["accuracy"]["prompts"]) == (1.0, 1.0, 3)
    assert longer["difference"]["value"] is None
    assert report["earned"] == {"verdict": "unknown", "against": None}


def test_the_metadata_to_slice_by_can_be_named() -> None:
    records = [
        record(
            f"prompt {number}",
            ["good", "bad"],
            ((0,), (1,)),
            metadata={"domain": str(number % 2), "hue": "rgb"[number % 3]},
        )
        for number in range(60)
    ]
    (found,) = [one for one in evaluate_rows(rows(records), CountingScorer(), category="hue")["slices"] if "key" in one]
    assert (found["key"], [row["label"] for row in found["rows"]]) == ("hue", ["b", "g", "r"])


def test_an_ensembles_uncertainty_is_a_slice_and_a_single_models_is_none() -> None:
    records = list(planted_records(prompts=40, responses=4))
    parts = slice_of(evaluate_rows(rows(records), CountingScorer(uncertainty=True)), "uncertainty")
    assert list(parts) == ["lowest", "middle", "highest"]
    single = evaluate_rows(rows(records), CountingScorer())
    assert not any(one["by"] == "uncertainty" for one in single["slices"])


def test_an_ensembles_uncertainty_of_a_pair_is_that_of_its_lead() -> None:
    class PromptScorer(CountingScorer):
        """Members differ widely about some prompts as wholes, and about the leads in others."""

        def score(self, items: Any) -> list[Reward]:
            counts = [float(item.response.count("good")) for item in items]
            apart = [
                3.0 * count if item.response.startswith("disputed") else 9.0
                for item, count in zip(items, counts, strict=True)
            ]
            return [Reward(count, 0.0, by, (count + by, count - by)) for count, by in zip(counts, apart, strict=True)]

    records = [
        record(
            f"{kind} {number}", [f"{kind} good", f"{kind} egg"], ((0,), (1,)) if kind == "disputed" else ((1,), (0,))
        )
        for number, kind in enumerate(["disputed", "agreed", "agreed"] * 40)
    ]
    parts = slice_of(evaluate_rows(rows(records), PromptScorer()), "uncertainty")
    assert parts["highest"]["n"] == 40
    assert parts["highest"]["value"] == 1  # the disputed ones


def test_length_bias_is_seen_in_a_model_that_loves_length() -> None:
    class LengthScorer(CountingScorer):
        def score(self, items: Any) -> list[Reward]:
            return [Reward(float(len(item.response)), 0.0) for item in items]

    records = [
        record(f"prompt {number}", ["short", "very much longer"], ((number % 2,), (1 - number % 2,)))
        for number in range(60)
    ]
    length = evaluate_rows(rows(records), LengthScorer())["length"]
    assert (length["longer_better"]["value"], length["shorter_better"]["value"]) == (1, 0)
    assert length["people_prefer_longer"]["value"] == 0.5
    assert length["model_prefers_longer"]["value"] == 1
    assert length["correlation"]["value"] == pytest.approx(1)
    assert length["matched"]["reason"] == "fewer than 20"
    level = evaluate_rows(rows(records), CountingScorer())["length"]
    assert level["correlation"]["reason"] == "rewards or lengths do not differ within a prompt"


def test_floors_stand_on_the_same_pairs_and_say_whether_the_model_earned_its_keep() -> None:
    train, test = (
        list(planted_records(prompts=120, responses=3)),
        list(planted_records(prompts=60, responses=3, seed=9)),
    )
    learned_from = LearnedFrom(rows(train), is_the_models=True)
    report = evaluate_rows(rows(test), CountingScorer(), learned_from=learned_from)
    longer, words, _chance = report["floors"]
    assert (longer["name"], words["name"]) == ("longer", "words")
    assert words["accuracy"]["n"] == longer["accuracy"]["n"] == report["pairs"]
    assert words["accuracy"]["value"] > 0.8  # the planted preference is in the words
    assert longer["difference"]["value"] == pytest.approx(1 - longer["accuracy"]["value"])
    assert words["learned_from"]["is_the_models"] is True
    assert report["earned"] == {"verdict": "earned", "against": "words"}
    blind = evaluate_rows(rows(test), CountingScorer(scale=0, noise=1), learned_from=learned_from)
    assert blind["earned"] == {"verdict": "below", "against": "words"}


def test_rewards_that_are_all_equal_earn_nothing_where_people_like_short_answers() -> None:
    class Indifferent(CountingScorer):
        def score(self, items: Any) -> list[Reward]:
            return [Reward(0.0, 0.0) for _ in items]

    judged = [record(f"p{number}", ["short", "a much longer answer"], ((0,), (1,))) for number in range(60)]
    report = evaluate_rows(rows(judged), Indifferent())
    assert (report["accuracy"], report["floors"][0]["accuracy"]["value"]) == (0.5, 0.0)
    assert report["earned"] == {"verdict": "not shown", "against": "chance"}


def test_without_a_train_split_the_floor_of_words_is_said_to_be_absent() -> None:
    words = evaluate_rows(rows(planted_records(prompts=30, responses=3)), CountingScorer())["floors"][1]
    assert words["accuracy"] == {
        "value": None, "reason": "no train split is known to learn words from", "n": 0, "prompts": 0,
    }  # fmt: skip


def test_prompts_that_the_model_learned_from_are_counted() -> None:
    records = list(planted_records(prompts=30, responses=3))
    report = evaluate_rows(
        rows(records), CountingScorer(), learned_from=LearnedFrom(rows(records[:12]), is_the_models=True)
    )
    assert report["prompts_learned_from"] == 12
    other = evaluate_rows(
        rows(records), CountingScorer(), learned_from=LearnedFrom(rows(records[:12]), is_the_models=False)
    )
    assert other["prompts_learned_from"] is None


def test_hostile_content_is_data() -> None:
    texts = ["<script>alert(1)</script>", "\u202e\u0000".replace("\u0000", "") + "x" * 100_000]
    prompt = (Message(role="user", content="'; DROP TABLE judgments; --" + "{% load %}" * 100),)
    made = ComparisonRecord(
        prompt,
        tuple(ResponseRecord(text, policy="<b>" * 20) for text in texts),
        record("x", ["a", "b"], ((0,), (1,))).judgments,
        metadata={"domain": {"nested": [1]}, "": "empty", "x" * 500: "long", "n": float("1e308")},
    )
    report = evaluate_rows(rows([made]), CountingScorer())
    assert report["pairs"] == 1
    json.dumps(report, allow_nan=False)


def test_outcomes_of_two_models_on_the_same_pairs_can_be_compared(tmp_path: Path) -> None:
    records = list(planted_records(prompts=60, responses=3))
    one = evaluate_rows(rows(records), CountingScorer(), outcomes=tmp_path / "one.json")
    evaluate_rows(rows(records), CountingScorer(noise=2), outcomes=tmp_path / "other.json")
    first, second = (Outcomes.read(tmp_path / name) for name in ("one.json", "other.json"))
    assert first is not None
    assert second is not None
    assert first.pairs_sha256 == second.pairs_sha256 == one["pairs_sha256"]
    assert first.prompts.tolist() == second.prompts.tolist()
    assert Resampling(first.prompts).mean(first.correct - second.correct).low > 0
    assert Outcomes.read(tmp_path / "none.json") is None
    (tmp_path / "broken.json").write_text('{"correct": "2"}')
    assert Outcomes.read(tmp_path / "broken.json") is None


def run_evaluation(path: Path, **config: Any) -> dict[str, Any]:
    with RunDirectory(make_run(path, **config)) as directory:
        return evaluate(directory)


def test_a_snapshot_is_evaluated_on_its_test_split(tiny_bert: Path, planted_snapshot: Path, tmp_path: Path) -> None:
    model = save(tiny_bert, tmp_path / "model")
    report = run_evaluation(tmp_path / "run", model=str(model), data=str(planted_snapshot))
    everything = run_evaluation(tmp_path / "all", model=str(model), data=str(planted_snapshot), split="all")
    assert 0 < report["rows"] < everything["rows"] == 120
    names = {"model", "accuracy", "accuracy_low", "accuracy_high", "pairs", "log_loss", "ece", "baselines"}
    assert names <= report.keys()
    json.dumps(report, allow_nan=False)
    assert report["floors"][1]["learned_from"]["is_the_models"] is False
    assert everything["floors"][1]["accuracy"]["value"] is None  # its train split is itself evaluated
    assert (tmp_path / "run" / "outcomes.json").exists()


def test_the_models_own_train_split_comes_first(tiny_bert: Path, planted_snapshot: Path, tmp_path: Path) -> None:
    model = save(tiny_bert, tmp_path / "model")
    write_snapshot(planted_records(prompts=30, responses=3, seed=8), tmp_path / "other.parquet", validation=0, test=1)
    report = run_evaluation(
        tmp_path / "run", model=str(model), data=str(tmp_path / "other.parquet"), learned_from=str(planted_snapshot)
    )
    assert report["floors"][1]["learned_from"]["is_the_models"] is True
    assert report["prompts_learned_from"] == 0


def test_a_parquet_file_that_is_no_snapshot_is_read_by_its_format(tiny_bert: Path, tmp_path: Path) -> None:
    table = [{"prompt": f"how {number}", "chosen": "good", "rejected": "bad"} for number in range(3)]
    pq.write_table(pa.Table.from_pylist(table), tmp_path / "pairs.parquet")
    report = run_evaluation(
        tmp_path / "run", model=str(save(tiny_bert, tmp_path / "model")), data=str(tmp_path / "pairs.parquet")
    )
    assert (report["pairs"], report["format"]) == (3, "trl")


def test_rewardbench_files_get_the_benchmarks_own_scores(tiny_bert: Path, tmp_path: Path) -> None:
    lines = [
        {"prompt": f"how {number}", "chosen": ["good"], "rejected": ["bad", "it", "red"], "subset": "Math",
         "id": str(number), "num_correct": 1}
        for number in range(6)
    ]  # fmt: skip
    file = tmp_path / "bench.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    report = run_evaluation(tmp_path / "run", model=str(save(tiny_bert, tmp_path / "model")), data=str(file))
    assert (report["format"], report["pairs"]) == ("rewardbench", 18)
    assert [row["label"] for row in report["benchmark"]["subsets"]] == ["Math"]
    assert report["benchmark"]["average"] is None


def test_a_file_is_evaluated_and_its_bad_rows_are_counted(tiny_bert: Path, tmp_path: Path) -> None:
    lines = [
        {"chosen": "\n\nHuman: how\n\nAssistant: good", "rejected": "\n\nHuman: how\n\nAssistant: bad"},
        {"chosen": "\n\nHuman: an egg\n\nAssistant: good", "rejected": "\n\nHuman: an egg\n\nAssistant: bad it"},
        {"chosen": 7, "rejected": "x"},
    ]
    file = tmp_path / "data.jsonl.gz"
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    report = run_evaluation(tmp_path / "run", model=str(save(tiny_bert, tmp_path / "model")), data=str(file))
    assert report["pairs"] == 2
    assert sum(report["rejected"].values()) == 1


def test_data_without_verdicts_is_refused(tiny_bert: Path, tmp_path: Path) -> None:
    write_snapshot([record("how", ["good", "bad"])], tmp_path / "empty.parquet", validation=0, test=0.5)
    with pytest.raises(InvalidData, match="holds no judgment"):
        run_evaluation(
            tmp_path / "run",
            model=str(save(tiny_bert, tmp_path / "m")),
            data=str(tmp_path / "empty.parquet"),
            split="all",
        )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"colour": "red"}, "no setting 'colour'"),
        ({"data": "none.jsonl"}, "data: there is no file none.jsonl"),
        ({"data": 5}, "data must be str, not 5"),
        ({"model": 5}, "model must be str, not 5"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"seed": "x"}, "seed must be int, not 'x'"),
        ({"torch_threads": "x"}, "torch_threads must be int"),
        ({"torch_threads": 0}, "torch_threads must be at least 1"),
        ({"device": "gpu"}, "device must be one of auto, cpu, cuda"),
        ({"split": "tests"}, "split must be one of train, validation, test, all"),
        ({"format": "trl2"}, "format must be one of auto, rewardbench"),
        ({"learned_from": "nowhere.parquet"}, "learned_from: nowhere.parquet is no snapshot"),
    ],
)
def test_a_wrong_setting_is_named(planted_snapshot: Path, tmp_path: Path, wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidConfig, match=sentence) as refused:
        run_evaluation(tmp_path / "run", **{"model": "x", "data": str(planted_snapshot), **wrong})
    assert refused.value.field in wrong
