"""The workbench on a telephone: one response at a time, symbols on the scale, targets for a thumb."""

import pytest
from playwright.sync_api import Page, expect

from labeling.models import Project
from tests.browser.conftest import PHONE
from tests.browser.desk import assignment_on, stored, swapped

SMALLEST_TARGET_PX = 44


@pytest.fixture
def phone(workbench: Page) -> Page:
    workbench.set_viewport_size(PHONE)
    return workbench


def test_one_response_shows_and_the_tabs_change_it(phone: Page, pairs: Project) -> None:
    expect(phone.locator("[data-side=a]")).to_be_visible()
    expect(phone.locator("[data-side=b]")).to_be_hidden()
    phone.get_by_role("button", name="Response B").click()
    expect(phone.locator("[data-side=a]")).to_be_hidden()
    expect(phone.locator("[data-side=b]")).to_be_visible()


def test_a_thumb_judges(phone: Page, pairs: Project) -> None:
    before = assignment_on(phone)
    phone.locator(".step-b1").click()
    phone.get_by_role("button", name="Submit").click()
    swapped(phone, before)
    assert stored(1)[0].strength == 1


@pytest.mark.parametrize("kind", ["pairs", "rankings"])
def test_every_target_is_large_enough_and_nothing_sticks_out(kind: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(kind)
    phone: Page = request.getfixturevalue("phone")
    controls = (
        ".answer-row > label, .answer-actions > button, .skip-menu > summary, .scale label, .view-tabs button, "
        ".rank-moves button, .workbench-header .button"
    )
    for control in phone.locator(controls).all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= SMALLEST_TARGET_PX, control.inner_text()
        assert box["width"] >= SMALLEST_TARGET_PX - 1, control.inner_text()
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
