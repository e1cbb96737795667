"""Reward models as versions that never change, the names that move between them, and what they said."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class RewardModel(models.Model):
    """One trained checkpoint with its lineage. Its files lie under PLUMBLINE_HOME and are named by their digest."""

    name = models.SlugField(max_length=120, unique=True)
    directory = models.CharField(max_length=255)  # relative to PLUMBLINE_HOME
    digest = models.CharField(max_length=64)  # sha256 over names and sha256 of its files
    snapshot = models.ForeignKey("labeling.Snapshot", on_delete=models.PROTECT, null=True, related_name="reward_models")
    run = models.OneToOneField("runs.Run", on_delete=models.PROTECT, null=True, related_name="+")
    backbone = models.CharField(max_length=255)
    config = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [CheckConstraint(condition=~Q(digest=""), name="reward_model_has_a_digest")]

    def __str__(self) -> str:
        return self.name


class RewardModelAlias(models.Model):
    """A name that moves: which reward model is the champion, which the candidate."""

    class Name(models.TextChoices):
        CHAMPION = "champion", _("champion")
        CANDIDATE = "candidate", _("candidate")

    alias = models.CharField(max_length=20, choices=Name, unique=True)
    reward_model = models.ForeignKey(RewardModel, on_delete=models.PROTECT, related_name="aliases")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = _("reward model aliases")
        constraints = [
            CheckConstraint(condition=Q(alias__in=["champion", "candidate"]), name="reward_model_alias_known")
        ]

    def __str__(self) -> str:
        return f"{self.alias} → {self.reward_model}"


class Evaluation(models.Model):
    """What a reward model is worth on one set of comparisons."""

    reward_model = models.ForeignKey(RewardModel, on_delete=models.PROTECT, related_name="evaluations")
    data = models.CharField(max_length=255)  # a file's name, or "test split of …"
    snapshot = models.ForeignKey("labeling.Snapshot", on_delete=models.PROTECT, null=True, related_name="+")
    metrics = models.JSONField()
    run = models.ForeignKey("runs.Run", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.reward_model} · {self.data}"


class Sweep(models.Model):
    """One question asked by many trainings on one snapshot: which settings do best on validation?"""

    name = models.SlugField(max_length=100, unique=True)
    snapshot = models.ForeignKey("labeling.Snapshot", on_delete=models.PROTECT, related_name="sweeps")
    # {"settings", "vary": {setting: values or {"low", "high", "scale"}}, "draws", "draw_seed", "seeds"}: as asked
    asked = models.JSONField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [CheckConstraint(condition=~Q(name=""), name="sweep_has_a_name")]

    def __str__(self) -> str:
        return self.name


class SweepRun(models.Model):
    """One training of a sweep: an ordinary run, and in what its settings differ from those of the others."""

    sweep = models.ForeignKey(Sweep, on_delete=models.PROTECT, related_name="trainings")
    run = models.OneToOneField("runs.Run", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()  # from 1
    varied = models.JSONField(default=dict)  # setting: value, for what the sweep varies, the seed left out
    seed = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)  # sha256 of varied and seed

    class Meta:
        ordering = ["sweep", "position"]
        constraints = [
            UniqueConstraint(fields=["sweep", "position"], name="sweep_position_once"),
            UniqueConstraint(fields=["sweep", "digest"], name="sweep_asks_the_same_once"),
            CheckConstraint(condition=Q(position__gte=1), name="sweep_positions_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.sweep} · {self.position}"


class Score(models.Model):
    """The reward that one model gives one response, in nats; only differences between answers to a prompt count."""

    reward_model = models.ForeignKey(RewardModel, on_delete=models.CASCADE, related_name="scores")
    response = models.ForeignKey("labeling.Response", on_delete=models.PROTECT, related_name="+")
    value = models.FloatField()
    normalized = models.FloatField()
    uncertainty = models.FloatField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [UniqueConstraint(fields=["reward_model", "response"], name="score_once_per_model_and_response")]

    def __str__(self) -> str:
        return f"{self.reward_model} → {self.value:.3f}"
