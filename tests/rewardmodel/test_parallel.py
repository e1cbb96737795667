"""Two processes take the steps of one: the same gradient, the same files, whoever is killed or asked to stop."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file

from preferences.snapshot import manifest_path
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.data.training_set import TokenizedComparison
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.run_directory import RunDirectory, Stopped, checkpoint_step
from rewardmodel.core.train_reward import train
from rewardmodel.core.training.launching import processes_wanted
from rewardmodel.core.training.parallel import ALONE, deal, joined
from tests.rewardmodel.builders import make_run
from tests.rewardmodel.trainings import (
    ROOT,
    StopAfter,
    largest_difference,
    run_training,
    settings,
    start_training,
    wait_for_checkpoint,
    weights_of,
)


def comparison(*lengths: int) -> TokenizedComparison:
    return TokenizedComparison("c", "p", tuple(EncodedText(tuple(range(n)), None, False) for n in lengths), ())


def take_steps(out: Path, snapshot: Path, backbone: Path, *, count: int, sharding: str = "none") -> dict[str, Any]:
    """What `one_step` writes down when run in so many processes."""
    out.mkdir()
    arguments = ["-m", "tests.rewardmodel.one_step", str(out), str(snapshot), str(backbone), sharding]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "WORLD_SIZE": str(count)}
    rendezvous = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    children = [
        subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env={**environment, **rendezvous, "RANK": str(rank)})
        for rank in range(count)
    ]
    assert [child.wait(300) for child in children] == [0] * count
    return {
        "weights": load_file(out / "weights.safetensors"),
        "optimizer": load_file(out / "optimizer.safetensors"),
        "figures": json.loads((out / "figures.json").read_text()),
    }


def refuse() -> None:
    raise InvalidConfig("There is no file.")


def free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_step_is_dealt_by_tokens_and_nothing_is_dealt_twice() -> None:
    comparisons = [comparison(9), comparison(1, 1), comparison(3, 3), comparison(4), comparison(2)]
    first, second = deal(comparisons, 2)
    assert {id(each) for each in (*first, *second)} == {id(each) for each in comparisons}
    assert len(first) + len(second) == len(comparisons)
    assert [sum(each.tokens for each in share) for share in (first, second)] == [11, 12]
    assert deal(comparisons[:1], 2) == [comparisons[:1], []]


def test_a_process_alone_has_the_whole_step_and_agrees_with_itself() -> None:
    comparisons = [comparison(2), comparison(5)]
    assert sorted(each.tokens for each in ALONE.share(comparisons)) == [2, 5]
    assert ALONE.most([1.0, 0.0]) == [1.0, 0.0]
    ALONE.share_trouble(None)
    ALONE.let_one_look(lambda: None)
    with pytest.raises(InvalidConfig, match="no file"):
        ALONE.let_one_look(refuse)
    with pytest.raises(Stopped):
        ALONE.share_trouble(Stopped())
    with pytest.raises(torch.OutOfMemoryError, match="2 GiB"):
        ALONE.share_trouble(torch.OutOfMemoryError("2 GiB"))


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["tiny_bert", "tiny_llama"])
def test_two_processes_take_the_steps_of_one_and_so_do_two_that_divide_the_weights(
    planted_snapshot: Path, backbone: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(backbone)
    alone = take_steps(tmp_path / "alone", planted_snapshot, model, count=1)
    both = take_steps(tmp_path / "both", planted_snapshot, model, count=2)
    divided = take_steps(tmp_path / "divided", planted_snapshot, model, count=2, sharding="full")
    for other in (both, divided):
        assert largest_difference(alone["weights"], other["weights"]) < 1e-6
        assert largest_difference(alone["optimizer"], other["optimizer"]) < 1e-5
        for expected, found in zip(alone["figures"], other["figures"], strict=True):
            assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("sharding", ["none", "full"])
def test_a_run_of_two_processes_ends_as_one_of_one_and_writes_what_one_writes(
    planted_snapshot: Path, tiny_llama: Path, tmp_path: Path, sharding: str
) -> None:
    rates = {"learning_rate": 1e-3, "head_learning_rate": 1e-3, "weight_decay": 0.0}  # divided and whole weights alike
    config = settings(planted_snapshot, tiny_llama, validations=3, **rates)
    whole = run_training(tmp_path / "one", config)
    two = make_run(tmp_path / "two", **config, processes=2, sharding=sharding)
    assert start_training(two).wait(300) == 0
    result = json.loads((two / "result.json").read_text())
    assert (result["processes"], result["sharded"]) == (2, sharding == "full")
    assert largest_difference(weights_of(tmp_path / "one"), weights_of(two)) < 1e-3
    assert result["best_step"] == whole["best_step"]
    assert result["accuracy"] == pytest.approx(whole["accuracy"], abs=0.02)
    lines = [json.loads(line) for line in (two / "metrics.jsonl").read_text().splitlines()]
    steps = [line["step"] for line in lines if line.get("split") == "train"]
    assert steps == list(range(1, result["steps"] + 1))


@pytest.mark.slow
def test_two_processes_asked_to_stop_save_and_any_number_goes_on(
    planted_snapshot: Path, tiny_llama: Path, tmp_path: Path
) -> None:
    config = settings(planted_snapshot, tiny_llama, epochs=12, checkpoint_every_seconds=0, learning_rate=1e-3)
    path = make_run(tmp_path / "run", **config, processes=2)
    child = start_training(path)
    wait_for_checkpoint(path, newer_than=2)
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) == 75
    assert not (path / "error.json").exists()
    make_run(path, **config, processes=1)
    with StopAfter(path, lines=3) as directory, pytest.raises(Stopped):
        train(directory)
    make_run(path, **config, processes=2, sharding="full")
    assert start_training(path).wait(300) == 0
    run_training(tmp_path / "one", config)
    assert largest_difference(weights_of(tmp_path / "one"), weights_of(path)) < 5e-3


@pytest.mark.slow
def test_a_killed_process_takes_the_others_along_and_the_run_ends_by_its_signal(
    planted_snapshot: Path, tiny_llama: Path, tmp_path: Path
) -> None:
    config = settings(planted_snapshot, tiny_llama, epochs=200, checkpoint_every_seconds=0)
    path = make_run(tmp_path / "run", **config, processes=2)
    child = start_training(path)
    wait_for_checkpoint(path, newer_than=1)
    workers = [int(pid) for pid in Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()]
    assert len(workers) == 2
    os.kill(workers[1], signal.SIGKILL)
    assert child.wait(60) == -signal.SIGKILL
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    with RunDirectory(path, lock_seconds=5) as directory:
        assert directory.resumed(checkpoint_step) is not None


@pytest.mark.slow
def test_a_failure_is_told_in_one_sentence_by_however_many_processes(tiny_llama: Path, tmp_path: Path) -> None:
    path = make_run(tmp_path, snapshot=str(tmp_path / "nowhere.parquet"), backbone=str(tiny_llama), processes=2)
    assert start_training(path).wait(120) == 1
    assert "nowhere.parquet" in json.loads((path / "error.json").read_text())["message"]


@pytest.mark.slow
@pytest.mark.parametrize("refuses", [None, 1])
def test_one_process_of_each_machine_looks_for_all_of_it_and_all_hear_what_it_says(
    tmp_path: Path, refuses: int | None
) -> None:
    """Four processes, two on each of two machines; the first of one of them, or neither, comes upon something."""
    environment = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "4"}
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.rewardmodel.one_look", str(tmp_path), str(refuses)],
            cwd=ROOT,
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank % 2), "GROUP_RANK": str(rank // 2)},
        )
        for rank in range(4)
    ]
    assert [child.wait(120) for child in children] == [0] * 4
    looks, words = ({file.name: file.read_text() for file in tmp_path.glob(f"{kind}-*")} for kind in ("look", "word"))
    assert sorted(looks) == ["look-0", "look-2"]
    assert set(words.values()) == ({"well"} if refuses is None else {f"Machine {refuses} has another file."})
    assert len(words) == 4


@pytest.mark.slow
def test_a_snapshot_that_is_not_its_manifests_ends_all_processes_at_once(
    planted_snapshot: Path, tiny_llama: Path, tmp_path: Path
) -> None:
    snapshot = tmp_path / "changed.parquet"
    snapshot.write_bytes(planted_snapshot.read_bytes() + b" ")
    manifest_path(snapshot).write_bytes(manifest_path(planted_snapshot).read_bytes())
    path = make_run(tmp_path / "run", snapshot=str(snapshot), backbone=str(tiny_llama), processes=2)
    assert start_training(path).wait(120) == 1
    assert "its sha256 differs" in json.loads((path / "error.json").read_text())["message"]


@pytest.mark.slow
def test_accelerate_starts_the_same_run(planted_snapshot: Path, tiny_llama: Path, tmp_path: Path) -> None:
    config = settings(planted_snapshot, tiny_llama, epochs=1, validations=1)
    path = make_run(tmp_path / "run", **config)
    command = [
        sys.executable, "-m", "accelerate.commands.launch", "--config_file", "rewardmodel/core/launch/fsdp.yaml",
        "--num_processes", "2", "--main_process_port", str(free_port()), "-m", "rewardmodel.core.train_reward",
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    assert subprocess.run([*command, str(path)], cwd=ROOT, env=environment, check=False).returncode == 0
    result = json.loads((path / "result.json").read_text())
    assert (result["processes"], result["sharded"]) == (2, True)


@pytest.mark.parametrize("name", ["ddp", "fsdp"])
def test_a_launch_file_is_one_that_accelerate_reads(name: str) -> None:
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.utils import DistributedType

    config = load_config_from_file(str(ROOT / "rewardmodel" / "core" / "launch" / f"{name}.yaml"))
    assert config.distributed_type == {"ddp": DistributedType.MULTI_GPU, "fsdp": DistributedType.FSDP}[name]
    assert config.mixed_precision == "no"  # precision is the run's own setting


def test_a_launcher_that_wants_deepspeed_is_told_what_to_use_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    with pytest.raises(InvalidConfig, match=r"launch/fsdp\.yaml"), joined("cpu"):
        pass


def test_a_process_takes_the_gpu_of_its_local_number_before_it_meets_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[Any] = []
    environment = {"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "FSDP_CPU_RAM_EFFICIENT_LOADING": "true"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", done.append)
    monkeypatch.setattr(dist, "init_process_group", lambda backend, **how: done.append((backend, how["device_id"])))
    monkeypatch.setattr(dist, "get_rank", lambda: 3)
    monkeypatch.setattr(dist, "destroy_process_group", lambda: done.append("left"))
    with joined("cuda") as processes:
        assert (processes.rank, processes.count, processes.device) == (3, 4, torch.device("cuda", 1))
    assert done == [1, ("nccl", torch.device("cuda", 1)), "left"]
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(InvalidConfig, match=r"GPU number 3 of this machine; it has 2\."), joined("cuda"):
        pass


def test_processes_that_were_started_together_start_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(make_run(tmp_path, processes=4))
    monkeypatch.delenv("RANK", raising=False)
    assert processes_wanted(path) == 4
    assert processes_wanted(str(tmp_path / "nowhere")) == 1
    monkeypatch.setenv("RANK", "0")
    assert processes_wanted(path) == 1
