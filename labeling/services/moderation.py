"""Looking through a project's texts for what nobody should train on unseen, and keeping what was found.

It may run again and again: the same thing found twice is one finding, what a person decided stays decided, and an open
finding that is found no more, because the text's surroundings or a setting changed, goes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import InvalidModeration
from labeling.located import Located, located_comparisons, located_demonstrations
from labeling.models import (
    Comparison,
    ImportBatch,
    Moderation,
    ModerationFinding,
    Person,
    Project,
    Response,
)
from labeling.moderation.classifier import Classifier, read_scores
from labeling.moderation.errors import InvalidChecks, InvalidScores
from labeling.moderation.findings import Check, Finding
from labeling.moderation.moderating import moderate
from labeling.moderation.registry import build_checks
from labeling.moderation.subjects import Surroundings, Text
from preferences.hashing import canonical_json
from runs.models import Run
from runs.services.queueing import queue_run

RUN_KIND = "moderation"
AT_ONCE = 400
State = ModerationFinding.State


@dataclass(slots=True)
class Outcome:
    """What one look through a project did.

    Attributes:
        looked_at: comparisons and demonstrations.
        found: findings that were new, by check.
        gone: open findings that were not found again.
    """

    looked_at: int = 0
    found: Counter[str] = field(default_factory=Counter)
    gone: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"looked_at": self.looked_at, "found": dict(sorted(self.found.items())), "gone": self.gone}


def moderation_of(project: Project) -> Moderation:
    """How this project is moderated; not stored before somebody says something about it."""
    return Moderation.objects.filter(project=project).first() or Moderation(project=project)


def set_moderation(*, project: Project, at_import: bool, checks: Mapping[str, Mapping[str, Any]]) -> Moderation:
    """Say which checks run over a project, with which settings. Raises: InvalidModeration."""
    checks_from(checks, checks)
    settings, _is_new = Moderation.objects.update_or_create(
        project=project,
        defaults={"at_import": at_import, "checks": {name: dict(given) for name, given in checks.items()}},
    )
    return settings


def checks_from(
    settings: Mapping[str, Mapping[str, Any]] | None, names: Iterable[str] | None = None
) -> Sequence[Check]:
    """The checks that a project wants, or those of them that are named. Raises: InvalidModeration."""
    wanted = names if names is not None else settings
    try:
        return build_checks(settings or {}, wanted)
    except InvalidChecks as problem:
        raise InvalidModeration(str(problem)) from None


def moderate_project(
    *,
    project: Project,
    names: Iterable[str] | None = None,
    scores: Path | None = None,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> Outcome:
    """Look through everything a project holds.

    Args:
        names: which checks; by default those that the project wants.
        scores: a file of a classifier's scores (`labeling.moderation.classifier`); without it that check does not run.
        progress: told how many of how many comparisons are done; may raise to stop, and what is stored stays.

    Raises: InvalidModeration.
    """
    checks = [check for check in checks_from(moderation_of(project).checks, names) if check.name != Classifier.name]
    around = Surroundings(prompts_of=_prompts_of(project))
    if scores is not None:
        checks += checks_from(moderation_of(project).checks, [Classifier.name])
        around = replace(around, scores=_scores_in(scores))
    newest = Comparison.objects.filter(project=project).aggregate(newest=Max("pk"))["newest"] or 0
    comparisons = Comparison.objects.filter(project=project, pk__lte=newest)
    outcome = _look_through(
        project, comparisons, _demonstrations(project), checks=checks, around=around, progress=progress
    )
    if names is None:
        Moderation.objects.update_or_create(
            project=project, defaults={"last_comparison": newest, "moderated_at": timezone.now()}
        )
    return outcome


def moderate_import(
    *, batch: ImportBatch, progress: Callable[[int, int | None], None] = lambda done, total: None
) -> Outcome | None:
    """Look through what an import brought, if the project wants that; None if it does not."""
    settings = moderation_of(batch.project)
    if not settings.at_import:
        return None
    checks = [check for check in checks_from(settings.checks) if check.name != Classifier.name]
    comparisons = Comparison.objects.filter(import_batch=batch)
    demonstrations = _demonstrations(batch.project).filter(created_at__gte=batch.created_at)
    around = Surroundings(prompts_of=_prompts_of(batch.project))
    return _look_through(batch.project, comparisons, demonstrations, checks=checks, around=around, progress=progress)


def queue_moderation(
    *,
    project: Project,
    names: Iterable[str] | None = None,
    scores: Path | None = None,
    created_by: Person | None = None,
) -> Run:
    """Queue a look through a project, unless one is under way. The caller enqueues. Raises: InvalidModeration."""
    names = None if names is None else sorted(set(names))
    checks_from(moderation_of(project).checks, names)
    config = {"project": project.slug, "checks": names, "scores": str(scores) if scores else None}
    under_way = Run.objects.filter(kind=RUN_KIND, scope=project.slug, state__in=[Run.State.QUEUED, Run.State.RUNNING])
    return next((run for run in under_way if run.config == config), None) or queue_run(
        kind=RUN_KIND,
        config=config,
        title=_("Moderation of %(project)s") % {"project": project.name},
        created_by=created_by,
        scope=project.slug,
        lineage=[{"label": project.name, "url": f"/projects/{project.slug}/moderation/", "kind": "project"}],
    )


def _look_through(
    project: Project,
    comparisons: QuerySet[Comparison],
    demonstrations: QuerySet[Response],
    *,
    checks: Sequence[Check],
    around: Surroundings,
    progress: Callable[[int, int | None], None],
) -> Outcome:
    outcome = Outcome()
    total = comparisons.count() + demonstrations.count()
    for rows, locate in ((comparisons, located_comparisons), (demonstrations, located_demonstrations)):
        for keys in _portions(rows):
            located = list(locate(keys, around).values())
            found = [finding for one in located for finding in _findings(project, one, checks)]
            is_of = {"comparison__in": keys} if rows is comparisons else {"comparison": None, "response__in": keys}
            standing = ModerationFinding.objects.filter(project=project, **is_of)
            _keep(standing.filter(check_name__in=[check.name for check in checks]), found, outcome)
            outcome.looked_at += len(keys)
            progress(outcome.looked_at, total)
    return outcome


def _portions(rows: QuerySet[Any]) -> Iterator[list[int]]:
    last = 0
    while keys := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        last = keys[-1]
        yield keys


def _findings(project: Project, located: Located, checks: Sequence[Check]) -> Iterator[ModerationFinding]:
    for finding in moderate(located.subject, checks):
        text, figures = finding.text, dict(finding.figures)
        if "like" in figures:
            figures["like"] = located.responses[figures["like"]]
        yield ModerationFinding(
            project=project,
            comparison_id=located.comparison,
            response_id=located.response_of(text),
            message=text.message,
            check_name=finding.check,
            reason=finding.reason,
            severity=finding.severity,
            start=finding.start,
            end=finding.end,
            figures=figures,
            fingerprint=_fingerprint(finding, text, located),
        )


def _keep(standing: QuerySet[ModerationFinding], found: list[ModerationFinding], outcome: Outcome) -> None:
    """Store what is new of some rows, and drop what is open and was not found again."""
    by_fingerprint = {finding.fingerprint: finding for finding in found}
    with transaction.atomic():
        known = set(standing.values_list("fingerprint", flat=True))
        new = [finding for name, finding in by_fingerprint.items() if name not in known]
        ModerationFinding.objects.bulk_create(new, ignore_conflicts=True)
        stale = standing.filter(state=State.OPEN, fingerprint__in=known - by_fingerprint.keys())
        outcome.gone += stale.delete()[0]
    outcome.found.update(finding.check_name for finding in new)


def _fingerprint(finding: Finding, text: Text, located: Located) -> str:
    where = [located.comparison, located.response_of(text), text.message]
    said = [*where, finding.check, finding.reason, finding.start, finding.end, finding.figures.get("label", "")]
    return sha256(canonical_json(said)).hexdigest()


def _demonstrations(project: Project) -> QuerySet[Response]:
    return Response.objects.filter(prompt__project=project, is_demonstration=True)


def _prompts_of(project: Project) -> dict[str, int]:
    """Under how many of a project's prompts a response stands, of those that stand under several."""
    counted = Response.objects.filter(prompt__project=project).values("content_hash").order_by()
    several = counted.annotate(prompts=Count("prompt", distinct=True)).filter(prompts__gt=1)
    return dict(several.values_list("content_hash", "prompts"))


def _scores_in(path: Path) -> dict[str, dict[str, float]]:
    try:
        with path.open(encoding="utf-8") as lines:
            return read_scores(lines)
    except (OSError, UnicodeDecodeError, InvalidScores) as problem:
        raise InvalidModeration(
            _("The scores in %(file)s cannot be read. %(why)s") % {"file": path.name, "why": problem}
        ) from None
