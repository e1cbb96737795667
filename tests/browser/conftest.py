"""A real Chromium against a live server. Without one these tests skip, and say which variable names it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from labeling.models import Person, Project
from tests.factories import PASSWORD, make_comparison, make_member, make_project

CHROMIUM = os.environ.get("PLUMBLINE_CHROMIUM", "/usr/bin/chromium")
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

expect.set_options(timeout=20_000)  # ms; what never comes fails all the same, what a busy machine shows late does not


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}; PLUMBLINE_CHROMIUM names another place")
    return {**browser_type_launch_args, "executable_path": CHROMIUM}


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, object]) -> dict[str, object]:
    return {**browser_context_args, "viewport": DESK, "locale": "en"}


@pytest.fixture
def console_errors(page: Page) -> list[str]:
    """What the page complained about: scripts that failed, and what the security policy refused."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    return errors


@pytest.fixture
def log_in(live_server: object) -> Callable[[Page, Person], None]:
    def log_in(page: Page, person: Person) -> None:
        page.goto(f"{live_server}/accounts/login/")  # type: ignore[str-bytes-safe]
        page.fill("input[name=login]", person.email)
        page.fill("input[name=password]", PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{live_server}/")  # type: ignore[str-bytes-safe]

    return log_in


@pytest.fixture
def pairs(live_server: object) -> Project:
    """A project of twelve pairs."""
    project = make_project(slug="pairs", name="Pairs", daily_quota=20)
    for number in range(12):
        make_comparison(project, texts=[f"Short answer {number}.", f"A longer answer, number {number}."])
    return project


@pytest.fixture
def rankings(live_server: object) -> Project:
    """A project of three rankings of four."""
    project = make_project("ranking", slug="rankings", name="Rankings")
    for _ in range(3):
        make_comparison(project, k=4)
    return project


@pytest.fixture
def annotator(request: pytest.FixtureRequest) -> Person:
    """An annotator of whichever of the two projects the test asked for."""
    name = "pairs" if "pairs" in request.fixturenames else "rankings"
    return make_member(request.getfixturevalue(name), password=PASSWORD)


@pytest.fixture
def workbench(page: Page, live_server: object, annotator: Person, log_in: Callable[[Page, Person], None]) -> Page:
    """The workbench, open, with its scripts running."""
    log_in(page, annotator)
    slug = annotator.memberships.get().project.slug
    page.goto(f"{live_server}/projects/{slug}/label/")  # type: ignore[str-bytes-safe]
    page.wait_for_function("document.getElementById('saved').textContent !== ''")
    return page
