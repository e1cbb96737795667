"""How responses are read: side by side, folded, raw, and by what differs; the person's own keys; drafts; dragging."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from labeling.models import Judgment, Person, Project
from tests.browser.conftest import PHONE
from tests.browser.desk import assignment_on, letters, press, stored, swapped, wait_until
from tests.factories import PASSWORD, make_comparison, make_member, make_project

LONG = "\n\n".join(f"Paragraph {number} of many, with a few words in it." for number in range(80))
LONGER = LONG + "\n\n" + LONG


def open_project(page: Page, live_server: object, project: Project, log_in: Any) -> Page:
    log_in(page, make_member(project, password=PASSWORD))
    page.goto(f"{live_server}/projects/{project.slug}/label/")
    page.wait_for_function("document.getElementById('saved').textContent !== ''")
    return page


@pytest.fixture
def long_pair(page: Page, live_server: object, log_in: Any) -> Page:
    project = make_project(slug="long", name="Long")
    make_comparison(project, texts=[LONG, LONGER])
    make_comparison(project, texts=[LONG, LONGER])
    return open_project(page, live_server, project, log_in)


def share_scrolled(page: Page, side: str) -> float:
    script = "body => body.scrollTop / (body.scrollHeight - body.clientHeight)"
    return page.locator(f"[data-side={side}] [data-body]").evaluate(script)


def test_two_long_responses_scroll_together_whatever_their_lengths(long_pair: Page) -> None:
    page = long_pair
    page.locator("[data-side=a] [data-body]").evaluate("body => { body.scrollTop = body.scrollHeight / 3; }")
    assert share_scrolled(page, "a") > 0.2
    wait_until(page, lambda: share_scrolled(page, "b") == pytest.approx(share_scrolled(page, "a"), abs=0.01))
    page.locator("[data-side=b] [data-body]").evaluate("body => { body.scrollTop = body.scrollHeight; }")
    wait_until(page, lambda: share_scrolled(page, "a") == pytest.approx(1, abs=0.01))


def test_keys_scroll_them_and_tab_reaches_them(long_pair: Page) -> None:
    page = long_pair
    press(page, "PageDown", "ArrowDown")
    wait_until(page, lambda: share_scrolled(page, "a") > 0 and share_scrolled(page, "b") > 0)
    for side in "ab":
        body = page.locator(f"[data-side={side}] [data-body]")
        expect(body).to_have_attribute("tabindex", "0")
        expect(body).to_have_attribute("aria-labelledby", re.compile("response-"))


def test_scrolling_together_can_be_switched_off_and_stays_off(long_pair: Page) -> None:
    page = long_pair
    page.get_by_role("button", name="scroll together").click()
    for _ in range(2):
        body = page.locator("[data-side=a] [data-body]")
        assert body.evaluate("body => body.scrollHeight === body.clientHeight")
        expect(page.get_by_role("button", name="scroll together")).to_have_attribute("aria-pressed", "false")
        page.reload()
        page.wait_for_function("document.getElementById('saved').textContent !== ''")


def test_on_a_phone_a_long_response_is_folded_until_somebody_wants_all(long_pair: Page) -> None:
    page = long_pair
    page.set_viewport_size(PHONE)
    body = page.locator("[data-side=a] [data-body]")
    expect(body).to_have_class(re.compile("is-folded"))
    page.locator("[data-side=a]").get_by_role("button", name="Show all").click()
    expect(body).not_to_have_class(re.compile("is-folded"))
    before = assignment_on(page)
    page.locator(".step-a2").click()
    page.get_by_role("button", name="Submit").click()
    swapped(page, before)
    expect(page.locator("[data-side=a] [data-body]")).not_to_have_class(re.compile("is-folded"))
    expect(page.locator("[data-side=a]").get_by_role("button", name="Show less")).to_be_visible()


def marks(page: Page, side: str) -> list[str]:
    return page.locator(f"[data-side={side}] .prose-difference :is(del, ins)").all_text_contents()


def test_what_differs_is_marked_by_words_and_by_characters_in_korean(
    page: Page, live_server: object, log_in: Any
) -> None:
    project = make_project(slug="differ", name="Differ")
    make_comparison(project, texts=["Use a **set** to do it.", "Use a **dict** to do it."])
    make_comparison(project, texts=["한국어 대답입니다", "한국어 응답입니다"])
    open_project(page, live_server, project, log_in)
    press(page, "d")
    assert sorted([*marks(page, "a"), *marks(page, "b")]) == ["dict", "set"]
    assert page.locator("[data-side=a] del, [data-side=b] ins").count() == 2
    expect(page.get_by_role("button", name="what differs")).to_have_attribute("aria-pressed", "true")
    press(page, "d")
    expect(page.locator(".prose-difference")).to_have_count(0)
    expect(page.locator(".response-text").first).to_be_visible()
    before = assignment_on(page)
    press(page, "d", "1", "Enter")
    swapped(page, before)
    expect(page.locator(".prose-difference")).to_have_count(0)
    press(page, "d")
    assert sorted([*marks(page, "a"), *marks(page, "b")]) == ["대", "응"]


def test_the_difference_of_any_two_texts_rebuilds_both(workbench: Page, pairs: Project) -> None:
    script = """async () => {
        const { difference } = await import('/static/js/diff.js');
        const side = (runs, kind) => runs.filter(([one]) => one !== kind).map(([, text]) => text).join('');
        const pieces = ['a', 'b ', '가', '나', ' ', '漢', '.', '👩‍👩‍👧', '\\n'];
        let seed = 7;
        const next = count => (seed = (seed * 16807) % 2147483647) % count;
        const text = () => Array.from({ length: next(30) }, () => pieces[next(pieces.length)]).join('');
        for (let round = 0; round < 500; round += 1) {
            const [before, after] = [text(), text()];
            const runs = difference(before, after);
            if (side(runs, 'new') !== before || side(runs, 'gone') !== after) return [before, after, runs];
        }
        const far = difference('x '.repeat(4000), 'y '.repeat(4000));
        return side(far, 'new').length + side(far, 'gone').length;
    }"""
    assert workbench.evaluate(script) == 16_000


def test_in_a_ranking_the_marked_card_is_compared_with_the_one_above(workbench: Page, rankings: Project) -> None:
    page = workbench
    press(page, "j", "j", "d")
    expect(page.locator(".prose-difference")).to_have_count(1)
    assert page.locator(".rank-card:has(.prose-difference)").get_attribute("data-letter") == "B"
    press(page, "j")
    assert page.locator(".rank-card:has(.prose-difference)").get_attribute("data-letter") == "C"


def test_raw_text_stays_chosen_for_the_next_comparison(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    press(page, "r", "1", "Enter")
    swapped(page, before)
    expect(page.locator(".prose-raw").first).to_be_visible()


# ---- keys of one's own


def open_own_keys(page: Page) -> None:
    press(page, "?")
    page.get_by_text("Your own keys").click()


def test_a_key_is_changed_shown_on_the_page_and_follows_the_person(workbench: Page, pairs: Project) -> None:
    page = workbench
    open_own_keys(page)
    page.get_by_label("All bad", exact=True).press("x")
    expect(page.get_by_text("Saved.")).to_be_visible()
    press(page, "Escape")
    expect(page.locator(".all-bad kbd")).to_have_text("x")
    press(page, "b")
    expect(page.locator("input[name=all_bad]")).not_to_be_checked()
    press(page, "x")
    expect(page.locator("input[name=all_bad]")).to_be_checked()
    assert Person.objects.get(memberships__project=pairs).preferences["keys"] == {"all-bad": "KeyX"}
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.locator(".all-bad kbd")).to_have_text("x")


def test_a_key_that_is_taken_is_refused_with_a_sentence(workbench: Page, pairs: Project) -> None:
    page = workbench
    open_own_keys(page)
    page.get_by_label("All bad", exact=True).press("u")
    expect(page.get_by_text("“u” already does this: Undo the last one.")).to_be_visible()
    expect(page.get_by_label("All bad", exact=True)).to_have_value("b")
    assert Person.objects.get(memberships__project=pairs).preferences == {}


def test_the_usual_keys_come_back(workbench: Page, pairs: Project) -> None:
    page = workbench
    open_own_keys(page)
    page.get_by_label("All bad", exact=True).press("x")
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("button", name="The usual keys again").click()
    expect(page.get_by_label("All bad", exact=True)).to_have_value("b")
    press(page, "Escape")
    expect(page.locator(".all-bad kbd")).to_have_text("b")
    press(page, "b")
    expect(page.locator("input[name=all_bad]")).to_be_checked()


def test_a_hangul_composition_in_the_browser_itself_fires_no_shortcut(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    press(page, "c")
    devtools = page.context.new_cdp_session(page)
    for code, text in [("KeyG", "ㅎ"), ("KeyK", "하"), ("KeyS", "한"), ("KeyB", "한ㅠ")]:
        devtools.send(
            "Input.dispatchKeyEvent",
            {"type": "rawKeyDown", "code": code, "key": "Process", "windowsVirtualKeyCode": 229},
        )
        devtools.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    devtools.send(
        "Input.dispatchKeyEvent",
        {"type": "rawKeyDown", "code": "Enter", "key": "Process", "windowsVirtualKeyCode": 229},
    )
    devtools.send("Input.insertText", {"text": "한유"})
    expect(page.get_by_label("Reason")).to_have_value("한유")
    expect(page.locator("#guidelines")).not_to_be_visible()
    expect(page.locator("input[name=all_bad]")).not_to_be_checked()
    assert assignment_on(page) == before
    press(page, "Escape", "2", "Enter")
    swapped(page, before)
    assert stored(1)[0].reason == "한유"


def test_ctrl_enter_submits_from_a_text_field_and_ctrl_s_keeps_a_draft(workbench: Page, pairs: Project) -> None:
    page = workbench
    before = assignment_on(page)
    press(page, "1", "c")
    page.keyboard.type("half")
    press(page, "Control+s")
    expect(page.locator("#announcer")).to_have_text("Draft kept")
    page.reload()
    expect(page.get_by_label("Reason")).to_have_value("half")
    press(page, "c", "End")
    page.keyboard.type(" done")
    press(page, "Control+Enter")
    swapped(page, before)
    assert stored(1)[0].reason == "half done"


def test_each_comparison_keeps_its_own_draft(workbench: Page, pairs: Project) -> None:
    page = workbench
    first = assignment_on(page)
    press(page, "1", "Enter")
    swapped(page, first)
    stored(1)
    expect(page.locator("#saved")).to_have_text("Saved · 0 waiting")
    second = assignment_on(page)
    press(page, "Shift+Digit2", "c")
    page.keyboard.type("of the second")
    press(page, "Escape", "u")
    expect(page.locator("#workbench")).to_have_attribute("data-assignment", first)
    press(page, "2", "Enter")
    expect(page.locator("#workbench")).to_have_attribute("data-assignment", second)
    expect(page.locator("#choice-b3")).to_be_checked()
    expect(page.get_by_label("Reason")).to_have_value("of the second")


def test_a_break_is_called_to_mind_after_fifty_active_minutes_and_not_again_at_once(
    workbench: Page, pairs: Project
) -> None:
    page = workbench
    page.evaluate(
        """() => { const key = Object.keys(localStorage).find(one => one.startsWith('plumbline-active:'))
            ?? 'plumbline-active:' + document.getElementById('settings').dataset.person;
            localStorage.setItem(key, JSON.stringify({ ms: 49.99 * 60000, at: Date.now() })); }"""
    )
    page.clock.install()
    page.reload()
    page.wait_for_function("document.getElementById('saved').textContent !== ''")
    page.mouse.move(100, 100)
    page.clock.run_for(16_000)
    expect(page.locator("#notice")).to_contain_text("You have been reading for 50 minutes")
    page.get_by_role("button", name="Go on").click()
    page.clock.run_for(16_000)
    expect(page.locator("#notice")).to_be_hidden()


# ---- dragging


def drag(page: Page, letter: str, to_letter: str, *, below: bool = False) -> None:
    start = page.locator(f".rank-card[data-letter={letter}] .rank-place").bounding_box()
    target = page.locator(f".rank-card[data-letter={to_letter}]").bounding_box()
    assert start is not None
    assert target is not None
    page.mouse.move(start["x"] + 10, start["y"] + 10)
    page.mouse.down()
    height = target["height"]
    page.mouse.move(target["x"] + 40, target["y"] + (height - 4 if below else 4), steps=4)
    page.mouse.up()


def test_a_card_is_dragged_by_its_place(workbench: Page, rankings: Project) -> None:
    page = workbench
    drag(page, "D", "A")
    assert letters(page) == "D A B C"
    expect(page.locator("#announcer")).to_have_text("Response D: place 1 of 4.")
    drag(page, "D", "C", below=True)
    assert letters(page) == "A B C D"
    before = assignment_on(page)
    press(page, "Enter")
    swapped(page, before)
    judgment = stored(1)[0]
    assert [group[0] for group in judgment.ranking] == judgment.shown_order
    assert Judgment.objects.count() == 1
