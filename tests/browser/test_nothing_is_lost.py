"""A lost connection, an expired login, a broken server: the answer is kept, sent again, and stored once."""

import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, Route, expect

from labeling.models import Assignment, Judgment, Person, Project
from labeling.services.judgments import submit_judgment
from labeling.verdicts import Verdict
from tests.browser.test_workbench import assignment_on, press, stored, swapped
from tests.factories import PASSWORD, make_comparison, make_member


def outbox_of(page: Page) -> list[dict[str, Any]]:
    script = """() => Object.keys(localStorage).filter(key => key.startsWith('plumbline-outbox:'))
        .flatMap(key => JSON.parse(localStorage.getItem(key)))"""
    return page.evaluate(script)


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("Saved · 0 waiting")


def held_ahead(page: Page, count: int) -> None:
    """Wait until so many comparisons lie in the browser, the one on screen among them."""
    script = """count => new Promise(resolve => { const ask = indexedDB.open('plumbline-reserve');
        ask.onsuccess = () => { const all = ask.result.transaction('comparisons').objectStore('comparisons').count();
            all.onsuccess = () => { ask.result.close(); resolve(all.result >= count); }; }; })"""
    deadline = time.monotonic() + 20
    while not page.evaluate(script, count):
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)


def judge(page: Page, key: str = "1") -> str:
    """Judge what is on screen and wait for the next; returns what was judged."""
    before = assignment_on(page)
    press(page, key, "Enter")
    swapped(page, before)
    return before


def log_in_here(page: Page, person: Person) -> None:
    page.fill("input[name=login]", person.email)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in").click()


# ---- without a connection


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
    deadline = time.monotonic() + 20
    while not page.evaluate(kept):
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
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


# ---- a slow network, a broken server


def test_the_next_comparison_does_not_wait_for_a_slow_network(workbench: Page, pairs: Project) -> None:
    page = workbench
    held_ahead(page, 4)
    held_back: list[Route] = []
    is_slow = [True]
    page.route("**/label/*-*/", lambda route: held_back.append(route) if is_slow else route.continue_())
    for _ in range(3):
        judge(page)
    assert not Judgment.objects.exists()
    expect(page.locator(".workbench-count")).to_have_text("3 of 20 today")
    is_slow.clear()
    held_back[0].continue_()
    saved(page)
    stored(3)


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
    saved(page)
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
    saved(page)
    assert stored(1)[0].strength == 2


