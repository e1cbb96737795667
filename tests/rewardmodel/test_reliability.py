"""Planted annotators are found out, and count in training by how far they follow the others."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from labeling.models import Snapshot
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from preferences.snapshot import read_manifest, read_snapshot, write_snapshot
from rewardmodel.core.config import TrainConfig
from rewardmodel.errors import InvalidTraining, UnknownReliability
from rewardmodel.services import reliability
from rewardmodel.services.reliability import DAWID_SKENE, LABELS_AT_MOST, NOISY_BRADLEY_TERRY, reliability_of
from rewardmodel.services.token_cache import token_cache
from rewardmodel.services.train import prepare_training, queue_training
from runs.models import Run
from tests.factories import make_project

ACCURACY = {"careful": 0.97, "good": 0.85, "middling": 0.7, "guessing": 0.5, "contrary": 0.1}
POLICIES = ("strong", "middle", "weak")


def judged(annotator: str, ranking: list[int], draw: random.Random, **fields: Any) -> JudgmentRecord:
    """A verdict that stands in the true order as often as the annotator is right, else the other way round."""
    true = draw.random() < ACCURACY[annotator]
    order = ranking if true else ranking[::-1]
    shown = draw.sample(range(len(ranking)), len(ranking))
    return JudgmentRecord(annotator, tuple((index,) for index in order), shown_order=tuple(shown), **fields)


def planted(
    path: Path, *, comparisons: int = 300, k: int = 2, judges: int = 3, people: tuple[str, ...] = tuple(ACCURACY)
) -> Path:
    """Every comparison is judged by some of the people; response 0 is the best, and so on."""
    draw = random.Random(7)
    records = []
    for number in range(comparisons):
        responses = [ResponseRecord(f"answer {number}.{place}", POLICIES[place % 3]) for place in range(k)]
        verdicts = [judged(who, list(range(k)), draw) for who in draw.sample(people, judges)]
        records.append(
            ComparisonRecord((Message(role="user", content=f"prompt {number}"),), tuple(responses), tuple(verdicts))
        )
    write_snapshot(records, path, validation=0.0, test=0.0)
    return path


def weights_of(path: Path, method: str, **rules: Any) -> dict[str, float]:
    return dict(reliability_of(path, method=method, rules=PairRules(**rules)).weights)


def test_dawid_skene_weighs_annotators_in_the_order_of_their_skill(tmp_path: Path) -> None:
    found = reliability_of(planted(tmp_path / "a.parquet"), method=DAWID_SKENE, rules=PairRules())
    weights = found.weights
    assert weights["careful"] > weights["good"] > weights["middling"] > weights["guessing"]
    assert weights["contrary"] == 0  # kappa below 0 counts nothing
    assert weights["guessing"] < 0.25
    assert weights["careful"] > 1.5
    total = sum(found.judgments.values())
    assert total == 900
    assert sum(weights[who] * count for who, count in found.judgments.items()) / total == pytest.approx(1)
    assert (found.labels, found.is_whole, found.strengths_of) == (900, True, None)


def test_weights_are_reliability_above_zero_over_its_mean(tmp_path: Path) -> None:
    """The formula by hand, from what the report tells."""
    told = reliability_of(planted(tmp_path / "a.parquet"), method=DAWID_SKENE, rules=PairRules()).to_dict()
    about = told["annotators"].values()
    mean = sum(max(0, one["reliability"]) * one["judgments"] for one in about) / sum(one["judgments"] for one in about)
    for one in about:
        assert one["weight"] == pytest.approx(max(0, one["reliability"]) / mean)
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_noisy_bradley_terry_takes_strengths_of_responses_where_they_were_judged_often(tmp_path: Path) -> None:
    path = planted(tmp_path / "a.parquet", comparisons=60, k=9, judges=4)
    found = reliability_of(path, method=NOISY_BRADLEY_TERRY, rules=PairRules())
    assert found.strengths_of == "responses"
    assert found.labels == 60 * 4 * 36
    assert found.weights["careful"] > found.weights["middling"] > found.weights["contrary"]


def test_noisy_bradley_terry_takes_strengths_of_policies_where_responses_were_judged_too_seldom(tmp_path: Path) -> None:
    found = reliability_of(planted(tmp_path / "a.parquet", k=3), method=NOISY_BRADLEY_TERRY, rules=PairRules())
    assert found.strengths_of == "policies"
    assert found.weights["careful"] > found.weights["middling"] > found.weights["contrary"]


def test_an_annotator_of_whom_nothing_is_known_counts_as_the_mean_does(tmp_path: Path) -> None:
    path = planted(tmp_path / "a.parquet", people=("careful", "good", "middling", "guessing"))
    prompt = (Message(role="user", content="alone"),)
    alone = ComparisonRecord(
        prompt, (ResponseRecord("one"), ResponseRecord("two")), (JudgmentRecord("hermit", ((0,), (1,))),)
    )
    write_snapshot(
        [*(row.record for row in read_snapshot(path)), alone], tmp_path / "b.parquet", validation=0.0, test=0.0
    )
    found = reliability_of(tmp_path / "b.parquet", method=DAWID_SKENE, rules=PairRules())
    assert found.weights["hermit"] == pytest.approx(1)
    assert found.to_dict()["annotators"]["hermit"]["reliability"] is None
    assert found.to_dict()["annotators"]["hermit"]["unknown"]


@pytest.mark.parametrize("method", [DAWID_SKENE, NOISY_BRADLEY_TERRY])
def test_what_cannot_be_told_is_refused_with_its_reason(tmp_path: Path, method: str) -> None:
    alone = planted(tmp_path / "alone.parquet", comparisons=20, judges=1, people=("careful",))
    with pytest.raises(UnknownReliability, match=r"cannot be told from the train split: .+\. Train without"):
        reliability_of(alone, method=method, rules=PairRules())
    write_snapshot([], tmp_path / "empty.parquet")
    with pytest.raises(UnknownReliability, match=r"nobody has (judged|labelled) anything"):
        reliability_of(tmp_path / "empty.parquet", method=method, rules=PairRules())


def test_judgments_that_the_rules_drop_tell_nothing_of_anybody(tmp_path: Path) -> None:
    path = planted(tmp_path / "a.parquet", people=("careful", "good", "middling"))

    def with_surplus(record: ComparisonRecord) -> ComparisonRecord:
        extra = replace(record.judgments[0], annotator="late", is_surplus=True)
        return replace(record, judgments=(*record.judgments, extra))

    records = [with_surplus(row.record) for row in read_snapshot(path)]
    write_snapshot(records, tmp_path / "b.parquet", validation=0.0, test=0.0)
    assert "late" not in weights_of(tmp_path / "b.parquet", DAWID_SKENE)
    assert "late" in weights_of(tmp_path / "b.parquet", DAWID_SKENE, surplus="keep")


def test_only_the_train_split_is_looked_at(tmp_path: Path) -> None:
    path = planted(tmp_path / "a.parquet")
    records = [row.record for row in read_snapshot(path)]
    write_snapshot(records, tmp_path / "b.parquet", validation=0.3, test=0.3)
    train = read_manifest(tmp_path / "b.parquet").counts["splits"]["train"]["judgments"]
    found = reliability_of(tmp_path / "b.parquet", method=DAWID_SKENE, rules=PairRules())
    assert sum(found.judgments.values()) == train < 900


def test_above_the_limit_the_first_prompts_are_fitted_and_all_are_weighed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LABELS_AT_MOST >= 1_000_000
    monkeypatch.setattr(reliability, "LABELS_AT_MOST", 600)
    found = reliability_of(planted(tmp_path / "a.parquet"), method=DAWID_SKENE, rules=PairRules())
    assert (found.labels, found.is_whole) == (600, False)
    assert sum(found.judgments.values()) == 900
    assert found.weights["careful"] > found.weights["guessing"]


# As a run


@pytest.fixture
def snapshot(plumbline_home: Path, db: None) -> Snapshot:
    (plumbline_home / "snapshots").mkdir()
    path = planted(plumbline_home / "snapshots" / "crowd.parquet")
    manifest = read_manifest(path)
    return Snapshot.objects.create(
        project=make_project(),
        content_sha256=manifest.content_sha256,
        file_sha256=manifest.file_sha256,
        file="snapshots/crowd.parquet",
        manifest=manifest.to_dict(),
    )


def prepared(run: Run, directory: Path) -> dict[str, Any]:
    """What the child of this run would read."""
    directory.mkdir(exist_ok=True)
    prepare_training(run, directory)
    written: dict[str, Any] = json.loads((directory / "config.json").read_text())
    TrainConfig.from_dict(written)
    return written


def test_a_run_gets_the_weights_of_its_reliability_and_keeps_them_when_it_is_resumed(
    snapshot: Snapshot, plumbline_home: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "run"
    run = queue_training(snapshot=snapshot, config={"reliability": DAWID_SKENE})
    first = prepared(run, directory)
    assert first["annotator_weights"]["careful"] > 1.5
    assert "reliability" not in first
    told = json.loads((directory / "reliability.json").read_text())
    assert told["annotators"]["careful"]["weight"] == first["annotator_weights"]["careful"]
    (plumbline_home / snapshot.file).unlink()
    assert prepared(run, directory) == first


def test_without_reliability_everybody_counts_alike(snapshot: Snapshot, tmp_path: Path) -> None:
    for number, config in enumerate(({}, {"reliability": "none"})):
        written = prepared(queue_training(snapshot=snapshot, config=config), tmp_path / f"run-{number}")
        assert written["annotator_weights"] is None
        assert not (tmp_path / f"run-{number}" / "reliability.json").exists()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"reliability": "guess"}, "no model of annotators"),
        ({"reliability": 3}, "no model of annotators"),
        ({"reliability": DAWID_SKENE, "annotator_weights": {"p": 1}}, "not both"),
        ({"annotator_weights": {"p": -1}}, "must be 0, or lie between"),
        ({"token_cache": "/etc"}, "The platform says where tokens are kept"),
    ],
)
def test_settings_that_contradict_the_platform_are_refused_when_queued(
    snapshot: Snapshot, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidTraining, match=message):
        queue_training(snapshot=snapshot, config=config)


def test_runs_share_a_token_cache_in_the_platforms_home_unless_told_to_keep_none(
    snapshot: Snapshot, plumbline_home: Path, tmp_path: Path, settings: Settings
) -> None:
    run = queue_training(snapshot=snapshot)
    assert prepared(run, tmp_path / "a")["token_cache"] == str(plumbline_home / "cache" / "tokens")
    none = queue_training(snapshot=snapshot, config={"token_cache": None})
    assert prepared(none, tmp_path / "b")["token_cache"] is None
    settings.PLUMBLINE_TOKEN_CACHE_BYTES = 0
    assert prepared(run, tmp_path / "c")["token_cache"] is None


def test_a_run_makes_room_in_the_cache_before_it_begins(plumbline_home: Path, settings: Settings) -> None:
    old = plumbline_home / "cache" / "tokens" / "split"
    old.mkdir(parents=True)
    (old / "manifest.json").write_text("{}")
    (old / "pairs.npy").write_bytes(b"x" * 1000)
    settings.PLUMBLINE_TOKEN_CACHE_BYTES = 2000
    token_cache()
    assert old.exists()
    settings.PLUMBLINE_TOKEN_CACHE_BYTES = 500
    token_cache()
    assert not old.exists()
