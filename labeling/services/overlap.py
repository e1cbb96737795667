"""How many people judge a comparison: as many as it wants, more while they disagree, fewer once they agree."""

from typing import TypeGuard

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from labeling.errors import InvalidTarget
from labeling.models import Comparison, GoldAnswer, Instrument, Judgment, Project
from labeling.queries import current_judgments, response_ids_of
from labeling.stats.overlap import confidence

MOST_WANTED = 100


@transaction.atomic
def set_target(*, comparison: Comparison, judgments: int) -> int:
    """Let a comparison want so many judgments of its own, whatever the project's number.

    What was given or is leased stays: a comparison wants no fewer than those. It keeps its own number in its metadata,
    as an import may bring it.

    Returns: how many it wants now.
    Raises: InvalidTarget if that is not 1 to 100, or nobody judges this comparison as work.
    """
    if not is_target(judgments):
        raise InvalidTarget(_("A comparison wants 1 to 100 judgments."), fields={"target": judgments})
    locked = Comparison.objects.select_for_update(of=("self",), no_key=True).get(pk=comparison.pk)
    if locked.use != Comparison.Use.WORK:
        raise InvalidTarget(
            _("This comparison is kept for practice or the exam and wants no judgments."), fields={"target": judgments}
        )
    taken = locked.target_judgments - locked.open_slots
    locked.target_judgments = max(judgments, taken)
    locked.open_slots = locked.target_judgments - taken
    locked.metadata = {**locked.metadata, "target": judgments}
    locked.save(update_fields=["target_judgments", "open_slots", "metadata"])
    return locked.target_judgments


def ask_nobody_more(*, comparison_id: int) -> None:
    """Let a comparison want no judgments but those it has and those that are leased, because its verdict is settled."""
    Comparison.objects.filter(pk=comparison_id).update(
        target_judgments=F("target_judgments") - F("open_slots"), open_slots=0
    )


def is_target(value: object) -> TypeGuard[int]:
    """Whether a comparison can want so many judgments."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_WANTED


def weigh_overlap(*, project: Project, comparison_id: int) -> None:
    """Let one more person judge a comparison on which people disagree, and nobody more once they agree.

    Does nothing in a project whose overlap is fixed, for gold (its answer is known) and where nothing is compared. The
    caller is in the transaction that stored or withdrew a judgment of the comparison; its row is locked here, so that
    of two people who answer at once the second sees what the first said.
    """
    instrument: Instrument = project.instrument
    if project.most_judgments is None or instrument.kind not in (Instrument.Kind.PAIR, Instrument.Kind.RANKING):
        return
    comparison = Comparison.objects.select_for_update(of=("self",), no_key=True).get(pk=comparison_id)
    if GoldAnswer.objects.filter(comparison_id=comparison_id).exists():
        return
    judgments = list(current_judgments().filter(comparison_id=comparison_id).only("ranking", "is_surplus", "source"))
    counted = sum(not judgment.is_surplus for judgment in judgments)
    first = _wanted_at_first(project, comparison, judgments)
    if counted < first:
        return
    target, open_slots = comparison.target_judgments, comparison.open_slots
    if confidence_of(project, comparison_id, judgments) >= project.wanted_confidence:
        dropped = min(open_slots, max(0, target - first))
        target, open_slots = target - dropped, open_slots - dropped
    elif counted >= target and target < project.most_judgments:
        target, open_slots = target + 1, open_slots + 1
    Comparison.objects.filter(pk=comparison_id).exclude(target_judgments=target).update(
        target_judgments=target, open_slots=open_slots
    )


def confidence_of(project: Project, comparison_id: int, judgments: list[Judgment]) -> float:
    """How sure these judgments of a comparison make us of what most people would answer, 0 to 1."""
    instrument = project.instrument
    return confidence(
        [judgment.ranking for judgment in judgments],
        response_ids_of(comparison_id),
        allows_ties=instrument.allows_ties or instrument.allows_all_bad,
    )


def _wanted_at_first(project: Project, comparison: Comparison, judgments: list[Judgment]) -> int:
    """How many judgments it wants before anybody looks whether they agree: its own number or the project's, besides
    those that came with it."""
    own = comparison.metadata.get("target")
    imported = sum(judgment.source == Judgment.Source.IMPORTED and not judgment.is_surplus for judgment in judgments)
    return imported + (own if is_target(own) else project.judgments_per_comparison)
