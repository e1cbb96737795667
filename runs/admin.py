"""Runs in the administration: looked at, cancelled and resumed; their services alone change them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from config.administration.actions import confirmed
from config.administration.filters import ChoiceFilter, WordFilter, choice, time
from config.administration.lists import ReadOnlyAdmin
from config.administration.searches import uuid
from config.administration.shown import as_json, as_text, link
from runs.kinds import all_kinds
from runs.models import Run, RunMetric
from runs.services.queueing import request_cancel, resume_run
from runs.tasks import execute_run


class KindFilter(ChoiceFilter):
    column = "kind"
    parameters = ("kind",)

    def choices_of(self, field: Any) -> Sequence[tuple[Any, Any]]:
        return [(name, kind.title) for name, kind in sorted(all_kinds().items())]


class ScopeFilter(WordFilter):
    title = gettext_lazy("project")
    hint = gettext_lazy("its slug")
    parameters = ("scope",)

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(scope=self.wanted["scope"])


class RunFilter(WordFilter):
    title = gettext_lazy("run")
    hint = gettext_lazy("its id")
    parameters = ("run",)

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        found = uuid("run")(self.wanted["run"])
        return rows.none() if found is None else rows.filter(found)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("title", "kind", "state", "scope", "attempt", "created_at", "finished_at")
    list_filter = (choice("state"), KindFilter, ScopeFilter, time("created_at"))
    ordering = ("-created_at", "-pk")
    searches = (uuid("pk"),)
    search_help_text = gettext_lazy("The id of a run.")
    actions = ("cancel", "resume")
    why_not_deleted = gettext_lazy("Nothing is deleted here: what a run brought names the run it came from.")
    fields = (
        "page",
        "title",
        "kind",
        "state",
        "error_whole",
        "scope",
        "attempt",
        "max_attempts",
        "worker",
        "heartbeat_at",
        "cancel_requested_at",
        "progress_done",
        "progress_total",
        "asked_for",
        "brought",
        "created_by",
        "created_at",
        "started_at",
        "finished_at",
    )

    @admin.display(description=gettext_lazy("page"))
    def page(self, run: Run) -> SafeString:
        return link(reverse("run", args=[run.pk]), run.title)

    @admin.display(description=gettext_lazy("error"))
    def error_whole(self, run: Run) -> SafeString | str:
        return as_text(run.error)

    @admin.display(description=gettext_lazy("config"))
    def asked_for(self, run: Run) -> SafeString | str:
        return as_json(run.config)

    @admin.display(description=gettext_lazy("result"))
    def brought(self, run: Run) -> SafeString | str:
        return as_json(run.result)

    @confirmed(
        label=gettext_lazy("Cancel"),
        question=gettext_lazy("These runs will stop: queued ones at once, running ones as soon as they have saved."),
        done=gettext_lazy("%(row)s is asked to stop."),
    )
    def cancel(self, request: HttpRequest, run: Any) -> None:
        request_cancel(run.pk)

    @confirmed(
        label=gettext_lazy("Resume"),
        question=gettext_lazy("These runs will go on from where they last saved, with fresh attempts."),
        done=gettext_lazy("%(row)s is queued again."),
    )
    def resume(self, request: HttpRequest, run: Any) -> None:
        resume_run(run.pk)
        execute_run.delay_on_commit(str(run.pk))


@admin.register(RunMetric)
class RunMetricAdmin(ReadOnlyAdmin):
    list_display = ("run", "sequence", "attempt", "step", "recorded_at")
    list_select_related = ("run",)
    list_filter = (RunFilter,)
    searches = (uuid("run"),)
    search_help_text = gettext_lazy("The id of a run.")
    fields = ("run", "sequence", "attempt", "step", "measured", "recorded_at")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("-sequence", "-pk") if request.GET.get("run", "").strip() else ("-pk",)

    @admin.display(description=gettext_lazy("values"))
    def measured(self, metric: RunMetric) -> SafeString | str:
        return as_json(metric.values)
