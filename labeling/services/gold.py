"""Comparisons whose expected verdict is known: gold among the work, practice before it, and the exam."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from labeling.errors import GoldInUse, InvalidGold
from labeling.models import Assignment, Comparison, GoldAnswer, Judgment, Purpose
from labeling.queries import response_ids_of
from preferences.errors import InvalidRanking
from preferences.records import validate_ranking

MAX_EXPLANATION_CHARACTERS = 10_000
Use = Comparison.Use
TRIALS = (Purpose.PRACTICE, Purpose.EXAM)


@transaction.atomic
def set_gold(
    *, comparison: Comparison, use: str, ranking: Sequence[Sequence[int]], explanation: str = ""
) -> GoldAnswer:
    """Say what is expected of a comparison, and whether it stands among the work, in the practice or in the exam.

    Practice and exam are settled once somebody has been given it there. One that people work on already stays work.

    Args:
        ranking: tie groups of response ids, best first; some or all of the comparison's responses.

    Raises: InvalidGold when the ranking does not fit; GoldInUse when its place or its answer is settled.
    """
    if use not in Use.values:
        raise InvalidGold(_("“%(use)s” is no use of a comparison.") % {"use": use}, fields={"use": use})
    expected = _fitting(ranking, response_ids_of(comparison.pk))
    locked = Comparison.objects.select_for_update(of=("self",)).get(pk=comparison.pk)
    if was_tried(locked):
        raise GoldInUse(
            _("Somebody has answered this in the practice or the exam. Withdraw it and choose another comparison.")
        )
    if use != locked.use:
        _move(locked, use)
    gold, _is_new = GoldAnswer.objects.update_or_create(
        comparison=locked, defaults={"ranking": expected, "explanation": explanation[:MAX_EXPLANATION_CHARACTERS]}
    )
    return gold


@transaction.atomic
def withdraw_gold(*, comparison: Comparison) -> None:
    """Expect nothing of a comparison any more; a second time changes nothing.

    Among the work it is judged like any other. In practice or exam it is asked no more, and what people answered stays;
    it goes back to the work if nobody has answered it.
    """
    locked = Comparison.objects.select_for_update(of=("self",)).get(pk=comparison.pk)
    GoldAnswer.objects.filter(comparison=locked).delete()
    if locked.use != Use.WORK and not was_tried(locked):
        _move(locked, Use.WORK)


def was_tried(comparison: Comparison) -> bool:
    """Whether somebody was given it in practice or exam."""
    return (
        Assignment.objects.filter(comparison=comparison, purpose__in=TRIALS).exists()
        or Judgment.objects.filter(comparison=comparison, purpose__in=TRIALS).exists()
    )


def _move(comparison: Comparison, use: str) -> None:
    """Give a locked comparison another use, with the slots that belong to it. Raises: GoldInUse."""
    if comparison.use == Use.WORK:
        is_free = comparison.open_slots == comparison.target_judgments
        if not is_free:
            raise GoldInUse(_("People work on this comparison already. It can be gold, but not practice or exam."))
        wanted = 0
    else:
        wanted = comparison.target_judgments if use != Use.WORK else comparison.project.judgments_per_comparison
    comparison.use, comparison.target_judgments, comparison.open_slots = use, wanted, wanted
    comparison.save(update_fields=["use", "target_judgments", "open_slots"])


def _fitting(ranking: Sequence[Sequence[int]], responses: Sequence[int]) -> list[list[int]]:
    """The ranking with ids in ascending order within a tie. Raises: InvalidGold."""
    index_of = {response: index for index, response in enumerate(sorted(responses))}
    try:
        groups = validate_ranking([[index_of[one] for one in group] for group in ranking], len(index_of))
    except (KeyError, InvalidRanking):
        raise InvalidGold(
            _("Give the responses their places: best first, each once, equal places for a tie."),
            fields={"ranking": "does not fit"},
        ) from None
    ids = sorted(responses)
    return [[ids[index] for index in group] for group in groups]
