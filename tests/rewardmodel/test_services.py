"""Train, evaluate, score and promote, through rows, children and files."""

import fcntl
import json
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from labeling.models import Response
from rewardmodel.errors import ChangedModel, InvalidTraining, NameTaken, NothingToScore, UnknownData
from rewardmodel.models import Evaluation, RewardModel, RewardModelAlias, Score
from rewardmodel.queries import champion, get_snapshot
from rewardmodel.services.evaluate import queue_evaluation
from rewardmodel.services.files import read_digest
from rewardmodel.services.promote import promote
from rewardmodel.services.score import finish_scoring, prepare_scoring, queue_scoring
from rewardmodel.services.sweep import queue_sweep
from rewardmodel.services.train import finish_training, prepare_training, queue_training
from runs.directories import run_directory
from runs.models import Run
from runs.services.waiting import run_here
from tests.factories import make_comparison, make_person, make_project
from tests.rewardmodel.rows import make_reward_model, make_snapshot
from tests.rewardmodel.test_checkpoint import save

pytestmark = pytest.mark.django_db
QUICK = {"max_length_tokens": 64, "learning_rate": 2e-3, "head_learning_rate": 5e-3, "epochs": 4, "precision": "fp32"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_trained_model_becomes_a_row_with_its_lineage(plumbline_home: Path, tiny_bert: Path) -> None:
    snapshot, engineer = make_snapshot(), make_person("engineer")
    config = {**QUICK, "backbone": str(tiny_bert)}
    run = run_here(queue_training(snapshot=snapshot, config=config, name="first", created_by=engineer))
    assert run.state == Run.State.SUCCEEDED, run.error
    model = RewardModel.objects.get(name="first")
    assert (model.snapshot, model.run, model.created_by) == (snapshot, run, engineer)
    assert model.metrics["accuracy"] == run.result["accuracy"] > 0.7
    assert model.aliases.get().alias == "candidate"
    assert Evaluation.objects.get(reward_model=model).metrics["pairs"] > 0
    directory = plumbline_home / "reward-models" / "first"
    assert snapshot.content_sha256 in (directory / "README.md").read_text()
    assert json.loads((directory / "plumbline.json").read_text())["digest"] == model.digest
    assert run.metrics.filter(values__split="train").exists()

    evaluated = run_here(queue_evaluation(reward_model=model, snapshot=snapshot))
    assert evaluated.state == Run.State.SUCCEEDED, evaluated.error
    assert evaluated.result["accuracy"] == pytest.approx(model.metrics["accuracy"])
    assert model.evaluations.count() == 2


def test_finishing_twice_gives_one_model(plumbline_home: Path, tiny_bert: Path) -> None:
    run = queue_training(snapshot=make_snapshot(prompts=6), name="once")
    save(tiny_bert, run_directory(run) / "model")
    digest = read_digest(run_directory(run) / "model")
    result = {"digest": digest, "accuracy": 0.7, "accuracy_low": 0.6, "accuracy_high": 0.8, "pairs": 9, "split": "test"}
    finish_training(run, run_directory(run), result)
    RewardModelAlias.objects.all().delete()
    Evaluation.objects.all().delete()
    RewardModel.objects.all().delete()  # the transaction was rolled back after the files had moved
    finish_training(run, run_directory(run), result)
    assert RewardModel.objects.get().digest == digest


def test_two_trainings_queued_under_one_name_both_keep_their_model(plumbline_home: Path, tiny_bert: Path) -> None:
    snapshot = make_snapshot(prompts=6)
    first, second = queue_training(snapshot=snapshot, name="same"), queue_training(snapshot=snapshot, name="other")
    second.config["name"] = "same"
    for run, seed in ((first, 2), (second, 3)):
        place = save(tiny_bert, run_directory(run) / "model", seed=seed)
        finish_training(run, run_directory(run), {"digest": read_digest(place), "pairs": 0})
    names = set(RewardModel.objects.values_list("name", flat=True))
    assert names == {"same", f"same-{str(second.pk)[:8]}"}
    assert RewardModel.objects.values("digest").distinct().count() == 2


def test_the_child_is_told_where_the_snapshot_lies(plumbline_home: Path) -> None:
    snapshot = make_snapshot(prompts=6)
    run = queue_training(snapshot=snapshot, config={"epochs": 2})
    prepare_training(run, run_directory(run))
    config = json.loads((run_directory(run) / "config.json").read_text())
    assert config["snapshot"] == str(plumbline_home / snapshot.file)
    assert (config["epochs"], config["torch_threads"], config["name"]) == (2, 1, f"{snapshot.project.slug}-1")


def test_names_are_numbered_by_project_and_never_given_twice(plumbline_home: Path) -> None:
    snapshot = make_snapshot(prompts=6)
    names = [queue_training(snapshot=snapshot).config["name"] for _ in range(2)]
    assert names == [f"{snapshot.project.slug}-1", f"{snapshot.project.slug}-2"]
    with pytest.raises(NameTaken, match="already"):
        queue_training(snapshot=snapshot, name=names[0])


@pytest.mark.parametrize(("slug", "stem"), [("Alpha", "alpha"), ("_x", "x"), ("-_-", "model")])
def test_names_of_any_projects_are_numbered_and_can_be_served(plumbline_home: Path, slug: str, stem: str) -> None:
    snapshot = make_snapshot(make_project(slug=slug), prompts=6)
    names = [queue_training(snapshot=snapshot).config["name"] for _ in range(2)]
    assert names == [f"{stem}-1", f"{stem}-2"]
    assert queue_sweep(snapshot=snapshot, vary={"epochs": [1]}).sweep.name == f"{stem}-sweep-1"


@pytest.mark.parametrize(
    "name", ["Big", "a/b", "../x", "aliases", "fragments", "champion", "candidate", "-x", "x" * 120]
)
def test_a_name_that_is_no_address_is_refused(plumbline_home: Path, name: str) -> None:
    with pytest.raises(InvalidTraining, match="cannot be a model's name"):
        queue_training(snapshot=make_snapshot(prompts=6), name=name)
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("config", "sentence"),
    [({"epoch": 1}, "no setting 'epoch'"), ({"epochs": -1}, "epochs must be"), ({"snapshot": "x"}, "must not hold")],
)
def test_a_wrong_setting_is_refused_before_anything_is_queued(
    plumbline_home: Path, config: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidTraining, match=sentence):
        queue_training(snapshot=make_snapshot(prompts=6), config=config)
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_every_response_is_scored_once(plumbline_home: Path, tiny_bert: Path) -> None:
    project, other = make_project(), make_project()
    comparison = make_comparison(project, k=3)
    make_comparison(other)
    model = make_reward_model(tiny_bert)
    run = run_here(queue_scoring(reward_model=model, project=project))
    assert run.state == Run.State.SUCCEEDED, run.error
    assert set(model.scores.values_list("response_id", flat=True)) == set(
        comparison.responses.values_list("pk", flat=True)
    )
    with pytest.raises(NothingToScore):
        queue_scoring(reward_model=model, project=project)
    assert run_here(queue_scoring(reward_model=model)).result["scored"] == 2
    assert Score.objects.count() == Response.objects.count() == 5


