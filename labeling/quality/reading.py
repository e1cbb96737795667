"""A project's standing judgments in the shapes that statistics take, read in stretches of comparisons."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.db.models import QuerySet

from labeling.models import Comparison, ComparisonResponse, GoldAnswer, Judgment, Project, Prompt, Purpose
from labeling.quality.data import Outcome, QualityData, Said
from labeling.queries import current_judgments
from labeling.records import ranking_by_index
from labeling.stats.agreement import agreement_within
from labeling.stats.audits.rows import AuditRow, Reading, reading_of, seen_in_order
from labeling.stats.gold import agrees_with_gold
from labeling.stats.judged import JudgedComparison, winner
from labeling.stats.pair_table import ShownPair, Verdict
from labeling.stats.text_features import TextFeatures, text_features
from preferences.records import JudgmentRecord

AT_ONCE = 500  # comparisons
PEOPLE_ONLY = (Judgment.Source.PERSON.value,)
COUNTED = (Purpose.WORK, Purpose.REPEAT)


@dataclass(frozen=True, slots=True)
class _Shown:
    """One response of a comparison, in the order of hashes."""

    pk: int
    policy: str
    author: int | None
    text: str | None


@dataclass(frozen=True, slots=True)
class _Matter:
    """What was judged: a comparison with its responses, the words of its prompt, and the expected ranking if known."""

    comparison: int
    prompt: int
    words: Sequence[str]
    shown: Sequence[_Shown]
    gold: Any


def standing_judgments(project: Project, sources: Iterable[str]) -> QuerySet[Judgment]:
    """The judgments of work and repeats that stand, of these sources."""
    return current_judgments(project, COUNTED).filter(source__in=list(sources))


def read_quality(
    project: Project,
    sources: Sequence[str] = PEOPLE_ONLY,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> QualityData:
    """Read what stands in a project.

    Args:
        sources: whose judgments: of people here, imported, simulated.
        progress: is told how many of how many comparisons are read.
    """
    judgments = standing_judgments(project, sources)
    compared = sorted(set(judgments.values_list("comparison_id", flat=True)))
    data = QualityData(comparisons=Comparison.objects.filter(project=project, use=Comparison.Use.WORK).count())
    has_policies = not (
        ComparisonResponse.objects.filter(comparison__project=project, response__policy_name="").exists()
    )
    for done in range(0, len(compared), AT_ONCE):
        progress(done, len(compared))
        stretch = compared[done : done + AT_ONCE]
        _read_stretch(data, judgments.filter(comparison__in=stretch), stretch, by_policy=has_policies)
    return data


def _read_stretch(data: QualityData, judgments: QuerySet[Judgment], stretch: Sequence[int], *, by_policy: bool) -> None:
    given: dict[int, list[Judgment]] = {}
    fetched = judgments.select_related("annotator").only(
        "comparison_id",
        "purpose",
        "ranking",
        "strength",
        "all_bad",
        "dwell_ms",
        "shown_order",
        "judged_at",
        "annotator__pseudonym",
    )
    for judgment in fetched.order_by("judged_at", "pk"):
        given.setdefault(judgment.comparison_id, []).append(judgment)
    for matter in _matters(stretch):
        theirs = given[matter.comparison]
        of_work = [one for one in theirs if one.purpose == Purpose.WORK and _is_verdict(one)]
        if of_work:
            _add_work(data, matter, of_work, by_policy=by_policy)
        first = {one.annotator_id: one for one in of_work}
        for judgment in theirs:
            _add_expected(data, matter, judgment, first.get(judgment.annotator_id))


def _is_verdict(judgment: Judgment) -> bool:
    """Whether it says anything of the responses' order: a rating or a text alone does not."""
    return bool(judgment.ranking) or judgment.all_bad


def _add_work(data: QualityData, matter: _Matter, judgments: Sequence[Judgment], *, by_policy: bool) -> None:
    index_of = {one.pk: index for index, one in enumerate(matter.shown)}
    features = {one.pk: text_features(one.text) for one in matter.shown if one.text is not None}
    reading = reading_of([*matter.words, *(one.text or "" for one in matter.shown)])
    records = [
        JudgmentRecord(
            annotator=one.annotator.pseudonym,
            ranking=ranking_by_index(one.ranking, index_of),
            strength=one.strength,
            all_bad=one.all_bad,
        )
        for one in judgments
    ]
    data.judged.append(JudgedComparison(matter.comparison, len(matter.shown), records))
    for judgment, record in zip(judgments, records, strict=True):
        data.said.append(_said(judgment, record, matter))
        if len(matter.shown) > 1:
            data.rows.append(_audit_row(judgment, matter, features, reading))
        if len(matter.shown) == 2 and (pair := _shown_pair(judgment, matter.shown, by_policy=by_policy)):
            data.pairs.append(pair)


