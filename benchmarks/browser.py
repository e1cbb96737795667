"""One annotator in a real Chromium, before either product: what a page weighs, and how long the next task takes."""

import base64
import re
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from benchmarks.texts import pairs

VIEWPORT = {"width": 1440, "height": 900}
PATIENCE_MS = 120_000
QUIET_SECONDS = 1.0  # after the last answer of the network, a page has loaded
COMPRESSIBLE = re.compile(r"text/|application/(json|javascript|xml|manifest\+json)|image/svg")
GZIP_LEVEL = 6
KNOWN_CHARACTERS = 40

# `shown()` is the number of the task whose prompt and both answers stand on the page, or null. `arm(key)` notes when
# the key is pressed, and resolves once another task stands there and two frames have begun since: it is painted then.
TIMER = """([selector, answers]) => {
  const shown = () => {
    const text = [...document.querySelectorAll(selector)].map((element) => element.textContent).join(" ");
    const number = text.match(/Question (\\d+)\\./)?.[1];
    return number !== undefined && answers[number].every((start) => text.includes(start)) ? number : null;
  };
  const once = (condition) => new Promise((resolve) => {
    const observer = new MutationObserver(look);
    const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
    function look() {
      if (!condition()) return;
      observer.disconnect();
      painted();
    }
    observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    look();
  });
  window.benchmark = {
    shown,
    first: () => once(() => shown() !== null),
    arm: (key) => {
      const before = shown();
      let pressed = null;
      addEventListener("keydown", (event) => {
        if (event.key === key) pressed ??= event.timeStamp;
      }, { capture: true });
      const next = once(() => pressed !== null && shown() !== null && shown() !== before);
      window.benchmark.waited = next.then((now) => now - pressed);
    },
  };
}"""


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where an annotator of one product works, and how.

    Args:
        texts: CSS selector of what holds the prompt and the answers.
        sign_in: leaves a page logged in.
        choose: picks an answer; is not timed.
        submit: the keys that send it, as Playwright writes them; the last one is what the clock starts at.
    """

    label: str
    url: str
    texts: str
    sign_in: Callable[[Page], None]
    choose: Callable[[Page], None]
    submit: str


@dataclass(slots=True)
class Load:
    """The first sight of a page with an empty cache."""

    requests: int = 0
    sent_bytes: int = 0
    gzipped_bytes: int = 0
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)


class Annotator:
    """Somebody signed in to one product."""

    def __init__(self, browser: Browser, workplace: Workplace, tasks: int) -> None:
        self.workplace = workplace
        self._browser = browser
        self._answers = {
            number: [answer[:KNOWN_CHARACTERS] for answer in pair.answers] for number, pair in enumerate(pairs(tasks))
        }
        context = self._open(None)
        workplace.sign_in(context.new_page())
        self._cookies = context.storage_state()
        context.close()
        self._page: Page | None = None

    def load(self) -> Load:
        """Open the labeling page in a browser that has seen nothing yet, and stay on it."""
        if self._page:
            self._page.context.close()
        self._page = self._open(self._cookies).new_page()
        watch = Watch(self._page)
        started = time.monotonic()
        self._page.goto(self.workplace.url, wait_until="commit")
        self._page.evaluate(TIMER, [self.workplace.texts, self._answers])
        self._page.evaluate("benchmark.first()")
        seconds = time.monotonic() - started
        return watch.load(seconds)

    def submit(self, think_seconds: float) -> float:
        """Choose, wait as somebody who thinks, send; returns the seconds until the next task is painted."""
        page = self._page
        assert page is not None
        page.bring_to_front()
        self.workplace.choose(page)
        page.wait_for_timeout(1000 * think_seconds)
        page.evaluate("(key) => benchmark.arm(key)", self.workplace.submit.rpartition("+")[2])
        page.keyboard.press(self.workplace.submit)
        return page.evaluate("benchmark.waited") / 1000

    def _open(self, cookies: Any) -> BrowserContext:
        context = self._browser.new_context(viewport=VIEWPORT, locale="en", storage_state=cookies)
        context.set_default_timeout(PATIENCE_MS)
        return context


class Watch:
    """What Chromium's network layer counts while a page loads."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.on("Network.requestWillBeSent", self._sent)
        self._devtools.on("Network.responseReceived", self._answered)
        self._devtools.on("Network.loadingFinished", self._finished)
        self._devtools.on("Network.loadingFailed", self._failed)
        self._devtools.send("Network.enable")
        self._urls: dict[str, str] = {}
        self._responses: dict[str, dict[str, Any]] = {}
        self._lengths: dict[str, int] = {}
        self._failures: list[str] = []
        self._last = time.monotonic()

    def load(self, seconds: float) -> Load:
        """Wait until the network is quiet, then add up."""
        while time.monotonic() - self._last < QUIET_SECONDS:
            self._page.wait_for_timeout(100)
        sent = sum(self._lengths.values())
        saved = sum(self._saved_by_gzip(request) for request in self._lengths)
        return Load(len(self._urls), sent, sent - saved, seconds, self._failures)

    def _saved_by_gzip(self, request: str) -> int:
        """Bytes that a compressing proxy before the server would take off an answer that came uncompressed."""
        response = self._responses.get(request, {})
        headers = {name.lower(): value for name, value in response.get("headers", {}).items()}
        if "content-encoding" in headers or not COMPRESSIBLE.match(response.get("mimeType", "")):
            return 0
        answer = self._devtools.send("Network.getResponseBody", {"requestId": request})
        body = base64.b64decode(answer["body"]) if answer["base64Encoded"] else answer["body"].encode()
        return max(0, len(body) - len(zlib.compress(body, GZIP_LEVEL, 31)))

    def _sent(self, event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("http"):
            self._urls[event["requestId"]] = event["request"]["url"]
            self._last = time.monotonic()

    def _answered(self, event: dict[str, Any]) -> None:
        self._responses[event["requestId"]] = event["response"]

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._urls:
            self._lengths[event["requestId"]] = int(event["encodedDataLength"])
            self._last = time.monotonic()

    def _failed(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._urls:
            self._failures.append(self._urls[event["requestId"]])
