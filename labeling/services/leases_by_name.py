"""Leasing one comparison that was chosen, not drawn from the queue: practice, exams, adjudication."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from labeling.models import Assignment, Comparison, Person, Purpose
from labeling.queries import response_ids_of
from labeling.services.assignments import LIVE_STATES, State

_random = secrets.SystemRandom()


@transaction.atomic
def lease_by_name(*, comparison: Comparison, annotator: Person, purpose: Purpose) -> Assignment:
    """Lease this comparison to this person beside its target, for a purpose that takes no slot.

    One they hold comes back, renewed. One they have answered is opened again in a new order: what they say then
    supersedes what they said before.
    """
    Person.objects.select_for_update(no_key=True).filter(pk=annotator.pk).values("pk").get()
    project = comparison.project
    expires_at = timezone.now() + timedelta(seconds=project.lease_seconds)
    mine = Assignment.objects.filter(comparison=comparison, annotator=annotator, purpose=purpose, state__in=LIVE_STATES)
    held = mine.select_for_update(of=("self",)).first()
    if held is not None and held.state == State.OPEN:
        held.expires_at = expires_at
        held.save(update_fields=["expires_at"])
        return held
    shown = response_ids_of(comparison.pk)
    _random.shuffle(shown)
    version = project.guideline_versions.order_by("-number").first()
    if held is None:
        return Assignment.objects.create(
            project=project,
            comparison=comparison,
            annotator=annotator,
            purpose=purpose,
            drawn_by=Assignment.Drawn.DIRECT,
            takes_slot=False,
            expires_at=expires_at,
            shown_order=shown,
            guideline_version=version,
        )
    held.state, held.is_reopened = State.OPEN, True
    held.expires_at, held.shown_order, held.guideline_version = expires_at, shown, version
    held.save(update_fields=["state", "is_reopened", "expires_at", "shown_order", "guideline_version"])
    return held
