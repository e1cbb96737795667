"""Withdrawing a judgment: a row of its own, because judgments are never edited."""

from labeling.models import Assignment, Judgment
from labeling.verdicts import Verdict


def latest_judgment(*, assignment: Assignment) -> Judgment | None:
    """The last row of this annotator on this comparison, for this purpose: a verdict, or its withdrawal."""
    said = Judgment.objects.filter(
        comparison_id=assignment.comparison_id, annotator_id=assignment.annotator_id, purpose=assignment.purpose
    )
    return said.order_by("-revision").first()


def current_judgment(*, assignment: Assignment) -> Judgment | None:
    """The verdict that stands for this annotator and comparison, or None."""
    latest = latest_judgment(assignment=assignment)
    return None if latest is None or latest.is_retraction else latest


def retract_judgment(*, assignment: Assignment) -> bool:
    """Withdraw the verdict that stands; True if its slot in the target is free again (it was no surplus).

    The caller has locked the assignment's row.
    """
    standing = current_judgment(assignment=assignment)
    if standing is None:
        return False
    Judgment.objects.create(
        project_id=assignment.project_id,
        comparison_id=assignment.comparison_id,
        annotator_id=assignment.annotator_id,
        assignment=assignment,
        source=standing.source,
        purpose=standing.purpose,
        revision=standing.revision + 1,
        supersedes=standing,
        is_retraction=True,
        is_surplus=standing.is_surplus,
        ranking=[],
        shown_order=assignment.shown_order,
        guideline_version_id=assignment.guideline_version_id,
        verdict_hash=Verdict(all_bad=False).fingerprint(),
    )
    return not standing.is_surplus
