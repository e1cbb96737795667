"""Judging in a real browser, by keys and by hand."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import APIResponse, Page, Route, expect

from labeling.models import Assignment, Judgment, Person, Project
from tests.browser.desk import assignment_on, letters, press, stored, swapped, wait_until


def test_ten_comparisons_are_judged_by_keys_alone_and_one_is_undone(
    workbench: Page, pairs: Project, console_errors: list[str]
) -> None:
    page = workbench
    navigations: list[str] = []
    page.on("framenavigated", lambda frame: navigations.append(frame.url))
    presses = ["1", "2", "Shift+Digit1", "Shift+Digit2", "ArrowLeft", "ArrowRight", "0", "b", "Equal", "1"]
    for number, key in enumerate(presses, start=1):
        before = assignment_on(page)
        press(page, key, "Enter")
        swapped(page, before)
        expect(page.locator(".workbench-count")).to_have_text(f"{number} of 20 today")
        expect(page.locator("#prompt")).to_be_focused()
    assert not navigations
    judgments = stored(10)
    assert [judgment.strength for judgment in judgments] == [2, 2, 3, 3, 1, 1, None, None, None, 2]
    sides = [
        "tie" if len(judgment.ranking) == 1 else "ab"[judgment.shown_order.index(judgment.ranking[0][0])]
        for judgment in judgments
        if judgment.ranking
    ]
    assert sides == ["a", "b", "a", "b", "a", "b", "tie", "tie", "a"]
    assert judgments[7].all_bad
    assert all(judgment.dwell_ms is not None for judgment in judgments)

    before = assignment_on(page)
    press(page, "u")
    swapped(page, before)
    expect(page.locator("#choice-a2")).to_be_checked()
    press(page, "2", "Enter")
    expect(page.locator("#workbench")).to_have_attribute("data-assignment", before)
    assert stored(11)[-1].revision == 2
    assert console_errors == []


def test_a_count_from_before_the_answer_that_comes_after_it_is_not_shown(
    page: Page, live_server: object, pairs: Project, annotator: Person, log_in: Callable[[Page, Person], None]
) -> None:
    late: list[tuple[Route, APIResponse]] = []

    def hold_the_first_reply(route: Route) -> None:
        if late:
            route.continue_()
        else:
            late.append((route, route.fetch()))

    log_in(page, annotator)
    page.route("**/label/reserve/", hold_the_first_reply)
    page.goto(f"{live_server}/projects/{pairs.slug}/label/")
    wait_until(page, lambda: bool(late))
    before = assignment_on(page)
    press(page, "1", "Enter")
    expect(page.locator("#saved")).to_have_text("Saved · 0 waiting")
    expect(page.locator(".workbench-count")).to_have_text("1 of 20 today")
    route, response = late[0]
    route.fulfill(response=response)
    swapped(page, before)
    expect(page.locator(".workbench-count")).to_have_text("1 of 20 today")


def test_arrows_walk_the_scale_and_stop_at_its_ends(workbench: Page, pairs: Project) -> None:
    page = workbench
    for key, expected in [("ArrowLeft", "a1"), ("ArrowLeft", "a2"), ("ArrowLeft", "a3"), ("ArrowLeft", "a3")]:
        press(page, key)
        expect(page.locator(f"#choice-{expected}")).to_be_checked()
    for expected in ["a2", "a1", "tie", "b1", "b2", "b3", "b3"]:
        press(page, "ArrowRight")
        expect(page.locator(f"#choice-{expected}")).to_be_checked()


def test_an_empty_answer_is_not_sent_and_says_what_is_missing(workbench: Page, pairs: Project) -> None:
    press(workbench, "Enter")
    expect(workbench.locator("#problem")).to_contain_text("Choose which response is better")
    assert not Judgment.objects.exists()


def test_a_click_on_a_cards_number_chooses_it(workbench: Page, pairs: Project) -> None:
    workbench.locator("[data-side=b] label.place").click()
    expect(workbench.locator("#choice-b2")).to_be_checked()
    workbench.get_by_role("button", name="Submit").click()
    assert stored(1)[0].strength == 2


def test_a_comparison_is_skipped_with_a_reason(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    press(page, "s")
    page.get_by_label("I do not know enough about it").check()
    page.get_by_label("Anything to add").fill("chemistry")
    page.get_by_role("button", name="Skip this comparison").click()
    swapped(page, before)
    expect(page.locator("#saved")).to_have_text("Saved · 0 waiting")
    assert Assignment.objects.get(pk=before).skip_reason == "expertise · chemistry"


def test_typing_a_reason_presses_no_shortcut_and_escape_gives_the_keys_back(workbench: Page, pairs: Project) -> None:
    page = workbench
    press(page, "c")
    page.keyboard.type("better because 1 is shorter, u see 2")
    expect(page.locator("input[name=choice]:checked")).to_have_count(0)
    press(page, "Escape", "1", "Enter")
    assert stored(1)[0].reason == "better because 1 is shorter, u see 2"


def test_composing_hangul_fires_no_shortcut(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    dispatch = "init => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...init}))"
    page.evaluate(dispatch, {"isComposing": True, "key": "1", "code": "Digit1"})
    page.evaluate(dispatch, {"keyCode": 229, "key": "Process", "code": "Enter"})
    expect(page.locator("input[name=choice]:checked")).to_have_count(0)
    assert assignment_on(page) == before


def test_shortcuts_follow_the_physical_key_under_a_hangul_layout(workbench: Page, pairs: Project) -> None:
    page = workbench
    hangul = {"bubbles": True, "key": "ㅠ", "code": "KeyB"}
    page.evaluate("init => document.body.dispatchEvent(new KeyboardEvent('keydown', init))", hangul)
    expect(page.locator("input[name=all_bad]")).to_be_checked()


def test_single_keys_can_be_switched_off(workbench: Page, pairs: Project) -> None:
    page = workbench
    press(page, "?")
    page.get_by_label(re.compile("Single keys work")).uncheck()
    expect(page.get_by_text("Saved.")).to_be_visible()
    press(page, "Escape", "1")
    expect(page.locator("input[name=choice]:checked")).to_have_count(0)
    page.reload()
    page.wait_for_function("document.getElementById('saved').textContent !== ''")
    press(page, "1")
    expect(page.locator("input[name=choice]:checked")).to_have_count(0)


def test_the_guidelines_open_beside_the_comparison(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    press(page, "g")
    expect(page.locator("#guidelines")).to_contain_text("Prefer the answer that helps.")
    press(page, "1", "Escape")
    expect(page.locator("#guidelines")).not_to_be_visible()
    expect(page.locator("input[name=choice]:checked")).to_have_count(0)
    assert assignment_on(page) == before


def test_raw_text_is_one_key_away(workbench: Page, pairs: Project) -> None:
    expect(workbench.locator(".prose-raw").first).to_be_hidden()
    press(workbench, "r")
    expect(workbench.locator(".prose-raw").first).to_be_visible()
    expect(workbench.locator(".response-text").first).to_be_hidden()


# ---- rankings


def ranking_in_letters(judgment: Judgment) -> str:
    order: list[Any] = judgment.shown_order
    return " ".join("".join(sorted("ABCD"[order.index(one)] for one in group)) for group in judgment.ranking)


def test_number_keys_rank_and_the_same_number_is_a_tie(workbench: Page, rankings: Project) -> None:
    page = workbench
    before = assignment_on(page)
    press(page, "2", "1", "2")
    assert letters(page) == "B AC D"
    press(page, "4")
    expect(page.locator("#announcer")).to_have_text("Response D: place 4 of 4.")
    places = page.locator("[data-place]").all_text_contents()
    assert places == ["1", "2", "2", "4"]
    press(page, "Enter")
    swapped(page, before)
    assert ranking_in_letters(stored(1)[0]) == "B AC D"


def test_arrow_buttons_rank_without_a_keyboard_or_dragging(workbench: Page, rankings: Project) -> None:
    page = workbench
    page.get_by_role("button", name="Move response D up").click()
    assert letters(page) == "A B D C"
    page.get_by_role("button", name="Move response A down").click()
    assert letters(page) == "B A D C"
    page.get_by_role("button", name=re.compile("Tie response D with")).click()
    assert letters(page) == "B AD C"
    expect(page.locator("#announcer")).to_have_text("Response D: place 2 of 4, tied with A.")
    expect(page.locator(".tie-label")).to_have_text("Tie · place 2")
    expect(page.get_by_role("button", name=re.compile("Tie response D with"))).to_be_focused()
    page.get_by_role("button", name="Move response D down").click()
    assert letters(page) == "B A D C"
    page.get_by_role("button", name="Move response B up").click()
    assert letters(page) == "B A D C"
    page.get_by_role("button", name="Submit").click()
    assert ranking_in_letters(stored(1)[0]) == "B A D C"


def test_cards_move_by_shift_and_arrows_and_keep_the_focus(workbench: Page, rankings: Project) -> None:
    page = workbench
    press(page, "j", "j", "Shift+ArrowUp")
    assert letters(page) == "B A C D"
    assert page.evaluate("document.activeElement.dataset.letter") == "B"
    press(page, "j", "Equal")
    assert letters(page) == "BA C D"
    assert page.evaluate("document.activeElement.dataset.letter") == "A"
    press(page, "Equal", "Shift+ArrowDown")
    assert letters(page) == "B C A D"


def test_an_untouched_ranking_must_be_confirmed(workbench: Page, rankings: Project) -> None:
    page = workbench
    before = assignment_on(page)
    press(page, "Enter")
    expect(page.locator("#problem")).to_contain_text("You have not changed the order")
    assert not Judgment.objects.exists()
    press(page, "Enter")
    swapped(page, before)
    assert ranking_in_letters(stored(1)[0]) == "A B C D"


def test_a_ranking_with_places_missing_names_them(workbench: Page, rankings: Project) -> None:
    page = workbench
    press(page, "1", "2", "Enter")
    expect(page.locator("#problem")).to_contain_text("Without one: C, D.")
    assert not Judgment.objects.exists()


def test_undo_brings_a_ranking_back_in_its_order(workbench: Page, rankings: Project) -> None:
    page = workbench
    before = assignment_on(page)
    press(page, "3", "1", "1", "4", "Enter")
    swapped(page, before)
    stored(1)
    press(page, "u")
    expect(page.locator("#workbench")).to_have_attribute("data-assignment", before)
    assert letters(page) == "BC A D"


def test_the_lease_is_renewed_while_somebody_reads(
    page: Page, live_server: object, pairs: Project, annotator: Person, log_in: Any
) -> None:
    pairs.lease_seconds = 6
    pairs.save()
    log_in(page, annotator)
    with page.expect_response(re.compile("/heartbeat/"), timeout=8000) as beat:
        page.goto(f"{live_server}/projects/pairs/label/")
    assert beat.value.status == 200
