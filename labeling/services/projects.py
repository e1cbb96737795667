"""Starting a labeling effort."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from labeling.errors import InvalidProject
from labeling.models import GuidelineVersion, Instrument, Membership, Person, Project

RESERVED_SLUGS = frozenset({"new"})
MAX_SLUG_CHARACTERS = 60


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
    instrument: dict[str, object] | None = None,
    created_by: Person | None = None,
) -> Project:
    """Create a project with its instrument and the first version of its guidelines; its maker manages it.

    Args:
        judgments_per_comparison: how many different people judge each comparison, 1 to 100.
        lease_seconds: how long a comparison is kept for one annotator without a sign of life, 5 s to one day.
        instrument: fields of `Instrument`, such as {"kind": "ranking", "allows_ties": False}.

    Raises: InvalidProject when the slug is taken or a value is out of range.
    """
    try:
        validate_slug(slug)
    except ValidationError:
        raise InvalidProject(
            _("“%(slug)s” cannot be part of an address. Use letters, digits and hyphens.") % {"slug": slug},
            fields={"slug": slug},
        ) from None
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
            Instrument.objects.create(project=project, **(instrument or {}))
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
def publish_guidelines(*, project: Project, text: str) -> GuidelineVersion:
    """Add a new wording of the guidelines; judgments made from now on name it. The same text adds nothing."""
    latest = project.guideline_versions.select_for_update().order_by("-number").first()
    if latest is not None and latest.text == text:
        return latest
    number = latest.number + 1 if latest else 1
    return GuidelineVersion.objects.create(project=project, number=number, text=text)