def test_storing_scores_twice_changes_nothing(plumbline_home: Path) -> None:
    comparison = make_comparison(make_project())
    model = make_reward_model()
    run = queue_scoring(reward_model=model)
    prepare_scoring(run, run_directory(run))
    items = [json.loads(line) for line in (run_directory(run) / "items.jsonl").read_text().splitlines()]
    assert {item["id"] for item in items} == set(comparison.responses.values_list("pk", flat=True))
    with (run_directory(run) / "scores.jsonl").open("w") as stream:
        for item in items:
            score = {"id": item["id"], "reward": 1.5, "reward_normalized": 0.5, "uncertainty": None}
            stream.write(json.dumps(score) + "\n")
    finish_scoring(run, run_directory(run), {"scored": 2})
    finish_scoring(run, run_directory(run), {"scored": 2})
    assert list(Score.objects.values_list("value", "normalized")) == [(1.5, 0.5)] * 2


@pytest.mark.django_db(transaction=True)
def test_promotion_moves_the_alias_and_tells_the_scoring_server(plumbline_home: Path, tiny_bert: Path) -> None:
    first, second = make_reward_model(tiny_bert, name="one"), make_reward_model(tiny_bert, name="two")
    alias_file = plumbline_home / "reward-models" / "aliases" / "champion.json"
    promote(reward_model=first)
    assert json.loads(alias_file.read_text()) == {"name": "one", "directory": "reward-models/one"}
    promote(reward_model=second)
    assert champion() == second
    written = alias_file.stat().st_mtime_ns
    promote(reward_model=second)
    assert alias_file.stat().st_mtime_ns == written
    assert RewardModelAlias.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_finished_training_tells_the_scoring_server_its_candidate(plumbline_home: Path, tiny_bert: Path) -> None:
    run = queue_training(snapshot=make_snapshot(prompts=6), name="fresh")
    digest = read_digest(save(tiny_bert, run_directory(run) / "model"))
    finish_training(run, run_directory(run), {"digest": digest, "pairs": 0})
    alias_file = plumbline_home / "reward-models" / "aliases" / "candidate.json"
    assert json.loads(alias_file.read_text())["name"] == "fresh"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("damaged", [b"", b"\xff", b"[]", b"{"])
