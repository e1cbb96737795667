"""Reading what moderation found: counts, a list, and one finding among the texts it stands between."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from labeling.cards import letter_of
from labeling.located import Located, located_comparisons, located_demonstrations
from labeling.models import Comparison, ModerationFinding, Project
from labeling.moderation.registry import CHECKS
from labeling.moderation.subjects import Text
from labeling.moderation_words import CHECK_NAMES, says
from labeling.queries import excluded_comparisons
from labeling.services.moderation import moderation_of

State = ModerationFinding.State
PAGE = 20
AROUND = 160
LONGEST_MARK = 240
COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings somebody looks at.

    Attributes:
        check: "" for all.
        state: one of the three.
    """

    check: str = ""
    state: str = State.OPEN

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Wanted":
        """Read an address; what it names wrongly is left out."""
        check, state = query.get("check", ""), query.get("state", State.OPEN)
        return cls(check if check in CHECKS else "", state if state in State.values else State.OPEN)

    def as_query(self) -> dict[str, str]:
        said = {"check": self.check, "state": "" if self.state == State.OPEN else str(self.state)}
        return {name: value for name, value in said.items() if value}

    def among(self, project: Project) -> QuerySet[ModerationFinding]:
        found = ModerationFinding.objects.filter(project=project, state=self.state)
        return found.filter(check_name=self.check) if self.check else found


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; `is_marked` where it was found, `is_focus` where it is what is looked at."""

    content: str
    is_marked: bool = False
    is_focus: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding as the list shows it."""

    finding: ModerationFinding
    check: str
    sentence: str
    where: str  # the letter of the response, "" for the prompt
    question: str
    excerpt: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Shown:
    """One text in full, with everything that was found in it."""

    letter: str  # "" for a message of the prompt
    role: str
    pieces: Sequence[Piece]
    findings: Sequence[tuple[ModerationFinding, str, str]]  # with the name of its check and a sentence


@dataclass(frozen=True, slots=True)
class Summary:
    """What moderation has to say of a project's data.

    Attributes:
        rows: check, its name, and how many findings of it are open, kept and excluded; without those of none.
        excluded: comparisons that neither the queue nor a snapshot gets.
        newer: comparisons that came after the last look through the whole project, or all if there was none; counted
            up to 1,000.
    """

    rows: Sequence[tuple[str, str, dict[str, int]]]
    open: int
    kept: int
    removed: int
    excluded: int
    newer: int
    moderated_at: datetime | None

    @property
    def newer_is_more(self) -> bool:
        return self.newer >= COUNTED


def summary_of(project: Project) -> Summary:
    """Count what was found, what became of it, and what nobody has looked at yet."""
    by_check: dict[str, Counter[str]] = defaultdict(Counter)
    counted = ModerationFinding.objects.filter(project=project).values_list("check_name", "state").order_by()
    for check, state, number in counted.annotate(number=Count("pk")):
        by_check[check][state] += number
    totals = sum(by_check.values(), Counter())
    settings = moderation_of(project)
    return Summary(
        rows=[
            (check, str(name), {state: by_check[check][state] for state in State.values})
            for check, name in CHECK_NAMES.items()
            if check in by_check
        ],
        open=totals[State.OPEN],
        kept=totals[State.KEPT],
        removed=totals[State.REMOVED],
        excluded=excluded_comparisons(project).count(),
        newer=Comparison.objects.filter(project=project, pk__gt=settings.last_comparison).order_by()[:COUNTED].count(),
        moderated_at=settings.moderated_at,
    )


def list_page(project: Project, wanted: Wanted, *, after: int = 0) -> tuple[list[Entry], int | None]:
    """Findings in the order in which they were found, and after which one the next page begins, if there is one."""
    found = list(wanted.among(project).filter(pk__gt=after).order_by("pk")[: PAGE + 1])
    shown, further = found[:PAGE], len(found) > PAGE
    located = _located_of(shown)
    return [_entry(finding, located[_key(finding)]) for finding in shown], shown[-1].pk if further else None


