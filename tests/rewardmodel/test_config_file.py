"""One argument names a run: its directory, its config, or a config file that gets a directory."""

import json
from pathlib import Path

import pytest

from rewardmodel.core.config_file import directory_of
from rewardmodel.core.errors import InvalidConfig, RunDirectoryBusy
from rewardmodel.core.run_directory import RunDirectory
from rewardmodel.core.training.launching import processes_wanted
from tests.rewardmodel.builders import make_run
from tests.rewardmodel.trainings import settings, start_training


def test_a_directory_and_the_config_in_it_mean_the_directory(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", epochs=2)
    assert directory_of(run) == run
    assert directory_of(run / "config.json") == run


def test_another_config_file_gets_a_directory_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text('snapshot = "data.parquet"\nepochs = 2\nlora_targets = ["q_proj"]\n')
    (tmp_path / "large.json").write_text('{"epochs": 3}')
    for name, expected in (
        ("small.toml", {"snapshot": "data.parquet", "epochs": 2, "lora_targets": ["q_proj"]}),
        ("large.json", {"epochs": 3}),
    ):
        run = directory_of(tmp_path / name)
        assert run == tmp_path / name.partition(".")[0]
        assert json.loads((run / "config.json").read_text()) == expected
        assert directory_of(tmp_path / name) == run  # again, for a run that goes on


def test_the_config_of_a_run_that_is_at_work_stays(tmp_path: Path) -> None:
    file = tmp_path / "small.json"
    file.write_text('{"epochs": 3}')
    with RunDirectory(directory_of(file)) as run:
        assert directory_of(file) == run.path  # the same again: its other processes
        file.write_text('{"epochs": 4}')
        with pytest.raises(RunDirectoryBusy, match="by another config"):
            directory_of(file)
        assert run.read_config() == {"epochs": 3}
    assert json.loads((directory_of(file) / "config.json").read_text()) == {"epochs": 4}


@pytest.mark.parametrize("name", ["nowhere", "nowhere.toml", "notes.txt"])
def test_what_is_neither_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("epochs = 2")
    with pytest.raises(InvalidConfig, match="neither a run directory nor a config file"):
        directory_of(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"epochs: 2", r"broken\.toml is not TOML"),
        (b'name = "\xff"', r"broken\.toml is not TOML"),
        (b"epochs = " + b"9" * 5000, r"broken\.toml is not TOML"),
        (b"epochs = " + b"[" * 100_000, r"broken\.toml is not TOML"),
        (b"snapshot = 2020-01-01", r"broken\.toml holds a value that no setting has"),
    ],
)
def test_a_file_that_is_not_toml_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "broken.toml").write_bytes(content)
    with pytest.raises(InvalidConfig, match=sentence):
        directory_of(tmp_path / "broken.toml")
    assert not (tmp_path / "broken").exists()


def test_a_config_whose_directory_is_a_file_already_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "run").write_text("something else")
    with pytest.raises(InvalidConfig, match=r"run directory .*run of .*run\.json cannot be made"):
        directory_of(tmp_path / "run.json")
    assert processes_wanted(str(tmp_path / "run.json")) == 1


@pytest.mark.slow
def test_a_training_runs_from_a_toml_file(planted_snapshot: Path, tiny_bert: Path, tmp_path: Path) -> None:
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings(planted_snapshot, tiny_bert).items()]
    (tmp_path / "first.toml").write_text("\n".join(lines))
    assert start_training(tmp_path / "first.toml").wait(300) == 0
    assert json.loads((tmp_path / "first" / "result.json").read_text())["steps"] > 0
