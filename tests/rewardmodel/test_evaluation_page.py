"""The page of an evaluation, the comparison of two models, the card, and what the command says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client

from labeling.models import Project, Snapshot
from rewardmodel.core.evaluation.evaluating import evaluate_rows
from rewardmodel.core.evaluation.floors import LearnedFrom
from rewardmodel.core.evaluation.outcomes_file import FILE, Outcomes
from rewardmodel.evaluation_page import evaluation_page
from rewardmodel.evaluation_words import slice_label, verdict_sentence
from rewardmodel.models import Evaluation, RewardModel
from rewardmodel.services.model_card import card_text, training_report
from runs.directories import run_directory
from runs.models import Run
from tests.factories import make_comparison, make_member, make_person, make_project
from tests.rewardmodel.builders import planted_records, record
from tests.rewardmodel.rows import FIGURES, make_reward_model, make_snapshot
from tests.rewardmodel.test_evaluate_reward import CountingScorer, rows

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """A whole report, as it comes back from JSON."""
    train, test = planted_records(prompts=80, responses=4), planted_records(prompts=60, responses=4, seed=9)
    hostile = record("</script><b>", ["good <i>", "bad"], ((0,), (1,)), metadata={"domain": "<u>|"})
    found = evaluate_rows(
        rows([*test, hostile, *_doubled()]),
        CountingScorer(noise=1.0),
        learned_from=LearnedFrom(rows(train), is_the_models=True),
        category="domain",
    )
    return dict(json.loads(json.dumps(found)))


def _doubled() -> list[Any]:
    """Four people on each of forty pairs, one of whom errs now and then; some find both equal."""
    return [
        record(
            f"한국어 질문 번호 {number} 어떻게 하면 좋을까요",
            [f"good {number}", f"bad {number}"],
            *[((0,), (1,))] * 3, ((1,), (0,)) if number % 4 == 0 else ((0, 1),),
            metadata={"domain": "<u>|" if number % 2 else "maths"},
        )
        for number in range(40)
    ]  # fmt: skip


@pytest.fixture
def project(plumbline_home: Path) -> Project:
    return make_project(name="Helpful answers")


def model_with(report: dict[str, Any], project: Project, **fields: Any) -> RewardModel:
    snapshot = Snapshot.objects.filter(project=project).first() or make_snapshot(project, prompts=6)
    model = make_reward_model(snapshot=snapshot, **fields)
    run = Run.objects.create(kind="evaluate_reward", title="Evaluate", state="succeeded", finished_at=model.created_at)
    Evaluation.objects.create(reward_model=model, data="test split", metrics=report, snapshot=model.snapshot, run=run)
    return model


@pytest.fixture
def engineer() -> Client:
    client = Client()
    client.force_login(make_person("engineer"))
    return client


def page_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_says_everything_that_was_measured(report: dict[str, Any], project: Project, engineer: Client) -> None:
    page = page_of(engineer, f"/reward-models/{model_with(report, project).name}/")
    for title in (
        "Accuracy, and what it is compared with", "words and length", "Would it be a better annotator",
        "Does it know how sure it may be?", "Brier score", "Where it is right", "By “domain”",
        "By script of the prompt", "Length", "Three responses or more", "Best of n",
        "Ties among the answers", "How decided it is", "Evaluations",
    ):  # fmt: skip
        assert title in page, title
    assert "nan" not in page.lower().replace("finance", "")
    assert "&lt;u&gt;|" in page
    assert "<u>" not in page
    assert page.count("<h1") == 1


def test_what_earned_its_keep_and_what_has_not_is_said_plainly() -> None:
    def metrics(verdict: str, value: float, low: float, high: float) -> dict[str, Any]:
        difference = {"value": value, "low": low, "high": high}
        return {
            "earned": {"verdict": verdict, "against": "words"}, "floors": [{"name": "words", "difference": difference}]
        }  # fmt: skip

    assert verdict_sentence(metrics("earned", 0.05, 0.01, 0.09)).startswith("It earns its keep")
    assert "+0.050 (0.010 – 0.090)" in verdict_sentence(metrics("earned", 0.05, 0.01, 0.09))
    assert verdict_sentence(metrics("not shown", 0.01, -0.03, 0.05)).startswith("It has not earned its keep")
    assert verdict_sentence(metrics("below", -0.05, -0.09, -0.01)).startswith("It does not earn its keep")
    assert "Too few pairs" in verdict_sentence({"earned": {"verdict": "unknown", "against": None}})
    assert verdict_sentence({}) == ""


def test_figures_of_an_older_version_are_shown_as_far_as_they_go() -> None:
    page = evaluation_page(FIGURES)
    assert page.accuracy is not None
    assert [row.measure.label for row in page.accuracy.rows] == [
        "this model", "two people with each other", "the longer answer",
    ]  # fmt: skip
    assert len(page.dots) == 2
    assert (page.slices, page.length, page.margins, page.verdict) == ([], None, None, "")
    assert evaluation_page({"accuracy": None}).accuracy is None


def test_attributes_are_shown_with_their_part_of_the_reward_and_why_there_is_no_figure(
    project: Project, engineer: Client
) -> None:
    figure = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 1234, "prompts": 100}
    flat = {"value": None, "reason": "ratings or predictions do not differ", "n": 30, "prompts": 30}
    attributes = [
        {"name": "<b>help", "weight": 0.75, "pearson": figure, "spearman": figure, "rmse": figure, "spread": 1.5},
        {"name": "tone", "weight": -0.25, "pearson": flat, "spearman": flat, "rmse": figure, "spread": None},
    ]
    page = page_of(engineer, f"/reward-models/{model_with({**FIGURES, 'attributes': attributes}, project).name}/")
    for said in ("Rated attributes", "&lt;b&gt;help", "0.500 (0.250 – 0.750)", "1,234", "1.500"):
        assert said in page, said
    assert page.count("ratings or predictions do not differ") == 2
    assert "Rated attributes" not in page_of(engineer, f"/reward-models/{model_with(FIGURES, project).name}/")


def test_slices_are_named_for_people() -> None:
    assert slice_label("length_ratio", "1.1-1.5") == "1.1 to 1.5 times"
    assert slice_label("length_ratio", "2-") == "2 times or more"
    assert slice_label("prompt_length", "0-100") == "0 to 100 characters"
    assert slice_label("strength", "3") == "strength 3"
    assert slice_label("script", "Han") == "Chinese characters"
    assert slice_label("policies", "a - b / c") == "a - b / c"


def test_one_of_several_evaluations_is_shown_when_asked_for(
    report: dict[str, Any], project: Project, engineer: Client
) -> None:
    model = model_with(report, project)
    other = Evaluation.objects.create(reward_model=model, data="another file", metrics=FIGURES)
    assert "0.724" in page_of(engineer, f"/reward-models/{model.name}/?evaluation={other.pk}")
    assert engineer.get(f"/reward-models/{model.name}/?evaluation=nonsense").status_code == 404
    foreign = Evaluation.objects.create(reward_model=make_reward_model(), data="x", metrics=FIGURES)
    assert engineer.get(f"/reward-models/{model.name}/?evaluation={foreign.pk}").status_code == 404


def test_disagreements_lead_to_the_project_that_was_evaluated_on(project: Project, engineer: Client) -> None:
    elsewhere = make_project()
    comparison = make_comparison(elsewhere)
    comparison.content_hash = "c" * 64
    comparison.save()
    model = make_reward_model(snapshot=make_snapshot(project, prompts=6))
    Evaluation.objects.create(
        reward_model=model, data="x", metrics=FIGURES, snapshot=make_snapshot(elsewhere, prompts=7)
    )
    page = page_of(engineer, f"/reward-models/{model.name}/")
    assert f'href="/projects/{elsewhere.slug}/comparisons/{comparison.pk}/"' in page


def keep(model: RewardModel, correct: Any) -> None:
    run = model.evaluations.get().run
    assert run is not None
    Outcomes("f" * 64, np.arange(len(correct)), np.array(correct, dtype=float)).write(run_directory(run) / FILE)


@pytest.fixture
def two_models(report: dict[str, Any], project: Project) -> Callable[[], tuple[RewardModel, RewardModel]]:
    def make() -> tuple[RewardModel, RewardModel]:
        same = {**report, "pairs_sha256": "f" * 64}
        return model_with(same, project, name="first"), model_with(same, project, name="second")

    return make


def test_two_models_are_compared_on_the_pairs_that_both_saw(two_models: Any, engineer: Client) -> None:
    first, second = two_models()
    keep(first, [1] * 90 + [0] * 10)
    keep(second, [1] * 60 + [0] * 40)
    page = page_of(engineer, "/reward-models/compare/?a=first&b=second")
    assert "+0.300" in page
    assert "first is better." in page
    assert "30 pairs only the first got right, 0 only the second." in page
    assert "compare with second" in page_of(engineer, "/reward-models/first/")


def test_models_that_cannot_be_compared_say_why(two_models: Any, engineer: Client, project: Project) -> None:
    two_models()
    assert "no longer kept" in page_of(engineer, "/reward-models/compare/?a=first&b=second")
    make_reward_model(name="third")
    assert "not evaluated on the same pairs" in page_of(engineer, "/reward-models/compare/?a=first&b=third")
    assert engineer.get("/reward-models/compare/?a=first&b=nowhere").status_code == 404


def test_a_manager_compares_the_models_of_own_projects_only(two_models: Any, project: Project) -> None:
    two_models()
    stranger, manager = Client(), Client()
    stranger.force_login(make_member(make_project(), "manager"))
    manager.force_login(make_member(project, "manager"))
    assert stranger.get("/reward-models/compare/?a=first&b=second").status_code == 404
    assert manager.get("/reward-models/compare/?a=first&b=second").status_code == 200


@pytest.mark.parametrize("path", ["/", "/card/"])
def test_a_manager_finds_no_evaluation_on_the_data_of_others(project: Project, path: str) -> None:
    model = make_reward_model(name="mine", snapshot=make_snapshot(project, prompts=6))
    others = make_snapshot(make_project(), prompts=7)
    for data, snapshot in {"of ours": model.snapshot, "of others": others, "a file": None}.items():
        run = Run.objects.create(kind="evaluate_reward", title="Evaluate")
        Evaluation.objects.create(reward_model=model, data=data, snapshot=snapshot, metrics=FIGURES, run=run)
    manager, engineer = Client(), Client()
    manager.force_login(make_member(project, "manager"))
    engineer.force_login(make_person("engineer"))
    everything = page_of(engineer, f"/reward-models/mine{path}")
    seen = page_of(manager, f"/reward-models/mine{path}")
    assert [data in everything for data in ("of ours", "of others", "a file")] == [True, True, True]
    assert [data in seen for data in ("of ours", "of others", "a file")] == [True, False, False]


def test_a_manager_does_not_reach_the_prompts_of_others_by_an_evaluations_number(
    two_models: Any, project: Project, engineer: Client
) -> None:
    two_models()
    elsewhere = make_snapshot(make_project(), prompts=7)
    Evaluation.objects.update(snapshot=elsewhere)
    address = f"/reward-models/first/?evaluation={Evaluation.objects.get(reward_model__name='first').pk}"
    manager = Client()
    manager.force_login(make_member(project, "manager"))
    assert engineer.get(address).status_code == 200
    assert manager.get(address).status_code == 404
    assert "compare with second" not in page_of(manager, "/reward-models/first/")
    compared = "/reward-models/compare/?a=first&b=second"
    assert "not evaluated on the same pairs" in page_of(manager, compared)
    assert "not evaluated on the same pairs" not in page_of(engineer, compared)


def test_the_card_tells_lineage_figures_floors_limits_and_how_to_load_it(
    report: dict[str, Any], project: Project, engineer: Client
) -> None:
    model = model_with(report, project, config={"epochs": 2})
    text = page_of(engineer, f"/reward-models/{model.name}/card/")
    assert model.snapshot is not None
    for part in (
        model.name, model.digest, model.snapshot.content_sha256, "epochs 2", "margin none", "## Elsewhere",
        "test split",
        "AutoModelForSequenceClassification.from_pretrained", "licences", "knows nothing of facts",
    ):  # fmt: skip
        assert part in text, part
    training = card_text(model, {**report, "split": "test"})
    assert "words and length (Bradley–Terry, no neural network) | 0." in training
    assert "| domain | &lt;u>\\| |" in training
    assert training == card_text(model, {**report, "split": "test"})
    assert "nan" not in training.lower()


def test_a_model_without_figures_has_a_card_that_says_so(project: Project) -> None:
    model = make_reward_model(metrics={})
    assert "not measured: nothing was held out" in card_text(model, training_report(model))


@pytest.mark.django_db(transaction=True)
def test_the_command_evaluates_a_benchmark_file_and_says_what_it_found(
    plumbline_home: Path, tiny_bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_reward_model(tiny_bert, name="tiny", snapshot=make_snapshot(prompts=60))
    file = tmp_path / "bench.jsonl"
    lines = [
        {"prompt": f"how {number}", "chosen": "good egg", "rejected": "bad", "subset": "hep-go"} for number in range(30)
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    call_command("evaluate_reward_model", "tiny", str(file), format="rewardbench", json=True)
    said = capsys.readouterr()
    answer = json.loads(said.out.splitlines()[-1])
    names = {"model", "accuracy", "accuracy_low", "accuracy_high", "pairs", "log_loss", "ece"}
    assert names <= answer.keys()
    assert answer["benchmark"]["sections"][0]["label"] == "Reasoning"
    assert answer["floors"][1]["learned_from"]["is_the_models"] is True
    assert "its keep" in said.err
    evaluation = model.evaluations.get()
    assert (evaluation.data, evaluation.metrics["format"]) == ("bench.jsonl", "rewardbench")
    assert "bench.jsonl" in (plumbline_home / model.directory / "README.md").read_text()
    call_command("evaluate_reward_model", "tiny", str(file))
    shown = capsys.readouterr().out
    assert "words and length: " in shown
    assert "disagreements" not in shown
