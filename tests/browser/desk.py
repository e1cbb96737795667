"""What a test does at the workbench: press, judge, wait for what the browser does by itself, read what is stored."""

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from labeling.models import Judgment

PATIENCE_SECONDS = 20


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until what goes on in the background has come about; the browser's events are heard meanwhile."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)


def stored(count: int = 1) -> list[Judgment]:
    """The stored judgments, once there are that many."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Judgment.objects.count() < count and time.monotonic() < deadline:
        time.sleep(0.05)
    judgments = list(Judgment.objects.order_by("pk"))
    assert len(judgments) == count
    return judgments


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def assignment_on(page: Page) -> str:
    return page.locator("#workbench").get_attribute("data-assignment") or ""


def swapped(page: Page, before: str) -> None:
    """Wait until another comparison is on screen."""
    expect(page.locator("#workbench")).not_to_have_attribute("data-assignment", before)


def letters(page: Page) -> str:
    """The list from top to bottom, as `B AC D`: a space between groups, nothing between those that share a place."""
    return page.evaluate(
        """() => [...document.querySelector('#ranking').children].filter(row => !row.matches('.unranked-label'))
            .map(row => [...(row.matches('.rank-card') ? [row] : row.querySelectorAll('.rank-card'))]
                .map(card => card.dataset.letter).join('')).join(' ')"""
    )


def judge(page: Page, key: str = "1") -> str:
    """Judge what is on screen and wait for the next; returns what was judged."""
    before = assignment_on(page)
    press(page, key, "Enter")
    swapped(page, before)
    return before


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("Saved · 0 waiting")


def outbox_of(page: Page) -> list[dict[str, Any]]:
    script = """() => Object.keys(localStorage).filter(key => key.startsWith('plumbline-outbox:'))
        .flatMap(key => JSON.parse(localStorage.getItem(key)))"""
    return page.evaluate(script)


def held_ahead(page: Page, count: int) -> None:
    """Wait until so many comparisons lie in the browser, the one on screen among them."""
    script = """count => new Promise(resolve => { const ask = indexedDB.open('plumbline-reserve');
        ask.onsuccess = () => { const all = ask.result.transaction('comparisons').objectStore('comparisons').count();
            all.onsuccess = () => { ask.result.close(); resolve(all.result >= count); }; }; })"""
    wait_until(page, lambda: page.evaluate(script, count))
