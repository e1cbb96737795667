"""Starting a labeling effort, and changing how it runs."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from labeling.errors import InvalidProject
from labeling.models import GuidelineVersion, Instrument, Membership, Person, Project
from labeling.services.instruments import check_instrument

RESERVED_SLUGS = frozenset({"new"})
MAX_SLUG_CHARACTERS = 60
MAX_TOPIC_CHARACTERS = 60


class ProjectFields(TypedDict, total=False):
    """What may be changed of a project; see the model for what each means."""

    name: str
    description: str
    judgments_per_comparison: int
    most_judgments: int | None
    wanted_confidence: float
    lease_seconds: int
    daily_quota: int | None
    queue_policy: str
    control_share: float
    gold_share: float
    repeat_share: float
    requires_acceptance: bool
    requires_practice: bool
    exam_pass_share: float | None
    content_warning: str
    sensitive_topics: list[dict[str, str]]
    is_archived: bool


@transaction.atomic
def create_project(
    *,
    slug: str,
    name: str = "",
    description: str = "",
    judgments_per_comparison: int = 1,
    lease_seconds: int = 600,
    daily_quota: int | None = None,
    guidelines: str = "",
    instrument: Mapping[str, Any] | None = None,
    created_by: Person | None = None,
) -> Project:
    """Create a project with its instrument and the first version of its guidelines; its maker manages it.

    Args:
        judgments_per_comparison: how many different people judge each comparison, 1 to 100.
        lease_seconds: how long a comparison is kept for one annotator without a sign of life, 5 s to one day.
        instrument: fields of `InstrumentFields`, such as {"kind": "ranking", "allows_ties": False}.

    Raises: InvalidProject when the slug is taken or a value is out of range.
    """
    try:
        validate_slug(slug)
    except ValidationError:
        raise InvalidProject(
            _("“%(slug)s” cannot be part of an address. Use letters, digits and hyphens.") % {"slug": slug},
            fields={"slug": slug},
        ) from None
    asked = Instrument(**(instrument or {}))
    check_instrument(asked)
    if slug in RESERVED_SLUGS or len(slug) > MAX_SLUG_CHARACTERS:
        raise InvalidProject(_("“%(slug)s” is taken or too long.") % {"slug": slug}, fields={"slug": slug})
    try:
        with transaction.atomic():
            project = Project.objects.create(
                slug=slug,
                name=name or slug,
                description=description,
                judgments_per_comparison=judgments_per_comparison,
                lease_seconds=lease_seconds,
                daily_quota=daily_quota,
                created_by=created_by,
            )
            asked.project = project
            asked.save()
    except IntegrityError as error:
        if Project.objects.filter(slug=slug).exists():
            raise InvalidProject(
                _("There is already a project “%(slug)s”.") % {"slug": slug}, fields={"slug": slug}
            ) from None
        raise InvalidProject(
            _("A value is out of range: judgments per comparison 1 to 100, lease 5 to 86,400 seconds.")
        ) from error
    GuidelineVersion.objects.create(project=project, number=1, text=guidelines)
    if created_by is not None:
        Membership.objects.create(project=project, person=created_by, role=Membership.Role.MANAGER)
    return project


@transaction.atomic
def update_project(*, project: Project, **changes: Unpack[ProjectFields]) -> Project:
    """Change how a project runs from now on. What was handed out or judged stays as it is.

    Raises: InvalidProject when a value is out of range or contradicts another.
    """
    stored = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    for name, value in changes.items():
        setattr(stored, name, value)
        setattr(project, name, value)
    _check_project(stored)
    stored.save(update_fields=[*changes])
    return stored


def _check_project(project: Project) -> None:
    """The ranges that the database holds, as sentences. Raises: InvalidProject, naming the field."""
    most, first = project.most_judgments, project.judgments_per_comparison
    shares = (project.control_share, project.gold_share, project.repeat_share)
    rules: list[tuple[bool, str, Any]] = [
        (bool(project.name.strip()), "name", _("A project needs a name.")),
        (1 <= first <= 100, "judgments_per_comparison", _("Between 1 and 100 people judge a comparison.")),
        (
            most is None or first <= most <= 100,
            "most_judgments",
            _("The most judgments are no fewer than the first ones, and at most 100."),
        ),
        (0.5 < project.wanted_confidence < 1, "wanted_confidence", _("Confidence lies between 50 % and 100 %.")),
        (5 <= project.lease_seconds <= 86_400, "lease_seconds", _("A lease lasts from 5 seconds to one day.")),
        (all(0 <= share <= 1 for share in shares), "control_share", _("A share lies between 0 and 100 %.")),
        (
            project.gold_share + project.repeat_share <= 1,
            "repeat_share",
            _("Gold and repeated comparisons are together at most 100 % of what is handed out."),
        ),
        (project.queue_policy in Project.QueuePolicy.values, "queue_policy", _("There is no such order of the queue.")),
        (
            project.exam_pass_share is None or 0 <= project.exam_pass_share <= 1,
            "exam_pass_share",
            _("The share of the exam lies between 0 and 100 %."),
        ),
        (
            _are_topics(project.sensitive_topics),
            "sensitive_topics",
            _("Each topic needs a name of its own, of at most 60 characters."),
        ),
    ]
    for holds, name, sentence in rules:
        if not holds:
            raise InvalidProject(sentence, fields={name: "range"})


def _are_topics(topics: Any) -> bool:
    names = [topic.get("name", "") for topic in topics]
    return len(set(names)) == len(names) and all(0 < len(name) <= MAX_TOPIC_CHARACTERS for name in names)


@transaction.atomic
def publish_guidelines(*, project: Project, text: str) -> GuidelineVersion:
    """Add a new wording of the guidelines; judgments made from now on name it. The same text adds nothing."""
    latest = project.guideline_versions.select_for_update().order_by("-number").first()
    if latest is not None and latest.text == text:
        return latest
    number = latest.number + 1 if latest else 1
    return GuidelineVersion.objects.create(project=project, number=number, text=text)
