"""One argument names a run: its directory, its config, or a config file that gets a directory."""

import json
from pathlib import Path

import pytest

from rewardmodel.core.config_file import directory_of
from rewardmodel.core.errors import InvalidConfig
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


@pytest.mark.parametrize("name", ["nowhere", "nowhere.toml", "notes.txt"])
def test_what_is_neither_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("epochs = 2")
    with pytest.raises(InvalidConfig, match="neither a run directory nor a config file"):
        directory_of(tmp_path / name)


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("epochs: 2")
    with pytest.raises(InvalidConfig, match=r"broken\.toml is not TOML"):
        directory_of(tmp_path / "broken.toml")


@pytest.mark.slow
def test_a_training_runs_from_a_toml_file(planted_snapshot: Path, tiny_bert: Path, tmp_path: Path) -> None:
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings(planted_snapshot, tiny_bert).items()]
    (tmp_path / "first.toml").write_text("\n".join(lines))
    assert start_training(tmp_path / "first.toml").wait(300) == 0
    assert json.loads((tmp_path / "first" / "result.json").read_text())["steps"] > 0
