"""The figures that prove a stage, read back from what it left behind."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scipy.stats import spearmanr

from labeling.models import Comparison, Membership, Project, Response, Snapshot
from labeling.queries import comparisons_above_target
from labeling.services.assignments import lease_next, release
from labeling.services.people import create_person, set_membership
from preferences.snapshot import read_snapshot
from rewardmodel.core.data.texts import response_text
from rewardmodel.errors import ScorerUnavailable
from rewardmodel.models import Score
from rewardmodel.scorer_client import score_over_http

SCORER_PATIENCE_SECONDS = 60


def above_target(project: Project) -> list[int]:
    """The comparisons with more judgments than they wanted."""
    return [comparison.pk for comparison in comparisons_above_target(project)]


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_file_beside(data: Path | None) -> Path | None:
    """The test file that lies beside a training file (train.jsonl.gz → test.jsonl.gz), if there is one."""
    if data is None or "train" not in data.name:
        return None
    test = data.with_name(data.name.replace("train", "test"))
    return test if test.is_file() else None


def accuracy_figures(result: dict[str, Any]) -> dict[str, Any]:
    """Held-out accuracy with its interval, beside the baselines."""
    names = ("accuracy", "accuracy_low", "accuracy_high", "pairs", "log_loss", "ece", "baselines", "agreement")
    return {name: result.get(name) for name in names}


def plain(result: dict[str, Any]) -> dict[str, Any]:
    """The numbers and names of a run's result, without the long parts."""
    return {name: value for name, value in result.items() if isinstance(value, int | float | str)}


def response_count(project: Project) -> int:
    """How many responses the project has."""
    return Response.objects.filter(prompt__project=project).count()


def stored_scores(model: str, project: Project) -> list[Score]:
    """The rewards that a model gave to the project's responses."""
    scores = Score.objects.filter(reward_model__name=model, response__prompt__project=project)
    return list(scores.select_related("response__prompt").order_by("pk"))


def largest_server_difference(model: str, scores: Sequence[Score]) -> float:
    """How far the scoring server is from the stored rewards, in nats, at most; waits for the server to be up."""
    items = [
        {
            "prompt": score.response.prompt.messages,
            "response": response_text(score.response.content, score.response.kind),
        }
        for score in scores
    ]
    deadline = time.monotonic() + SCORER_PATIENCE_SECONDS
    while True:
        try:
            rewards = score_over_http(model, items)["results"]
            break
        except ScorerUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
    return max(abs(reward["reward"] - score.value) for reward, score in zip(rewards, scores, strict=True))


def planted_rank_correlation(scores: Sequence[Score], snapshot: str) -> float:
    """Spearman's rank correlation of reward and planted quality over responses of the test split's prompts."""
    from django.conf import settings

    path = Path(settings.PLUMBLINE_HOME) / Snapshot.objects.get(pk=snapshot).file
    held_out = {row.comparison_hash for row in read_snapshot(path, split="test", kind="comparison")}
    planted: dict[int, float] = {}
    for comparison in Comparison.objects.filter(content_hash__in=held_out).prefetch_related("responses"):
        qualities = comparison.metadata.get("planted_quality", {})
        for response in comparison.responses.all():
            if response.content_hash[:16] in qualities:
                planted[response.pk] = qualities[response.content_hash[:16]]
    rewards = {score.response_id: score.value for score in scores}
    both = sorted(planted.keys() & rewards.keys())
    return float(spearmanr([planted[key] for key in both], [rewards[key] for key in both]).statistic)


def what_an_annotator_sees(project: Project) -> dict[str, Any]:
    """The JSON of the next assignment of a fresh annotator, which is given back at once."""
    from labeling.api.assignments import shown_assignment

    person = create_person(email=f"observer@{project.slug}.example.org")
    set_membership(project=project, person=person, role=Membership.Role.ANNOTATOR)
    assignment = lease_next(project=project, annotator=person)
    if assignment is None:
        return {}
    shown = shown_assignment(assignment)
    release(assignment=assignment)
    return {**shown, "expires_at": str(shown["expires_at"])}
