"""axe finds nothing to complain about, on any page, in light and in dark."""

import itertools
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from labeling.models import Person, Project
from tests.browser.desk import press
from tests.browser.every_page import VISITORS, enter, pages_for
from tests.config.test_permissions import World
from tests.factories import PASSWORD, make_member, make_person

SCHEMES = ["light", "dark"]
RULES_ABOUT_COLOUR = ("color-contrast", "link-in-text-block")


def complaints(page: Page, rules: tuple[str, ...] = ()) -> str:
    results = Axe().run(page, options={"runOnly": {"type": "rule", "values": list(rules)}} if rules else None)
    return results.generate_report() if results.violations_count else ""


@pytest.mark.slow
@pytest.mark.parametrize("role", VISITORS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_page_is_accessible_in_light_and_in_dark(
    page: Page, live_server: object, tmp_path: object, role: str, language: str
) -> None:
    """Who looks when the colours are switched sees the same elements, so that only the rules about colour run again."""
    world = World(tmp_path)
    pages = pages_for(role, world)
    enter(page.context, str(live_server), world.people.get(role), language)
    found = {}
    for name, path in pages:
        page.emulate_media(color_scheme="light")
        page.goto(f"{live_server}{path}")
        expect(page.locator("html")).to_have_attribute("lang", language)
        said = complaints(page)
        page.emulate_media(color_scheme="dark")
        said += complaints(page, rules=RULES_ABOUT_COLOUR)
        if said:
            found[f"{name} {path}"] = said
    assert found == {}
    assert pages


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_open_menu_is_accessible(
    page: Page, live_server: object, pairs: Project, log_in: Callable[[Page, Person], None], scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    log_in(page, make_member(pairs, "manager", password=PASSWORD))
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


def test_an_owner_without_a_project_is_told_what_to_do(
    page: Page, live_server: object, log_in: Callable[[Page, Person], None]
) -> None:
    log_in(page, make_person("owner", password=PASSWORD))
    assert complaints(page) == ""
    page.get_by_role("link", name="Make the first project").click()
    page.get_by_role("textbox", name="Name").fill("Helpful answers 도움이 되는 답")
    expect(page.get_by_role("textbox", name="Address")).to_have_value("helpful-answers")


def test_low_contrast_in_the_dark_would_be_found(page: Page) -> None:
    page.set_content("<html lang=en><title>Dark</title><main><h1>Dark</h1><p style='color:#333;background:#222'>Hello")
    assert "color-contrast" in complaints(page, rules=RULES_ABOUT_COLOUR)