def test_a_damaged_alias_file_is_written_again(plumbline_home: Path, tiny_bert: Path, damaged: bytes) -> None:
    aliases = plumbline_home / "reward-models" / "aliases"
    aliases.mkdir(parents=True)
    (aliases / "champion.json").write_bytes(damaged)
    promote(reward_model=make_reward_model(tiny_bert, name="one"))
    assert json.loads((aliases / "champion.json").read_text())["name"] == "one"


@pytest.mark.django_db(transaction=True)
def test_alias_files_are_written_by_one_process_at_a_time(plumbline_home: Path, tiny_bert: Path) -> None:
    aliases = plumbline_home / "reward-models" / "aliases"
    aliases.mkdir(parents=True)
    written_meanwhile = []
    with (aliases / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def release() -> None:
            written_meanwhile.append((aliases / "champion.json").exists())
            fcntl.flock(lock, fcntl.LOCK_UN)

        Timer(0.3, release).start()
        promote(reward_model=make_reward_model(tiny_bert, name="one"))
    assert written_meanwhile == [False]


def test_a_model_whose_files_are_gone_is_not_promoted(plumbline_home: Path) -> None:
    with pytest.raises(ChangedModel, match="Restore them"):
        promote(reward_model=make_reward_model())
    assert champion() is None


def test_a_snapshot_is_found_by_id_by_name_and_by_the_beginning_of_its_hash(plumbline_home: Path) -> None:
    make_snapshot(prompts=5)
    snapshot = make_snapshot(prompts=6, name="first week")
    for name in (str(snapshot.pk), snapshot.content_sha256[:10], "first week"):
        assert get_snapshot(name) == snapshot
    for unknown in ("0" * 10, snapshot.content_sha256[:4], "x", ""):
        with pytest.raises(UnknownData):
            get_snapshot(unknown)


def test_commands_say_what_is_missing(plumbline_home: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no snapshot"):
        call_command("train_reward_model", "nowhere")
    with pytest.raises(CommandError, match="There is no reward model"):
        call_command("evaluate_reward_model", "nowhere", "x.jsonl")
    config = tmp_path / "config.json"
    snapshot = str(make_snapshot(prompts=6).pk)
    for written, sentence in {
        "[1]": "must hold a JSON object",
        "[" * 100_000: "no readable JSON",
        '{"learning_rate": Infinity}': "too large",
        '{"backbone": "\\ud800"}': "half a character",
    }.items():
        config.write_text(written)
        for command in ("train_reward_model", "sweep_reward_models"):
            with pytest.raises(CommandError, match=sentence):
                call_command(command, snapshot, config=str(config))


def test_promoting_by_command(plumbline_home: Path, tiny_bert: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_reward_model(tiny_bert, name="one")
    call_command("promote_reward_model", "one", json=True)
    assert json.loads(capsys.readouterr().out) == {"model": "one", "alias": "champion"}