def next_finding(project: Project, wanted: Wanted, *, after: int) -> int | None:
    """The finding that follows under the same filter; None at the end."""
    return wanted.among(project).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True).first()


def texts_around(finding: ModerationFinding) -> list[Shown]:
    """The prompt and the responses of what a finding is about, with everything found in them marked."""
    located = _located_of([finding])[_key(finding)]
    others = ModerationFinding.objects.filter(project=finding.project_id, comparison=finding.comparison_id)
    if finding.comparison_id is None:
        others = others.filter(response=finding.response_id)
    letters = _letters(located)
    by_text: dict[tuple[int | None, int | None], list[ModerationFinding]] = defaultdict(list)
    for other in others.order_by("start", "-end", "pk"):
        by_text[None if other.message is not None else other.response_id, other.message].append(other)
    shown = []
    for text in located.subject.texts:
        response = None if text.response is None else located.responses[text.response]
        here = by_text[response, text.message]
        shown.append(
            Shown(
                letter="" if text.response is None else letter_of(text.response),
                role=text.role,
                pieces=_pieces(text.content, here, finding),
                findings=[(one, str(CHECK_NAMES.get(one.check_name, "")), says(one, letters)) for one in here],
            )
        )
    return shown


def _located_of(findings: Iterable[ModerationFinding]) -> dict[tuple[int | None, int | None], Located]:
    """What findings are about, by comparison, or by response where there is none."""
    keys = {_key(finding) for finding in findings}
    comparisons = located_comparisons([comparison for comparison, _response in keys if comparison is not None])
    alone = located_demonstrations([response for _comparison, response in keys if response is not None])
    return {**{(pk, None): one for pk, one in comparisons.items()}, **{(None, pk): one for pk, one in alone.items()}}


def _key(finding: ModerationFinding) -> tuple[int | None, int | None]:
    return finding.comparison_id, None if finding.comparison_id is not None else finding.response_id


def _letters(located: Located) -> dict[int, str]:
    return {pk: letter_of(index) for index, pk in enumerate(located.responses)}


def _text_of(finding: ModerationFinding, located: Located) -> Text:
    if finding.message is not None:
        return located.subject.prompt[finding.message]
    index = list(located.responses).index(finding.response_id or 0)
    return next(text for text in located.subject.responses if text.response == index)


def _entry(finding: ModerationFinding, located: Located) -> Entry:
    letters = _letters(located)
    content = _text_of(finding, located).content
    start, end = finding.start, min(finding.end, finding.start + LONGEST_MARK)
    before, after = content[max(0, start - AROUND) : start], content[finding.end : finding.end + AROUND]
    pieces = (
        Piece(("…" if start > AROUND else "") + before),
        Piece(content[start:end] + ("…" if end < finding.end else ""), is_marked=True, is_focus=True),
        Piece(after + ("…" if finding.end + AROUND < len(content) else "")),
    )
    return Entry(
        finding=finding,
        check=str(CHECK_NAMES.get(finding.check_name, finding.check_name)),
        sentence=says(finding, letters),
        where="" if finding.message is not None else letters[finding.response_id or 0],
        question=located.subject.question,
        excerpt=[piece for piece in pieces if piece.content],
    )


def _pieces(content: str, findings: Sequence[ModerationFinding], focus: ModerationFinding) -> list[Piece]:
    """A text cut where marks begin and end. Where two overlap, the one that is looked at wins, then the earlier one."""
    spans = sorted(findings, key=lambda one: one.pk != focus.pk)
    chosen: list[ModerationFinding] = []
    for one in spans:
        if one.start < one.end and all(one.end <= other.start or other.end <= one.start for other in chosen):
            chosen.append(one)
    pieces, at = [], 0
    for one in sorted(chosen, key=lambda one: one.start):
        pieces += [Piece(content[at : one.start]), Piece(content[one.start : one.end], True, one.pk == focus.pk)]
        at = one.end
    return [piece for piece in (*pieces, Piece(content[at:])) if piece.content]
