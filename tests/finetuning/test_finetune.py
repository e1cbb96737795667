"""Fine-tuning through TRL: the planted reward rises, runs resume, and figures are honest."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from finetuning.core import rloo
from finetuning.core.answer_config import Sampling
from finetuning.core.evaluate_policy import compare_policies
from finetuning.core.finetune import finetune
from finetuning.core.finetune_config import FinetuneConfig
from finetuning.core.policy import load_policy, policy_digest
from finetuning.core.rewards import RewardFunction
from finetuning.core.texts import read_records, unique_prompts
from preferences.snapshot import read_manifest
from rewardmodel.core.errors import InvalidData
from rewardmodel.core.run_directory import RunDirectory, Stopped
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from tests.finetuning.conftest import metrics_of, run_in
from tests.finetuning.test_evaluate_policy import GoodWords
from tests.rewardmodel.builders import record

TINY = {"max_prompt_tokens": 64, "max_response_tokens": 16, "device": "cpu", "checkpoint_every_steps": 3}


@pytest.fixture(scope="session")
def reward_model(tmp_path_factory, planted_file) -> Path:
    """A real reward model, small and trained for a moment."""
    from rewardmodel.core.train_reward import train
    from tests.rewardmodel.builders import make_tiny_bert

    bert = make_tiny_bert(tmp_path_factory.mktemp("bert"))
    path = tmp_path_factory.mktemp("reward")
    run_in(
        path,
        {"snapshot": str(planted_file), "backbone": str(bert), "epochs": 1, "max_length_tokens": 96, "device": "cpu"},
        train,
    )
    return path / "model"


def rloo_config(tiny_policy: Path, planted_file: Path, **more) -> FinetuneConfig:
    settings = {"steps": 12, "examples_per_step": 16, "learning_rate": 3e-3, "seed": 1, **TINY, **more}
    return FinetuneConfig(
        method="rloo",
        policy=str(tiny_policy),
        reward_model="a scorer of its own",
        snapshot=str(planted_file),
        **settings,
    )


def train_rloo(path: Path, config: FinetuneConfig, scorer) -> Path:
    """Run the loop alone and save what it made."""
    path.mkdir(exist_ok=True)
    policy = load_policy(config.policy)
    with RunDirectory(path) as directory:
        rloo.train(directory, config, policy, scorer)
    policy.model.save_pretrained(path / "tuned")
    policy.tokenizer.save_pretrained(path / "tuned")
    return path / "tuned"


def test_rloo_raises_a_planted_reward_and_reports_kl(tmp_path, tiny_policy, planted_file):
    config = rloo_config(tiny_policy, planted_file, steps=25)
    tuned = train_rloo(tmp_path, config, GoodWords())

    figures = compare_policies(
        load_policy(tuned),
        load_policy(tiny_policy),
        GoodWords(),
        unique_prompts(read_records(planted_file, splits=("test",))),
        Sampling(temperature=1.0, max_response_tokens=16, samples_per_prompt=4),
    ).figures()
    assert figures["reward_gain_low"] > 0
    assert figures["kl_nats"] > 0
    lines = metrics_of(tmp_path)
    assert [line["step"] for line in lines] == list(range(1, 26))
    assert {"reward", "reward_std", "kl", "kl_nats", "entropy", "completions/mean_length"} <= lines[-1].keys()
    assert lines[0]["kl_nats"] == pytest.approx(0, abs=1e-4)


def test_a_stopped_rloo_run_goes_on_and_ends_with_the_same_weights(tmp_path, tiny_policy, planted_file):
    config = rloo_config(tiny_policy, planted_file, steps=6)
    whole = train_rloo(tmp_path / "whole", config, GoodWords())

    class StopsAtTheThirdBatch(GoodWords):
        batches = 0

        def score(self, items):
            self.batches += 1
            directory.should_stop = self.batches == 3
            return super().score(items)

    (tmp_path / "parts").mkdir()
    with RunDirectory(tmp_path / "parts") as directory, pytest.raises(Stopped):
        rloo.train(directory, config, load_policy(config.policy), StopsAtTheThirdBatch())
    parts = train_rloo(tmp_path / "parts", config, GoodWords())

    assert [line["step"] for line in metrics_of(tmp_path / "parts")] == list(range(1, 7))
    assert policy_digest(parts) == policy_digest(whole)


def test_a_checkpoint_holds_no_pickled_arguments(tmp_path, tiny_policy, planted_file):
    train_rloo(tmp_path, rloo_config(tiny_policy, planted_file, steps=3), GoodWords())

    (checkpoint,) = (tmp_path / "checkpoints").iterdir()
    assert (checkpoint / "model.safetensors").exists()
    assert not (checkpoint / "training_args.bin").exists()


def test_the_reward_function_gives_what_the_scorer_gives(reward_model):
    scorer = RewardScorer.load(reward_model, device="cpu")
    prompt = [{"role": "user", "content": "how do i boil an egg"}]
    shortened = [{"role": "user", "content": "boil"}]

    rewards = RewardFunction(scorer)(
        prompts=[shortened], completions=[[{"role": "assistant", "content": " good egg \n"}]], whole_prompt=[prompt]
    )

    (expected,) = scorer.score([ScoreItem(prompt, "good egg")])
    assert rewards == [expected.reward_normalized]


@pytest.mark.parametrize("method", ["sft", "rloo", "grpo", "dpo"])
def test_each_method_makes_a_policy_and_measures_it(method, tmp_path, tiny_policy, planted_file, reward_model):
    config = {
        "method": method,
        "policy": str(tiny_policy),
        "reward_model": str(reward_model),
        "snapshot": str(planted_file),
        "name": f"tiny-{method}",
        "steps": 2,
        "examples_per_step": 8,
        **TINY,
    }
    result = run_in(tmp_path, config, finetune)

    card = json.loads((tmp_path / "policy" / "plumbline.json").read_text())
    assert (card["method"], card["parent"]) == (method, policy_digest(tiny_policy))
    assert card["snapshot_sha256"] == read_manifest(planted_file).content_sha256
    assert result["digest"] == card["digest"] == policy_digest(tmp_path / "policy") != policy_digest(tiny_policy)
    assert result["steps"] == 2
    assert result["reward_gain_low"] <= result["reward_gain"] <= result["reward_gain_high"]
    assert result["kl_nats"] >= 0
    assert len((tmp_path / "samples.jsonl").read_text().splitlines()) == result["unseen_prompts"]


def test_sft_prefers_written_demonstrations_and_falls_back_on_the_best_responses(tmp_path, planted_file):
    from finetuning.core.sft import choose_demonstrations
    from preferences.snapshot import write_snapshot

    def config(file: Path, wanted: str) -> FinetuneConfig:
        return FinetuneConfig(method="sft", policy="-", snapshot=str(file), demonstrations=wanted)

    both = tmp_path / "both.parquet"
    shown = [record(f"Question {n}?", ["written"], kind="demonstration") for n in range(8)]
    write_snapshot([*read_records(planted_file), *shown], both, validation=0, test=0)

    assert choose_demonstrations(config(both, "auto"))[1] == "written"
    assert choose_demonstrations(config(both, "best"))[1] == "best"
    assert choose_demonstrations(config(planted_file, "auto"))[1] == "best"
    with pytest.raises(InvalidData, match="no demonstration"):
        choose_demonstrations(config(planted_file, "written"))


@pytest.mark.slow
def test_a_killed_child_goes_on_from_its_last_complete_checkpoint(tmp_path, tiny_policy, planted_file):
    config = {
        "method": "sft",
        "policy": str(tiny_policy),
        "snapshot": str(planted_file),
        "steps": 40,
        "examples_per_step": 4,
        **TINY,
        "checkpoint_every_steps": 2,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "finetuning.core.finetune", str(tmp_path)]
    child = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 120
    while not list((tmp_path / "checkpoints").glob("step-*")):
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()

    assert subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False).returncode == 0
    steps = [line["step"] for line in metrics_of(tmp_path)]
    assert steps[-1] == 40
    assert steps.count(1) == 1
