"""What needs a reviewer, and what a reviewer said about it."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.models.comparisons import Comparison
from labeling.models.judgments import Judgment
from labeling.models.projects import Project


class Review(models.Model):
    """A reviewer accepted a judgment or returned it with a comment that its annotator sees.

    The third thing a reviewer can do, adjudicate, is a judgment of its own: `Judgment.purpose`.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        RETURNED = "returned", _("returned")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="reviews")
    judgment = models.ForeignKey(Judgment, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=8, choices=Outcome)
    comment = models.TextField(_("comment"), blank=True)
    seen_at = models.DateTimeField(null=True)  # by the annotator
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(outcome__in=["accepted", "returned"]), name="review_outcome_known"),
            CheckConstraint(condition=Q(outcome="accepted") | ~Q(comment=""), name="review_returned_says_why"),
        ]
        indexes = [
            Index(fields=["project", "-created_at"], name="review_by_time"),
            Index(fields=["project", "outcome", "-created_at"], name="review_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} · judgment {self.judgment_id}"


class ReviewItem(models.Model):
    """One reason why a judgment needs a reviewer, found by looking through what was judged.

    It is a table and not a query because what speaks against a judgment (the others' rankings, the length of what was
    read, the run of answers before it) cannot be asked of a database at a flat cost. Closed by a review, an
    adjudication, or a correction; a reason that was closed does not come back for the same judgment.
    """

    class Reason(models.TextChoices):
        DISAGREEMENT = "disagreement", _("disagreement")
        FLAGGED = "flagged", _("flagged")
        SUSPICIOUS = "suspicious", _("suspicious")
        REDONE = "redone", _("redone")

    class Sign(models.TextChoices):
        CONTRADICTS_OTHERS = "others", _("others judged otherwise")
        FLAG = "flag", _("flagged")
        ALL_BAD = "all_bad", _("“all bad” against a clear preference")
        FAST = "fast", _("faster than anybody reads")
        SAME_PLACE = "same_place", _("the same place again and again")
        CONTRADICTS_GOLD = "gold", _("contradicts the expected answer")
        CONTRADICTS_SELF = "self", _("contradicts their own earlier answer")
        REDONE = "redone", _("returned and done again")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="review_items")
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="review_items")
    judgment = models.ForeignKey(Judgment, on_delete=models.PROTECT, related_name="review_items")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=12, choices=Reason)
    sign = models.CharField(max_length=10, choices=Sign)
    figures = models.JSONField(default=dict)  # what the sentence about it needs: {"share": 0.33}, {"in_a_row": 19}
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["judgment", "sign"], name="review_item_once_per_judgment_and_sign"),
            CheckConstraint(
                condition=Q(reason__in=["disagreement", "flagged", "suspicious", "redone"]),
                name="review_item_reason_known",
            ),
            CheckConstraint(
                condition=Q(sign__in=["others", "flag", "all_bad", "fast", "same_place", "gold", "self", "redone"]),
                name="review_item_sign_known",
            ),
        ]
        # The queue in its order, whole and filtered; what was settled is in none of them.
        indexes = [
            Index(fields=["project", "comparison"], name="review_item_queue", condition=Q(closed_at=None)),
            Index(
                fields=["project", "reason", "comparison"], name="review_item_by_reason", condition=Q(closed_at=None)
            ),
            Index(
                fields=["project", "annotator", "comparison"],
                name="review_item_by_annotator",
                condition=Q(closed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sign} · judgment {self.judgment_id}"


class ReviewMark(models.Model):
    """How far a project's judgments have been looked through for what needs a reviewer."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="review_mark")
    examined_until = models.DateTimeField(null=True)  # judgments up to this moment were seen, and cannot appear late
    latest_seen = models.CharField(max_length=40, blank=True)  # which of the later ones were looked at, in short

    def __str__(self) -> str:
        return f"{self.project} · {self.examined_until}"
