"""Freezing what was judged into an immutable file. The same content is the same snapshot, on any engine."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from labeling.errors import InvalidSnapshot, SnapshotFileMissing
from labeling.models import (
    Comparison,
    ComparisonResponse,
    Judgment,
    Person,
    Project,
    Purpose,
    Response,
    Review,
    Snapshot,
)
from labeling.records import judgment_record, prompt_messages, response_record
from preferences.errors import InvalidRecord
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord
from preferences.splits import check_fractions
from runs.models import Run
from runs.services.queueing import queue_run

RUN_KIND = "snapshot"
READ_COMPARISONS = 400
REVIEW_RULES = {"adjudication": ("replaces", "beside", "ignore"), "returned": ("drop", "keep")}
AT_ONCE_COMPARISONS = 10_000  # about four seconds of work; more is a run


@dataclass(frozen=True, kw_only=True)
class SnapshotRequest:
    """What goes into a snapshot. Only verdicts that stand are taken: corrected and withdrawn ones are dropped.

    Attributes:
        exclude_imported, exclude_simulated: leave out what no person judged here.
        exclude_annotators: pseudonyms whose verdicts are left out.
        since, until: verdicts given in this span, both ends included; a verdict stands if it stood at `until`.
        adjudication: whether a reviewer's own verdict `replaces` the others on its comparison, stands `beside` them as
            one more, or is left out (`ignore`).
        returned: whether a verdict that a reviewer returned and nobody has redone is left out (`drop`) or `keep`t.
        include_unjudged: keep comparisons without a verdict too, for export of their responses.
        seed, validation, test: how prompts are split, as fractions of all prompts.
        rules: how readers derive pairs.
        name: for people; no part of the content.
    """

    exclude_imported: bool = False
    exclude_simulated: bool = False
    exclude_annotators: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    adjudication: str = "replaces"
    returned: str = "drop"
    include_unjudged: bool = False
    seed: int = 0
    validation: float = 0.1
    test: float = 0.1
    rules: PairRules = field(default_factory=PairRules)
    name: str = ""

    def __post_init__(self) -> None:
        try:
            check_fractions(validation=self.validation, test=self.test)
        except ValueError:
            raise InvalidSnapshot(
                _("Validation and test are fractions between 0 and 1 that leave room for each other."),
                fields={"validation": self.validation, "test": self.test},
            ) from None
        for name, allowed in REVIEW_RULES.items():
            if getattr(self, name) not in allowed:
                raise InvalidSnapshot(
                    _("“%(value)s” is no rule for “%(name)s”. There are: %(rules)s.")
                    % {"value": getattr(self, name), "name": name, "rules": ", ".join(allowed)},
                    fields={name: getattr(self, name)},
                )
        if self.since and self.until and self.since > self.until:
            raise InvalidSnapshot(_("The span ends before it begins."), fields={"until": self.until.isoformat()})

    def filters(self) -> dict[str, Any]:
        """What was asked to be left out, as the manifest tells it."""
        return {
            "exclude_imported": self.exclude_imported,
            "exclude_simulated": self.exclude_simulated,
            "exclude_annotators": sorted(self.exclude_annotators),
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "include_unjudged": self.include_unjudged,
            "adjudication": self.adjudication,
            "returned": self.returned,
        }

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), **self.filters()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SnapshotRequest":
        """Read what `to_dict` wrote, from a run's config. Raises: InvalidSnapshot."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        for name in ("since", "until"):
            if isinstance(known.get(name), str):
                known[name] = datetime.fromisoformat(known[name])
        known["exclude_annotators"] = tuple(known.get("exclude_annotators", ()))
        known["rules"] = pair_rules(known.get("rules", {}))
        return cls(**known)


def pair_rules(values: Mapping[str, Any], base: PairRules | None = None) -> PairRules:
    """Read pair rules that a person gave, on top of others. Raises: InvalidSnapshot, naming what does not exist."""
    try:
        return PairRules.from_dict({**(base or PairRules()).to_dict(), **values})
    except ValueError as error:
        raise InvalidSnapshot(str(error), fields=dict(values)) from None


@dataclass(frozen=True, slots=True)
class Frozen:
    """A snapshot, and whether this call made it."""

    snapshot: Snapshot
    is_new: bool


