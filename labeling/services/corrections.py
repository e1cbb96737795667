"""Taking back an answer of which nobody knows yet whether it arrived."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from labeling.deadlocks import again_after_deadlock
from labeling.models import Assignment
from labeling.services.retractions import current_judgment


@again_after_deadlock
@transaction.atomic
def reopen_if_stored(*, assignment: Assignment, client_ids: Sequence[str]) -> bool:
    """Open an answered assignment again if the answer that stands came under one of `client_ids`; True if it did.

    A browser whose connection broke may have been heard or not. When its person changes the answer meanwhile, the new
    one names the old one: if the old one was stored, the new one supersedes it; if not, it is simply the first.
    """
    if not client_ids:
        return False
    locked = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    if locked.state != Assignment.State.DONE:
        return False
    standing = current_judgment(assignment=locked)
    if standing is None or str(standing.client_id) not in client_ids:
        return False
    locked.state = Assignment.State.OPEN
    locked.is_reopened = True
    locked.expires_at = timezone.now() + timedelta(seconds=assignment.project.lease_seconds)
    locked.save(update_fields=["state", "is_reopened", "expires_at"])
    return True
