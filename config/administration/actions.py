"""Actions on selected rows that change something: asked back first, then done one by one and told."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from config.errors import PlumblineError

CONFIRMED = "confirmed"
MOST_ROWS = 100
Change = Callable[[Any, HttpRequest, Any], object]
Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]


def confirmed(*, label: Any, question: Any, done: Any) -> Callable[[Change], Action]:
    """Make an admin action of a method that changes one row, and says why not by a PlumblineError.

    Args:
        label: what the action is called in the list of actions.
        question: what will become of the rows, as a sentence; asked before anything happens.
        done: what is said of each row afterwards, with %(row)s.
    """

    def decorate(change: Change) -> Action:
        def action(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
            rows = list(queryset[: MOST_ROWS + 1])
            if len(rows) > MOST_ROWS:
                text = _("At most %(count)d rows can be changed at a time.") % {"count": MOST_ROWS}
                model_admin.message_user(request, text, messages.ERROR)
                return None
            if CONFIRMED not in request.POST:
                return _asked(model_admin, request, rows, name=change.__name__, label=label, question=question)
            for row in rows:
                _do(change, model_admin, request, row, done)
            return None

        action.__name__ = change.__name__
        action.__doc__ = change.__doc__
        action.short_description = label  # type: ignore[attr-defined]
        return action

    return decorate


def _do(change: Change, model_admin: Any, request: HttpRequest, row: Any, done: Any) -> None:
    text = str(done) % {"row": row}
    try:
        with transaction.atomic():
            change(model_admin, request, row)
            LogEntry.objects.log_actions(str(request.user.pk), [row], CHANGE, text, single_object=True)
    except PlumblineError as problem:
        model_admin.message_user(request, f"{row}: {problem}", messages.ERROR)
    else:
        model_admin.message_user(request, text, messages.SUCCESS)


def _asked(
    model_admin: Any, request: HttpRequest, rows: list[Any], *, name: str, label: Any, question: Any
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "title": label,
        "question": question,
        "rows": rows,
        "action": name,
        "checkbox": ACTION_CHECKBOX_NAME,
        "confirmed": CONFIRMED,
    }
    return TemplateResponse(request, "admin/confirm_action.html", context)