def freeze_snapshot(
    *,
    project: Project,
    request: SnapshotRequest,
    created_by: Person | None = None,
    progress: Callable[[int], None] = lambda comparisons: None,
) -> Frozen:
    """Write what stands now into a file and record it; content that was frozen before gives the snapshot it has.

    Args:
        progress: told the number of comparisons read; may raise to stop, and nothing is left behind.

    Raises: InvalidSnapshot when nothing is left to freeze.
    """
    from preferences.snapshot import store_snapshot  # Arrow is not loaded before it is needed

    drops: Counter[str] = Counter()
    records = _records(project, request, drops, progress)
    first = next(records, None)
    if first is None:
        raise InvalidSnapshot(_("There is nothing to freeze: no comparison has a verdict that these filters keep."))
    path, manifest = store_snapshot(
        chain([first], records),
        Path(settings.PLUMBLINE_HOME) / "snapshots",
        seed=request.seed,
        validation=request.validation,
        test=request.test,
        rules=request.rules,
        filters=request.filters(),
        drops=drops,
        extra={"project": project.slug},
    )
    same = Snapshot.objects.filter(project=project, content_sha256=manifest.content_sha256)
    if (snapshot := same.first()) is not None:
        return Frozen(snapshot, is_new=False)
    told = replace(
        manifest, filters=request.filters(), drops={reason: count for reason, count in sorted(drops.items()) if count}
    )
    try:
        with transaction.atomic():
            snapshot = Snapshot.objects.create(
                project=project,
                content_sha256=manifest.content_sha256,
                file_sha256=manifest.file_sha256,
                file=str(path.relative_to(settings.PLUMBLINE_HOME)),
                manifest=told.to_dict(),
                name=request.name,
                created_by=created_by,
            )
    except IntegrityError:  # somebody froze the same at the same time
        return Frozen(same.get(), is_new=False)
    return Frozen(snapshot, is_new=True)


def queue_snapshot(*, project: Project, request: SnapshotRequest, created_by: Person | None = None) -> Run:
    """Record that a snapshot is wanted. The caller then sends `execute_run.delay_on_commit(str(run.pk))`."""
    return queue_run(
        kind=RUN_KIND,
        config={"project": project.slug, **request.to_dict()},
        title=_("Freeze %(project)s") % {"project": project.name},
        created_by=created_by,
        scope=project.slug,
        lineage=[{"label": project.name, "url": f"/projects/{project.slug}/", "kind": "project"}],
    )


def is_large(project: Project) -> bool:
    """Whether freezing takes longer than somebody should wait for a page."""
    return Comparison.objects.filter(project=project)[AT_ONCE_COMPARISONS:].exists()


def snapshot_path(snapshot: Snapshot) -> Path:
    """Where a snapshot's file lies. Raises: SnapshotFileMissing."""
    path = Path(settings.PLUMBLINE_HOME) / snapshot.file
    if not path.exists():
        raise SnapshotFileMissing(
            _("The file of snapshot %(id)s is not under PLUMBLINE_HOME any more. Freeze the same filters again.")
            % {"id": snapshot.content_sha256[:12]}
        )
    return path


def _records(
    project: Project, request: SnapshotRequest, drops: Counter[str], progress: Callable[[int], None]
) -> Iterator[ComparisonRecord]:
    """Everything the request keeps, some hundred comparisons in memory at a time; what it drops is counted.

    Verdicts stored after the start are left to the next snapshot, so that a correction that arrives meanwhile cannot
    take its predecessor out without coming in itself.
    """
    newest = Judgment.objects.filter(project=project).aggregate(newest=Max("pk"))["newest"] or 0
    last = done = 0
    while True:
        comparisons = list(
            Comparison.objects.filter(project=project, pk__gt=last)
            .select_related("prompt", "gold_answer")
            .order_by("pk")[:READ_COMPARISONS]
        )
        if not comparisons:
            break
        last = comparisons[-1].pk
        yield from _comparison_records(comparisons, newest, request, drops)
        done += len(comparisons)
        progress(done)
    yield from _demonstration_records(project, newest, request)


def _comparison_records(
    comparisons: list[Comparison], newest: int, request: SnapshotRequest, drops: Counter[str]
) -> Iterator[ComparisonRecord]:
    keys = [comparison.pk for comparison in comparisons]
    shown: dict[int, list[Response]] = defaultdict(list)
    for member in ComparisonResponse.objects.filter(comparison__in=keys).select_related("response"):
        shown[member.comparison_id].append(member.response)
    given: dict[int, list[Judgment]] = defaultdict(list)
    judgments = Judgment.objects.filter(comparison__in=keys, pk__lte=newest)
    for judgment in judgments.select_related("annotator", "guideline_version"):
        given[judgment.comparison_id].append(judgment)
    returned = _returned(keys, request)
    for comparison in comparisons:
        responses = shown[comparison.pk]
        index_of = {response.pk: index for index, response in enumerate(responses)}
        standing = _standing(given[comparison.pk], returned, request, drops)
        kept = [judgment_record(judgment, index_of) for judgment in standing if _judges_responses(judgment)]
        if len(responses) < 2:  # a prompt that asks for a demonstration
            drops["prompt without two responses"] += request.include_unjudged
            continue
        if not kept and not request.include_unjudged:
            drops["comparison without a verdict"] += 1
            continue
        record = _record(comparison, responses, index_of, kept)
        if record is None:
            drops["comparison of identical responses"] += 1
        else:
            yield record


