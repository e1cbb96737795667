"""What a request keeps, as records: comparisons with their verdicts, then demonstrations."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from labeling.models import Comparison, ComparisonResponse, Judgment, Project, Purpose, Response
from labeling.records import judgment_record, prompt_messages, response_record
from labeling.services.moderation_decisions import EXCLUDED, excluded_among
from labeling.services.snapshots.demonstrations import demonstration_records
from labeling.services.snapshots.reading import Reading
from labeling.services.snapshots.request import SnapshotRequest
from labeling.services.snapshots.standing import circumstances_of, standing_verdicts
from labeling.stats.suspicion import concordance_of
from preferences.errors import InvalidRecord
from preferences.records import ComparisonRecord, JudgmentRecord
from preferences.selection import with_responses

READ_COMPARISONS = 400


def records_of(
    reading: Reading, progress: Callable[[int], None] = lambda comparisons: None
) -> Iterator[ComparisonRecord]:
    """Everything the request keeps, some hundred comparisons in memory at a time; what it drops is counted.

    Args:
        progress: told the number of comparisons read.
    """
    last = done = 0
    while comparisons := comparisons_after(reading.project, last):
        last = comparisons[-1].pk
        yield from comparison_records(reading, comparisons)
        done += len(comparisons)
        progress(done)
    yield from demonstration_records(reading)


def comparisons_after(project: Project, last: int, *, most: int | None = None) -> list[Comparison]:
    """The next comparisons of a project behind a key, at most `most` and at most as many as are read at once."""
    comparisons = Comparison.objects.filter(project=project, pk__gt=last).select_related("prompt", "gold_answer")
    return list(comparisons.order_by("pk")[: min(READ_COMPARISONS, most or READ_COMPARISONS)])


def comparison_records(reading: Reading, comparisons: Sequence[Comparison]) -> Iterator[ComparisonRecord]:
    """What the request keeps of some comparisons."""
    request, drops = reading.request, reading.drops
    keys = [comparison.pk for comparison in comparisons]
    shown: dict[int, list[Response]] = defaultdict(list)
    for member in ComparisonResponse.objects.filter(comparison__in=keys).select_related("response"):
        shown[member.comparison_id].append(member.response)
    given: dict[int, list[Judgment]] = defaultdict(list)
    judgments = Judgment.objects.filter(comparison__in=keys, pk__lte=reading.newest)
    for judgment in judgments.select_related("annotator", "guideline_version"):
        given[judgment.comparison_id].append(judgment)
    circumstances = circumstances_of(keys, request, reading.gold)
    excluded = excluded_among(keys)
    for comparison in comparisons:
        if comparison.pk in excluded:
            drops[EXCLUDED] += 1
            continue
        standing = standing_verdicts(given[comparison.pk], circumstances, request, drops)
        answer = _record_or_reason(comparison, shown[comparison.pk], standing, reading)
        if isinstance(answer, ComparisonRecord):
            yield answer
        elif answer:
            drops[answer] += 1


def _record_or_reason(
    comparison: Comparison, responses: list[Response], standing: list[Judgment], reading: Reading
) -> ComparisonRecord | str:
    """The record of a comparison, or why it is left out."""
    request = reading.request
    index_of = {response.pk: index for index, response in enumerate(responses)}
    kept = [judgment_record(judgment, index_of) for judgment in standing if _judges_responses(judgment)]
    if len(responses) < 2:  # a prompt that asks for a demonstration; nobody misses it unless they ask for such
        return "prompt without two responses" if request.include_unjudged else ""
    if not kept and not request.include_unjudged:
        return "comparison without a verdict"
    record = _record(comparison, responses, index_of, kept)
    if record is None:
        return "comparison of identical responses"
    is_settled = request.adjudication == "replaces" and any(j.purpose == Purpose.ADJUDICATION for j in standing)
    return _narrowed(record, reading, is_settled=is_settled)


def _narrowed(record: ComparisonRecord, reading: Reading, *, is_settled: bool) -> ComparisonRecord | str:
    """What policies, agreement and benchmark leave of a record, or why nothing. Settled: adjudicated by a reviewer."""
    request = reading.request
    between = with_responses(record, _by_policies_asked_for(record, request))
    if between is None:
        return "fewer than two responses by the policies asked for"
    reading.drops["verdict on policies left out"] += len(record.judgments) - len(between.judgments)
    if not between.judgments and not request.include_unjudged:
        return "comparison without a verdict"
    if reason := "" if is_settled else _disagreement(between, request):
        return reason
    return "prompt of the benchmark" if reading.leaves_out(between) else between


def _by_policies_asked_for(record: ComparisonRecord, request: SnapshotRequest) -> set[int]:
    """The indices of the responses that the request's policies gave."""
    return {
        index
        for index, response in enumerate(record.responses)
        if (not request.only_policies or response.policy in request.only_policies)
        and response.policy not in request.exclude_policies
    }


def _disagreement(record: ComparisonRecord, request: SnapshotRequest) -> str:
    """Why a comparison's verdicts agree too little for the request; "" if they do not."""
    if request.least_agreement is None:
        return ""
    concordance = concordance_of([judgment.ranking for judgment in record.judgments if judgment.ranking])
    if concordance is None:
        return "comparison with fewer than two verdicts to compare"
    return "comparison whose verdicts disagree" if concordance.share < request.least_agreement else ""


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
