"""What the header offers a person: the sections that their role may open, and the pages about themselves."""

from collections.abc import Iterator
from dataclasses import dataclass

from django import template
from django.http import HttpRequest
from django.template import Context
from django.urls import is_valid_path
from django.utils.translation import gettext as _

register = template.Library()


@dataclass(frozen=True)
class Link:
    """One entry of a menu."""

    label: str
    path: str
    is_current: bool = False


def _sections(request: HttpRequest) -> Iterator[tuple[str, str]]:
    yield _("Projects"), "/"
    if getattr(request.user, "is_engineer", False):
        yield _("Reward models"), "/reward-models/"
        yield _("Policies"), "/policies/"
        yield _("Runs"), "/runs/"
        yield _("Playground"), "/playground/"


def _is_current(path: str, here: str) -> bool:
    return here == "/" or here.startswith("/projects/") if path == "/" else here.startswith(path)


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> list[Link]:
    """The sections this person may open, in the order data moves; a section without a page is left out."""
    request = context["request"]
    return [
        Link(label, path, _is_current(path, request.path))
        for label, path in _sections(request)
        if path == "/" or is_valid_path(path)
    ]


@register.simple_tag(takes_context=True)
def account_links(context: Context) -> list[Link]:
    """The pages about the person themselves; Django admin for owners."""
    links = [
        Link(_("Settings"), "/account/settings/"),
        Link(_("Password"), "/accounts/password/change/"),
        Link(_("Two-factor login"), "/accounts/2fa/"),
        Link(_("API tokens"), "/account/tokens/"),
    ]
    if context["request"].user.is_staff:
        links.append(Link(_("People"), "/people/"))
        links.append(Link(_("Administration"), "/admin/"))
    return [link for link in links if is_valid_path(link.path)]
