"""Everything an annotator must be able to do works as plain forms."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from labeling.models import Assignment, Judgment, Person, Project
from tests.factories import PASSWORD


@pytest.fixture
def plain(browser: Browser, live_server: object, annotator: Person) -> Iterator[Page]:
    """A browser that runs no scripts, logged in, at the workbench."""
    context = browser.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(f"{live_server}/accounts/login/")
    page.fill("input[name=login]", annotator.email)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{live_server}/projects/{annotator.memberships.get().project.slug}/label/")
    yield page
    context.close()


def test_a_pair_is_judged_undone_and_judged_again(plain: Page, pairs: Project) -> None:
    plain.get_by_label("B is much better").check(force=True)
    plain.get_by_role("button", name="Submit").click()
    expect(plain.locator(".workbench-count")).to_have_text("1 of 20 today")
    plain.get_by_role("button", name="Undo").click()
    expect(plain.get_by_label("B is much better")).to_be_checked()
    plain.get_by_label("A is slightly better").check(force=True)
    plain.get_by_role("button", name="Submit").click()
    assert list(Judgment.objects.order_by("revision").values_list("strength", flat=True)) == [3, 1]


def test_a_missing_choice_is_asked_for(plain: Page, pairs: Project) -> None:
    plain.get_by_label("Reason").fill("I forgot to choose")
    plain.get_by_role("button", name="Submit").click()
    expect(plain.get_by_role("alert")).to_contain_text("Choose which response is better")
    expect(plain.get_by_label("Reason")).to_have_value("I forgot to choose")


def test_a_ranking_is_given_by_lists_of_places(plain: Page, rankings: Project) -> None:
    for letter, place in zip("ABCD", "2314", strict=True):
        plain.get_by_label(f"Place of response {letter}").select_option(place)
    plain.get_by_role("button", name="Submit").click()
    judgment = Judgment.objects.get()
    a, b, c, d = judgment.shown_order
    assert judgment.ranking == [[c], [a], [b], [d]]


def test_a_comparison_is_skipped(plain: Page, pairs: Project) -> None:
    plain.locator(".skip-menu summary").click()
    plain.get_by_label("The text is broken or identical").check()
    plain.get_by_role("button", name="Skip this comparison").click()
    expect(plain.locator("#answer")).to_be_visible()
    assert Assignment.objects.get(state="skipped").skip_reason == "broken"


def test_what_needs_scripts_is_not_offered(plain: Page, rankings: Project) -> None:
    expect(plain.get_by_role("button", name="Move response A up")).to_be_hidden()
    expect(plain.get_by_role("button", name="Keys and settings")).to_be_hidden()
    plain.get_by_role("link", name="Guidelines").click()
    expect(plain.get_by_text("Prefer the answer that helps.")).to_be_visible()
