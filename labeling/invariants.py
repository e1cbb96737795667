"""The rules that span rows, proved again on the whole database. Each is a query that must find nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from labeling.models import Assignment, Comparison, ComparisonResponse, ImportBatch, Judgment
from labeling.queries import comparisons_above_target, current_judgments
from labeling.triggers import ACTIONS, APPEND_ONLY_TABLES, installed_triggers


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: its name, how many rows break it, and the first few."""

    rule: str
    rows: int
    examples: list[str]


def _count(queryset: QuerySet) -> Coalesce:
    counted = queryset.order_by().values("comparison").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _slots_do_not_add_up() -> QuerySet[Comparison]:
    leased = Assignment.objects.filter(comparison=OuterRef("pk"), state="open", is_reopened=False, takes_slot=True)
    counted = current_judgments().filter(comparison=OuterRef("pk"), is_surplus=False)
    return (
        Comparison.objects.annotate(leased=_count(leased), counted=_count(counted))
        .exclude(target_judgments=F("open_slots") + F("leased") + F("counted"))
        .order_by("pk")
    )


def _done_without_judgment() -> QuerySet[Assignment]:
    judged = Judgment.objects.filter(
        comparison=OuterRef("comparison"), annotator=OuterRef("annotator"), purpose=OuterRef("purpose")
    )
    return Assignment.objects.filter(Q(state="done") & ~Exists(judged)).order_by("pk")


def _too_few_responses() -> QuerySet[Comparison]:
    members = ComparisonResponse.objects.filter(comparison=OuterRef("pk"))
    comparisons = Comparison.objects.exclude(project__instrument__kind="demonstration")
    return comparisons.annotate(k=_count(members)).filter(k__lt=2).order_by("pk")


def _comes_from_elsewhere() -> QuerySet[Comparison]:
    """No foreign key of the database says so: a million imported rows would be checked twice more each."""
    of_batch = ImportBatch.objects.filter(pk=OuterRef("import_batch"), project=OuterRef("project"))
    strangers = Q(import_batch__isnull=False) & ~Exists(of_batch)
    return Comparison.objects.filter(~Q(project=F("prompt__project")) | strangers).order_by("pk")


def _judged_elsewhere() -> QuerySet[Judgment]:
    return Judgment.objects.exclude(project=F("comparison__project")).order_by("pk")


def _superseded_elsewhere() -> QuerySet[Judgment]:
    return (
        Judgment.objects.filter(supersedes__isnull=False)
        .exclude(
            supersedes__comparison=F("comparison"),
            supersedes__annotator=F("annotator"),
            supersedes__purpose=F("purpose"),
            supersedes__revision=F("revision") - 1,
        )
        .order_by("pk")
    )


def _counted_without_a_slot() -> QuerySet[Judgment]:
    """A late answer may take a slot that its assignment had lost, but one that never had any cannot."""
    return Judgment.objects.filter(assignment__takes_slot=False, is_surplus=False).order_by("pk")


def _repeats_of_nothing() -> QuerySet[Assignment]:
    judged = Judgment.objects.filter(comparison=OuterRef("comparison"), annotator=OuterRef("annotator"), purpose="work")
    return Assignment.objects.filter(Q(purpose="repeat") & ~Exists(judged)).order_by("pk")


def _purpose_elsewhere() -> QuerySet[Assignment]:
    """Practice and exam are answered as such; a comparison can become one only before anybody judged it."""
    return Assignment.objects.filter(purpose__in=["work", "repeat"]).exclude(comparison__use="work").order_by("pk")


def _written_elsewhere() -> QuerySet[Judgment]:
    """What came with a verdict is a demonstration, and answers the prompt that was shown."""
    answers = Judgment.objects.filter(written__is_demonstration=True, written__prompt=F("comparison__prompt"))
    return Judgment.objects.filter(written__isnull=False).exclude(pk__in=answers.values("pk")).order_by("pk")


RULES = {
    "comparison: open slots + leases + judgments = target": _slots_do_not_add_up,
    "comparison: never above its target": comparisons_above_target,
    "comparison: two responses or more": _too_few_responses,
    "comparison: in its prompt's project, and its import's": _comes_from_elsewhere,
    "assignment: done means judged": _done_without_judgment,
    "assignment: a repeat follows a judgment of the same person": _repeats_of_nothing,
    "assignment: practice and exam are not handed out as work": _purpose_elsewhere,
    "judgment: in its comparison's project": _judged_elsewhere,
    "judgment: without a slot it does not count": _counted_without_a_slot,
    "judgment: what was written is a demonstration to its prompt": _written_elsewhere,
    "judgment: supersedes the same person's previous revision": _superseded_elsewhere,
}


def find_violations() -> Iterator[Violation]:
    """Yield every rule that the database breaks."""
    for rule, query in RULES.items():
        broken = query()
        rows = broken.count()
        if rows:
            yield Violation(rule, rows, [str(key) for key in broken.values_list("pk", flat=True)[:5]])
    missing = len(APPEND_ONLY_TABLES) * len(ACTIONS) - len(installed_triggers(connection))
    if missing:
        yield Violation("append-only tables have their triggers", missing, [])
