"""What is put in front of an annotator: a prompt with two or more of its responses."""

import random

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.models.content import Prompt, Response
from labeling.models.projects import Project

SIDE_BY_SIDE = 16


def random_place() -> float:
    """Draw a place in the random order of a queue, 0 to 1."""
    return random.random()  # noqa: S311  an order, not a secret


def random_places(count: int) -> list[float]:
    """Draw places for comparisons that come together, each its own, and up to 16 of them side by side.

    A database keeps neighbours on one page: a page changed for every comparison, all over the order, is most of what a
    large import would write. Which of them become neighbours is drawn, so that each is as likely anywhere.
    """
    runs = [random_place() for _ in range(0, count, SIDE_BY_SIDE)]
    places = [runs[index // SIDE_BY_SIDE] + index % SIDE_BY_SIDE * 1e-10 for index in range(count)]
    random.shuffle(places)
    return places


class Comparison(models.Model):
    """A prompt with the K ≥ 2 responses shown together; in a demonstration project, with those there are, or none.

    `open_slots` is how many more people may be handed it. Handing one out takes a slot, an expired or released lease
    gives it back, and a stored judgment keeps it: slots open + leases held + judgments that count = target
    (`check_invariants` re-proves it; a judgment counts when it is current, no retraction and no surplus, whoever made
    it, imported ones included). It is a column and not a COUNT because the queue must cost the same at 10⁶ rows.
    """

    class Use(models.TextChoices):
        WORK = "work", _("work")
        PRACTICE = "practice", _("practice")  # shown before judging begins, with feedback
        EXAM = "exam", _("exam")  # shown before judging begins, and counted

    # The prompt's project, which the database checks there, and the import it came with: two checks fewer for each of a
    # million rows. `check_invariants` proves both.
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="comparisons", db_index=False, db_constraint=False
    )
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="comparisons", db_index=False)
    content_hash = models.CharField(max_length=64, editable=False)
    responses = models.ManyToManyField(Response, through="ComparisonResponse", related_name="comparisons")
    target_judgments = models.PositiveSmallIntegerField(default=1)
    open_slots = models.PositiveSmallIntegerField(default=1)
    use = models.CharField(max_length=8, choices=Use, default=Use.WORK)
    topic = models.CharField(_("topic"), max_length=60, blank=True)
    priority = models.FloatField(default=0.0)
    # Where it stands in a random order of the queue, 0 to 1: a draw begins at a random place of it.
    shuffle = models.FloatField(default=random_place, editable=False)
    metadata = models.JSONField(default=dict, blank=True)
    import_batch = models.ForeignKey(
        "ImportBatch", on_delete=models.PROTECT, null=True, related_name="comparisons", db_constraint=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            # Within its project too, as its prompt is; a new prompt's comparisons stand at the end of this index.
            UniqueConstraint(fields=["prompt", "content_hash"], name="comparison_once_per_prompt"),
            CheckConstraint(condition=Q(open_slots__gte=0), name="comparison_open_slots_not_negative"),
            CheckConstraint(
                condition=Q(open_slots__lte=F("target_judgments")), name="comparison_open_slots_within_target"
            ),
            CheckConstraint(condition=Q(use__in=["work", "practice", "exam"]), name="comparison_use_known"),
            CheckConstraint(
                condition=Q(use="work") | Q(target_judgments=0), name="comparison_only_work_wants_judgments"
            ),
        ]
        # One for each order of the queue; those that want nobody any more are in none of them.
        indexes = [
            Index("project", F("priority").desc(), "id", name="comparison_queue", condition=Q(open_slots__gt=0)),
            Index("project", "id", name="comparison_queue_in_order", condition=Q(open_slots__gt=0)),
            Index("project", "shuffle", name="comparison_queue_shuffled", condition=Q(open_slots__gt=0)),
            Index("project", "open_slots", "id", name="comparison_queue_by_slots", condition=Q(open_slots__gt=0)),
            # A project's comparisons in order, whole: lists of the administration.
            Index("project", "id", name="comparison_by_project"),
            # The few that are practice or exam, found before each lease among a million that are not.
            Index("project", "use", "id", name="comparison_before_work", condition=~Q(use="work")),
        ]

    def __str__(self) -> str:
        return f"comparison {self.pk}"


class ComparisonResponse(models.Model):
    """Which responses a comparison shows. The order shown is drawn per assignment, not here."""

    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="members", db_index=False)
    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="memberships")

    class Meta:
        constraints = [
            UniqueConstraint(fields=["comparison", "response"], name="comparison_shows_a_response_once"),
        ]

    def __str__(self) -> str:
        return f"{self.comparison_id} · {self.response_id}"


class GoldAnswer(models.Model):
    """The expected verdict of a gold comparison; annotators cannot tell which those are."""

    comparison = models.OneToOneField(Comparison, on_delete=models.PROTECT, related_name="gold_answer")
    ranking = models.JSONField()  # tie groups of response ids, best first
    explanation = models.TextField(_("explanation"), blank=True)  # shown after a practice comparison
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"gold of {self.comparison_id}"
