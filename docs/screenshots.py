"""Photographs every page at 1440 and 390 px, light and dark, in English and Korean, into docs/screenshots/.

    .venv/bin/python docs/screenshots.py [--loop] [NAME …]

A home of its own is made in a temporary folder, filled with what `labeling_pictures.py` says, and served from a thread.
With --loop it photographs the pages of models and runs on var/loop, as `make loop` left it. Needs a Chromium
(PLUMBLINE_CHROMIUM, by default /usr/bin/chromium). Pictures keep their 256 commonest colours.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "screenshots"
CHROMIUM = os.environ.get("PLUMBLINE_CHROMIUM", "/usr/bin/chromium")
HEIGHTS = {1440: 900, 390: 844}
# In Korean what differs is the text: one scheme for each width shows it.
FORMS = [
    *(("en", width, scheme) for width in HEIGHTS for scheme in ("light", "dark")),
    ("ko", 1440, "light"),
    ("ko", 390, "dark"),
]
MANAGER = "manager@example.org"
PASSWORD = "only for pictures 2718"  # noqa: S105

sys.path[:0] = [str(ROOT), str(ROOT / "docs")]
IS_LOOP = "--loop" in sys.argv
os.environ["PLUMBLINE_HOME"] = str(ROOT / "var" / "loop") if IS_LOOP else tempfile.mkdtemp(prefix="plumbline-pictures-")
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
os.environ["PLUMBLINE_LOG_LEVEL"] = "ERROR"

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from labeling_pictures import Home  # noqa: E402
from loop_pictures import fill_from_loop  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402


@dataclass(frozen=True)
class Picture:
    """One page to photograph: its name, address, who looks, and the keys pressed before the shutter."""

    name: str
    path: str
    person: str = MANAGER
    keys: Sequence[str] = ()


@contextmanager
def served() -> Iterator[str]:
    """The installation on a port of its own, static files included."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.test.testcases import LiveServerThread

    thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    try:
        yield f"http://127.0.0.1:{thread.port}"
    finally:
        thread.terminate()


def photograph(browser: Browser, url: str, pictures: list[Picture]) -> None:
    """Log in once a person, and take each picture in each form."""
    states: dict[str, object] = {}
    for picture in pictures:
        if picture.person and picture.person not in states:
            with closing(browser.new_context(locale="en")) as context:
                log_in(context.new_page(), url, picture.person)
                states[picture.person] = context.storage_state()
        for language, width, scheme in FORMS:
            with closing(
                browser.new_context(
                    viewport={"width": width, "height": HEIGHTS[width]},
                    color_scheme=scheme,  # type: ignore[arg-type]
                    locale=language,
                    has_touch=width < 720,
                    storage_state=states.get(picture.person),  # type: ignore[arg-type]
                )
            ) as context:
                page = context.new_page()
                page.goto(url + picture.path)
                for key in picture.keys:
                    page.keyboard.press(key)
                page.wait_for_timeout(1500 if IS_LOOP else 250)
                target = OUT / f"{picture.name}-{language}-{scheme}-{width}.png"
                page.screenshot(path=target)
                shrink(target)
        print(picture.name, flush=True)  # noqa: T201


def log_in(page: Page, url: str, email: str) -> None:
    page.goto(f"{url}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{url}/")


def shrink(path: Path) -> None:
    """Keep the 256 commonest colours as they are, and give every other pixel the nearest of them."""
    try:
        from PIL import Image
    except ImportError:
        return
    picture = Image.open(path).convert("RGB")
    common = Counter(picture.getdata()).most_common(256)
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for colour, _count in common for channel in colour])
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    connection.inc_thread_sharing()
    call_command("migrate", verbosity=0)
    if IS_LOOP:
        pictures = [Picture(name, path) for name, path in fill_from_loop(MANAGER, PASSWORD).items()]
    else:
        pictures = [Picture(name, *seen) for name, seen in Home(MANAGER, PASSWORD).fill().items()]
    wanted = {name for name in sys.argv[1:] if name != "--loop"}
    OUT.mkdir(parents=True, exist_ok=True)
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        photograph(browser, url, [picture for picture in pictures if not wanted or picture.name in wanted])
        browser.close()


if __name__ == "__main__":
    main()
