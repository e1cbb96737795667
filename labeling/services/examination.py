"""Looking through what was judged for what needs a reviewer, each judgment once.

Judgments are never edited, so what was looked through stays so: a mark per project says how far that is. A judgment
that is stored while somebody looks may show up a moment after a later one; the last minute is therefore looked through
again. Whatever is found twice is kept once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import transaction
from django.utils import timezone

from labeling.models import Comparison, Judgment, Project, Purpose, Review, ReviewItem, ReviewMark
from labeling.stats.suspicion import (
    LEAST_CHANCE_OF_RUN,
    MOST_CHARACTERS_PER_SECOND,
    chance_of_run,
    characters_per_second,
    concordance_of,
    contradicts,
    reading_weight,
)

Reason = ReviewItem.Reason
Sign = ReviewItem.Sign
REASON_OF = {
    Sign.CONTRADICTS_OTHERS: Reason.DISAGREEMENT,
    Sign.FLAG: Reason.FLAGGED,
    Sign.ALL_BAD: Reason.FLAGGED,
    Sign.FAST: Reason.SUSPICIOUS,
    Sign.SAME_PLACE: Reason.SUSPICIOUS,
    Sign.CONTRADICTS_GOLD: Reason.SUSPICIOUS,
    Sign.CONTRADICTS_SELF: Reason.SUSPICIOUS,
    Sign.REDONE: Reason.REDONE,
}
BETWEEN_PEOPLE = (Sign.CONTRADICTS_OTHERS, Sign.ALL_BAD)  # these end when the others change
LOOKED_AT = (Purpose.WORK, Purpose.REPEAT)
AT_ONCE = 500
WHILE_SOMEBODY_WAITS = 200
LATECOMERS = timedelta(minutes=1)
LOOKED_BACK = 32  # further than the shortest run that is no chance
CLEAR_STRENGTH = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that speaks against a judgment."""

    judgment: Judgment
    sign: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """A comparison with the judgments that stand on it, and what reviewers said of those that were given.

    Attributes:
        returned: the judgments that were sent back.
        sent_back: the people whose judgment of this comparison was sent back.
        reviewed: the judgments that carry a review of any kind.
    """

    comparison: Comparison
    standing: Sequence[Judgment]
    returned: frozenset[int]
    sent_back: frozenset[int]
    reviewed: frozenset[int]

    @property
    def is_adjudicated(self) -> bool:
        return any(judgment.purpose == Purpose.ADJUDICATION for judgment in self.standing)

    @property
    def work(self) -> list[Judgment]:
        """The verdicts that are compared with each other: not those that wait to be done again."""
        return [j for j in self.standing if j.purpose == Purpose.WORK and j.pk not in self.returned]


def examine_new(*, project: Project, limit: int = AT_ONCE) -> bool:
    """Look through the judgments that came since the last look, `limit` at most. Returns: whether more are waiting."""
    mark = ReviewMark.objects.filter(project=project).first()
    waiting = list(_new_judgments(project, mark).values_list("pk", flat=True)[: limit + 1])
    seen = f"{len(waiting)}.{max(waiting, default=0)}"
    if len(waiting) <= limit and (not waiting or (mark is not None and mark.latest_seen == seen)):
        return False
    with transaction.atomic():
        ReviewMark.objects.get_or_create(project=project)
        mark = ReviewMark.objects.select_for_update().get(project=project)
        fresh = list(_new_judgments(project, mark)[:limit])
        if fresh:
            _examine(project, fresh)
        settled = [j.judged_at for j in fresh if j.judged_at < timezone.now() - LATECOMERS]
        mark.examined_until = settled[-1] if settled else mark.examined_until
        mark.latest_seen = "" if settled else seen
        mark.save(update_fields=["examined_until", "latest_seen"])
    return len(waiting) > limit


def _new_judgments(project: Project, mark: ReviewMark | None) -> Any:
    new = Judgment.objects.filter(project=project, purpose__in=LOOKED_AT).exclude(source=Judgment.Source.IMPORTED)
    if mark is not None and mark.examined_until is not None:
        new = new.filter(judged_at__gt=mark.examined_until)
    return new.order_by("judged_at", "pk")


