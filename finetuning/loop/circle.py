"""The stages of the circle, in order. Each does its work through commands, and claims what it must have done."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management import call_command

from finetuning.loop import figures
from finetuning.loop.commands import command, finished
from finetuning.loop.processes import worker_and_beat
from finetuning.loop.report import Report, StageFailed
from finetuning.loop.sabotage import Saboteur
from labeling.models import Comparison, Judgment, Project
from labeling.services.demo import DEMO, DEMO_PROJECTS, ensure_demo_project
from labeling.services.projects import create_project

ANNOTATORS = 8
COUNTS = ("rows", "accepted", "rejected", "unchanged")
SERVER_SAMPLE = 64


@dataclass
class Circle:
    """What one stage hands to the next."""

    home: Path
    data: Path | None
    seed: int
    slug: str = "loop"
    snapshot: str = ""
    model: str = ""
    training_run: str = ""
    base_run: str = ""
    rloo_run: str = ""
    policies: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        return Project.objects.get(slug=self.slug)

    @property
    def is_planted(self) -> bool:
        """Whether the truth is known, because it was planted."""
        return self.data is None


def go_around(*, home: Path, data: Path | None, seed: int, kill: bool = False) -> int:
    """Run every stage; 0 only if each did what it claims."""
    report = Report(home / "report.json", data=str(data) if data else "demo", seed=seed)
    circle = Circle(home=home, data=data, seed=seed)
    call_command("migrate", verbosity=0)
    saboteur = Saboteur(home) if kill else None
    if saboteur is not None:
        saboteur.start()
    try:
        with worker_and_beat(home):
            for stage in STAGES:
                stage(circle, report)
            if saboteur is not None:
                prove_sabotage(saboteur, report)
    except StageFailed as failure:
        sys.stderr.write(f"The loop stopped at {failure}\n")
        return 1
    sys.stdout.write(f"The loop stands. {report.path}\n")
    return 0


def import_data(circle: Circle, report: Report) -> None:
    """Rows come in, each accounted for; reading the same file again changes nothing."""
    with report.stage("import") as stage:
        if circle.data is None:
            circle.slug = DEMO_PROJECTS[0].slug
            ensure_demo_project(DEMO_PROJECTS[0], owner=None)
            path = DEMO / DEMO_PROJECTS[0].files[0]
            first = circle.project.import_batches.order_by("pk")[0]
            counts: dict[str, Any] = {name: getattr(first, name) for name in COUNTS}
        else:
            create_project(slug=circle.slug, name=circle.data.name)
            path = circle.data
            counts = command("import_responses", circle.slug, path, "--labels-settle")
        again = command("import_responses", circle.slug, path, "--labels-settle")
        stage.figures |= {name: counts[name] for name in COUNTS}
        stage.figures["comparisons"] = circle.project.comparisons.count()
        stage.figures["rejected_reasons"] = counts.get("reasons", {})
        stage.claim("every row is accounted for", counts["rows"] == sum(counts[name] for name in COUNTS[1:]))
        stage.claim("something was accepted", counts["accepted"] > 0)
        stage.claim("the same file again changes nothing", again["accepted"] == 0)


def label(circle: Circle, report: Report) -> None:
    """People of planted competence judge; or the file's own preferences are the judgments."""
    with report.stage("label") as stage:
        if circle.is_planted:
            answer = command("simulate_annotators", circle.slug, annotators=ANNOTATORS, seed=circle.seed)
            stage.figures |= {"annotators": answer["annotators"], "competence": answer["competence"]}
        judgments = Judgment.objects.filter(project=circle.project)
        stage.figures["judgments"] = judgments.count()
        stage.figures["above_target"] = len(figures.above_target(circle.project))
        stage.figures["slots_open"] = sum(circle.project.comparisons.values_list("open_slots", flat=True))
        stage.claim("judgments were stored", stage.figures["judgments"] > 0)
        stage.claim("no comparison is above its target", stage.figures["above_target"] == 0)
        stage.claim("nothing is left to judge", stage.figures["slots_open"] == 0)


def freeze(circle: Circle, report: Report) -> None:
    """What was judged becomes an immutable file; freezing again gives the same one."""
    with report.stage("snapshot") as stage:
        frozen = command("create_snapshot", circle.slug, name="loop", seed=circle.seed)
        again = command("create_snapshot", circle.slug, name="loop", seed=circle.seed)
        circle.snapshot = frozen["snapshot"]
        stage.figures |= {"sha256": frozen["sha256"], **frozen["counts"], "drops": frozen["drops"]}
        stage.claim("the same data freezes to the same snapshot", again["snapshot"] == frozen["snapshot"])
        stage.claim(
            "the file has the hash that is recorded", figures.sha256_of(Path(frozen["file"])) == frozen["file_sha256"]
        )
        out = circle.home / "trl.jsonl"
        exported = command("export_dataset", circle.slug, format="trl", out=str(out), snapshot=circle.snapshot)
        stage.figures |= {"exported_rows": sum(1 for _line in out.open()), "exported_drops": exported.get("dropped")}
        stage.claim("the export holds pairs", stage.figures["exported_rows"] > 0)


def start_training(circle: Circle, report: Report) -> None:
    """The reward model trains in one child process, and beside it the base policy in another."""
    circle.training_run = command("train_reward_model", circle.snapshot, name="loop")["run"]
    corpus = "demo" if circle.data is None else circle.snapshot
    circle.base_run = command("create_policy", "loop-base", corpus=corpus)["run"]


