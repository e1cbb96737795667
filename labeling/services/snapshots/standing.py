"""Which verdicts stand, and which of those the filters of a request keep."""

from collections import Counter
from dataclasses import dataclass
from typing import Protocol, TypeVar

from labeling.models import Judgment, Person, Purpose, Review, ReviewItem
from labeling.services.snapshots.gold_passed import GoldPassed
from labeling.services.snapshots.request import SnapshotRequest


class Said(Protocol):
    """A verdict, as far as it matters here."""

    @property
    def purpose(self) -> str: ...


V = TypeVar("V", bound=Said)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known about the judgments on some comparisons beside what they say.

    Attributes:
        returned: the judgments that a reviewer had sent back, by `until`, and not accepted since.
        suspicious: those that carry a sign of haste or carelessness and that no reviewer has accepted by `until`.
        gold: whose verdicts the gold answers speak for.
    """

    returned: frozenset[int]
    suspicious: frozenset[int]
    gold: GoldPassed


def circumstances_of(comparisons: list[int], request: SnapshotRequest, gold: GoldPassed) -> Circumstances:
    """Read what reviewers and the look through the judgments have said of those on some comparisons."""
    reviews = Review.objects.filter(judgment__comparison__in=comparisons).order_by("pk")
    if request.until is not None:
        reviews = reviews.filter(created_at__lte=request.until)
    outcomes: dict[int, str] = dict(reviews.values_list("judgment_id", "outcome"))
    returned = {judgment for judgment, outcome in outcomes.items() if outcome == Review.Outcome.RETURNED}
    suspicious: set[int] = set()
    if request.exclude_suspicious:
        signs = ReviewItem.objects.filter(comparison__in=comparisons, reason=ReviewItem.Reason.SUSPICIOUS)
        spoken_against = signs.values_list("judgment_id", flat=True)
        suspicious = {one for one in spoken_against if outcomes.get(one) != Review.Outcome.ACCEPTED}
    return Circumstances(frozenset(returned), frozenset(suspicious), gold)


def standing_verdicts(
    judgments: list[Judgment], circumstances: Circumstances, request: SnapshotRequest, drops: Counter[str]
) -> list[Judgment]:
    """The verdicts on one comparison that stood at `until` and that the filters keep."""
    in_time = [j for j in judgments if request.until is None or j.judged_at <= request.until]
    successors = {j.supersedes_id: j for j in in_time}
    drops["outside the time span"] += sum(1 for j in judgments if j not in in_time and not j.is_retraction)
    kept = []
    for judgment in in_time:
        if judgment.is_retraction:
            continue
        reason = _reason_to_drop(judgment, successors.get(judgment.pk), circumstances, request)
        if reason:
            drops[reason] += 1
        else:
            kept.append(judgment)
    return last_words(kept, request.adjudication, drops)


def last_words(verdicts: list[V], adjudication: str, drops: Counter[str]) -> list[V]:
    """A comparison's verdicts, or a reviewer's own alone where there is one and it `replaces` the others."""
    adjudicated = [verdict for verdict in verdicts if verdict.purpose == Purpose.ADJUDICATION]
    if not adjudicated or adjudication != "replaces":
        return verdicts
    drops["adjudicated"] += len(verdicts) - len(adjudicated)
    return adjudicated


def _reason_to_drop(
    judgment: Judgment, successor: Judgment | None, circumstances: Circumstances, request: SnapshotRequest
) -> str:
    """The first reason that applies; "" for none."""
    annotator, purpose = judgment.annotator, judgment.purpose
    named, version = annotator.pseudonym, judgment.guideline_version
    guidelines = request.guideline_versions
    reasons = {
        f"no work of its own: {purpose}": purpose not in (Purpose.WORK, Purpose.ADJUDICATION),
        "withdrawn": successor is not None and successor.is_retraction,
        "corrected later": successor is not None,
        "outside the time span": request.since is not None and judgment.judged_at < request.since,
        "annotator left out": named in request.exclude_annotators,
        "annotator not among those asked for": bool(request.only_annotators) and named not in request.only_annotators,
        "other guidelines": bool(guidelines) and (version is None or version.number not in guidelines),
        "imported": request.exclude_imported and annotator.kind == Person.Kind.IMPORTED,
        "simulated": request.exclude_simulated and judgment.source == Judgment.Source.SIMULATED,
        "returned and not redone": judgment.pk in circumstances.returned and request.returned == "drop",
        "adjudication left out": purpose == Purpose.ADJUDICATION and request.adjudication == "ignore",
        "suspicious and not accepted": judgment.pk in circumstances.suspicious,
        circumstances.gold.reason_against(judgment): True,
    }
    return next((reason for reason, applies in reasons.items() if applies), "")
