"""What people make of findings: keep, exclude, or think again; and what excluding does.

A comparison of which one finding or more is excluded goes to nobody any more and into no snapshot. What was judged of
it stays; taking the exclusion back puts it where it was.
"""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import InvalidModeration
from labeling.models import ModerationFinding, Person, Project

State = ModerationFinding.State
EXCLUDED = "excluded in moderation"  # why a snapshot left a comparison or a demonstration out


def decide(*, findings: QuerySet[ModerationFinding], state: str, person: Person) -> int:
    """Set the state of findings; those that have it already stay as they are.

    Returns: how many changed.
    Raises: InvalidModeration for an unknown state.
    """
    if state not in State.values:
        raise InvalidModeration(
            _("“%(state)s” is no decision. There are: %(states)s.")
            % {"state": state, "states": ", ".join(State.values)},
            fields={"state": state},
        )
    is_open = state == State.OPEN
    return findings.exclude(state=state).update(
        state=state,
        decided_by=None if is_open else person,
        decided_at=None if is_open else timezone.now(),
    )


def decide_open(*, project: Project, check: str, state: str, person: Person, until: int) -> int:
    """Decide about all open findings of one check up to one of them: those that the person was told of.

    Raises: InvalidModeration.
    """
    open_ones = ModerationFinding.objects.filter(project=project, check_name=check, state=State.OPEN, pk__lte=until)
    return decide(findings=open_ones, state=state, person=person)


def removed_findings() -> QuerySet[ModerationFinding]:
    """Everything that somebody excluded."""
    return ModerationFinding.objects.filter(state=State.REMOVED)


def excluded_among(comparisons: Iterable[int]) -> set[int]:
    """Which of some comparisons are excluded, by id."""
    removed = removed_findings().filter(comparison__in=list(comparisons))
    return {pk for pk in removed.values_list("comparison", flat=True) if pk is not None}


def excluded_demonstrations(responses: Iterable[int]) -> set[int]:
    """Which of some demonstrations are excluded, by the id of their response."""
    removed = removed_findings().filter(comparison=None, response__in=list(responses))
    return {pk for pk in removed.values_list("response", flat=True) if pk is not None}
