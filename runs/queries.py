"""Reading runs, each question asked for a person: what one may not see does not exist."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from runs.models import Run, RunMetric

FILTERS = {"kind": "kind", "state": "state", "scope": "scope"}  # what a client may name → the field it means
METRICS_PAGE = 2000


def runs_visible_to(person: Any) -> QuerySet[Run]:
    """Every run for engineers and owners; otherwise one's own, and those of the projects one manages."""
    runs = Run.objects.select_related("created_by")
    if person.is_engineer:
        return runs
    scopes = Run.objects.exclude(scope="").order_by().values_list("scope", flat=True).distinct()
    return runs.filter(Q(created_by=person) | Q(scope__in=[scope for scope in scopes if person.manages(scope)]))


def get_run_for(person: Any, pk: UUID) -> Run:
    """The run, for someone who may see it; seeing it includes cancelling and resuming it.

    Raises: Http404.
    """
    run = Run.objects.select_related("created_by").filter(pk=pk).first()
    if run is None:
        raise Http404
    is_own = run.created_by_id is not None and run.created_by_id == person.pk
    if not (person.is_engineer or is_own or (run.scope and person.manages(run.scope))):
        raise Http404
    return run


def filter_runs(runs: QuerySet[Run], wishes: Mapping[str, str]) -> QuerySet[Run]:
    """The runs whose kind, state and scope are as wished; other names are ignored."""
    for name, field in FILTERS.items():
        if wishes.get(name):
            runs = runs.filter(**{field: wishes[name]})
    return runs


def metrics_after(run: Run, sequence: int, *, limit: int = METRICS_PAGE) -> list[RunMetric]:
    """The next lines of a run's metrics, oldest first."""
    return list(run.metrics.filter(sequence__gt=sequence).order_by("sequence")[:limit])
