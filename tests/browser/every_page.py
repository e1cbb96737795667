"""Every page of the installation, from its addresses and the permission matrix: a new one cannot be forgotten."""

from collections.abc import Iterator

from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from playwright.sync_api import BrowserContext

from labeling.models import Person
from tests.config.test_permissions import MATRIX, ROLES, World, our_addresses
from tests.factories import PASSWORD

# Who looks at a page: two who see most, and whoever sees the rest.
VISITORS = ("anonymous", "annotator", "manager", "engineer", "owner")
SEEN_BY_EVERYONE = ("annotator", "manager")
# Made by libraries, for people who write programs, in English.
NOT_OURS = ("api-schema", "api-docs", "metrics", "live", "ready")


def pages_for(role: str, world: World) -> list[tuple[str, str]]:
    """Name and path of each whole page that `role` is to be shown: no fragments, no files, no redirects."""
    client = _client_of(world.people.get(role))
    client.raise_request_exception = False
    pages = []
    for name, path in _addresses_for(role, world):
        response = client.get(path)
        if response.get("Content-Type", "").startswith("text/html") and b"<html" in response.getvalue():
            pages.append((name, path))
    return pages


def _addresses_for(role: str, world: World) -> Iterator[tuple[str, str]]:
    for name, parameters in our_addresses():
        if name not in NOT_OURS and _is_for(role, name):
            yield name, world.url(name, parameters)
    if role in ("anonymous", "manager"):
        for pattern in get_resolver("allauth.urls").url_patterns:
            yield from _library_addresses(pattern)
    yield "404", "/projects/nowhere/"
    if role == "annotator":
        yield "403", reverse("labeling-members", kwargs={"slug": world.project.slug})


def _is_for(role: str, name: str) -> bool:
    allowed = {each for each, letter in zip(ROLES, MATRIX[name][0], strict=False) if letter == "."}
    if role in SEEN_BY_EVERYONE or role == "anonymous":
        return role in allowed
    earlier = set(VISITORS[1 : VISITORS.index(role)])
    return role in allowed and not earlier & allowed


def _library_addresses(pattern: object) -> Iterator[tuple[str, str]]:
    """Those of django-allauth that need no key."""
    for each in getattr(pattern, "url_patterns", [pattern]):
        if hasattr(each, "url_patterns"):
            yield from _library_addresses(each)
            continue
        try:
            yield each.name, reverse(each.name)
        except NoReverseMatch:
            continue


def _client_of(person: Person | None) -> Client:
    """A client that has just logged in with a password, as pages about the account ask for; a visitor's for nobody."""
    client = Client()
    if person is not None:
        person.set_password(PASSWORD)
        person.save()
        client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
        assert settings.SESSION_COOKIE_NAME in client.cookies
    return client


def enter(context: BrowserContext, server: str, person: Person | None, language: str) -> None:
    """Give the browser the session of `person` (nobody: a visitor) and the language."""
    cookies = {settings.LANGUAGE_COOKIE_NAME: language}
    if person is not None:
        cookies[settings.SESSION_COOKIE_NAME] = _client_of(person).cookies[settings.SESSION_COOKIE_NAME].value
        Person.objects.filter(pk=person.pk).update(language=language)
    context.clear_cookies()
    context.add_cookies([{"name": name, "value": value, "url": server} for name, value in cookies.items()])
