"""Who may open a page: the decorators that every page of a project wears.

An outsider gets 404 and does not learn that the project exists; a member whose role does not reach gets 403; an expired
login gets the login page, and a request by htmx gets 401 with `HX-Redirect`, so that the browser goes there.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _

from labeling.models import Person, Project
from labeling.queries import get_project_for

View = Callable[..., HttpResponse]
JUDGES = ("annotator", "reviewer", "manager")
OVERSEERS = ("reviewer", "manager", "engineer")
EVERYBODY = ("annotator", "reviewer", "manager", "engineer")


def to_login(request: HttpRequest) -> HttpResponse:
    """Send an anonymous request to the login page, and back to the page it was made from."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect_to_login(request.get_full_path())
    here = urlsplit(request.htmx.current_url or "/")  # type: ignore[attr-defined]
    response = HttpResponse(_("Your login has expired. Log in again; what you answered is kept."), status=401)
    response["HX-Redirect"] = f"{resolve_url('account_login')}?next={quote(here.path)}"
    return response


def login_required(view: View) -> View:
    """Let only people who are logged in through."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if request.user.is_authenticated else to_login(request)

    return guarded


def role_of(person: Person, project: Project) -> str:
    """What this person is in this project: a member's role, manager for an owner, engineer, or "" for an outsider."""
    return person.role_in(project.slug) or ("engineer" if person.is_engineer else "")


def project_view(*roles: str) -> Callable[[View], View]:
    """Turn the slug into the project, for people with one of `roles` in it; `request.role` says which."""

    def decorate(view: View) -> View:
        @wraps(view)
        @login_required
        def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
            project = get_project_for(request.user, slug)  # type: ignore[arg-type]
            request.role = role_of(request.user, project)  # type: ignore[attr-defined, arg-type]
            if request.role not in roles:  # type: ignore[attr-defined]
                raise PermissionDenied
            return view(request, project, *args, **kwargs)

        return guarded

    return decorate
