"""Who was shown what, and what they judged."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.models.append_only import AppendOnlyModel
from labeling.models.comparisons import Comparison
from labeling.models.content import Response
from labeling.models.projects import GuidelineVersion, Project
from labeling.shown import Content


class Purpose(models.TextChoices):
    """Why somebody judges a comparison. Only `work` counts towards a comparison's target."""

    WORK = "work", _("work")
    REPEAT = "repeat", _("repeat")  # the same person again, to see whether they agree with themselves
    PRACTICE = "practice", _("practice")
    EXAM = "exam", _("exam")
    ADJUDICATION = "adjudication", _("adjudication")  # a reviewer's word, which stands over the others'


PURPOSES = ["work", "repeat", "practice", "exam", "adjudication"]


class Assignment(models.Model):
    """A comparison leased to one annotator until a time, with the order in which its responses are shown."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        SKIPPED = "skipped", _("skipped")
        RELEASED = "released", _("released")
        EXPIRED = "expired", _("expired")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="assignments")
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="assignments")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments")

    class Drawn(models.TextChoices):
        """By what rule it came to be handed out, so that a reader can tell a random sample from a chosen one."""

        POLICY = "policy", _("the order of the queue")
        CONTROL = "control", _("at random, as a control")
        GOLD = "gold", _("as a gold comparison")
        DIRECT = "direct", _("by name")

    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    purpose = models.CharField(max_length=12, choices=Purpose, default=Purpose.WORK)
    drawn_by = models.CharField(max_length=8, choices=Drawn, default=Drawn.POLICY)
    # False: one more look at a comparison, beside its target; the judgment is surplus.
    takes_slot = models.BooleanField(default=True)
    expires_at = models.DateTimeField()
    shown_order = models.JSONField()  # response ids, first to last
    guideline_version = models.ForeignKey(GuidelineVersion, on_delete=models.PROTECT, null=True, related_name="+")
    skip_reason = models.TextField(blank=True)
    # Opened again by undo: the earlier judgment stands until a new one supersedes it, and the slot stays taken.
    is_reopened = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True)
    content: Content | None = None  # what it shows, where that was read along with the lease

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["comparison", "annotator", "purpose"],
                condition=Q(state__in=["open", "done", "skipped"]),
                name="assignment_one_live_per_annotator",
            ),
            CheckConstraint(
                condition=Q(state__in=["open", "done", "skipped", "released", "expired"]),
                name="assignment_state_known",
            ),
            UniqueConstraint(
                fields=["comparison"],
                condition=Q(purpose="adjudication", state__in=["open", "done"]),
                name="assignment_one_adjudicator_per_comparison",
            ),
            CheckConstraint(condition=Q(purpose__in=PURPOSES), name="assignment_purpose_known"),
            CheckConstraint(
                condition=Q(purpose="work") | Q(takes_slot=False), name="assignment_only_work_takes_a_slot"
            ),
        ]
        indexes = [
            Index(fields=["project", "expires_at"], name="assignment_leases", condition=Q(state="open")),
            Index(fields=["annotator", "project", "-closed_at"], name="assignment_history"),
            Index(fields=["annotator", "project"], name="assignment_held", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"assignment {self.pk} · {self.state}"


class Judgment(AppendOnlyModel):
    """One annotator's verdict on one comparison. Append-only: a correction supersedes, never edits.

    A correction is a new row that points at the one it replaces; withdrawing a verdict is a row that says so. The
    current verdict of a person is the row that nothing supersedes. Triggers refuse UPDATE and DELETE on both engines.
    """

    class Source(models.TextChoices):
        PERSON = "person", _("person")
        IMPORTED = "imported", _("imported")
        SIMULATED = "simulated", _("simulated")

    client_id = models.UUIDField(unique=True, default=uuid.uuid4)
    # Each of these three is what an index below begins with.
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="judgments", db_index=False)
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="judgments", db_index=False)
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="judgments", db_index=False
    )
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, null=True, related_name="judgments", db_index=False
    )
    source = models.CharField(max_length=10, choices=Source, default=Source.PERSON)
    purpose = models.CharField(max_length=12, choices=Purpose, default=Purpose.WORK)
    revision = models.PositiveIntegerField(default=1)
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    is_retraction = models.BooleanField(default=False)
    # A late answer to a comparison that had all it wanted: kept, never counted against the target.
    is_surplus = models.BooleanField(default=False)
    # Tie groups of response ids, best first; responses it leaves out stand below all that it names.
    ranking = models.JSONField()
    strength = models.PositiveSmallIntegerField(null=True)
    all_bad = models.BooleanField(default=False)
    ratings = models.JSONField(default=dict)  # {response id: {attribute: value}}
    flags = models.JSONField(default=list)
    reason = models.TextField(blank=True)
    # What the person wrote with it: the demonstration asked for, or the chosen response improved.
    written = models.ForeignKey(Response, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    dwell_ms = models.PositiveBigIntegerField(null=True)
    shown_order = models.JSONField(default=list)
    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    verdict_hash = models.CharField(max_length=64, editable=False)
    judged_at = models.DateTimeField(default=timezone.now)

    class Meta(AppendOnlyModel.Meta):
        constraints = [
            UniqueConstraint(
                fields=["comparison", "annotator", "purpose", "revision"],
                name="judgment_one_per_annotator_and_revision",
            ),
            CheckConstraint(
                condition=Q(revision=1, supersedes=None) | Q(revision__gt=1, supersedes__isnull=False),
                name="judgment_first_revision_supersedes_nothing",
            ),
            CheckConstraint(
                condition=Q(strength=None) | Q(strength__range=(0, 3)), name="judgment_strength_between_0_and_3"
            ),
            CheckConstraint(condition=Q(source__in=["person", "imported", "simulated"]), name="judgment_source_known"),
            CheckConstraint(condition=Q(purpose__in=PURPOSES), name="judgment_purpose_known"),
            CheckConstraint(condition=Q(purpose="work") | Q(is_surplus=True), name="judgment_only_work_counts"),
        ]
        indexes = [
            Index(fields=["project", "judged_at"], name="judgment_by_time"),
            Index(fields=["annotator", "project", "-judged_at"], name="judgment_by_annotator"),
            # What an operator asks for of a project: the few that are no work, and those of one source.
            Index(fields=["project", "purpose", "judged_at"], name="judgment_by_purpose", condition=~Q(purpose="work")),
            Index(fields=["project", "source", "judged_at"], name="judgment_by_source"),
            # An imported judgment has none of these.
            Index(fields=["assignment"], name="judgment_by_assignment", condition=Q(assignment__isnull=False)),
            Index(fields=["written"], name="judgment_by_written", condition=Q(written__isnull=False)),
            Index(
                fields=["guideline_version"],
                name="judgment_by_guidelines",
                condition=Q(guideline_version__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"judgment {self.pk}"
