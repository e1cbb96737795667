"""A checkpoint that lost a part is passed over for an older one; a run of which no checkpoint is whole says so."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rewardmodel.core.errors import DamagedCheckpoint
from rewardmodel.core.run_directory import RunDirectory, Stopped, move_into_place
from rewardmodel.core.train_reward import train
from tests.rewardmodel.builders import make_run
from tests.rewardmodel.trainings import StopAfter, largest_difference, run_training, settings, weights_of


def cut(name: str) -> Callable[[Path], None]:
    return lambda checkpoint: (checkpoint / name).write_bytes((checkpoint / name).read_bytes()[:50])  # type: ignore[func-returns-value]


DAMAGES: dict[str, Callable[[Path], object]] = {
    "half the weights": cut("weights.safetensors"),
    "half the moments": cut("optimizer.safetensors"),
    "no position": lambda checkpoint: (checkpoint / "position.json").unlink(),
    "an empty position": lambda checkpoint: (checkpoint / "position.json").write_text(""),
    "the best weights lost": lambda checkpoint: (checkpoint / "best.safetensors").unlink(),
    "nothing in it": lambda checkpoint: [part.unlink() for part in checkpoint.iterdir()],
}


@pytest.fixture(scope="module")
def whole(planted_snapshot: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole")
    run_training(path, settings(planted_snapshot, tiny_bert, validations=5))
    return path


@pytest.fixture(scope="module")
def stopped(planted_snapshot: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two checkpoints, both after a look at validation."""
    path = make_run(tmp_path_factory.mktemp("stopped"), **settings(planted_snapshot, tiny_bert, validations=5))
    for lines in (4, 3):
        with StopAfter(path, lines=lines) as directory, pytest.raises(Stopped):
            train(directory)
    return path


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_run_goes_on_from_the_newest_checkpoint_that_is_whole(
    whole: Path, stopped: Path, tmp_path: Path, damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = shutil.copytree(stopped, tmp_path / "run")
    older, newest = sorted((path / "checkpoints").iterdir())
    DAMAGES[damage](newest)
    with RunDirectory(path) as directory:
        train(directory)
    assert largest_difference(weights_of(whole), weights_of(path)) == 0
    told = capfd.readouterr().err
    assert f"{newest} is damaged" in told
    assert f"{older} is damaged" not in told


def test_a_run_without_a_whole_checkpoint_says_what_to_do(stopped: Path, tmp_path: Path) -> None:
    path = shutil.copytree(stopped, tmp_path / "run")
    for checkpoint in (path / "checkpoints").iterdir():
        DAMAGES["no position"](checkpoint)
    with RunDirectory(path) as directory, pytest.raises(DamagedCheckpoint, match="Remove the folder to begin anew"):
        train(directory)


def test_what_replaces_a_directory_leaves_nothing_of_it(tmp_path: Path) -> None:
    for name, content in (("final", "old"), (".partial-final", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / content).write_text(content)
    move_into_place(tmp_path / ".partial-final", tmp_path / "final")
    assert [part.name for part in tmp_path.rglob("*")] == ["final", "new"]
