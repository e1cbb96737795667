"""What a request keeps of the responses that people wrote."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from labeling.models import Judgment, Response
from labeling.records import prompt_messages, response_record
from labeling.services.moderation_decisions import EXCLUDED, excluded_demonstrations
from labeling.services.snapshots.reading import Reading
from labeling.services.snapshots.standing import circumstances_of, standing_verdicts
from preferences.records import ComparisonRecord

READ_RESPONSES = 400


def demonstration_records(reading: Reading) -> Iterator[ComparisonRecord]:
    """Demonstrations that stand: imported ones, and those of which the request keeps a judgment that they came with."""
    last = 0
    while True:
        responses = list(
            Response.objects.filter(prompt__project=reading.project, is_demonstration=True, pk__gt=last)
            .select_related("prompt")
            .order_by("pk")[:READ_RESPONSES]
        )
        if not responses:
            return
        last = responses[-1].pk
        kept = _written_that_stands([response.pk for response in responses], reading)
        excluded = excluded_demonstrations(response.pk for response in responses)
        for response in responses:
            if response.pk in excluded:
                reading.drops[EXCLUDED] += 1
            elif response.author_id is None or response.pk in kept:
                record = ComparisonRecord(
                    prompt=prompt_messages(response.prompt),
                    responses=(response_record(response),),
                    kind="demonstration",
                )
                if reading.leaves_out(record):
                    reading.drops["prompt of the benchmark"] += 1
                else:
                    yield record


def _written_that_stands(responses: list[int], reading: Reading) -> set[int]:
    """Those of some demonstrations that a verdict which the request keeps was given with."""
    given: dict[int, list[Judgment]] = defaultdict(list)
    comparisons = Judgment.objects.filter(written__in=responses, pk__lte=reading.newest).values("comparison")
    judgments = Judgment.objects.filter(comparison__in=comparisons, pk__lte=reading.newest)
    for judgment in judgments.select_related("annotator", "guideline_version"):
        given[judgment.comparison_id].append(judgment)
    circumstances = circumstances_of(list(given), reading.request, reading.gold)
    standing = (
        judgment
        for group in given.values()
        for judgment in standing_verdicts(group, circumstances, reading.request, Counter())
    )
    return {judgment.written_id for judgment in standing if judgment.written_id is not None}
