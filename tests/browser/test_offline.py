"""Without a connection: answers are kept in the browser, survive reloads, and are stored once when it is back."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from labeling.models import Assignment, Judgment, Person, Project
from tests.browser.desk import assignment_on, held_ahead, judge, outbox_of, press, saved, stored, swapped, wait_until
from tests.factories import make_comparison


def test_answers_given_offline_are_kept_and_stored_once_when_the_connection_is_back(
    workbench: Page, pairs: Project
) -> None:
    page = workbench
    held_ahead(page, 4)
    page.context.set_offline(True)
    judged = [judge(page, key) for key in ("1", "2", "1")]
    expect(page.locator("#saved")).to_have_text("3 waiting")
    expect(page.locator("#notice")).to_contain_text("kept in this browser")
    expect(page.locator(".workbench-count")).to_have_text("3 of 20 today")
    assert not Judgment.objects.exists()
    page.context.set_offline(False)
    saved(page)
    assert [str(judgment.assignment_id) for judgment in stored(3)] == judged
    expect(page.locator(".workbench-count")).to_have_text("3 of 20 today")
    expect(page.locator("#notice")).to_be_hidden()
    assert outbox_of(page) == []


def test_when_nothing_more_lies_ready_offline_the_answer_waits_on_screen(workbench: Page, pairs: Project) -> None:
    page = workbench
    held_ahead(page, 4)
    page.context.set_offline(True)
    for _ in range(3):
        judge(page)
    before = assignment_on(page)
    press(page, "1", "Enter", "2", "Enter")
    expect(page.locator("#saved")).to_have_text("4 waiting")
    expect(page.locator("#answer")).to_have_attribute("inert", "")
    page.context.set_offline(False)
    swapped(page, before)
    saved(page)
    assert [judgment.strength for judgment in stored(4)] == [2, 2, 2, 2]
    judge(page)
    stored(5)


def test_a_connection_that_is_back_while_a_try_fails_is_used_at_once(workbench: Page, pairs: Project) -> None:
    page = workbench
    held_ahead(page, 4)
    before = assignment_on(page)
    tries: list[Route] = []

    def answer(route: Route) -> None:
        tries.append(route)
        if len(tries) < 6:
            route.abort()
        elif len(tries) > 6:
            route.continue_()

    page.route(f"**/label/{before}/", answer)
    press(page, "1", "Enter")
    swapped(page, before)
    for number in range(1, 6):  # each failure doubles the pause
        wait_until(page, lambda number=number: len(tries) >= number)
        page.evaluate("dispatchEvent(new Event('focus'))")
    wait_until(page, lambda: len(tries) == 6)
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(100)
    tries[-1].abort()
    saved(page)
    assert [str(judgment.assignment_id) for judgment in stored(1)] == [before]


@pytest.mark.slow
def test_fifty_judgments_made_offline_are_stored_once_each(
    page: Page, live_server: object, pairs: Project, annotator: Person, log_in: Callable[[Page, Person], None]
) -> None:
    Project.objects.update(daily_quota=None)
    for number in range(12, 55):
        make_comparison(pairs, texts=[f"Short answer {number}.", f"A longer answer, number {number}."])
    log_in(page, annotator)
    page.goto(f"{live_server}/projects/pairs/label/")
    press(page, "?")
    page.get_by_label("Keep 50 ready for working offline").check()
    press(page, "Escape")
    held_ahead(page, 51)
    page.context.set_offline(True)
    judged = [judge(page, "12"[number % 2]) for number in range(50)]
    expect(page.locator("#saved")).to_have_text("50 waiting")
    assert len(outbox_of(page)) == 50
    assert not Judgment.objects.exists()
    page.context.set_offline(False)
    expect(page.locator("#saved")).to_have_text("Saved · 0 waiting", timeout=60_000)
    judgments = stored(50)
    assert [str(judgment.assignment_id) for judgment in judgments] == judged
    assert len({judgment.comparison_id for judgment in judgments}) == 50
    page.reload()
    saved(page)
    assert Judgment.objects.count() == 50


def test_who_asked_to_work_offline_can_reload_without_a_connection(workbench: Page, pairs: Project) -> None:
    page = workbench
    press(page, "?")
    page.get_by_label("Keep 50 ready for working offline").check()
    press(page, "Escape")
    held_ahead(page, 12)
    kept = """async () => Boolean(navigator.serviceWorker.controller)
        && Boolean(await (await caches.open('plumbline-workbench')).match(location.pathname))
        && Boolean(await caches.match('/static/js/workbench.js'))"""
    wait_until(page, lambda: page.evaluate(kept))
    page.context.set_offline(True)
    judged = [judge(page), judge(page, "2")]
    page.reload()
    expect(page.locator("#saved")).to_have_text("2 waiting")
    expect(page.locator("#answer")).to_be_visible()
    assert assignment_on(page) not in judged
    press(page, "g")
    expect(page.locator("#guidelines")).to_contain_text("Prefer")
    press(page, "Escape")
    judged.append(judge(page))
    page.context.set_offline(False)
    saved(page)
    assert [str(judgment.assignment_id) for judgment in stored(3)] == judged


def test_logging_out_takes_the_comparisons_with_it_and_leaves_the_answers(
    workbench: Page, live_server: object, pairs: Project
) -> None:
    page = workbench
    held_ahead(page, 4)
    page.route("**/label/*-*/", lambda route: route.fulfill(status=503, body="away"))
    judge(page)
    page.goto(f"{live_server}/")
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(re.compile("/accounts/login/"))
    assert len(outbox_of(page)) == 1
    names = page.evaluate("async () => (await indexedDB.databases()).map(one => one.name)")
    assert "plumbline-reserve" not in names


def test_answers_that_wait_survive_closing_the_page(workbench: Page, pairs: Project) -> None:
    page = workbench
    held_ahead(page, 4)
    address = page.url
    page.context.set_offline(True)
    judged = [judge(page), judge(page, "2")]
    context = page.context
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(address)
    saved(page)
    assert [str(judgment.assignment_id) for judgment in stored(2)] == judged
    assert assignment_on(page) not in judged


def test_a_reload_while_answers_wait_shows_the_one_after_them(workbench: Page, pairs: Project) -> None:
    page = workbench
    held_ahead(page, 4)
    page.route("**/label/*-*/", lambda route: route.fulfill(status=503, body="away"))
    judged = [judge(page), judge(page)]
    here = assignment_on(page)
    page.reload()
    expect(page.locator("#workbench")).to_have_attribute("data-assignment", here)
    expect(page.locator("#saved")).to_have_text("2 waiting")
    expect(page.locator(".workbench-count")).to_have_text("2 of 20 today")
    page.unroute_all()
    page.reload()
    saved(page)
    assert [str(judgment.assignment_id) for judgment in stored(2)] == judged


def test_skipping_works_offline(workbench: Page, pairs: Project) -> None:
    page = workbench
    held_ahead(page, 4)
    page.context.set_offline(True)
    before = assignment_on(page)
    press(page, "s")
    page.get_by_label("The text is broken or identical").check()
    page.get_by_role("button", name="Skip this comparison").click()
    swapped(page, before)
    expect(page.locator("#saved")).to_have_text("1 waiting")
    page.context.set_offline(False)
    saved(page)
    assert Assignment.objects.get(pk=before).skip_reason == "broken"
