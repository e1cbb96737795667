"""axe finds nothing to complain about, on any page, in light and in dark."""

import itertools
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from labeling.models import Comparison, Person, Project
from tests.browser.test_workbench import press
from tests.factories import PASSWORD, make_member, make_person

SCHEMES = ["light", "dark"]


def complaints(page: Page) -> str:
    results = Axe().run(page)
    return results.generate_report() if results.violations_count else ""


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_pages_before_a_login_are_accessible(page: Page, live_server: object, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path in ("/accounts/login/", "/accounts/password/reset/", "/projects/nowhere/"):
        page.goto(f"{live_server}{path}")
        assert complaints(page) == ""


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_managers_pages_are_accessible(
    page: Page, live_server: object, pairs: Project, log_in: Callable[[Page, Person], None], scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    manager = make_member(pairs, "manager", password=PASSWORD)
    comparison = Comparison.objects.filter(project=pairs).first()
    assert comparison is not None
    log_in(page, manager)
    paths = ["", "members/", "guidelines/", "guidelines/edit/", f"comparisons/{comparison.pk}/"]
    account = ["password/change/", "2fa/", "2fa/totp/activate/", "logout/"]
    pages = ["/", "/projects/new/", "/account/tokens/", *(f"/accounts/{path}" for path in account)]
    for path in [*pages, *(f"/projects/pairs/{path}" for path in paths)]:
        page.goto(f"{live_server}{path}")
        assert complaints(page) == "", path
    page.locator(".menu summary").click()
    assert complaints(page) == ""


@pytest.mark.parametrize("kind", ["pairs", "rankings"])
def test_the_workbench_is_accessible(kind: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(kind)
    page: Page = request.getfixturevalue("workbench")
    for scheme, width in itertools.product(SCHEMES, (1280, 390)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 844})
        page.reload()
        assert complaints(page) == ""
        press(page, "1", "1", "b", "s")
        assert complaints(page) == ""
        page.locator(".skip-menu summary").click()
        for key in ("g", "?"):
            press(page, key)
            page.wait_for_timeout(150)
            assert complaints(page) == ""
            press(page, "Escape")


def test_the_annotators_page_is_accessible(
    page: Page, live_server: object, pairs: Project, log_in: Callable[[Page, Person], None]
) -> None:
    log_in(page, make_member(pairs, password=PASSWORD))
    page.goto(f"{live_server}/projects/pairs/")
    assert complaints(page) == ""


def test_an_owner_without_a_project_is_told_what_to_do(
    page: Page, live_server: object, log_in: Callable[[Page, Person], None]
) -> None:
    log_in(page, make_person("owner", password=PASSWORD))
    assert complaints(page) == ""
    page.get_by_role("link", name="Make the first project").click()
    page.get_by_label("Name").fill("Helpful answers 도움이 되는 답")
    expect(page.get_by_label("Address")).to_have_value("helpful-answers")