def _said(judgment: Judgment, record: JudgmentRecord, matter: _Matter) -> Said:
    winners = [winner(record, left, right) for left, right in combinations(range(len(matter.shown)), 2)]
    told = [won for won in winners if won is not None]
    return Said(
        annotator=record.annotator,
        prompt=matter.prompt,
        comparison=matter.comparison,
        judged_at=judgment.judged_at,
        dwell_ms=judgment.dwell_ms,
        tied=told.count("tie") / len(told) if told else 0.0,
        is_all_bad=judgment.all_bad,
    )


def _audit_row(judgment: Judgment, matter: _Matter, features: dict[int, TextFeatures], reading: Reading) -> AuditRow:
    is_known = _order_is_known(judgment, matter.shown)
    return AuditRow(
        comparison=matter.comparison,
        prompt=matter.prompt,
        annotator=judgment.annotator.pseudonym,
        seen=seen_in_order(
            judgment.ranking,
            judgment.shown_order if is_known else [one.pk for one in matter.shown],
            features=features,
            own={one.pk for one in matter.shown if one.author == judgment.annotator_id},
        ),
        order_is_known=is_known,
        judged_at=judgment.judged_at,
        dwell_ms=judgment.dwell_ms,
        reading=reading,
    )


def _order_is_known(judgment: Judgment, shown: Sequence[_Shown]) -> bool:
    """Whether it is known where each response stood: an imported judgment may tell it of none, or of some."""
    return sorted(judgment.shown_order) == sorted(one.pk for one in shown)


def _shown_pair(judgment: Judgment, shown: Sequence[_Shown], *, by_policy: bool) -> ShownPair | None:
    """The judgment of two responses by side; None if that is not known, if all is bad, or a policy met itself."""
    if not judgment.ranking or not _order_is_known(judgment, shown):
        return None
    left, right = judgment.shown_order
    name = {one.pk: one.policy if by_policy else f"{one.pk:020d}" for one in shown}
    if name[left] == name[right]:
        return None
    best = judgment.ranking[0]
    verdict: Verdict = "tie" if len(best) == 2 else "left" if best[0] == left else "right"
    return ShownPair(judgment.annotator.pseudonym, name[left], name[right], verdict)


def _add_expected(data: QualityData, matter: _Matter, judgment: Judgment, first: Judgment | None) -> None:
    """Note how a judgment stands to the gold answer, and a repeat to the same person's first verdict."""
    annotator, judged_at = judgment.annotator.pseudonym, judgment.judged_at
    if judgment.purpose == Purpose.WORK:
        if matter.gold is not None and _is_verdict(judgment):
            right = float(agrees_with_gold(judgment.ranking, matter.gold))
            data.gold.append(Outcome(annotator, matter.prompt, judged_at, right))
    elif first is not None:
        share = agreement_within([first.ranking, judgment.ranking])
        if share is not None:
            data.repeats.append(Outcome(annotator, matter.prompt, judged_at, share))


def _matters(stretch: Sequence[int]) -> Iterator[_Matter]:
    """These comparisons, in the order of their ids."""
    shown = _shown(stretch)
    gold = dict(GoldAnswer.objects.filter(comparison__in=stretch).values_list("comparison_id", "ranking"))
    found = Comparison.objects.filter(pk__in=stretch).select_related("prompt").order_by("pk")
    for one in found.only("prompt__messages", "prompt__documents"):
        yield _Matter(one.pk, one.prompt_id, _words(one.prompt), shown[one.pk], gold.get(one.pk))


def _shown(stretch: Sequence[int]) -> dict[int, list[_Shown]]:
    """The responses of each comparison, in the order of their hashes."""
    shown: dict[int, list[_Shown]] = {}
    members = ComparisonResponse.objects.filter(comparison__in=stretch).order_by(
        "comparison_id", "response__content_hash", "response_id"
    )
    for comparison, pk, policy, author, kind, content in members.values_list(
        "comparison_id",
        "response_id",
        "response__policy_name",
        "response__author_id",
        "response__kind",
        "response__content",
    ):
        text = None if kind == "picture" else content
        shown.setdefault(comparison, []).append(_Shown(pk, policy, author, text))
    return shown


def _words(prompt: Prompt) -> list[str]:
    documents = [str(one.get("content", one.get("text", ""))) for one in prompt.documents if isinstance(one, dict)]
    return [*(str(turn.get("content", "")) for turn in prompt.messages), *documents]
