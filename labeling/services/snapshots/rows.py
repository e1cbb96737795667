"""What a request keeps, as records: comparisons with their verdicts, then demonstrations."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from django.db.models import Max

from labeling.models import Comparison, ComparisonResponse, Judgment, Project, Response
from labeling.records import judgment_record, prompt_messages, response_record
from labeling.services.snapshots.request import SnapshotRequest
from labeling.services.snapshots.standing import returned_judgments, standing_verdicts
from preferences.errors import InvalidRecord
from preferences.records import ComparisonRecord, JudgmentRecord

READ_COMPARISONS = 400


def records_of(
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
    returned = returned_judgments(keys, request)
    for comparison in comparisons:
        responses = shown[comparison.pk]
        index_of = {response.pk: index for index, response in enumerate(responses)}
        standing = standing_verdicts(given[comparison.pk], returned, request, drops)
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
    returned = returned_judgments(list(given), request)
    standing = (
        judgment for group in given.values() for judgment in standing_verdicts(group, returned, request, Counter())
    )
    return {judgment.written_id for judgment in standing if judgment.written_id is not None}
