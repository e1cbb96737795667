"""What policies wrote comes in front of people: new comparisons, blind, each once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from labeling.finding import stored_comparisons
from labeling.models import Comparison, Project
from labeling.services.intake import Intake
from preferences.records import ComparisonRecord, Message, ResponseRecord

ROWS_AT_ONCE = 200
WRITE_TRIES = 3
BEFORE_OLD_WORK = 1.0  # a priority; what was imported has 0


@dataclass(frozen=True)
class Answered:
    """A prompt with what policies answered to it.

    Args:
        responses: each with its policy's name and how it was drawn.
        metadata: what is known of the prompt, as an import would bring it.
    """

    prompt: tuple[Message, ...]
    responses: Sequence[ResponseRecord]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def different(self) -> tuple[ResponseRecord, ...]:
        """The responses that differ from each other; of those that say the same, the first."""
        by_hash: dict[str, ResponseRecord] = {}
        for response in self.responses:
            by_hash.setdefault(response.hash, response)
        return tuple(by_hash.values())


@dataclass(frozen=True)
class Queued:
    """What became of answered prompts: their number = comparisons + identical + unanswered + unchanged.

    Args:
        comparisons: new ones, which wait for people now.
        identical: prompts whose answers all say the same, so that there is nothing to compare.
        unanswered: prompts with fewer than two answers.
        unchanged: prompts whose very answers were compared here before.
    """

    comparisons: int = 0
    identical: int = 0
    unanswered: int = 0
    unchanged: int = 0


def queue_generated(*, project: Project, answered: Iterable[Answered], before_old_work: bool = False) -> Queued:
    """Put generated responses before people, as new comparisons that want as many judgments as the project asks for.

    A comparison that is there already stays as it is, so doing this twice changes nothing. Annotators see neither
    where a response is from nor that it is new: the order shown is drawn for each assignment, as always.

    Args:
        before_old_work: whether they are handed out before what waits already.
    """
    identical = unanswered = 0
    records: list[ComparisonRecord] = []
    for item in answered:
        different = item.different()
        if len(item.responses) < 2:
            unanswered += 1
        elif len(different) < 2:
            identical += 1
        else:
            records.append(ComparisonRecord(item.prompt, different, metadata=dict(item.metadata)).canonical())
    new = 0
    for start in range(0, len(records), ROWS_AT_ONCE):
        new += _store(project, records[start : start + ROWS_AT_ONCE], before_old_work=before_old_work)
    return Queued(new, identical, unanswered, len(records) - new)


def _store(project: Project, records: Sequence[ComparisonRecord], *, before_old_work: bool) -> int:
    """Store those of some records that are new, and count them.

    An import may store a prompt or response of ours between our look and our write; the database then refuses ours,
    and a second look finds theirs.
    """
    for tries_left in reversed(range(WRITE_TRIES)):
        try:
            with transaction.atomic():
                Project.objects.select_for_update(no_key=True).filter(pk=project.pk).values("pk").get()
                outcomes = Intake(project=project).take(records)
                new = {
                    row.comparison_hash: row.prompt_hash
                    for row, fate in zip(records, outcomes, strict=True)
                    if fate == "accepted"
                }
                if before_old_work:
                    stored = stored_comparisons(project, new).values()
                    Comparison.objects.filter(pk__in=stored).update(priority=BEFORE_OLD_WORK)
                return len(new)
        except IntegrityError:
            if not tries_left:
                raise
    raise AssertionError("unreachable: the last try returns or raises")
