"""Which verdicts stand, and which of those the filters of a request keep."""

from collections import Counter
from collections.abc import Iterator

from labeling.models import Judgment, Person, Purpose, Review
from labeling.services.snapshots.request import SnapshotRequest


def returned_judgments(comparisons: list[int], request: SnapshotRequest) -> frozenset[int]:
    """The judgments of these comparisons that a reviewer had sent back, by `until`, and not accepted since."""
    reviews = Review.objects.filter(judgment__comparison__in=comparisons).order_by("pk")
    if request.until is not None:
        reviews = reviews.filter(created_at__lte=request.until)
    outcomes: dict[int, str] = dict(reviews.values_list("judgment_id", "outcome"))
    return frozenset(judgment for judgment, outcome in outcomes.items() if outcome == Review.Outcome.RETURNED)


def standing_verdicts(
    judgments: list[Judgment], returned: frozenset[int], request: SnapshotRequest, drops: Counter[str]
) -> Iterator[Judgment]:
    """The verdicts on one comparison that stood at `until` and that the filters keep."""
    in_time = [j for j in judgments if request.until is None or j.judged_at <= request.until]
    successors = {j.supersedes_id: j for j in in_time}
    drops["outside the time span"] += sum(1 for j in judgments if j not in in_time and not j.is_retraction)
    kept = []
    for judgment in in_time:
        if judgment.is_retraction:
            continue
        reason = _reason_to_drop(judgment, successors.get(judgment.pk), judgment.pk in returned, request)
        if reason:
            drops[reason] += 1
        else:
            kept.append(judgment)
    last_word = [judgment for judgment in kept if judgment.purpose == Purpose.ADJUDICATION]
    if last_word and request.adjudication == "replaces":
        drops["adjudicated"] += len(kept) - len(last_word)
        kept = last_word
    yield from kept


def _reason_to_drop(judgment: Judgment, successor: Judgment | None, is_returned: bool, request: SnapshotRequest) -> str:
    annotator, purpose = judgment.annotator, judgment.purpose
    reasons = {
        f"no work of its own: {purpose}": purpose not in (Purpose.WORK, Purpose.ADJUDICATION),
        "withdrawn": successor is not None and successor.is_retraction,
        "corrected later": successor is not None,
        "outside the time span": request.since is not None and judgment.judged_at < request.since,
        "annotator left out": annotator.pseudonym in request.exclude_annotators,
        "imported": request.exclude_imported and annotator.kind == Person.Kind.IMPORTED,
        "simulated": request.exclude_simulated and judgment.source == Judgment.Source.SIMULATED,
        "returned and not redone": is_returned and request.returned == "drop",
        "adjudication left out": purpose == Purpose.ADJUDICATION and request.adjudication == "ignore",
    }
    return next((reason for reason, applies in reasons.items() if applies), "")
