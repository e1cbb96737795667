"""Scoring stored responses as a run: complete, in order, and resumable."""

import json
from pathlib import Path

import pytest

from rewardmodel.core.run_directory import RunDirectory
from rewardmodel.core.score_responses import score_responses
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from tests.rewardmodel.builders import WORDS, make_run
from tests.rewardmodel.test_checkpoint import save
from tests.rewardmodel.test_ensemble import saved_ensemble


@pytest.fixture
def run(tiny_bert: Path, tmp_path: Path) -> Path:
    path = make_run(tmp_path / "run", model=str(save(tiny_bert, tmp_path / "model")))
    with (path / "items.jsonl").open("w") as stream:
        for number in range(700):
            response = " ".join(WORDS[number % 7 : number % 20])
            stream.write(json.dumps({"id": number, "prompt": "how", "response": response}) + "\n")
    return path


def scores(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "scores.jsonl").read_text().splitlines()]


def test_every_item_gets_its_score_in_order(run: Path) -> None:
    with RunDirectory(run) as directory:
        result = score_responses(directory)
    assert result["scored"] == 700
    assert [score["id"] for score in scores(run)] == list(range(700))
    assert result["mean_reward"] == pytest.approx(sum(score["reward"] for score in scores(run)) / 700)
    alone = RewardScorer.load(run.parent / "model").score([ScoreItem("how", " ".join(WORDS[2:3]))])
    assert scores(run)[23]["reward"] == pytest.approx(alone[0].reward, abs=1e-5)
    assert json.loads((run / "metrics.jsonl").read_text().splitlines()[-1]) == {"progress": [700, 700]}


def test_a_run_that_was_cut_short_goes_on_without_doubling(run: Path) -> None:
    with RunDirectory(run) as directory:
        score_responses(directory)
    whole = (run / "scores.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    (run / "scores.jsonl").write_bytes(b"".join(lines[:512]) + lines[512][:9])
    with RunDirectory(run) as directory:
        assert score_responses(directory)["scored"] == 700
    assert [score["id"] for score in scores(run)] == list(range(700))


def test_a_single_model_knows_no_uncertainty(run: Path) -> None:
    with RunDirectory(run) as directory:
        score_responses(directory)
    assert scores(run)[0]["uncertainty"] is None
    assert scores(run)[0]["members"] is None


def test_an_ensemble_gives_what_each_member_says_and_goes_on_alike(run: Path, tiny_bert: Path, tmp_path: Path) -> None:
    make_run(run, model=str(saved_ensemble(tiny_bert, tmp_path)))
    with RunDirectory(run) as directory:
        score_responses(directory)
    whole = (run / "scores.jsonl").read_bytes()
    first = json.loads(whole.splitlines()[0])
    assert first["reward"] == pytest.approx(sum(first["members"]) / 3, abs=1e-5)
    assert first["uncertainty"] > 0
    (run / "scores.jsonl").write_bytes(b"".join(whole.splitlines(keepends=True)[:512]))
    with RunDirectory(run) as directory:
        score_responses(directory)
    assert (run / "scores.jsonl").read_bytes() == whole
