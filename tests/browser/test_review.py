"""Reviewing in a real browser, by keys alone, and without scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from labeling.models import Comparison, Judgment, Person, Project, Review
from tests.browser.desk import press
from tests.browser.test_accessibility import complaints
from tests.factories import PASSWORD, make_comparison, make_member, make_project
from tests.labeling.test_examination import judge

LogIn = Callable[[Page, Person], None]


def dispute(project: Project, k: int = 2) -> Comparison:
    comparison = make_comparison(project, k=k)
    judge(project, make_member(project, name="김민지"), tuple(range(k)))
    judge(project, make_member(project, name="Ada"), tuple(reversed(range(k))), reason="<b>Kinder</b> 더 친절합니다.")
    return comparison


@pytest.fixture
def disputed(live_server: object) -> Project:
    """A project of pairs with three comparisons on which two people contradict each other."""
    project = make_project(slug="disputed", name="Disputed", judgments_per_comparison=2)
    for _ in range(3):
        dispute(project)
    return project


@pytest.fixture
def queue(page: Page, live_server: object, disputed: Project, log_in: LogIn) -> Page:
    """The queue, open for a reviewer."""
    log_in(page, make_member(disputed, "reviewer", password=PASSWORD))
    page.goto(f"{live_server}/projects/disputed/review/")
    return page


def test_a_reviewer_goes_through_the_queue_by_keys_alone(queue: Page, console_errors: list[str]) -> None:
    page = queue
    first, second, third = Comparison.objects.order_by("pk")
    press(page, "j", "j", "k", "Enter")
    page.wait_for_url(f"**/review/{first.pk}/")

    press(page, "2")
    page.keyboard.type("Read A again. 1 a d n")
    press(page, "Control+Enter")
    page.wait_for_url(f"**/review/{second.pk}/")
    expect(page.get_by_text("Returned. The annotator sees your comment.")).to_be_visible()
    assert Review.objects.get().comment == "Read A again. 1 a d n"

    press(page, "a")
    page.wait_for_url(f"**/review/{third.pk}/")
    assert Review.objects.filter(outcome="accepted").count() == 2

    press(page, "d")
    page.wait_for_url(f"**/review/{third.pk}/adjudicate/")
    page.wait_for_function("document.activeElement.id === 'prompt'")
    press(page, "Enter")
    expect(page.locator("#problem")).to_contain_text("Choose which response is better")
    press(page, "Shift+Digit1", "Enter")
    page.wait_for_url("**/projects/disputed/review/")
    verdict = Judgment.objects.get(purpose="adjudication")
    assert (verdict.strength, verdict.ranking[0]) == (3, [verdict.shown_order[0]])
    assert verdict.dwell_ms is not None
    expect(page.get_by_text("Nothing waits for a reviewer")).to_be_visible()
    assert [error for error in console_errors if "404" not in error] == []


def test_escape_leaves_a_comment_and_an_adjudication(queue: Page) -> None:
    page = queue
    first = Comparison.objects.order_by("pk")[0]
    press(page, "j", "Enter")
    page.wait_for_url(f"**/review/{first.pk}/")
    press(page, "1")
    expect(page.locator("#comment-1")).to_be_focused()
    press(page, "Escape")
    expect(page.locator("#comment-1")).to_be_hidden()
    press(page, "d")
    page.wait_for_url("**/adjudicate/")
    page.wait_for_function("document.activeElement.id === 'prompt'")
    press(page, "Escape")
    page.wait_for_url(f"**/review/{first.pk}/")
    assert not Judgment.objects.filter(purpose="adjudication").exists()
    press(page, "n")
    page.wait_for_url(f"**/review/{Comparison.objects.order_by('pk')[1].pk}/")


def test_single_keys_that_are_switched_off_do_nothing(
    page: Page, live_server: object, disputed: Project, log_in: LogIn
) -> None:
    reviewer = make_member(disputed, "reviewer", password=PASSWORD, preferences={"single_keys": False})
    log_in(page, reviewer)
    page.goto(f"{live_server}/projects/disputed/review/{Comparison.objects.order_by('pk')[0].pk}/")
    press(page, "a", "1", "d")
    page.wait_for_timeout(200)
    expect(page.locator("#comment-1")).to_be_hidden()
    assert not Review.objects.exists()


def test_a_ranking_is_adjudicated_by_number_keys(page: Page, live_server: object, log_in: LogIn) -> None:
    project = make_project("ranking", slug="rankings", judgments_per_comparison=2)
    comparison = dispute(project, k=3)
    log_in(page, make_member(project, "reviewer", password=PASSWORD))
    page.goto(f"{live_server}/projects/rankings/review/{comparison.pk}/")
    press(page, "d")
    page.wait_for_url("**/adjudicate/")
    page.wait_for_function("document.activeElement.id === 'prompt'")
    press(page, "2", "1", "3", "Enter")
    page.wait_for_url("**/projects/rankings/review/")
    verdict = Judgment.objects.get(purpose="adjudication")
    assert [verdict.shown_order.index(group[0]) for group in verdict.ranking] == [1, 0, 2]


def test_reviewing_works_without_scripts(
    browser: Browser, page: Page, live_server: object, disputed: Project, log_in: LogIn
) -> None:
    log_in(page, make_member(disputed, "manager", password=PASSWORD))
    context = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(f"{live_server}/projects/disputed/review/?why=disagreement")
    plain.locator(".review-prompt a").first.click()
    plain.get_by_text("Return", exact=False).first.click()
    plain.get_by_label("What should they look at again?").first.fill("Look again.")
    plain.get_by_role("button", name="Return with this comment").first.click()
    expect(plain.get_by_text("Returned. The annotator sees your comment.")).to_be_visible()
    plain.get_by_role("button", name="Accept as they are").click()
    plain.get_by_role("button", name="Adjudicate").click()
    plain.locator("#choice-b2").check()
    plain.get_by_role("button", name="Adjudicate").click()
    expect(plain.get_by_text("Nothing here under this filter")).to_be_visible()
    assert Judgment.objects.get(purpose="adjudication").strength == 2
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_review_pages_are_accessible(queue: Page, live_server: object, scheme: str) -> None:
    page = queue
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    comparison = Comparison.objects.order_by("pk")[0]
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{live_server}/projects/disputed/review/")
        assert complaints(page) == ""
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.goto(f"{live_server}/projects/disputed/review/{comparison.pk}/")
        press(page, "1")
        assert complaints(page) == ""
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    press(page, "Escape", "d")
    page.wait_for_url("**/adjudicate/")
    assert complaints(page) == ""
    press(page, "2", "Enter")
    page.wait_for_url(lambda url: not url.endswith("/adjudicate/"))
    page.goto(f"{live_server}/projects/disputed/review/{comparison.pk}/")
    assert complaints(page) == ""