def imitate(circle: Circle, report: Report) -> None:
    """A base policy is pretrained on the corpus, then fine-tuned on demonstrations, while the reward model trains."""
    with report.stage("base policy") as stage:
        base = finished(circle.base_run)
        stage.figures |= figures.plain(base.result)
        circle.policies["base"] = base.result["policy"]
    with report.stage("sft") as stage:
        base_policy = circle.policies["base"]
        queued = command("finetune_policy", base_policy, method="sft", snapshot=circle.snapshot, name="loop-sft")
        run = finished(queued["run"])
        circle.policies["old"] = run.result["policy"]
        stage.figures |= figures.plain(run.result)


def train_reward_model(circle: Circle, report: Report) -> None:
    """A reward model learns the judgments and is held against prompts it has not seen."""
    with report.stage("reward model") as stage:
        run = finished(circle.training_run)
        circle.model = run.result["model"]
        command("promote_reward_model", circle.model)
        held_out = run.result
        test = figures.test_file_beside(circle.data)
        if test is not None:
            held_out = command("evaluate_reward_model", circle.model, test, split="all")
            stage.figures["held_out"] = test.name
        stage.figures |= figures.accuracy_figures(held_out)
        stage.figures |= {"training_seconds": run.result.get("training_seconds"), "attempts": run.attempt}
        low, accuracy, high = (held_out[key] for key in ("accuracy_low", "accuracy", "accuracy_high"))
        stage.claim("accuracy lies in its interval", low <= accuracy <= high)
        if circle.is_planted:
            stage.claim("it is better than chance", low > 0.5)
            stage.claim("it beats the longer answer", accuracy > held_out["baselines"]["longer"])


def score(circle: Circle, report: Report) -> None:
    """Every response gets its reward; the scoring server gives the same one."""
    with report.stage("scores") as stage:
        answer = command("score_responses", circle.model, project=circle.slug)
        scores = figures.stored_scores(circle.model, circle.project)
        stage.figures |= {"scored": len(scores), "responses": figures.response_count(circle.project)}
        stage.claim("every response has a reward", stage.figures["scored"] == stage.figures["responses"])
        sample = scores[:: max(1, len(scores) // SERVER_SAMPLE)]
        stage.figures["server_difference"] = figures.largest_server_difference(circle.model, sample)
        stage.claim("the scoring server gives the same rewards", stage.figures["server_difference"] < 1e-4)
        if circle.is_planted:
            stage.figures["rank_correlation"] = figures.planted_rank_correlation(scores, circle.snapshot)
            stage.claim("rewards rank as the planted preference does", stage.figures["rank_correlation"] > 0.5)
        stage.figures["run"] = answer["run"]


def start_reinforcement(circle: Circle, report: Report) -> None:
    """The policy run works in a child process while this one has the responses scored."""
    circle.rloo_run = command(
        "finetune_policy",
        circle.policies["old"],
        method="rloo",
        reward_model=circle.model,
        name="loop-rloo",
        snapshot=circle.snapshot,
    )["run"]


def reinforce(circle: Circle, report: Report) -> None:
    """RLOO has raised the reward of the policy's answers, KL to the frozen reference logged."""
    with report.stage("rloo") as stage:
        run = finished(circle.rloo_run)
        circle.policies["tuned"] = run.result["policy"]
        stage.figures |= figures.plain(run.result)
        stage.claim("KL to the reference policy was measured", run.result["kl_nats"] > 0)
        if circle.is_planted:
            stage.claim("the reward on unseen prompts rose", run.result["reward_gain_low"] > 0)


def queue_new_comparisons(circle: Circle, report: Report) -> None:
    """The tuned policy's answers meet the old policy's, blind, in front of people."""
    with report.stage("new comparisons") as stage:
        before = circle.project.comparisons.count()
        answer = command(
            "generate_responses",
            circle.slug,
            policy=circle.policies["tuned"],
            against=circle.policies["old"],
            wait=True,
        )
        new = Comparison.objects.filter(project=circle.project, open_slots__gt=0)
        stage.figures |= {"queued": circle.project.comparisons.count() - before, "waiting": new.count()}
        shown = figures.what_an_annotator_sees(circle.project)
        stage.claim("new comparisons wait for people", stage.figures["queued"] > 0 and stage.figures["waiting"] > 0)
        stage.claim(
            "annotators are blind to policies",
            not any(name in json.dumps(shown) for name in circle.policies.values()),
        )
        stage.figures["run"] = answer.get("run")


def prove_invariants(circle: Circle, report: Report) -> None:
    """The rules that span rows hold on the whole database."""
    with report.stage("invariants") as stage:
        stage.figures |= command("check_invariants")
        stage.claim("no rule is broken", stage.figures["violations"] == 0)


def prove_sabotage(saboteur: Saboteur, report: Report) -> None:
    """What was to be killed was killed, on the way here."""
    with report.stage("killed") as stage:
        stage.figures |= saboteur.killed
        stage.claim("the training child and the worker were killed", len(saboteur.killed) > 1)


STAGES = (
    import_data,
    label,
    freeze,
    start_training,
    imitate,
    train_reward_model,
    start_reinforcement,
    score,
    reinforce,
    queue_new_comparisons,
    prove_invariants,
)
