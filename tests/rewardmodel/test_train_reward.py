"""Training from end to end on a tiny encoder: same seed same weights, resumed = uninterrupted, planted truth found."""

import contextlib
import json
import math
import random
import signal
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from preferences.errors import DamagedSnapshot
from preferences.pairs import PairRules
from preferences.snapshot import read_snapshot, write_snapshot
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data.batches import pad
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.data.training_set import TokenizedComparison, TrainingSet, tokenize
from rewardmodel.core.errors import ExpectedFailure, InvalidConfig, InvalidData
from rewardmodel.core.evaluate_reward import FileRow
from rewardmodel.core.losses.bradley_terry import bradley_terry_loss
from rewardmodel.core.model import RewardNetwork, load_backbone
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.run_directory import RunDirectory, Stopped
from rewardmodel.core.train_reward import train
from rewardmodel.core.training.fitting import Fitting
from rewardmodel.core.training.frozen_features import with_known_features
from rewardmodel.core.training.objective import Objective, pair_batch
from rewardmodel.core.training.parallel import ALONE
from rewardmodel.core.training.steps import RewardTally, plan, take_step
from tests.rewardmodel.builders import make_run, planted_records, record
from tests.rewardmodel.trainings import (
    StopAfter,
    largest_difference,
    run_training,
    settings,
    start_training,
    wait_for_checkpoint,
    weights_of,
)

WAYS = {
    "whole": {
        "loss": "davidson",
        "pair_rules": {"ties": "half"},
        "early_stopping": 2,
        "validations": 8,
        "dropout": 0.1,
    },
    "adapters": {"lora_rank": 4, "lora_dropout": 0.1, "learning_rate": 1e-2},
    "head": {"frozen_layers": "all", "head_learning_rate": 0.05, "loss": "rao-kupper", "pair_rules": {"ties": "half"}},
    "thrifty": {"gradient_checkpointing": True, "schedule": "cosine", "layer_decay": 0.8, "tokens_per_batch": 300},
}


