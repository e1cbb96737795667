"""What is asked, of whom: projects, their members, guidelines and instrument."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Project(models.Model):
    """One labeling effort: guidelines, instrument, members and quality rules."""

    class QueuePolicy(models.TextChoices):
        IN_ORDER = "in_order", _("in order of import")
        BREADTH = "breadth", _("breadth first: every comparison once before any twice")
        DEPTH = "depth", _("depth first: finish what was begun")
        PRIORITY = "priority", _("by priority")
        RANDOM = "random", _("at random")
        UNCERTAINTY = "uncertainty", _("where the reward model is least certain")
        INFORMATION = "information", _("where most is learned about the ranking of policies")

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    judgments_per_comparison = models.PositiveSmallIntegerField(_("judgments per comparison"), default=1)
    # Adaptive overlap: a comparison whose judgments disagree is given to more people, up to so many. None: never.
    most_judgments = models.PositiveSmallIntegerField(_("most judgments per comparison"), null=True, blank=True)
    # How probable the leading answer must be, given the judgments so far, for a comparison to need no more of them.
    wanted_confidence = models.FloatField(_("wanted confidence"), default=0.9)
    lease_seconds = models.PositiveIntegerField(_("lease in seconds"), default=600)
    daily_quota = models.PositiveIntegerField(_("daily quota per annotator"), null=True, blank=True)
    queue_policy = models.CharField(_("order of the queue"), max_length=11, choices=QueuePolicy, default="priority")
    # Shares of what is handed out, 0 to 1, drawn at random whatever the queue's order.
    control_share = models.FloatField(_("share drawn at random as a control"), default=0.05)
    gold_share = models.FloatField(_("share of gold comparisons"), default=0.0)
    repeat_share = models.FloatField(_("share of repeated comparisons"), default=0.0)
    # What stands between joining and judging.
    requires_acceptance = models.BooleanField(_("guidelines must be accepted"), default=False)
    requires_practice = models.BooleanField(_("practice comparisons come first"), default=False)
    exam_pass_share = models.FloatField(_("share of the exam to get right"), null=True, blank=True)  # None: no exam
    content_warning = models.TextField(_("content warning"), blank=True)
    # Topics people may decline: [{"name": "self-harm", "warning": "Speaks of suicide."}]; a comparison names its own.
    sensitive_topics = models.JSONField(_("sensitive topics"), default=list, blank=True)
    is_archived = models.BooleanField(default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            CheckConstraint(
                condition=Q(judgments_per_comparison__range=(1, 100)), name="project_judgments_between_1_and_100"
            ),
            CheckConstraint(condition=Q(lease_seconds__range=(5, 86_400)), name="project_lease_between_5_s_and_1_day"),
            CheckConstraint(
                condition=Q(most_judgments=None)
                | Q(most_judgments__gte=F("judgments_per_comparison"), most_judgments__lte=100),
                name="project_most_judgments_not_below_the_first",
            ),
            CheckConstraint(
                condition=Q(wanted_confidence__gt=0.5, wanted_confidence__lt=1), name="project_confidence_half_to_one"
            ),
            CheckConstraint(
                condition=Q(control_share__range=(0, 1), gold_share__range=(0, 1), repeat_share__range=(0, 1))
                & Q(gold_share__lte=1 - F("repeat_share")),
                name="project_shares_within_one",
            ),
            CheckConstraint(
                condition=Q(exam_pass_share=None) | Q(exam_pass_share__range=(0, 1)), name="project_exam_share_0_to_1"
            ),
            CheckConstraint(
                condition=Q(
                    queue_policy__in=[
                        "in_order",
                        "breadth",
                        "depth",
                        "priority",
                        "random",
                        "uncertainty",
                        "information",
                    ]
                ),
                name="project_queue_policy_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What one person may do in one project."""

    class Role(models.TextChoices):
        ANNOTATOR = "annotator", _("annotator")
        REVIEWER = "reviewer", _("reviewer")
        MANAGER = "manager", _("manager")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.ANNOTATOR)
    daily_quota = models.PositiveIntegerField(_("daily quota"), null=True, blank=True)  # None: the project's
    allocation = models.PositiveIntegerField(_("comparisons in all"), null=True, blank=True)  # None: no limit
    declined_topics = models.JSONField(_("topics declined"), default=list, blank=True)
    # sha256 of the content warning and topics they read and went on from: another wording asks again.
    accepted_warning = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["project", "person"], name="membership_one_per_person_and_project"),
            CheckConstraint(condition=Q(role__in=["annotator", "reviewer", "manager"]), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.project} · {self.role}"


