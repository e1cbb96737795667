"""Policies as versions that never change, each with where it comes from, and what they were asked to write."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Policy(models.Model):
    """A language model that answers prompts. Its files lie under PLUMBLINE_HOME and are named by their digest.

    `parent` is the policy whose weights it started from, `reference` the frozen one that its KL was measured against.
    """

    class Method(models.TextChoices):
        BASE = "base", _("base")
        SFT = "sft", "SFT"
        RLOO = "rloo", "RLOO"
        GRPO = "grpo", "GRPO"
        DPO = "dpo", "DPO"

    name = models.SlugField(max_length=120, unique=True)
    directory = models.CharField(max_length=255)  # relative to PLUMBLINE_HOME
    digest = models.CharField(max_length=64)  # sha256 over names and sha256 of its files
    method = models.CharField(max_length=4, choices=Method)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    reference = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    reward_model = models.ForeignKey(
        "rewardmodel.RewardModel", on_delete=models.PROTECT, null=True, related_name="policies"
    )
    snapshot = models.ForeignKey("labeling.Snapshot", on_delete=models.PROTECT, null=True, related_name="policies")
    run = models.OneToOneField("runs.Run", on_delete=models.PROTECT, null=True, related_name="+")
    config = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = _("policies")
        constraints = [
            CheckConstraint(condition=~Q(digest=""), name="policy_has_a_digest"),
            CheckConstraint(condition=Q(method__in=["base", "sft", "rloo", "grpo", "dpo"]), name="policy_method_known"),
            CheckConstraint(
                condition=Q(method="base", parent=None) | (~Q(method="base") & Q(parent__isnull=False)),
                name="policy_has_a_parent_unless_base",
            ),
            CheckConstraint(condition=~Q(parent=F("id")), name="policy_is_not_its_own_parent"),
            CheckConstraint(
                condition=~Q(method__in=["rloo", "grpo"]) | Q(reward_model__isnull=False),
                name="policy_that_sought_reward_names_the_model",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Generation(models.Model):
    """One policy's new responses to prompts of a project, beside those of another policy or more of its own."""

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="generations")
    against = models.ForeignKey(Policy, on_delete=models.PROTECT, null=True, related_name="generations_against")
    project = models.ForeignKey("labeling.Project", on_delete=models.PROTECT, related_name="generations")
    run = models.OneToOneField("runs.Run", on_delete=models.PROTECT, related_name="+")
    sampling = models.JSONField(default=dict)
    prompts = models.PositiveIntegerField(default=0)
    responses = models.PositiveIntegerField(default=0)
    comparisons = models.PositiveIntegerField(default=0)  # new ones, which waited for people when it ended
    identical = models.PositiveIntegerField(default=0)  # prompts whose answers were all the same: nothing to compare
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            CheckConstraint(condition=Q(against=None) | ~Q(against=F("policy")), name="generation_against_another"),
            CheckConstraint(
                condition=Q(prompts__gte=F("comparisons") + F("identical")), name="generation_queues_each_prompt_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy} → {self.project}"