def test_somebody_elses_page_that_says_all_is_well_is_not_believed(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    lies = []

    def lie_once(route: Route) -> None:
        if lies:
            route.continue_()
        else:
            lies.append(route.request.url)
            route.fulfill(status=200, content_type="text/html", body="<h1>Welcome to the hotel</h1>")

    page.route(f"**/label/{before}/", lie_once)
    press(page, "1", "Enter")
    swapped(page, before)
    saved(page)
    assert len(lies) == 1
    assert len(stored(1)) == 1


# ---- the login


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


# ---- refusals that come late


def test_an_answer_refused_late_comes_back_with_its_values_and_the_sentence(workbench: Page, pairs: Project) -> None:
    page = workbench
    held_ahead(page, 4)
    before = assignment_on(page)
    refusals = []

    def refuse_once(route: Route) -> None:
        if refusals:
            route.continue_()
        else:
            refusals.append(before)
            route.fulfill(status=422, json={"code": "invalid_verdict", "message": "Say why, in a word or two."})

    page.route(f"**/label/{before}/", refuse_once)
    press(page, "Shift+Digit2", "Enter")
    swapped(page, before)
    expect(page.locator("#notice")).to_contain_text("could not be taken")
    here = assignment_on(page)
    page.get_by_role("button", name="Show it now").click()
    expect(page.locator("#workbench")).to_have_attribute("data-assignment", before)
    expect(page.locator("#problem")).to_have_text("Say why, in a word or two.")
    expect(page.locator("#choice-b3")).to_be_checked()
    page.get_by_label("Reason").fill("clearer")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#workbench")).to_have_attribute("data-assignment", here)
    saved(page)
    judgment = stored(1)[0]
    assert (str(judgment.assignment_id), judgment.strength, judgment.reason) == (before, 3, "clearer")
    assert outbox_of(page) == []


def test_what_was_answered_elsewhere_comes_back_once_and_can_be_left(workbench: Page, pairs: Project) -> None:
    page = workbench
    held_ahead(page, 4)
    before = assignment_on(page)
    first = Assignment.objects.get(pk=before)
    a, b = first.shown_order
    submit_judgment(assignment=first, verdict=Verdict(ranking=((a,), (b,)), strength=1), client_id=uuid4())
    press(page, "2", "Enter")
    swapped(page, before)
    expect(page.locator("#notice")).to_contain_text("could not be taken")
    page.reload()
    expect(page.locator("#notice")).to_contain_text("could not be taken")
    judge(page)
    expect(page.locator("#workbench")).to_have_attribute("data-assignment", before)
    expect(page.locator("#problem")).to_contain_text("already answered")
    expect(page.locator("#choice-b2")).to_be_checked()
    page.get_by_role("button", name="Go on without it").click()
    swapped(page, before)
    saved(page)
    assert [judgment.strength for judgment in stored(2)] == [1, 2]
    assert outbox_of(page) == []


# ---- undo


def test_an_answer_not_sent_yet_is_taken_back_with_its_values(workbench: Page, pairs: Project) -> None:
    page = workbench
    held_ahead(page, 4)
    page.context.set_offline(True)
    first = judge(page, "1")
    before = assignment_on(page)
    press(page, "Shift+Digit2")
    page.get_by_label("Reason").fill("a reason")
    page.get_by_role("button", name="Submit").click()
    swapped(page, before)
    expect(page.locator("#saved")).to_have_text("2 waiting")
    press(page, "u")
    expect(page.locator("#workbench")).to_have_attribute("data-assignment", before)
    expect(page.locator("#choice-b3")).to_be_checked()
    expect(page.get_by_label("Reason")).to_have_value("a reason")
    expect(page.locator("#saved")).to_have_text("1 waiting")
    press(page, "1", "Enter")
    swapped(page, before)
    page.context.set_offline(False)
    saved(page)
    judgments = stored(2)
    assert [str(judgment.assignment_id) for judgment in judgments] == [first, before]
    assert [(judgment.strength, judgment.revision) for judgment in judgments] == [(2, 1), (2, 1)]


def test_taking_back_an_answer_that_the_server_has_heard_after_all_supersedes_it(
    workbench: Page, pairs: Project
) -> None:
    page = workbench
    held_ahead(page, 4)
    before = assignment_on(page)

    def lose_the_reply(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(f"**/label/{before}/", lose_the_reply)
    with page.expect_event("requestfailed", lambda request: before in request.url):
        press(page, "1", "Enter")
    swapped(page, before)
    expect(page.locator("#saved")).to_have_text("1 waiting")
    assert len(stored(1)) == 1
    page.unroute_all()
    press(page, "Control+z")
    expect(page.locator("#workbench")).to_have_attribute("data-assignment", before)
    press(page, "Shift+Digit2", "Enter")
    swapped(page, before)
    saved(page)
    assert [(judgment.revision, judgment.strength) for judgment in stored(2)] == [(1, 2), (2, 3)]
    expect(page.locator(".workbench-count")).to_have_text("1 of 20 today")


def test_a_full_storage_keeps_the_answers_in_the_page_and_says_so(workbench: Page, pairs: Project) -> None:
    page = workbench
    held_ahead(page, 4)
    page.evaluate(
        "() => { for (let n = 6000; n >= 1; n = Math.floor(n / 2)) try { while (true) "
        "localStorage.setItem(`fill-${n}-${Math.random()}`, 'x'.repeat(n * 1000)); } catch {}; "
        "try { while (true) localStorage.setItem(`f${Math.random()}`, 'x'); } catch {} }"
    )
    page.context.set_offline(True)
    judged = [judge(page), judge(page, "2")]
    expect(page.locator("#notice")).to_contain_text("storage is full")
    expect(page.locator("#saved")).to_have_text("2 waiting")
    page.context.set_offline(False)
    saved(page)
    expect(page.locator("#notice")).to_be_hidden()
    assert [str(judgment.assignment_id) for judgment in stored(2)] == judged


# ---- whose answers they are, and answers half made


def test_somebody_elses_waiting_answer_is_not_sent_under_my_name(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    entry = {"id": str(uuid4()), "url": f"/projects/pairs/label/{before}/", "body": [["choice", "a2"]]}
    script = "entry => localStorage.setItem('plumbline-outbox:p-somebody:' + entry.id, JSON.stringify(entry))"
    page.evaluate(script, entry)
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