def _judges_responses(judgment: Judgment) -> bool:
    """Whether a verdict says something about the responses, and is not only the writing of a demonstration."""
    return bool(judgment.ranking or judgment.all_bad or judgment.ratings or judgment.flags)


def _returned(comparisons: list[int], request: SnapshotRequest) -> frozenset[int]:
    """The judgments of these comparisons that a reviewer had sent back, by `until`, and not accepted since."""
    reviews = Review.objects.filter(judgment__comparison__in=comparisons).order_by("pk")
    if request.until is not None:
        reviews = reviews.filter(created_at__lte=request.until)
    outcomes: dict[int, str] = dict(reviews.values_list("judgment_id", "outcome"))
    return frozenset(judgment for judgment, outcome in outcomes.items() if outcome == Review.Outcome.RETURNED)


def _standing(
    judgments: list[Judgment], returned: frozenset[int], request: SnapshotRequest, drops: Counter[str]
) -> Iterator[Judgment]:
    """The verdicts on one comparison that stood at `until` and that the filters keep."""
    in_time = [j for j in judgments if request.until is None or j.judged_at <= request.until]
    successors = {j.supersedes_id: j for j in in_time}
    drops["outside the time span"] += sum(1 for j in judgments if j not in in_time and not j.is_retraction)
    kept = []
    for judgment in in_time:
        if judgment.is_retraction:
            continue
        reason = _reason_to_drop(judgment, successors.get(judgment.pk), judgment.pk in returned, request)
        if reason:
            drops[reason] += 1
        else:
            kept.append(judgment)
    last_word = [judgment for judgment in kept if judgment.purpose == Purpose.ADJUDICATION]
    if last_word and request.adjudication == "replaces":
        drops["adjudicated"] += len(kept) - len(last_word)
        kept = last_word
    yield from kept


def _reason_to_drop(judgment: Judgment, successor: Judgment | None, is_returned: bool, request: SnapshotRequest) -> str:
    annotator, purpose = judgment.annotator, judgment.purpose
    reasons = {
        f"no work of its own: {purpose}": purpose not in (Purpose.WORK, Purpose.ADJUDICATION),
        "withdrawn": successor is not None and successor.is_retraction,
        "corrected later": successor is not None,
        "outside the time span": request.since is not None and judgment.judged_at < request.since,
        "annotator left out": annotator.pseudonym in request.exclude_annotators,
        "imported": request.exclude_imported and annotator.kind == Person.Kind.IMPORTED,
        "simulated": request.exclude_simulated and judgment.source == Judgment.Source.SIMULATED,
        "returned and not redone": is_returned and request.returned == "drop",
        "adjudication left out": purpose == Purpose.ADJUDICATION and request.adjudication == "ignore",
    }
    return next((reason for reason, applies in reasons.items() if applies), "")


def _record(
    comparison: Comparison, responses: list[Response], index_of: dict[int, int], judgments: list[JudgmentRecord]
) -> ComparisonRecord | None:
    gold = getattr(comparison, "gold_answer", None)
    documents = {"documents": comparison.prompt.documents} if comparison.prompt.documents else {}
    try:
        return ComparisonRecord(
            prompt=prompt_messages(comparison.prompt),
            responses=tuple(response_record(response) for response in responses),
            judgments=tuple(judgments),
            gold=tuple(tuple(index_of[pk] for pk in group) for group in gold.ranking) if gold else None,
            metadata={**comparison.metadata, **documents},
        )
    except InvalidRecord:
        return None


def _demonstration_records(project: Project, newest: int, request: SnapshotRequest) -> Iterator[ComparisonRecord]:
    """Demonstrations that stand: imported ones, and those of which the request keeps a judgment that they came with."""
    last = 0
    while True:
        responses = list(
            Response.objects.filter(prompt__project=project, is_demonstration=True, pk__gt=last)
            .select_related("prompt")
            .order_by("pk")[:READ_COMPARISONS]
        )
        if not responses:
            return
        last = responses[-1].pk
        kept = _written_that_stands([response.pk for response in responses], newest, request)
        for response in responses:
            if response.author_id is None or response.pk in kept:
                yield ComparisonRecord(
                    prompt=prompt_messages(response.prompt),
                    responses=(response_record(response),),
                    kind="demonstration",
                )


def _written_that_stands(responses: list[int], newest: int, request: SnapshotRequest) -> set[int]:
    """Those of some demonstrations that a verdict which the request keeps was given with."""
    given: dict[int, list[Judgment]] = defaultdict(list)
    comparisons = Judgment.objects.filter(written__in=responses, pk__lte=newest).values("comparison")
    judgments = Judgment.objects.filter(comparison__in=comparisons, pk__lte=newest)
    for judgment in judgments.select_related("annotator"):
        given[judgment.comparison_id].append(judgment)
    returned = _returned(list(given), request)
    standing = (judgment for group in given.values() for judgment in _standing(group, returned, request, Counter()))
    return {judgment.written_id for judgment in standing if judgment.written_id is not None}
