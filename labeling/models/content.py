"""What is judged: prompts and the responses to them."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.models.projects import Project


class Prompt(models.Model):
    """What the model is asked: chat messages, a system message among them, and context documents."""

    # No index of its own where one that begins with it is there already: an import writes each of them.
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="prompts", db_index=False)
    content_hash = models.CharField(max_length=64, editable=False)
    messages = models.JSONField()
    documents = models.JSONField(default=list, blank=True)
    language = models.CharField(max_length=12, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [UniqueConstraint(fields=["project", "content_hash"], name="prompt_once_per_project")]

    def __str__(self) -> str:
        return self.last_message[:80]

    @property
    def last_message(self) -> str:
        return str(self.messages[-1]["content"]) if self.messages else ""


class Response(models.Model):
    """One answer to a prompt, with the policy and the sampling settings it came from."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        MESSAGES = "messages", _("messages")
        PICTURE = "picture", _("picture")

    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="responses", db_index=False)
    content_hash = models.CharField(max_length=64, editable=False)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.TEXT)
    content = models.TextField()
    policy_name = models.CharField(max_length=120, blank=True)
    sampling = models.JSONField(default=dict, blank=True)
    is_demonstration = models.BooleanField(default=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    # A demonstration that began as another response, edited.
    improves = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="improvements", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["prompt", "content_hash", "policy_name", "is_demonstration"],
                name="response_once_per_prompt_and_policy",
            ),
            CheckConstraint(condition=Q(kind__in=["text", "messages", "picture"]), name="response_kind_known"),
        ]
        # Few responses are written by people.
        indexes = [
            Index(fields=["author"], name="response_by_author", condition=Q(author__isnull=False)),
            Index(fields=["improves"], name="response_by_improved", condition=Q(improves__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.content[:80]
