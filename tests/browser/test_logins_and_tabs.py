"""An expired login, somebody else's login, a second tab: the answer is kept, and stored once under its own name."""

from collections.abc import Callable

from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from labeling.models import Judgment, Person, Project
from tests.browser.desk import assignment_on, held_ahead, judge, outbox_of, press, saved, stored, swapped
from tests.factories import PASSWORD, make_member


def log_in_here(page: Page, person: Person) -> None:
    page.fill("input[name=login]", person.email)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_an_expired_login_loses_nothing_and_the_page_goes_on_after_it(
    workbench: Page, pairs: Project, annotator: Person
) -> None:
    page = workbench
    held_ahead(page, 4)
    Session.objects.all().delete()
    judged = [judge(page, "2"), judge(page, "1")]
    expect(page.locator("#notice")).to_contain_text("Your login has expired")
    expect(page.locator("#saved")).to_have_text("2 waiting")
    press(page, "Shift+Digit2")
    page.get_by_label("Reason").fill("half a thought")
    here = assignment_on(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Log in").click()
    with opened.value.expect_event("close"):  # it closes itself once it is back at the workbench
        log_in_here(opened.value, annotator)
    saved(page)
    assert [str(judgment.assignment_id) for judgment in stored(2)] == judged
    assert assignment_on(page) == here
    expect(page.locator("#choice-b3")).to_be_checked()
    expect(page.get_by_label("Reason")).to_have_value("half a thought")
    expect(page.locator("#notice")).to_be_hidden()


def test_a_login_in_the_same_tab_comes_back_to_the_same_comparison(
    workbench: Page, pairs: Project, annotator: Person
) -> None:
    page = workbench
    held_ahead(page, 4)
    Session.objects.all().delete()
    judged = judge(page, "2")
    here = assignment_on(page)
    press(page, "Shift+Digit1")
    expect(page.locator("#notice")).to_contain_text("Your login has expired")
    page.goto(page.get_by_role("link", name="Log in").evaluate("link => link.href"))
    log_in_here(page, annotator)
    page.wait_for_url("**/projects/pairs/label/")
    saved(page)
    assert str(stored(1)[0].assignment_id) == judged
    expect(page.locator("#workbench")).to_have_attribute("data-assignment", here)
    expect(page.locator("#choice-a3")).to_be_checked()


def test_a_login_renewed_in_another_tab_does_not_break_this_one(
    workbench: Page, pairs: Project, annotator: Person, log_in: Callable[[Page, Person], None]
) -> None:
    page = workbench
    held_ahead(page, 4)  # an answer still under way would put the old token back
    page.context.clear_cookies()
    other = page.context.new_page()
    log_in(other, annotator)
    judge(page)
    saved(page)
    assert len(stored(1)) == 1


def test_an_answer_is_not_sent_under_the_name_of_who_logged_in_meanwhile(
    workbench: Page, pairs: Project, annotator: Person, log_in: Callable[[Page, Person], None]
) -> None:
    page = workbench
    held_ahead(page, 4)
    page.context.clear_cookies()
    other = page.context.new_page()
    log_in(other, make_member(pairs, password=PASSWORD))
    judged = judge(page)
    expect(page.locator("#notice")).to_contain_text("Somebody else is logged in")
    expect(page.locator("#saved")).to_have_text("1 waiting")
    assert not Judgment.objects.exists()
    other.context.clear_cookies()
    log_in(other, annotator)
    page.evaluate("dispatchEvent(new Event('focus'))")
    saved(page)
    assert str(stored(1)[0].assignment_id) == judged
    assert stored(1)[0].annotator == annotator


# ---- two tabs


def test_two_tabs_store_one_answer_and_the_second_moves_on(workbench: Page, pairs: Project) -> None:
    page = workbench
    held_ahead(page, 4)
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_function("document.getElementById('saved').textContent !== ''")
    before = assignment_on(page)
    assert assignment_on(other) == before
    judge(other)
    swapped(page, before)
    expect(page.locator("#announcer")).to_have_text("Answered in another tab. Here is the next one.")
    for tab in (page, other, page):
        here = assignment_on(tab)
        judge(tab, "2")
        for each in (page, other):
            swapped(each, here)
            saved(each)
    judgments = stored(4)
    assert len({judgment.comparison_id for judgment in judgments}) == 4
    assert outbox_of(page) == []
