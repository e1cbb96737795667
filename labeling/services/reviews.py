"""What a reviewer says about judgments: they stand as they are, or one of them is to be done again.

Whatever is done to a comparison is done under a lock on its row, and by somebody who saw how it stood: of two reviewers
the second is told. Lock order: person, comparison, assignment.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.deadlocks import again_after_deadlock
from labeling.errors import InvalidReview, OwnJudgment, ReviewMovedOn
from labeling.models import Assignment, Comparison, Judgment, Person, Purpose, Review, ReviewItem
from labeling.queries import current_judgments
from labeling.services.examination import BETWEEN_PEOPLE, LOOKED_AT

MAX_COMMENT_CHARACTERS = 2_000


def seen_state(comparison: Comparison) -> str:
    """How a comparison stands, in short: it changes with every judgment and every review of it."""
    judgments = Judgment.objects.filter(comparison=comparison).aggregate(last=Max("pk"))["last"] or 0
    reviews = Review.objects.filter(judgment__comparison=comparison).aggregate(last=Max("pk"))["last"] or 0
    return f"{judgments}.{reviews}"


def standing_judgments(comparison: Comparison) -> QuerySet[Judgment]:
    """The judgments of a comparison that a reviewer may speak of."""
    return current_judgments(purposes=LOOKED_AT).filter(comparison=comparison)


def open_items(comparison: Comparison) -> QuerySet[ReviewItem]:
    return ReviewItem.objects.filter(comparison=comparison, closed_at=None)


def has_judged(comparison: Comparison, person: Person) -> bool:
    """Whether this person is a party: their own word stands on the comparison."""
    return standing_judgments(comparison).filter(annotator=person).exists()


@again_after_deadlock
@transaction.atomic
def accept(*, comparison: Comparison, reviewer: Person, seen: str | None = None) -> list[Review]:
    """Let the judgments of a comparison stand as they are; it leaves the queue.

    Those that something speaks against are accepted; where nothing does, all of them.

    Args:
        seen: `seen_state` when the reviewer looked; without it, the comparison must still be in the queue.

    Raises: OwnJudgment; ReviewMovedOn.
    """
    items = take(comparison, reviewer, seen)
    standing = standing_judgments(comparison)
    judgments = standing.filter(pk__in=[item.judgment_id for item in items]) if items else standing
    if not judgments:
        raise ReviewMovedOn(_("There is no judgment here any more that could be accepted."))
    reviews = [_review(judgment, reviewer, Review.Outcome.ACCEPTED) for judgment in judgments]
    close_items(open_items(comparison))
    return reviews


@again_after_deadlock
@transaction.atomic
def return_judgment(*, judgment: Judgment, reviewer: Person, comment: str, seen: str | None = None) -> Review:
    """Send one judgment back with a comment that its annotator sees; they may do it again.

    What spoke against it leaves the queue, and so does the disagreement it is part of.

    Args:
        seen: as for `accept`.

    Raises: InvalidReview without a comment, or when nobody could do it again; OwnJudgment; ReviewMovedOn.
    """
    comment = comment.replace("\x00", "").strip()
    if not comment:
        raise InvalidReview(_("Say what to look at again: the annotator reads it."), fields={"comment": "missing"})
    if len(comment) > MAX_COMMENT_CHARACTERS:
        raise InvalidReview(
            _("The comment is longer than %(limit)d characters. Shorten it.") % {"limit": MAX_COMMENT_CHARACTERS},
            fields={"comment": "too long"},
        )
    if not is_returnable(judgment):
        raise InvalidReview(
            _("Nobody could do this judgment again: it was imported or simulated."), fields={"judgment": judgment.pk}
        )
    take(judgment.comparison, reviewer, seen)
    if not standing_judgments(judgment.comparison).filter(pk=judgment.pk).exists():
        raise ReviewMovedOn(_("This judgment was corrected or withdrawn meanwhile. Look at how it stands now."))
    review = _review(judgment, reviewer, Review.Outcome.RETURNED, comment)
    items = open_items(judgment.comparison)
    close_items(items.filter(judgment=judgment))
    close_items(items.filter(sign__in=BETWEEN_PEOPLE))
    return review


def is_returnable(judgment: Judgment) -> bool:
    """Whether somebody could do a judgment again: a person who was handed it here."""
    return judgment.source == Judgment.Source.PERSON and judgment.assignment_id is not None


def take(comparison: Comparison, reviewer: Person, seen: str | None) -> list[ReviewItem]:
    """Lock a comparison for this reviewer until the transaction ends; returns what speaks against its judgments.

    Raises: OwnJudgment; ReviewMovedOn when it is not as it was seen, settled, or in another reviewer's hands.
    """
    Person.objects.select_for_update(no_key=True).filter(pk=reviewer.pk).values("pk").get()
    Comparison.objects.select_for_update(no_key=True).filter(pk=comparison.pk).values("pk").get()
    if has_judged(comparison, reviewer):
        raise OwnJudgment(_("You judged this comparison yourself. Another reviewer looks at it."))
    refuse_if_adjudicated(comparison, reviewer)
    items = list(open_items(comparison))
    if seen is not None and seen != seen_state(comparison):
        raise ReviewMovedOn(_("Somebody did something here while you were looking. See how it stands now."))
    if seen is None and not items:
        raise ReviewMovedOn(_("This comparison is not in the queue any more: somebody settled it."))
    return items


def refuse_if_adjudicated(comparison: Comparison, reviewer: Person) -> None:
    """Raises: ReviewMovedOn when a reviewer has spoken the last word here, or is about to."""
    adjudications = Assignment.objects.filter(comparison=comparison, purpose=Purpose.ADJUDICATION)
    if adjudications.filter(state=Assignment.State.DONE).exists():
        raise ReviewMovedOn(_("This comparison is adjudicated. Whoever adjudicated it may correct that."))
    under_way = adjudications.filter(state=Assignment.State.OPEN, expires_at__gte=timezone.now())
    if under_way.exclude(annotator=reviewer).exists():
        raise ReviewMovedOn(_("Another reviewer is adjudicating this comparison right now."))


def close_items(items: QuerySet[ReviewItem]) -> None:
    items.update(closed_at=timezone.now())


def _review(judgment: Judgment, reviewer: Person, outcome: Review.Outcome, comment: str = "") -> Review:
    return Review.objects.create(
        project_id=judgment.project_id, judgment=judgment, reviewer=reviewer, outcome=outcome, comment=comment
    )


def latest_reviews(judgments: Sequence[int]) -> dict[int, Review]:
    """The last review of each of these judgments, by the judgment's id."""
    reviews = Review.objects.filter(judgment__in=judgments).select_related("reviewer").order_by("pk")
    return {review.judgment_id: review for review in reviews}
