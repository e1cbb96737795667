"""How a person wants the workbench: a page of its own, a part of the settings, and what the ? sheet loads."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from labeling.errors import InvalidPreferences
from labeling.models import Person
from labeling.services.preferences import (
    BREAK_MINUTES,
    DEFAULT_KEYS,
    set_workbench_preferences,
    workbench_preferences,
)
from labeling.views.access import login_required


@login_required
@require_http_methods(["GET", "POST"])
def workbench_settings(request: HttpRequest) -> HttpResponse:
    """Show and store my keys and my break reminder. A script gets JSON, the ? sheet the form alone."""
    person: Person = request.user  # type: ignore[assignment]
    problem = None
    wants_json = request.headers.get("Accept") == "application/json"
    if request.method == "POST":
        minutes = request.POST.get("break_minutes", "")
        try:
            stored = set_workbench_preferences(
                person=person,
                keys={name[4:]: str(code) for name, code in request.POST.items() if name.startswith("key_")},
                single_keys=bool(request.POST.get("single_keys")),
                break_minutes=int(minutes) if minutes.isascii() and minutes.isdigit() else -1,
            )
        except InvalidPreferences as refused:
            problem = refused
        else:
            return JsonResponse(stored) if wants_json else _back(request)
    if problem and wants_json:
        content = {"code": problem.code, "message": str(problem), "fields": problem.fields}
        return JsonResponse(content, status=problem.status)
    template = "_workbench_preferences" if request.htmx else "workbench_preferences"  # type: ignore[attr-defined]
    context = {"workbench": preferences_form(person), "problem": problem}
    return render(request, f"labeling/{template}.html", context, status=problem.status if problem else 200)


def preferences_form(person: Person) -> dict[str, Any]:
    """What `_workbench_preferences.html` shows."""
    current = workbench_preferences(person)
    names = {
        "first": _("Choose the first response"),
        "second": _("Choose the second response"),
        "much-first": _("The first is much better"),
        "much-second": _("The second is much better"),
        "towards-a": _("One step towards A"),
        "towards-b": _("One step towards B"),
        "tie": _("Tie"),
        "all-bad": _("All bad"),
        "next-card": _("Next response"),
        "previous-card": _("Response before"),
        "submit": _("Submit"),
        "skip": _("Skip"),
        "undo": _("Undo the last one"),
        "reason": _("Write a reason"),
        "ratings": _("To the ratings"),
        "write": _("To your own text"),
        "diff": _("What differs"),
        "raw": _("Raw text"),
        "guidelines": _("Guidelines"),
    }
    return {
        "keys": [
            {"action": action, "label": names[action], "code": current["keys"][action], "usual": usual}
            for action, usual in DEFAULT_KEYS.items()
        ],
        "single_keys": current["single_keys"],
        "breaks": [
            {
                "minutes": minutes,
                "label": _("after %(n)d active minutes") % {"n": minutes}
                if minutes
                else pgettext("break reminder", "never"),
                "is_chosen": minutes == current["break_minutes"],
            }
            for minutes in BREAK_MINUTES
        ],
    }


def _break_label(minutes: int) -> str:
    return _("after %(n)d active minutes") % {"n": minutes} if minutes else pgettext("break reminder", "never")


def _back(request: HttpRequest) -> HttpResponse:
    """To the page that the form stood on."""
    messages.success(request, _("Saved."))
    there = request.POST.get("next", "")
    return redirect(there if url_has_allowed_host_and_scheme(there, allowed_hosts=None) else request.path)
