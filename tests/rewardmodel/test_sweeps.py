"""A sweep is many ordinary runs, asked for at once; validation chooses among them."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from rewardmodel.errors import InvalidSweep, NameTaken
from rewardmodel.models import RewardModel, RewardModelAlias, Sweep, SweepRun
from rewardmodel.services import sweep as sweep_service
from rewardmodel.services.sweep import MOST_RUNS, cancel_sweep, queue_sweep
from rewardmodel.services.train import finish_training, queue_training
from rewardmodel.sweep_outcomes import choice_among, outcomes_of
from runs.directories import run_directory
from runs.models import Run
from runs.services.claiming import claim_run
from tests.factories import make_person
from tests.rewardmodel.rows import make_snapshot
from tests.rewardmodel.sweeping import end, make_sweep, validated
from tests.rewardmodel.test_checkpoint import save

pytestmark = pytest.mark.django_db


def test_each_combination_and_seed_is_an_ordinary_run_with_its_settings(plumbline_home: Path) -> None:
    engineer = make_person("engineer")
    sweep = make_sweep(
        settings={"epochs": 2, "reliability": "dawid-skene"},
        vary={"learning_rate": "1e-5,1e-4", "frozen_layers": "0,all"},
        seeds=[0, 7],
        name="depth",
        created_by=engineer,
    )
    runs = list(Run.objects.filter(kind="train_reward").order_by("created_at"))
    assert [run.config["name"] for run in runs] == [f"depth-{number}" for number in range(1, 9)]
    assert runs[0].config["settings"] == {
        "epochs": 2, "reliability": "dawid-skene", "frozen_layers": 0, "learning_rate": 1e-5, "seed": 0,
    }  # fmt: skip
    assert {(run.config["settings"]["frozen_layers"], run.config["settings"]["seed"]) for run in runs} == {
        (0, 0), (0, 7), ("all", 0), ("all", 7),
    }  # fmt: skip
    assert all(run.created_by == engineer and run.scope == sweep.snapshot.project.slug for run in runs)
    assert {"label": "depth", "url": "/reward-models/sweeps/depth/", "kind": "sweep"} in runs[0].lineage
    assert sweep.asked["vary"] == {"frozen_layers": [0, "all"], "learning_rate": [1e-5, 1e-4]}


def test_the_seed_of_the_settings_counts_where_no_seeds_are_given(plumbline_home: Path) -> None:
    sweep = make_sweep(settings={"seed": 5})
    assert sweep.asked["seeds"] == [5]
    assert "seed" not in sweep.asked["settings"]
    assert {one.seed for one in sweep.trainings.all()} == {5}


def test_never_more_runs_at_a_time_than_there_are_compute_slots(plumbline_home: Path, settings: Settings) -> None:
    settings.PLUMBLINE_COMPUTE_SLOTS = 2
    runs = [one.run for one in make_sweep(seeds=[0, 1, 2]).trainings.all()]
    claimed = [claim_run(run_id=run.pk, worker="a worker") for run in runs]
    assert [run is not None for run in claimed] == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("wishes", "field", "sentence"),
    [
        ({"vary": {"learning_rate": "abc"}}, "learning_rate", "learning_rate: 'abc' is not a number."),
        ({"vary": {"learning_rate": [1e-4, -1]}}, "learning_rate", "learning_rate must be above 0, not -1.0."),
        ({"vary": {"speed": [1]}}, "speed", "There is no setting 'speed'."),
        ({"settings": {"epochs": 0}}, "epochs", "epochs must be at least 1, not 0."),
        ({"settings": {"loss": "davidson"}}, "loss", "loss davidson learns how often people see no difference"),
        ({"settings": {"pair_rules": {"ties": "x"}}}, "pair_rules", "pair_rules: ties='x' is not one of"),
        ({"settings": {"reliability": "x"}}, "reliability", "“x” is no model of annotators."),
        ({"vary": {"seed": [1, 2]}}, "seed", "“seed” is not varied"),
        ({"vary": {"snapshot": ["a"]}}, "snapshot", "“snapshot” is not varied"),
        ({"settings": {"name": "x"}}, "name", "The config must not hold “name”"),
        ({"seeds": []}, "seeds", "Seeds are different whole numbers"),
        ({"seeds": [1, 1]}, "seeds", "Seeds are different whole numbers"),
        ({"seeds": [True]}, "seeds", "Seeds are different whole numbers"),
        ({"vary": {"learning_rate": "log:1e-6:1e-3"}}, "learning_rate", "learning_rate: a range is drawn from."),
        ({"draws": 0}, "draws", "draws must be from 1 to 100, not 0."),
        ({"seeds": list(range(51))}, "vary", "2 combinations with 51 seeds each are 102 runs; at most 100."),
        ({"name": "Big"}, "name", "“Big” cannot be a sweep's name."),
        ({"name": "x" * 101}, "name", "cannot be a sweep's name."),
    ],
)
def test_a_sweep_that_cannot_be_queues_nothing_and_names_the_field(
    plumbline_home: Path, wishes: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(InvalidSweep) as refused:
        make_sweep(**wishes)
    assert sentence in str(refused.value)
    assert field in refused.value.fields
    assert not Run.objects.exists()
    assert not Sweep.objects.exists()


def test_one_combination_that_cannot_be_refuses_all_and_is_named(plumbline_home: Path) -> None:
    with pytest.raises(InvalidSweep, match=r'With dropout 0\.1, frozen_layers "all": dropout must be 0') as refused:
        make_sweep(vary={"dropout": "0,0.1", "frozen_layers": "2,all"})
    assert list(refused.value.fields) == ["dropout"]
    assert not Run.objects.exists()


def test_the_limit_counts_combinations_and_seeds(plumbline_home: Path) -> None:
    assert make_sweep(vary={"learning_rate": "log:1e-6:1e-3"}, draws=4, seeds=[0]).trainings.count() == 4
    with pytest.raises(InvalidSweep, match="27 combinations with 4 seeds each are 108 runs; at most 100"):
        make_sweep(vary=dict.fromkeys(("epochs", "heads", "validations"), "1,2,3"), seeds=[0, 1, 2, 3])
    assert MOST_RUNS == 100


def test_a_taken_model_name_queues_nothing(plumbline_home: Path) -> None:
    snapshot = make_snapshot(prompts=6)
    queue_training(snapshot=snapshot, name="depth-2")
    with pytest.raises(NameTaken, match="depth-2"):
        make_sweep(snapshot, name="depth")
    assert not Sweep.objects.exists()
    assert Run.objects.count() == 1


def test_asking_the_same_again_under_one_name_changes_nothing(plumbline_home: Path) -> None:
    snapshot = make_snapshot(prompts=6)
    wish: dict[str, Any] = {"snapshot": snapshot, "name": "depth", "settings": {"epochs": 1}}
    first = queue_sweep(**wish, vary={"learning_rate": [1e-5, 1e-4], "heads": [1, 3]})
    again = queue_sweep(**wish, vary={"heads": "1,3", "learning_rate": "0.00001,1e-4"})
    assert (first.is_new, again.is_new, again.sweep) == (True, False, first.sweep)
    assert Run.objects.count() == 4
    for other in ({"draws": 2}, {"seeds": [1]}, {"snapshot": make_snapshot(prompts=6, seed=9)}):
        with pytest.raises(NameTaken, match="another sweep"):
            queue_sweep(**{**wish, "vary": {"learning_rate": [1e-5, 1e-4], "heads": [1, 3]}, **other})
    assert Run.objects.count() == 4


def test_sweeps_without_a_name_are_numbered_by_project(plumbline_home: Path) -> None:
    snapshot = make_snapshot(prompts=6)
    names = [make_sweep(snapshot).name for _ in range(2)]
    assert names == [f"{snapshot.project.slug}-sweep-1", f"{snapshot.project.slug}-sweep-2"]


def test_a_sweep_without_a_name_takes_the_next_number_where_somebody_was_quicker(
    plumbline_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot(prompts=6)
    make_sweep(snapshot, name="taken")
    numbers = iter(["taken", "free"])
    monkeypatch.setattr(sweep_service, "_next_name", lambda _snapshot: next(numbers))
    assert make_sweep(snapshot).name == "free"
    assert Sweep.objects.count() == 2


def test_cancelling_stops_what_is_left_and_nothing_else(plumbline_home: Path) -> None:
    sweep = make_sweep(seeds=[0, 1])
    done, working, *_waiting = sweep.trainings.order_by("position")
    end(done, 0.6)
    Run.objects.filter(pk=working.run_id).update(state="running", heartbeat_at=timezone.now())
    assert cancel_sweep(sweep) == 3
    states = list(sweep.trainings.order_by("position").values_list("run__state", flat=True))
    assert states == ["succeeded", "running", "cancelled", "cancelled"]
    assert Run.objects.get(pk=working.run_id).cancel_requested_at is not None
    assert cancel_sweep(sweep) == 1  # the one at work is still saving


def test_validation_chooses_and_the_test_split_does_not(plumbline_home: Path) -> None:
    sweep = make_sweep()
    worse, better = sweep.trainings.order_by("position")
    assert choice_among(outcomes_of(sweep)) is None
    end(worse, 0.65, test=0.99, accuracy=0.9)
    model = end(better, 0.60, test=0.51, accuracy=0.6)
    choice = choice_among(outcomes_of(sweep))
    assert choice is not None
    assert (choice.best.model, choice.others, choice.overlapping) == (model, 1, 0)


def test_the_mean_over_seeds_chooses_not_the_luckiest_run(plumbline_home: Path) -> None:
    sweep = make_sweep(seeds=[0, 1])
    for asked, loss in zip(sweep.trainings.order_by("position"), (0.50, 0.70, 0.58, 0.56), strict=True):
        end(asked, loss)
    choice = choice_among(outcomes_of(sweep))
    assert choice is not None
    assert choice.setting.settings == {"learning_rate": 1e-4}
    assert choice.setting.loss == pytest.approx(0.57)
    assert choice.best.loss["value"] == 0.56


def test_a_setting_with_fewer_measured_seeds_is_no_candidate(plumbline_home: Path) -> None:
    sweep = make_sweep(seeds=[0, 1])
    lucky, _lost, first, second = sweep.trainings.order_by("position")
    for asked, loss in ((lucky, 0.4), (first, 0.6), (second, 0.61)):
        end(asked, loss, width=0.5)
    choice = choice_among(outcomes_of(sweep))
    assert choice is not None
    assert choice.best.asked == first
    assert (choice.others, choice.overlapping) == (1, 1)


def test_a_run_without_a_figure_is_never_chosen(plumbline_home: Path) -> None:
    sweep = make_sweep()
    for asked in sweep.trainings.all():
        end(asked, None)
    assert choice_among(outcomes_of(sweep)) is None


def test_the_candidate_is_the_best_of_the_sweep_not_what_ended_last(plumbline_home: Path, tiny_bert: Path) -> None:
    sweep = make_sweep()
    for asked, loss in zip(sweep.trainings.order_by("position"), (0.5, 0.6), strict=True):
        directory = run_directory(asked.run)
        place = save(tiny_bert, directory / "model", seed=asked.position)
        digest = json.loads((place / "plumbline.json").read_text())["digest"]
        finish_training(asked.run, directory, {"digest": digest, "pairs": 0, "validation": validated(loss)})
    first = RewardModel.objects.get(name=f"{sweep.name}-1")
    assert RewardModelAlias.objects.get(alias="candidate").reward_model == first


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"position": 1, "digest": "0" * 64}, "sweep_position_once"),
        ({"position": 9, "digest": "same"}, "sweep_asks_the_same_once"),
        ({"position": 0, "digest": "0" * 64}, "sweep_positions_from_1"),
    ],
)
def test_the_database_refuses_a_sweep_that_asks_twice(plumbline_home: Path, fields: dict[str, Any], name: str) -> None:
    sweep = make_sweep()
    first = sweep.trainings.get(position=1)
    if fields["digest"] == "same":
        fields = {**fields, "digest": first.digest}
    run = queue_training(snapshot=sweep.snapshot)
    with pytest.raises(IntegrityError), transaction.atomic():
        SweepRun.objects.create(sweep=sweep, run=run, seed=0, **fields)
    assert name in {constraint.name for constraint in SweepRun._meta.constraints}


def test_a_sweep_has_a_name_of_its_own(plumbline_home: Path) -> None:
    sweep = make_sweep(name="depth")
    for name in ("depth", ""):
        with pytest.raises(IntegrityError), transaction.atomic():
            Sweep.objects.create(name=name, snapshot=sweep.snapshot, asked={})


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_sweep_by_command_trains_and_says_what_validation_chooses(
    plumbline_home: Path, tiny_bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.json"
    quick = {"backbone": str(tiny_bert), "max_length_tokens": 64, "epochs": 2, "frozen_layers": 0, "precision": "fp32"}
    config.write_text(json.dumps(quick))
    call_command(
        "sweep_reward_models", str(make_snapshot().pk), config=str(config), vary=["learning_rate=1e-7,2e-3"],
        name="rates", wait=True, json=True,
    )  # fmt: skip
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["sweep"], answer["runs"], answer["succeeded"]) == ("rates", 2, 2)
    assert (answer["best"]["model"], answer["best"]["settings"]) == ("rates-2", {"learning_rate": 2e-3})
    figures = [one["log_loss"]["value"] for one in answer["trainings"]]
    assert figures[1] < figures[0] <= 0.75
    assert all(
        one["log_loss"]["low"] < one["log_loss"]["value"] < one["log_loss"]["high"] for one in answer["trainings"]
    )
    again = {"config": str(config), "vary": ["learning_rate=1e-7,2e-3"], "name": "rates", "json": True}
    call_command("sweep_reward_models", str(Sweep.objects.get().snapshot_id), **again)
    assert Run.objects.count() == 2


def test_the_command_says_what_is_wrong(plumbline_home: Path) -> None:
    snapshot = str(make_snapshot(prompts=6).pk)
    for vary, seeds, sentence in (
        (["learning_rate=abc"], None, "learning_rate: 'abc' is not a number."),
        (["learning_rate"], None, "write name=value"),
        (["epochs=1", "epochs=2"], None, "epochs is given twice."),
        (["epochs=1"], "one", "seeds: “one” is not whole numbers"),
    ):
        with pytest.raises(CommandError, match=sentence):
            call_command("sweep_reward_models", snapshot, vary=vary, seeds=seeds)
    assert not Run.objects.exists()
