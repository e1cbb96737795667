"""Why there is nothing to judge for somebody right now."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeling.models import Membership, Person, Project
from labeling.queries import count_done, midnight_before
from labeling.services.qualification import may_judge


class Reason(StrEnum):
    """What keeps comparisons from somebody; the API sends it as `X-Plumbline-Reason`."""

    NOT_QUALIFIED = "not_qualified"
    DAILY_QUOTA = "daily_quota"
    ALLOCATION = "allocation"
    NOTHING_LEFT = "nothing_left"


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why nothing was handed out, and the sentence that tells the person."""

    reason: Reason
    sentence: str


def why_nothing(project: Project, annotator: Person) -> Nothing:
    """Say why `lease_next` had nothing for this person; to be asked right after it."""
    gate = may_judge(project, annotator)
    if not gate.is_open:
        return Nothing(Reason.NOT_QUALIFIED, gate.sentence)
    membership = Membership.objects.filter(project=project, person=annotator).first()
    quota = project.daily_quota
    if membership is not None and membership.daily_quota is not None:
        quota = membership.daily_quota
    if quota is not None:
        today = count_done(project, annotator, since=midnight_before(timezone.now()))
        if today >= quota:
            sentence = ngettext(
                "You have judged the %(count)d comparison that is yours for today. There is more tomorrow.",
                "You have judged the %(count)d comparisons that are yours for today. There are more tomorrow.",
                quota,
            )
            return Nothing(Reason.DAILY_QUOTA, sentence % {"count": quota})
    allocation = membership.allocation if membership is not None else None
    if allocation is not None and count_done(project, annotator) >= allocation:
        sentence = ngettext(
            "You have judged the %(count)d comparison you were asked for. Thank you.",
            "You have judged all %(count)d comparisons you were asked for. Thank you.",
            allocation,
        )
        return Nothing(Reason.ALLOCATION, sentence % {"count": allocation})
    return Nothing(
        Reason.NOTHING_LEFT, _("New ones appear when a manager imports responses or somebody gives one back.")
    )