class GuidelineVersion(models.Model):
    """One wording of a project's guidelines. A judgment keeps the version it was made under."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="guideline_versions")
    number = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            UniqueConstraint(fields=["project", "number"], name="guideline_number_unique_in_project"),
            CheckConstraint(condition=Q(number__gte=1), name="guideline_number_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.project} · v{self.number}"


class GuidelineAcceptance(models.Model):
    """One person's word that they read one wording of the guidelines and judge by it."""

    version = models.ForeignKey(GuidelineVersion, on_delete=models.PROTECT, related_name="acceptances")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="acceptances")
    accepted_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["version", "person"], name="guideline_acceptance_once_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.version}"


class Instrument(models.Model):
    """What the annotator of a project is asked."""

    class Kind(models.TextChoices):
        PAIR = "pair", _("pair")
        RANKING = "ranking", _("ranking")
        RATING = "rating", _("rating")
        DEMONSTRATION = "demonstration", _("demonstration")

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="instrument")
    kind = models.CharField(max_length=14, choices=Kind, default=Kind.PAIR)
    allows_ties = models.BooleanField(_("ties allowed"), default=True)
    # How many of the best are put in order, the rest standing below them: 1 is best-of-K. None: all of them.
    places_asked = models.PositiveSmallIntegerField(_("places asked for"), null=True, blank=True)
    asks_strength = models.BooleanField(_("asks how much better"), default=True)
    # 3: slightly, better, much. 4: negligibly as well, which is stored as strength 0.
    strength_steps = models.PositiveSmallIntegerField(_("steps of strength"), default=3)
    allows_all_bad = models.BooleanField(_("“all bad” offered"), default=True)
    asks_reason = models.BooleanField(_("offers a reason field"), default=True)
    # From which strength on a reason must be given; 0 with a ranking means always. None: never.
    reason_from_strength = models.PositiveSmallIntegerField(_("reason required from strength"), null=True, blank=True)
    # After the choice, the best response is opened for improvement; what is written is a demonstration.
    asks_improvement = models.BooleanField(_("asks to improve the chosen response"), default=False)
    requires_ratings = models.BooleanField(_("every attribute must be rated"), default=False)
    # Each attribute: {"name": "helpfulness", "label": "Helpfulness", "lowest": 0, "highest": 4}, and words for its two
    # ends if they need any: "lowest_label", "highest_label". One from 0 to 1 is a box to tick.
    attributes = models.JSONField(_("attributes rated per response"), default=list, blank=True)
    flags = models.JSONField(_("flags offered"), default=list, blank=True)

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(kind__in=["pair", "ranking", "rating", "demonstration"]), name="instrument_kind_known"
            ),
            CheckConstraint(condition=Q(strength_steps__in=[3, 4]), name="instrument_strength_steps_3_or_4"),
            CheckConstraint(
                condition=Q(places_asked=None) | Q(places_asked__range=(1, 9)), name="instrument_places_asked_1_to_9"
            ),
            CheckConstraint(
                condition=Q(reason_from_strength=None) | Q(reason_from_strength__range=(0, 3)),
                name="instrument_reason_from_strength_0_to_3",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} · {self.kind}"
