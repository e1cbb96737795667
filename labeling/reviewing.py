"""What a reviewer reads: the queue, and one comparison with everything that was said about it, in words."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from labeling.asked import letter_of
from labeling.cards import Card, Turn, card_of, turns_of_prompt
from labeling.models import Assignment, Comparison, Judgment, Person, Project, Purpose, Review, ReviewItem
from labeling.queries import current_judgments
from labeling.services.examination import LOOKED_AT
from labeling.services.reviews import is_returnable, seen_state

PAGE = 25
COUNTED = 100
Sign = ReviewItem.Sign


@dataclass(frozen=True, slots=True)
class Filter:
    """Which part of the queue is asked for: a reason, the judgments of one person (by pseudonym), or all of it."""

    reason: str = ""
    annotator: str = ""

    @classmethod
    def from_query(cls, values: Mapping[str, Any], *, reason: str = "why") -> "Filter":
        """Read an address or a form; a reason that does not exist counts as none.

        Args:
            reason: what the reason is called there; in the pages not `reason`, which is a field of the instrument.
        """
        asked = str(values.get(reason, ""))
        return cls(asked if asked in ReviewItem.Reason.values else "", str(values.get("annotator", ""))[:40])

    def as_query(self) -> dict[str, str]:
        """What `from_query` reads."""
        return {name: value for name, value in (("why", self.reason), ("annotator", self.annotator)) if value}

    def items(self, project: Project) -> QuerySet[ReviewItem]:
        """The open items of this part of the queue, in the order of the queue."""
        items = ReviewItem.objects.filter(project=project, closed_at=None)
        if self.reason:
            items = items.filter(reason=self.reason)
        if self.annotator:
            items = items.filter(annotator__in=Person.objects.filter(pseudonym=self.annotator).values("pk"))
        return items.order_by("comparison_id")


@dataclass(frozen=True, slots=True)
class Entry:
    """One comparison in the queue, and what speaks against its judgments."""

    comparison: Comparison
    items: Sequence[ReviewItem]

    @property
    def reasons(self) -> list[tuple[ReviewItem, str, list[Person]]]:
        """Each thing to say about it once: one item that says it, the sentence, and whose judgments it is about."""
        people: dict[tuple[str, str], list[Person]] = defaultdict(list)
        first: dict[tuple[str, str], ReviewItem] = {}
        for item in self.items:
            key = (item.sign, says(item))
            first.setdefault(key, item)
            people[key].append(item.annotator)
        return [(item, key[1], people[key]) for key, item in first.items()]


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Some comparisons of the queue; `after` leads to the next page, None on the last."""

    entries: Sequence[Entry]
    after: int | None


def queue_page(project: Project, wanted: Filter, *, after: int = 0, size: int = PAGE) -> QueuePage:
    """The comparisons of the queue behind `after` (an id): flat, however many there are."""
    keys = _keys(project, wanted, after)[: size + 1]
    found = list(keys)
    has_more, found = len(found) > size, found[:size]
    items: dict[int, list[ReviewItem]] = defaultdict(list)
    open_items = ReviewItem.objects.filter(project=project, comparison__in=found, closed_at=None)
    for item in open_items.select_related("annotator").order_by("opened_at", "pk"):
        items[item.comparison_id].append(item)
    comparisons = Comparison.objects.select_related("prompt").in_bulk(found)
    entries = [Entry(comparisons[key], items[key]) for key in found]
    return QueuePage(entries, found[-1] if has_more else None)


def next_in_queue(project: Project, wanted: Filter, *, after: int) -> int | None:
    """The comparison that comes next, from the front again when the end is reached; None when nothing else is left."""
    following = _keys(project, wanted, after).first()
    return following if following is not None else _keys(project, wanted, 0).exclude(comparison_id=after).first()


def _keys(project: Project, wanted: Filter, after: int) -> Any:
    items = wanted.items(project).filter(comparison_id__gt=after)
    return items.values_list("comparison_id", flat=True).distinct()


def counts_by_reason(project: Project, annotator: str = "") -> dict[str, int]:
    """How many comparisons wait for each reason, and for any (""); counted up to 100."""
    wanted = {reason: Filter(reason, annotator) for reason in ("", *ReviewItem.Reason.values)}
    return {reason: _keys(project, one, 0)[: COUNTED + 1].count() for reason, one in wanted.items()}


def annotators_in_queue(project: Project) -> QuerySet[Person]:
    """The people whose judgments wait for a reviewer."""
    waiting = ReviewItem.objects.filter(project=project, annotator=OuterRef("pk"), closed_at=None)
    return Person.objects.exclude(kind=Person.Kind.IMPORTED).filter(Exists(waiting)).order_by("name", "pseudonym")


def says(item: ReviewItem) -> str:
    """What speaks against a judgment, as a sentence."""
    figures = item.figures
    sentences = {
        Sign.CONTRADICTS_OTHERS: _("%(people)d people judged it, and agree by %(share)s only."),
        Sign.FLAG: _("Flagged: %(flags)s."),
        Sign.ALL_BAD: _("One person finds all of them bad, another sees a clear winner."),
        Sign.FAST: _("%(characters)d characters in %(seconds)s s: nobody reads that fast."),
        Sign.SAME_PLACE: _(
            "%(in_a_row)d times in a row the best stood at place %(place)d, though places are drawn at random."
        ),
        Sign.CONTRADICTS_GOLD: _("Contradicts the expected answer."),
        Sign.CONTRADICTS_SELF: _("Contradicts what the same person answered the first time."),
        Sign.REDONE: _("Was returned, and is done again."),
    }
    words = {
        **figures,
        "share": number_format(figures.get("share", 0), 2),
        "seconds": number_format(figures.get("dwell_ms", 0) / 1000, 1),
        "flags": ", ".join(map(str, figures.get("flags", ()))),
    }
    return sentences[Sign(item.sign)] % words


