"""Export actions: one for each format, in the container that the form beside the actions names."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeling.downloads import streamed
from labeling.errors import LabelingError
from labeling.models import Snapshot
from labeling.services.exports import DEFAULT_CONTAINER, prepare_export, writable_containers, writable_formats

Action = Callable[[Any, HttpRequest, QuerySet[Any]], StreamingHttpResponse | None]
FindSnapshot = Callable[[Any], Snapshot]


class ExportForm(ActionForm):
    """What stands beside the list of actions: which kind of file an export makes."""

    container = forms.ChoiceField(
        label=gettext_lazy("File"), required=False, choices=[(name, f".{name}") for name in writable_containers()]
    )


def export_actions(snapshot_of: FindSnapshot, *, several: Any) -> list[Action]:
    """The actions that stream the snapshot of the one selected row.

    Args:
        snapshot_of: the snapshot that a row stands for. Raises: LabelingError when it has none.
        several: what to say when not exactly one row is selected.
    """
    return [_export_action(format, snapshot_of, several) for format in writable_formats()]


def _export_action(format: str, snapshot_of: FindSnapshot, several: Any) -> Action:
    def export(
        modeladmin: "ModelAdmin[Any]", request: HttpRequest, queryset: QuerySet[Any]
    ) -> StreamingHttpResponse | None:
        chosen = list(queryset[:2])
        if len(chosen) != 1:
            modeladmin.message_user(request, str(several), messages.WARNING)
            return None
        try:
            container = request.POST.get("container") or DEFAULT_CONTAINER
            return streamed(prepare_export(snapshot=snapshot_of(chosen[0]), format=format, container=container))
        except LabelingError as problem:
            modeladmin.message_user(request, str(problem), messages.ERROR)
            return None

    export.__name__ = f"export_{format.replace('-', '_')}"
    export.short_description = format_lazy(gettext_lazy("Export as {format}"), format=format)  # type: ignore[attr-defined]
    return export


def newest_snapshot(project: Any) -> Snapshot:
    """What a project last froze. Raises: LabelingError when it has frozen nothing."""
    found = Snapshot.objects.filter(project=project).select_related("project").order_by("-created_at").first()
    if found is None:
        raise LabelingError(
            _("%(project)s has no snapshot yet. Freeze one on its page of datasets, then export it.")
            % {"project": project}
        )
    return found