def _examine(project: Project, fresh: Sequence[Judgment]) -> None:
    judged = _judged(project, {judgment.comparison_id for judgment in fresh})
    findings = [finding for one in judged for finding in _findings(one)]
    standing = {judgment.pk for one in judged if not one.is_adjudicated for judgment in one.standing}
    runs: list[Finding] = []
    for annotator, theirs in groupby(sorted(fresh, key=_by_annotator), key=_by_annotator):
        runs += _runs(_history(project, annotator, list(theirs)))
    findings += _unsettled(runs)
    _open_items(project, findings)
    _close_items(project, judged, standing, {(f.judgment.pk, f.sign) for f in findings})


def _by_annotator(judgment: Judgment) -> int:
    return judgment.annotator_id


def _open_items(project: Project, findings: Iterable[Finding]) -> None:
    ReviewItem.objects.bulk_create(
        [
            ReviewItem(
                project=project,
                comparison_id=finding.judgment.comparison_id,
                judgment=finding.judgment,
                annotator_id=finding.judgment.annotator_id,
                reason=REASON_OF[Sign(finding.sign)],
                sign=finding.sign,
                figures=finding.figures,
            )
            for finding in findings
        ],
        ignore_conflicts=True,
    )


def _close_items(project: Project, judged: Sequence[Judged], standing: set[int], wanted: set[tuple[int, str]]) -> None:
    """Close what was corrected, withdrawn or adjudicated meanwhile, and disagreement that has ended."""
    open_items = ReviewItem.objects.filter(
        project=project, comparison__in=[one.comparison.pk for one in judged], closed_at=None
    )
    ended = [
        pk
        for pk, judgment, sign in open_items.values_list("pk", "judgment_id", "sign")
        if judgment not in standing or (sign in BETWEEN_PEOPLE and (judgment, sign) not in wanted)
    ]
    if ended:
        ReviewItem.objects.filter(pk__in=ended).update(closed_at=timezone.now())


def _judged(project: Project, keys: set[int]) -> list[Judged]:
    # Locked before anything else is read, so that nobody settles a comparison between the look and the finding.
    comparisons = list(
        Comparison.objects.filter(project=project, pk__in=keys, use=Comparison.Use.WORK)
        .select_for_update(no_key=True, of=("self",))
        .select_related("prompt", "gold_answer")
        .prefetch_related("responses")
        .order_by("pk")
    )
    given: dict[int, list[Judgment]] = defaultdict(list)
    for judgment in Judgment.objects.filter(comparison__in=keys, purpose__in=[*LOOKED_AT, Purpose.ADJUDICATION]):
        given[judgment.comparison_id].append(judgment)
    outcomes: dict[int, str] = dict(
        Review.objects.filter(judgment__comparison__in=keys).order_by("pk").values_list("judgment_id", "outcome")
    )
    returned = frozenset(pk for pk, outcome in outcomes.items() if outcome == Review.Outcome.RETURNED)
    return [
        Judged(
            comparison=comparison,
            standing=list(standing_of(given[comparison.pk])),
            returned=returned,
            sent_back=frozenset(j.annotator_id for j in given[comparison.pk] if j.pk in returned),
            reviewed=frozenset(outcomes),
        )
        for comparison in comparisons
    ]


def standing_of(judgments: Iterable[Judgment]) -> Iterator[Judgment]:
    """Of all the judgments of a comparison those that stand: superseded by none, and no retraction."""
    judgments = list(judgments)
    superseded = {judgment.supersedes_id for judgment in judgments}
    return (j for j in judgments if j.pk not in superseded and not j.is_retraction)


def _findings(judged: Judged) -> Iterator[Finding]:
    """What speaks against the judgments of one comparison, those left out that a reviewer has spoken of already."""
    if judged.is_adjudicated:
        return
    for finding in (*_disagreements(judged), *_against_all_bad(judged), *_alone(judged)):
        judgment = finding.judgment
        if judgment.source != Judgment.Source.IMPORTED and judgment.pk not in judged.reviewed:
            yield finding


def _disagreements(judged: Judged) -> Iterator[Finding]:
    ranked = [judgment for judgment in judged.work if judgment.ranking]
    concordance = concordance_of([judgment.ranking for judgment in ranked])
    if concordance is None or not concordance.is_low:
        return
    figures = {"share": round(concordance.share, 3), "people": len(ranked)}
    for judgment in ranked:
        if any(contradicts(judgment.ranking, other.ranking) for other in ranked):
            yield Finding(judgment, Sign.CONTRADICTS_OTHERS, figures)


