"""A lost connection, an expired login, a broken server: the answer is kept, sent again, and stored once."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, Route, expect

from labeling.models import Judgment, Person, Project
from tests.browser.test_workbench import assignment_on, press, stored, swapped
from tests.factories import PASSWORD


def outbox_of(page: Page) -> list[dict[str, Any]]:
    script = """() => Object.keys(localStorage).filter(key => key.startsWith('plumbline-outbox:'))
        .flatMap(key => JSON.parse(localStorage.getItem(key)))"""
    return page.evaluate(script)


def test_an_answer_given_offline_is_kept_and_stored_once_when_the_connection_is_back(
    workbench: Page, pairs: Project
) -> None:
    page = workbench
    before = assignment_on(page)
    page.context.set_offline(True)
    press(page, "1", "Enter")
    expect(page.locator("#saved")).to_have_text("1 waiting")
    expect(page.locator("#problem")).to_contain_text("kept in this browser")
    assert not Judgment.objects.exists()
    page.context.set_offline(False)
    swapped(page, before)
    expect(page.locator("#saved")).to_have_text("Saved · 0 waiting")
    assert str(stored(1)[0].assignment_id) == before
    assert outbox_of(page) == []


def test_an_answer_given_offline_survives_closing_the_page(workbench: Page, pairs: Project) -> None:
    page = workbench
    before, address = assignment_on(page), page.url
    page.context.set_offline(True)
    press(page, "2", "Enter")
    expect(page.locator("#saved")).to_have_text("1 waiting")
    context = page.context
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(address)
    swapped(page, before)
    assert str(stored(1)[0].assignment_id) == before


def test_an_answer_whose_reply_was_lost_is_stored_once(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    losses = []

    def lose_the_reply(route: Route) -> None:
        if losses:
            route.continue_()
        else:
            losses.append(route.fetch().status)  # the server stores it; the browser never hears
            route.abort()

    page.route(f"**/label/{before}/", lose_the_reply)
    press(page, "Shift+Digit1", "Enter")
    swapped(page, before)
    assert losses == [200]
    assert len(stored(1)) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_broken_server_is_asked_again(workbench: Page, pairs: Project, status: int) -> None:
    page = workbench
    before = assignment_on(page)
    refusals = []

    def break_once(route: Route) -> None:
        if refusals:
            route.continue_()
        else:
            refusals.append(status)
            route.fulfill(status=status, body="broken")

    page.route(f"**/label/{before}/", break_once)
    press(page, "1", "Enter")
    swapped(page, before)
    assert stored(1)[0].strength == 2


def test_an_expired_login_asks_for_it_and_then_stores_the_answer(
    workbench: Page, pairs: Project, annotator: Person
) -> None:
    page = workbench
    before = assignment_on(page)
    Session.objects.all().delete()
    press(page, "2", "Enter")
    page.wait_for_url(re.compile(r"/accounts/login/\?next="))
    assert not Judgment.objects.exists()
    assert len(outbox_of(page)) == 1
    page.fill("input[name=login]", annotator.email)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/projects/pairs/label/")
    swapped(page, before)
    assert stored(1)[0].strength == 2


def test_a_login_renewed_in_another_tab_does_not_break_this_one(
    workbench: Page, pairs: Project, annotator: Person, log_in: Callable[[Page, Person], None]
) -> None:
    page = workbench
    before = assignment_on(page)
    page.context.clear_cookies()
    other = page.context.new_page()
    log_in(other, annotator)
    press(page, "1", "Enter")
    swapped(page, before)
    assert len(stored(1)) == 1


def test_what_was_answered_elsewhere_says_so_and_leads_on(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    other = page.context.new_page()
    other.goto(page.url)
    press(other, "1", "Enter")
    swapped(other, before)
    press(page, "2", "Enter")
    expect(page.get_by_role("heading", name="This one moved on")).to_be_visible()
    page.get_by_role("link", name="Show the next comparison").click()
    expect(page.locator("#workbench")).to_have_attribute("data-kind", "pair")
    swapped(page, before)
    assert stored(1)[0].strength == 2
    assert outbox_of(page) == []


def test_somebody_elses_waiting_answer_is_not_sent_under_my_name(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    entry = {"id": str(uuid4()), "url": f"/projects/pairs/label/{before}/", "body": [["choice", "a2"]]}
    page.evaluate("entry => localStorage.setItem('plumbline-outbox:p-somebody', JSON.stringify([entry]))", entry)
    page.reload()
    expect(page.locator("#saved")).to_have_text("Saved · 0 waiting")
    page.wait_for_timeout(500)
    assert not Judgment.objects.exists()
    assert outbox_of(page) == [entry]


def test_a_half_made_answer_survives_a_reload_and_is_forgotten_once_sent(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    press(page, "Shift+Digit2")
    page.get_by_label("Reason").fill("a long thought")
    page.wait_for_timeout(500)
    page.reload()
    expect(page.locator("#choice-b3")).to_be_checked()
    expect(page.get_by_label("Reason")).to_have_value("a long thought")
    page.get_by_role("button", name="Submit").click()
    swapped(page, before)
    expect(page.get_by_label("Reason")).to_have_value("")
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('plumbline-draft:'))") == []
    assert stored(1)[0].reason == "a long thought"


def test_a_half_made_ranking_survives_a_reload(workbench: Page, rankings: Project) -> None:
    page = workbench
    press(page, "3", "1")
    page.wait_for_timeout(500)
    page.reload()
    expect(page.locator(".is-ranked")).to_have_count(2)
    assert page.locator(".rank-card").first.get_attribute("data-letter") == "B"
