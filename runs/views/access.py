"""Who may open a run's page: those for whom the run exists. Everybody else gets 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from runs.queries import get_run_for

View = Callable[..., HttpResponse]


def login_required(view: View) -> View:
    """Send an anonymous request to the login page; a polling fragment tells the whole page to go there."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if not request.headers.get("HX-Request"):
            return redirect_to_login(request.get_full_path())
        here = urlsplit(request.headers.get("HX-Current-URL", "/")).path
        return HttpResponse(status=401, headers={"HX-Redirect": f"{resolve_url('account_login')}?next={quote(here)}"})

    return guarded


def run_view(view: View) -> View:
    """Turn the id into the run, for those who may see it."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, pk: UUID, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, get_run_for(request.user, pk), *args, **kwargs)

    return guarded