@pytest.fixture(scope="module")
def trained(planted_snapshot: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trained")
    result = run_training(path, settings(planted_snapshot, tiny_bert, epochs=12))
    (path / "result.json").write_text(json.dumps(result))
    return path


def test_a_planted_preference_is_recovered(trained: Path) -> None:
    result = json.loads((trained / "result.json").read_text())
    assert result["split"] == "test"
    assert result["accuracy"] > 0.9
    assert result["accuracy_low"] <= result["accuracy"] <= result["accuracy_high"]
    assert result["pairs"] > 50
    assert result["baselines"]["random"] == 0.5
    assert result["data"]["train"]["rows"] == result["data"]["train"]["comparisons"]


def test_metrics_follow_the_names_of_trl(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if line.get("split") == "train"]
    names = {"loss", "accuracy", "margin", "mean_reward", "grad_norm", "learning_rate", "num_tokens", "step"}
    assert names | {"epoch", "tokens_per_second", "peak_memory_bytes"} <= steps[0].keys()
    assert steps[-1]["loss"] < steps[0]["loss"]
    assert sum(line.get("split") == "validation" for line in lines) == 4
    assert [line["progress"] for line in lines if "progress" in line][-1] == [len(steps), len(steps)]


def test_the_same_seed_gives_the_same_weights(planted_snapshot: Path, tiny_bert: Path, tmp_path: Path) -> None:
    config = settings(planted_snapshot, tiny_bert, dropout=0.1)
    run_training(tmp_path / "first", config)
    run_training(tmp_path / "second", config)
    run_training(tmp_path / "third", {**config, "seed": 1})
    assert largest_difference(weights_of(tmp_path / "first"), weights_of(tmp_path / "second")) == 0
    assert largest_difference(weights_of(tmp_path / "first"), weights_of(tmp_path / "third")) > 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stops", [(1, 4), (7,)])
def test_a_resumed_run_ends_in_the_weights_of_an_uninterrupted_one(
    planted_snapshot: Path, tiny_bert: Path, tmp_path: Path, stops: tuple[int, ...], way: str
) -> None:
    config = settings(planted_snapshot, tiny_bert, **{"validations": 5, **WAYS[way]})
    whole = run_training(tmp_path / "whole", config)
    path = make_run(tmp_path / "stopped", **config)
    for lines in stops:
        with StopAfter(path, lines=lines) as directory, pytest.raises(Stopped):
            train(directory)
    with RunDirectory(path) as directory:
        resumed = train(directory)
    assert largest_difference(weights_of(tmp_path / "whole"), weights_of(path)) == 0
    same = ("accuracy", "digest", "steps", "best_step", "stopped_early", "temperature")
    assert [resumed[name] for name in same] == [whole[name] for name in same]


def test_a_step_that_is_cut_short_is_done_again_from_its_beginning(
    planted_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    config = settings(planted_snapshot, tiny_bert, dropout=0.1, tokens_per_batch=200)
    run_training(tmp_path / "whole", config)
    path = make_run(tmp_path / "stopped", **config)
    calls = 0

    class StopWithinAStep(RunDirectory):
        def stop_if_asked(self) -> None:
            nonlocal calls
            calls += 1
            self.should_stop = calls == 20
            super().stop_if_asked()

    with StopWithinAStep(path) as directory, pytest.raises(Stopped):
        train(directory)
    with RunDirectory(path) as directory:
        train(directory)
    assert largest_difference(weights_of(tmp_path / "whole"), weights_of(path)) == 0


def test_a_frozen_backbone_that_is_asked_to_stop_stops_between_two_passes(tiny_bert: Path) -> None:
    network = load_backbone(str(tiny_bert), max_length_tokens=64)
    texts = network.template.encode([("boil an egg", f"good {'bad ' * number}") for number in range(20)])

    class Asked:
        looks = 0

        @property
        def should_stop(self) -> bool:
            self.looks += 1
            return self.looks >= 3

    directory: Any = Asked()
    with pytest.raises(Stopped):
        with_known_features(network, texts, precision="fp32", tokens_per_batch=20, processes=ALONE, directory=directory)
    assert directory.looks == 4  # after three passes of many, and once for all processes


@pytest.mark.parametrize("backbone", ["tiny_bert", "tiny_llama"])
def test_a_frozen_backbone_keeps_no_text_while_it_encodes_all_of_them(
    backbone: str, request: pytest.FixtureRequest
) -> None:
    network = load_backbone(str(request.getfixturevalue(backbone)), max_length_tokens=64)
    items = [("boil an egg", f"good {'bad ' * number}") for number in range(20)]
    looked_at: list[weakref.ref[EncodedText]] = []

    def texts() -> Iterator[EncodedText]:
        for item in items:
            (text,) = network.template.encode([item])
            looked_at.append(weakref.ref(text))
            yield text

    class Directory:
        @property
        def should_stop(self) -> bool:
            assert not any(look() for look in looked_at)
            return False

    directory: Any = Directory()
    known = with_known_features(
        network, texts(), precision="fp32", tokens_per_batch=20, processes=ALONE, directory=directory
    )
    assert len(looked_at) == len(known.rows) == 20
    batch = pad(network.template.encode(items), pad_token_id=int(network.model.config.pad_token_id))
    with torch.no_grad():
        assert torch.allclose(known.features(batch), network.features(batch), atol=1e-5)


def test_a_step_tells_the_accuracy_of_decided_pairs_alone(tiny_bert: Path) -> None:
    template = load_backbone(str(tiny_bert), max_length_tokens=64).template
    rankings = (((1,), (0,)), ((0, 1),))
    judged = [FileRow(record(f"how {number}", ["good", "bad"], ranking)) for number, ranking in enumerate(rankings)]
    decided, tied = tokenize(judged, rules=PairRules(ties="half"), template=template).comparisons
    for comparisons, accuracy, margin in (([decided, tied], 1, 2), ([tied], math.nan, math.nan)):
        tally = RewardTally(torch.device("cpu"))
        tally.add(torch.tensor([1.0, 3.0] * len(comparisons)), comparisons, torch.tensor(0.0))
        figures = tally.figures(ALONE)
        assert (figures["accuracy"], figures["margin"]) == pytest.approx((accuracy, margin), nan_ok=True)


def test_eight_at_once_and_four_times_two_are_the_same_step(planted_snapshot: Path, tiny_bert: Path) -> None:
    config = TrainConfig(**settings(planted_snapshot, tiny_bert, max_grad_norm=1e9))
    steps = []
    for tokens_per_batch in (100_000, 200):
        network = load_backbone(str(tiny_bert), max_length_tokens=64)
        data = tokenize(read_snapshot(planted_snapshot, split="train"), rules=PairRules(), template=network.template)
        chosen = list(data.comparisons[:8])
        assert len(PaddedRoute().passes(chosen, tokens=tokens_per_batch)) == (1 if tokens_per_batch > 200 else 4)
        optimizer = torch.optim.SGD(network.model.parameters(), lr=1.0)
        figures = take_step(
            network,
            optimizer,
            chosen,
            objective=Objective(config),
            route=PaddedRoute(),
            config=config,
            tokens_per_batch=tokens_per_batch,
        )
        steps.append((figures, network.model.state_dict()))
    assert largest_difference(steps[0][1], steps[1][1]) < 1e-5
    assert steps[0][0] == pytest.approx(steps[1][0], rel=1e-4)


def test_k_responses_at_once_have_the_gradient_of_all_pairs_one_by_one(
    planted_snapshot: Path, tiny_bert: Path, tiny_llama: Path
) -> None:
    for backbone in (tiny_bert, tiny_llama):
        network = load_backbone(str(backbone), max_length_tokens=64)
        torch.manual_seed(0)
        for weight in network.model.parameters():  # fresh weights are so small that rewards hardly differ
            torch.nn.init.normal_(weight, std=0.2)
        data = tokenize(read_snapshot(planted_snapshot, split="train"), rules=PairRules(), template=network.template)
        comparison = max(data.comparisons, key=lambda comparison: len(comparison.pairs))
        assert len(comparison.pairs) == 6
        together = gradient(network, [comparison])
        one_by_one = [
            replace(
                comparison,
                texts=(comparison.texts[pair.better], comparison.texts[pair.worse]),
                pairs=(replace(pair, better=0, worse=1),),
            )
            for pair in comparison.pairs
        ]
        single = sum(gradient(network, [pair]) for pair in one_by_one) / len(one_by_one)
        assert ((together - single).norm() / together.norm()).item() < 1e-5


def gradient(network: RewardNetwork, comparisons: list[TokenizedComparison]) -> torch.Tensor:
    """The whole gradient of the loss over these comparisons, as one vector."""
    network.model.zero_grad()
    batch = pad(
        [text for one in comparisons for text in one.texts], pad_token_id=int(network.model.config.pad_token_id)
    )
    rewards, pair = network.rewards(batch), pair_batch(comparisons)
    bradley_terry_loss(rewards[pair.better], rewards[pair.worse], weight=pair.weight).backward()
    return torch.cat([weight.grad.flatten() for weight in network.model.parameters() if weight.grad is not None])


def test_frozen_layers_keep_their_weights(planted_snapshot: Path, tiny_bert: Path, tmp_path: Path) -> None:
    run_training(tmp_path / "run", settings(planted_snapshot, tiny_bert, frozen_layers=1, epochs=1))
    before, after = load_file(tiny_bert / "model.safetensors"), weights_of(tmp_path / "run")
    moved = {name for name, weight in before.items() if not torch.equal(weight, after[f"bert.{name}"])}
    assert moved
    assert all(name.startswith(("encoder.layer.1", "pooler")) for name in moved)


def test_only_the_head_learns_where_all_layers_are_frozen_and_each_text_is_encoded_once(
    planted_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    config = settings(planted_snapshot, tiny_bert, frozen_layers="all", epochs=30, head_learning_rate=0.05)
    result = run_training(tmp_path / "run", config)
    before, after = load_file(tiny_bert / "model.safetensors"), weights_of(tmp_path / "run")
    assert all(torch.equal(weight, after[f"bert.{name}"]) for name, weight in before.items())
    assert result["parameters_trained"] == 33
    assert "encoded once" in result["route_reason"]
    assert result["accuracy"] > 0.6
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if line.get("split") == "validation"]
    assert losses[-1] < losses[0]


def test_training_ends_where_validation_has_looked_in_vain(
    planted_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    config = settings(planted_snapshot, tiny_bert, epochs=40, validations=80, early_stopping=3, learning_rate=0.02)
    result = run_training(tmp_path / "run", config)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    looks = [line for line in lines if line.get("split") == "validation"]
    losses = [look["loss"] for look in looks]
    assert result["stopped_early"]
    assert result["steps"] < 40 * len(range(0, result["data"]["train"]["comparisons"], 16))
    assert looks[losses.index(min(losses))]["step"] == result["best_step"]
    assert len(losses) - 1 - losses.index(min(losses)) == 3
    assert [line["progress"] for line in lines if "progress" in line][-1] == [result["steps"]] * 2


def test_activations_computed_twice_change_nothing(planted_snapshot: Path, tiny_bert: Path, tmp_path: Path) -> None:
    config = settings(planted_snapshot, tiny_bert, epochs=1, dropout=0.1)
    result = run_training(tmp_path / "twice", {**config, "gradient_checkpointing": True})
    run_training(tmp_path / "once", {**config, "gradient_checkpointing": False})
    assert result["gradient_checkpointing"]
    assert largest_difference(weights_of(tmp_path / "twice"), weights_of(tmp_path / "once")) < 1e-6


class SlowDisk(RunDirectory):
    """A directory where saving takes two seconds and a step one, by a clock of its own."""

    seconds = 0.0
    saved: tuple[int, ...] = ()

    def monotonic(self) -> float:
        return self.seconds

    def append_metrics(self, values: Any) -> None:
        super().append_metrics(values)
        self.seconds += values.get("split") == "train"

    @contextlib.contextmanager
    def new_checkpoint(self, step: int) -> Iterator[Path]:
        with super().new_checkpoint(step) as folder:
            yield folder
        self.seconds += 2.0
        self.saved += (step,)


def test_saving_takes_a_tenth_of_the_time_at_most(
    planted_snapshot: Path, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(planted_snapshot, tiny_bert, epochs=8, checkpoint_every_seconds=3.0, validations=0)
    with SlowDisk(make_run(tmp_path, **config)) as directory:
        monkeypatch.setattr("rewardmodel.core.training.fitting.time", directory)
        steps = train(directory)["steps"]
    assert directory.saved == (*range(3, steps, 18), steps)
    assert len(directory.saved) > 2


class ScarceMemory(PaddedRoute):
    """Memory that does not suffice as long as activations are kept."""

    def features(self, network: RewardNetwork, comparisons: Sequence[TokenizedComparison]) -> torch.Tensor:
        if not network.model.is_activation_checkpointing:
            raise torch.OutOfMemoryError("Tried to allocate 2 GiB.")
        return super().features(network, comparisons)


def scarce(path: Path, config: dict[str, Any]) -> Fitting:
    """A training whose memory does not suffice unless activations are computed twice."""
    network = load_backbone(config["backbone"], max_length_tokens=64)
    data = {
        split: tokenize(read_snapshot(config["snapshot"], split=split), rules=PairRules(), template=network.template)
        for split in ("train", "validation")
    }
    fitting = Fitting(RunDirectory(make_run(path, **config)), TrainConfig(**config), network, data, content_sha256="")
    fitting.route = ScarceMemory()
    return fitting


def test_a_step_for_which_memory_does_not_suffice_is_done_again_with_less(
    planted_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    config = settings(planted_snapshot, tiny_bert, epochs=1, tokens_per_batch=4000, validations=0, route="padded")
    fitting = scarce(tmp_path / "scarce", config)
    fitting.run()
    run_training(tmp_path / "ample", config)
    assert fitting.tokens_per_batch == 2000
    assert fitting.position.recomputes
    assert fitting.network.model.is_activation_checkpointing
    resumed = scarce(tmp_path / "scarce", config)
    assert resumed.tokens_per_batch == 2000
    assert resumed.network.model.is_activation_checkpointing
    found = fitting.finished_network().model.state_dict()
    assert largest_difference(weights_of(tmp_path / "ample"), found) < 1e-5


def test_a_step_whose_moments_found_no_memory_leaves_no_gradient_to_the_next_attempt(
    planted_snapshot: Path, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(planted_snapshot, tiny_bert, epochs=1, validations=0, max_grad_norm=1e9, route="padded")
    fitting = scarce(tmp_path / "scarce", config)
    fitting.route = PaddedRoute()
    take = fitting.optimizer.step

    def run_out_of_memory() -> None:
        monkeypatch.setattr(fitting.optimizer, "step", take)
        raise torch.OutOfMemoryError("Tried to allocate 2 GiB.")

    monkeypatch.setattr(fitting.optimizer, "step", run_out_of_memory)
    fitting.run()
    run_training(tmp_path / "ample", config)
    lengths = [gradient_lengths(tmp_path / name) for name in ("scarce", "ample")]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-4)


def gradient_lengths(path: Path) -> list[float]:
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [line["grad_norm"] for line in lines if line.get("split") == "train"]


def test_memory_that_never_suffices_ends_the_run_with_a_sentence(
    planted_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    fitting = scarce(tmp_path, settings(planted_snapshot, tiny_bert, gradient_checkpointing=False))
    with pytest.raises(ExpectedFailure, match="Lower tokens_per_batch"):
        fitting.run()


def test_a_decoder_learns_the_planted_preference_too(planted_snapshot: Path, tiny_llama: Path, tmp_path: Path) -> None:
    result = run_training(tmp_path / "run", settings(planted_snapshot, tiny_llama, epochs=8))
    assert result["accuracy"] > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("way", ["whole", "adapters", "head"])
def test_a_child_killed_at_any_step_resumes_and_ends_where_an_unharmed_one_does(
    planted_snapshot: Path, tiny_bert: Path, tmp_path: Path, way: str
) -> None:
    config = settings(planted_snapshot, tiny_bert, checkpoint_every_seconds=0, **{**WAYS[way], "epochs": 10})
    path = make_run(tmp_path / "killed", **config)
    step = random.randrange(12)
    child = start_training(path)
    wait_for_checkpoint(path, newer_than=step)
    child.send_signal(signal.SIGKILL)
    assert child.wait(30) == -signal.SIGKILL
    assert not (path / "result.json").exists()
    assert start_training(path).wait(300) == 0
    run_training(tmp_path / "whole", config)
    assert largest_difference(weights_of(tmp_path / "whole"), weights_of(path)) == 0, f"killed after step {step}"


def test_a_checkpoint_of_other_settings_is_refused(planted_snapshot: Path, tiny_bert: Path, tmp_path: Path) -> None:
    config = settings(planted_snapshot, tiny_bert)
    path = make_run(tmp_path / "run", **config)
    with StopAfter(path, lines=1) as directory, pytest.raises(Stopped):
        train(directory)
    make_run(path, **{**config, "learning_rate": 1e-3})
    with RunDirectory(path) as directory, pytest.raises(InvalidConfig, match="another config"):
        train(directory)


def test_a_snapshot_without_judgments_is_refused_with_the_reason(tiny_bert: Path, tmp_path: Path) -> None:
    write_snapshot([record("how", ["good", "bad"])], tmp_path / "empty.parquet", validation=0, test=0)
    with pytest.raises(InvalidData, match="1 with no judgment"):
        run_training(tmp_path / "run", settings(tmp_path / "empty.parquet", tiny_bert))


def test_a_snapshot_that_is_not_what_its_manifest_names_is_refused(tiny_bert: Path, tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("other", 2)):
        write_snapshot(planted_records(prompts=9, responses=2, seed=seed), tmp_path / f"{name}.parquet")
    (tmp_path / "other.parquet").replace(tmp_path / "one.parquet")
    with pytest.raises(DamagedSnapshot, match="is not the file its manifest names"):
        run_training(tmp_path / "run", settings(tmp_path / "one.parquet", tiny_bert))


@pytest.mark.parametrize("place", ["nowhere.parquet", "."])
def test_a_snapshot_that_is_no_file_is_refused_by_name(tiny_bert: Path, tmp_path: Path, place: str) -> None:
    with pytest.raises(InvalidConfig, match="snapshot: there is no file") as refused:
        run_training(tmp_path / "run", settings(tmp_path / place, tiny_bert))
    assert refused.value.field == "snapshot"


@pytest.mark.parametrize("more", [{}, {"heads": 3}, {"members": 2}])
def test_a_training_that_left_all_numbers_is_refused_before_it_is_saved(
    planted_snapshot: Path, tiny_bert: Path, tmp_path: Path, more: dict[str, Any]
) -> None:
    config = settings(planted_snapshot, tiny_bert, learning_rate=1e300, comparisons_per_step=1000, epochs=1, **more)
    with pytest.raises(ExpectedFailure, match="not finite numbers, and nothing was saved"):
        run_training(tmp_path / "run", config)
    assert not (tmp_path / "run" / "model").exists()


def test_a_token_budget_cuts_the_run_short(planted_snapshot: Path, tiny_bert: Path, tmp_path: Path) -> None:
    result = run_training(
        tmp_path / "run", settings(planted_snapshot, tiny_bert, max_training_tokens=2000, comparisons_per_step=4)
    )
    assert 1000 < result["tokens"] <= 2000


@pytest.mark.parametrize(("tokens_each", "epochs"), [(500, 3), (15_000, 3), (21_000, 2), (30_000, 1), (10**6, 1)])
def test_small_data_is_visited_more_often(tokens_each: int, epochs: int) -> None:
    text = EncodedText(tuple(range(tokens_each)), None, False)
    data = TrainingSet(tuple(TokenizedComparison("c", "p", (text,), ()) for _ in range(4)), rows=4)
    assert len(plan(data, TrainConfig(snapshot="-"))) == epochs


def test_every_comparison_is_visited_once_an_epoch(planted_snapshot: Path, tiny_bert: Path) -> None:
    template = load_backbone(str(tiny_bert), max_length_tokens=64).template
    data = tokenize(read_snapshot(planted_snapshot, split="train"), rules=PairRules(), template=template)
    epochs = plan(data, TrainConfig(**settings(planted_snapshot, tiny_bert, comparisons_per_step=7)))
    assert [sorted(index for step in steps for index in step) for steps in epochs] == [
        list(range(len(data.comparisons)))
    ] * 2
    assert epochs[0] != epochs[1]