def in_words(judgment: Judgment, letters: Mapping[int, str]) -> str:
    """A verdict as people say it: “B is much better than A”; “C, then A and D tied, then B”."""
    groups = [sorted(letters.get(response, "?") for response in group) for group in judgment.ranking]
    if not groups:
        return _("all bad") if judgment.all_bad else _("no ranking")
    if len(letters) == 2:
        return _pair_in_words(judgment, groups)
    named = [_("%(letters)s tied") % {"letters": ", ".join(group)} if len(group) > 1 else group[0] for group in groups]
    named_letters = {letter for group in groups for letter in group}
    if named_letters != set(letters.values()):
        named.append(_("the rest"))
    return " › ".join(named)


def in_letters(judgment: Judgment, letters: Mapping[int, str]) -> str:
    """A ranking in short: `A > B = C > D`; empty when only "all bad" was said."""
    return " > ".join(" = ".join(letters.get(response, "?") for response in group) for group in judgment.ranking)


def _pair_in_words(judgment: Judgment, groups: Sequence[Sequence[str]]) -> str:
    if len(groups) == 1:
        return _("%(first)s and %(second)s are equally good") % {"first": groups[0][0], "second": groups[0][-1]}
    words = {"best": groups[0][0], "other": groups[1][0]}
    match judgment.strength:
        case 3:
            return _("%(best)s is much better than %(other)s") % words
        case 1:
            return _("%(best)s is slightly better than %(other)s") % words
        case 0:
            return _("%(best)s is negligibly better than %(other)s") % words
    return _("%(best)s is better than %(other)s") % words


@dataclass(frozen=True, slots=True)
class Said:
    """One judgment as a reviewer reads it.

    Attributes:
        number: counts the judgments from 1; the key that begins to return it.
        words: the verdict. order: the same as `A > B = C`. shown: the letters in the order this person saw them.
        ratings: (letter, attribute, value) of each.
        against: what speaks against it, as sentences.
        review: the last that a reviewer said about it.
    """

    number: int
    judgment: Judgment
    words: str
    order: str
    shown: str
    ratings: Sequence[tuple[str, str, float]]
    against: Sequence[str]
    review: Review | None
    may_return: bool

    @property
    def seconds(self) -> str:
        return number_format((self.judgment.dwell_ms or 0) / 1000, 1)


@dataclass(frozen=True)
class Sheet:
    """A comparison with everything that was said about it, responses in a fixed order."""

    comparison: Comparison
    prompt: Sequence[Turn]
    cards: Sequence[Card]
    judgments: Sequence[Said]
    adjudication: Said | None
    being_adjudicated_by: Person | None
    history: Sequence[Review]
    seen: str

    @property
    def counted(self) -> int:
        """How many judgments count towards the comparison's target."""
        return sum(not said.judgment.is_surplus for said in self.judgments)

    @property
    def is_waiting(self) -> bool:
        return any(said.against for said in self.judgments)

    def was_judged_by(self, person: Person) -> bool:
        return any(said.judgment.annotator_id == person.pk for said in self.judgments)


def sheet_of(comparison: Comparison) -> Sheet:
    """Put together what a reviewer, a manager or an engineer may see of a comparison."""
    seen = seen_state(comparison)  # before the rest is read: what comes in between is then noticed
    responses = list(comparison.responses.order_by("pk"))
    letters = {response.pk: letter_of(index) for index, response in enumerate(responses)}
    standing = list(
        current_judgments(purposes=(*LOOKED_AT, Purpose.ADJUDICATION))
        .filter(comparison=comparison)
        .select_related("annotator", "guideline_version", "written")
        .order_by("judged_at", "pk")
    )
    against: dict[int, list[str]] = defaultdict(list)
    for item in ReviewItem.objects.filter(comparison=comparison, closed_at=None).order_by("pk"):
        against[item.judgment_id].append(says(item))
    history = list(
        Review.objects.filter(judgment__comparison=comparison)
        .select_related("reviewer", "judgment__annotator")
        .order_by("pk")
    )
    last = {review.judgment_id: review for review in history}
    standing.sort(key=lambda judgment: judgment.purpose == Purpose.ADJUDICATION)  # the last word comes last
    said = [
        _said(number, judgment, letters, against[judgment.pk], last.get(judgment.pk))
        for number, judgment in enumerate(standing, start=1)
    ]
    adjudicating = Assignment.objects.filter(
        comparison=comparison,
        purpose=Purpose.ADJUDICATION,
        state=Assignment.State.OPEN,
        expires_at__gte=timezone.now(),
    )
    lease = adjudicating.select_related("annotator").first()
    return Sheet(
        comparison=comparison,
        prompt=turns_of_prompt(comparison.prompt),
        cards=[card_of(response, index) for index, response in enumerate(responses)],
        judgments=[one for one in said if one.judgment.purpose != Purpose.ADJUDICATION],
        adjudication=next((one for one in said if one.judgment.purpose == Purpose.ADJUDICATION), None),
        being_adjudicated_by=lease.annotator if lease else None,
        history=history,
        seen=seen,
    )


def _said(
    number: int, judgment: Judgment, letters: Mapping[int, str], against: Sequence[str], review: Review | None
) -> Said:
    return Said(
        number=number,
        judgment=judgment,
        words=in_words(judgment, letters),
        order=in_letters(judgment, letters),
        shown=" ".join(letters.get(response, "?") for response in judgment.shown_order),
        ratings=[
            (letters.get(int(response), "?"), name, value)
            for response, values in judgment.ratings.items()
            for name, value in values.items()
        ],
        against=against,
        review=review,
        may_return=is_returnable(judgment),
    )