def _against_all_bad(judged: Judged) -> Iterator[Finding]:
    bad = [judgment for judgment in judged.work if judgment.all_bad]
    clear = [judgment for judgment in judged.work if not judgment.all_bad and _is_clear(judgment)]
    if bad and clear:
        yield from (Finding(judgment, Sign.ALL_BAD) for judgment in (*bad, *clear))


def _is_clear(judgment: Judgment) -> bool:
    if judgment.strength is None:
        return len(judgment.ranking) > 1
    return judgment.strength >= CLEAR_STRENGTH


def _alone(judged: Judged) -> Iterator[Finding]:
    """What can be said of a judgment without the other people's."""
    comparison = judged.comparison
    gold = getattr(comparison, "gold_answer", None)
    weight = _weight(comparison)
    work = {j.annotator_id: j for j in judged.standing if j.purpose == Purpose.WORK}
    for judgment in judged.standing:
        if judgment.flags:
            yield Finding(judgment, Sign.FLAG, {"flags": judgment.flags})
        if gold is not None and contradicts(judgment.ranking, gold.ranking):
            yield Finding(judgment, Sign.CONTRADICTS_GOLD)
        if judgment.purpose == Purpose.REPEAT:
            first = work.get(judgment.annotator_id)
            if first is not None and contradicts(judgment.ranking, first.ranking):
                yield Finding(judgment, Sign.CONTRADICTS_SELF)
        elif judgment.revision == 1:
            pace = characters_per_second(weight, judgment.dwell_ms)
            if pace is not None and pace > MOST_CHARACTERS_PER_SECOND:
                yield Finding(judgment, Sign.FAST, {"characters": weight, "dwell_ms": judgment.dwell_ms})
        elif judgment.annotator_id in judged.sent_back:
            yield Finding(judgment, Sign.REDONE)


def _weight(comparison: Comparison) -> int:
    texts = [str(message.get("content", "")) for message in comparison.prompt.messages]
    texts += [response.content for response in comparison.responses.all() if response.kind != response.Kind.PICTURE]
    return sum(map(reading_weight, texts))


def _history(project: Project, annotator: int, fresh: Sequence[Judgment]) -> list[Judgment]:
    """The judgments of one person that stand, up to the last of those given, oldest first."""
    newest: datetime = max(judgment.judged_at for judgment in fresh)
    judgments = Judgment.objects.filter(
        project=project,
        annotator=annotator,
        purpose=Purpose.WORK,
        judged_at__lte=newest,
        is_retraction=False,
        superseded_by=None,
    )
    needed = judgments.only("comparison", "annotator", "ranking", "shown_order", "judged_at")
    return list(needed.order_by("-judged_at", "-pk")[: len(fresh) + LOOKED_BACK])[::-1]


def _runs(history: Sequence[Judgment]) -> Iterator[Finding]:
    """Judgments in a row whose best response stood at the same place, more of them than chance makes believable."""
    for place, members in groupby(history, key=place_of_best):
        run = list(members)
        if place is None or chance_of_run(len(judgment.shown_order) for judgment in run) >= LEAST_CHANCE_OF_RUN:
            continue
        figures = {"in_a_row": len(run), "place": place + 1}
        yield from (Finding(judgment, Sign.SAME_PLACE, figures) for judgment in run)


def _unsettled(findings: Sequence[Finding]) -> list[Finding]:
    """Those about judgments that no reviewer has spoken of, on comparisons that count and nobody has adjudicated."""
    comparisons = Comparison.objects.filter(
        pk__in={f.judgment.comparison_id for f in findings}, use=Comparison.Use.WORK
    )
    known = set(comparisons.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    adjudicated = Judgment.objects.filter(comparison__in=known, purpose=Purpose.ADJUDICATION)
    open_comparisons = known - set(adjudicated.values_list("comparison_id", flat=True))
    reviews = Review.objects.filter(judgment__in=[f.judgment.pk for f in findings])
    reviewed = set(reviews.values_list("judgment_id", flat=True))
    return [f for f in findings if f.judgment.pk not in reviewed and f.judgment.comparison_id in open_comparisons]


def place_of_best(judgment: Judgment) -> int | None:
    """At which place, from 0, the best response was shown; None for a tie at the top, or where it is not known."""
    if not judgment.ranking or len(judgment.ranking[0]) != 1 or judgment.ranking[0][0] not in judgment.shown_order:
        return None
    return int(judgment.shown_order.index(judgment.ranking[0][0]))
