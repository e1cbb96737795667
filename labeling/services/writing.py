"""Keeping what an annotator wrote: a demonstration of their own, or a response improved."""

from django.utils.translation import gettext as _

from labeling.asked import Kind, single_best
from labeling.errors import InvalidVerdict
from labeling.models import Assignment, Instrument, Response
from labeling.verdicts import Verdict, plain_text
from preferences.hashing import response_hash


def store_written(*, assignment: Assignment, verdict: Verdict) -> Response | None:
    """Keep the verdict's text as a demonstration; None when there is none, or it says what stood there before.

    Two people who write the same to one prompt share one row. The caller holds the transaction and the assignment.

    Raises: InvalidVerdict when what was improved is no text.
    """
    if not verdict.written:
        return None
    improved = improved_response(assignment.shown_order, verdict, assignment.project.instrument)
    if improved is not None and plain_text(improved.content) == verdict.written:
        return None
    written, _is_new = Response.objects.get_or_create(
        prompt_id=assignment.comparison.prompt_id,
        content_hash=response_hash(verdict.written),
        policy_name="",
        is_demonstration=True,
        defaults={"content": verdict.written, "author_id": assignment.annotator_id, "improves": improved},
    )
    return written


def improved_response(shown: list[int], verdict: Verdict, instrument: Instrument) -> Response | None:
    """The response that the text began as: the best one, or the only one shown for a demonstration."""
    if instrument.kind == Kind.DEMONSTRATION:
        base = Response.objects.filter(pk=shown[0]).first() if len(shown) == 1 else None
        return base if base is not None and base.kind == Response.Kind.TEXT else None
    best = Response.objects.get(pk=single_best(verdict.ranking) or 0)  # the verdict was checked: there is one
    if best.kind != Response.Kind.TEXT:
        raise InvalidVerdict(
            _("The response you chose is no plain text and cannot be improved here. Clear your text."),
            fields={"written": "not a text"},
        )
    return best
