"""A fine-tuning goes on from its newest whole checkpoint, and says which ones it passed over."""

import json
import shutil

import pytest

from finetuning.core import sft
from finetuning.core.finetune_config import FinetuneConfig
from finetuning.core.policy import load_policy, policy_digest
from finetuning.core.trainer_checkpoint import whole_checkpoint
from rewardmodel.core.errors import DamagedCheckpoint
from rewardmodel.core.run_directory import RunDirectory, Stopped

TINY = {"max_prompt_tokens": 64, "max_response_tokens": 16, "device": "cpu", "checkpoint_every_steps": 2}


def cut(name):
    return lambda checkpoint: (checkpoint / name).write_bytes((checkpoint / name).read_bytes()[:-20])


def changed(name):
    def change(checkpoint):
        content = bytearray((checkpoint / name).read_bytes())
        content[len(content) // 2] ^= 255
        (checkpoint / name).write_bytes(content)

    return change


def lost(name):
    return lambda checkpoint: (checkpoint / name).unlink()


def says(name, text):
    return lambda checkpoint: (checkpoint / name).write_text(text)


DAMAGES = {
    "half the weights": cut("model.safetensors"),
    "no weights": lost("model.safetensors"),
    "half a state": cut("trainer_state.json"),
    "the state of another step": says("trainer_state.json", json.dumps({"global_step": 0})),
    "a state that is none": says("trainer_state.json", "[]"),
    "half the moments": cut("optimizer.pt"),
    "an empty file of moments": says("optimizer.pt", ""),
    "other moments": changed("optimizer.pt"),
    "no moments": lost("optimizer.pt"),
    "no schedule": lost("scheduler.pt"),
    "no random state": lost("rng_state.pth"),
    "a lost part of the weights": says("model.safetensors.index.json", '{"weight_map": {"a": "model-2.safetensors"}}'),
    "nothing in it": lambda checkpoint: [part.unlink() for part in checkpoint.iterdir()],
}


@pytest.fixture(scope="module")
def config(tiny_policy, planted_file):
    values = {"steps": 6, "examples_per_step": 8, "seed": 1, **TINY}
    return FinetuneConfig(method="sft", policy=str(tiny_policy), snapshot=str(planted_file), **values)


def train(path, config, *, stops_after=None):
    """Train in a run directory, to the end or asked to stop after a step, which it hears at the end of the next one."""

    class Directory(RunDirectory):
        def report_progress(self, done, total):
            super().report_progress(done, total)
            self.should_stop = self.should_stop or done == stops_after

    path.mkdir(exist_ok=True)
    policy = load_policy(config.policy)
    with Directory(path) as directory:
        sft.train(directory, config, policy)
    policy.model.save_pretrained(path / "tuned")
    return policy_digest(path / "tuned")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, config):
    return train(tmp_path_factory.mktemp("whole"), config)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, config):
    """A run with checkpoints at steps 2 and 4."""
    path = tmp_path_factory.mktemp("stopped")
    with pytest.raises(Stopped):
        train(path, config, stops_after=3)
    return path


@pytest.fixture
def run(stopped, tmp_path):
    return shutil.copytree(stopped, tmp_path / "run")


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_seen_before_anything_is_loaded(run, damage):
    checkpoint = run / "checkpoints" / "step-00000004"
    assert whole_checkpoint(checkpoint) == checkpoint
    DAMAGES[damage](checkpoint)
    with pytest.raises(DamagedCheckpoint, match="step-00000004 is damaged"):
        whole_checkpoint(checkpoint)


@pytest.mark.parametrize("damage", ["half the weights", "half a state", "no moments", "nothing in it"])
def test_a_fine_tuning_goes_on_from_the_newest_checkpoint_that_is_whole(whole, run, config, damage, capfd):
    older, newest = sorted((run / "checkpoints").iterdir())
    DAMAGES[damage](newest)
    assert train(run, config) == whole
    told = capfd.readouterr().err
    assert f"{newest} is damaged" in told
    assert f"{older} is damaged" not in told


def test_a_fine_tuning_without_a_whole_checkpoint_says_what_to_do(run, config):
    for checkpoint in (run / "checkpoints").iterdir():
        DAMAGES["no moments"](checkpoint)
    with pytest.raises(DamagedCheckpoint, match="Remove the folder to begin anew"):
        train(run, config)


def test_a_checkpoint_of_the_model_alone_needs_no_moments(run):
    checkpoint = run / "checkpoints" / "step-00000004"
    DAMAGES["no moments"](checkpoint)
    assert whole_checkpoint(checkpoint, keeps_optimizer=False) == checkpoint
