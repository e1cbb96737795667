"""A slow network, a broken server, a late refusal, an answer taken back: what was given is stored once."""

from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from labeling.models import Assignment, Judgment, Project
from labeling.services.judgments import submit_judgment
from labeling.verdicts import Verdict
from tests.browser.desk import assignment_on, held_ahead, judge, outbox_of, press, saved, stored, swapped

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
