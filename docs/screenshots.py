"""Photographs every page at 1440 and 390 px, light and dark, into docs/screenshots/.

    .venv/bin/python docs/screenshots.py [--loop] [NAME …]

A home of its own is made in a temporary folder, filled with the demo projects and simulated judgments, and served from
a thread. With --loop it photographs the pages of models and runs on var/loop, as `make loop` left it. Needs a Chromium
(PLUMBLINE_CHROMIUM, by default /usr/bin/chromium). Pictures keep their 256 commonest colours.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "screenshots"
CHROMIUM = os.environ.get("PLUMBLINE_CHROMIUM", "/usr/bin/chromium")
WIDTHS = {1440: 900, 390: 844}
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
from loop_pictures import fill_from_loop  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402


@dataclass(frozen=True)
class Picture:
    """One page to photograph: its name, address, who looks, and the keys pressed before the shutter."""

    name: str
    path: str
    person: str = MANAGER
    keys: tuple[str, ...] = ()
    language: str = "en"


def fill() -> list[Picture]:
    """Make the rows that the pictures show; returns the pictures, whose addresses depend on them."""
    from labeling.models import Comparison, Person
    from labeling.services.assignments import lease_next
    from labeling.services.demo import ensure_demo_projects
    from labeling.services.judgments import submit_judgment
    from labeling.services.people import create_person, set_membership
    from labeling.verdicts import Verdict

    owner = create_person(
        email=MANAGER, password=PASSWORD, name="Manager", installation_role=Person.InstallationRole.OWNER
    )
    ranking, pairs = ensure_demo_projects(owner=owner)
    annotators = [create_person(email=f"annotator-{n}@example.org", password=PASSWORD) for n in (1, 2, 3)]
    for person in annotators:
        for project in (ranking, pairs):
            set_membership(project=project, person=person, role="annotator")
    ranking.daily_quota, pairs.daily_quota = 60, 120
    ranking.save()
    pairs.save()
    for index, person in enumerate(annotators[:2]):
        for project in (ranking, pairs):
            for turn in range(12):
                lease = lease_next(project=project, annotator=person)
                if lease is None:
                    break
                order = sorted(lease.shown_order) if (turn + index) % 4 else lease.shown_order
                groups = tuple((response,) for response in order)
                strength = turn % 4 if project == pairs else None
                submit_judgment(
                    assignment=lease,
                    verdict=Verdict(ranking=groups, strength=strength, dwell_ms=21_000 + 3_000 * turn),
                    client_id=lease.pk,
                )
    lease_next(project=pairs, annotator=annotators[0])  # an ordinary pair, held before the hard one comes first
    hard = make_hard_comparison(pairs)
    judged = Comparison.objects.filter(project=ranking, judgments__isnull=False)[0]
    return [
        Picture("login", "/accounts/login/", person=""),
        Picture("home", "/"),
        Picture("home-annotator", "/", person="annotator-1@example.org"),
        Picture("project", "/projects/demo/"),
        Picture("project-annotator", "/projects/demo/", person="annotator-1@example.org"),
        Picture("project-new", "/projects/new/"),
        Picture("members", "/projects/demo/members/"),
        Picture("comparison", f"/projects/demo/comparisons/{judged.pk}/"),
        Picture("comparison-hard", f"/projects/demo-pairs/comparisons/{hard.pk}/"),
        Picture("tokens", "/account/tokens/"),
        Picture("pair", "/projects/demo-pairs/label/", person="annotator-1@example.org", keys=("Shift+Digit1",)),
        Picture("pair-long", "/projects/demo-pairs/label/", person="annotator-3@example.org"),
        Picture("ranking", "/projects/demo/label/", person="annotator-1@example.org", keys=("2", "1", "2")),
        Picture("ranking-korean", "/projects/demo/label/", person="annotator-2@example.org", language="ko"),
        Picture("help", "/projects/demo/label/", person="annotator-2@example.org", keys=("?",)),
        Picture("guidelines", "/projects/demo/label/", person="annotator-2@example.org", keys=("g",)),
        Picture("missing", "/projects/nowhere/"),
    ]


def make_hard_comparison(project):  # type: ignore[no-untyped-def]
    """Long, multi-turn, Korean, right-to-left and hostile text in one comparison, first in the queue."""
    from labeling.models import Comparison, ComparisonResponse, Prompt, Response

    prompt = Prompt.objects.create(
        project=project,
        content_hash="pictures",
        messages=[
            {"role": "system", "content": "You answer in the language you are asked in. Be brief."},
            {"role": "user", "content": "How do I remove duplicates from a Python list?"},
            {"role": "assistant", "content": "`list(set(items))` does it, but it forgets the order."},
            {"role": "user", "content": "And keeping the order? 한국어로도 설명해 주세요. وبالعربية من فضلك."},
        ],
    )
    first = """Use a dictionary: since Python 3.7 its keys keep insertion order.

```python
seen = dict.fromkeys(items)  # keeps the first of each
unique = [item for item in seen if item is not None]
print(f"{len(unique)} of {len(items)} left")
```

파이썬 3.7부터 사전의 키는 넣은 순서를 지킵니다. 그래서 `dict.fromkeys`로 중복을 없애면
처음 나온 순서가 그대로 남습니다.

منذ الإصدار 3.7 تحافظ مفاتيح القاموس على ترتيب الإدخال، لذلك يبقى الترتيب كما هو.

| way | keeps order | time |
|---|---|---|
| `set` | no | O(n) |
| `dict.fromkeys` | yes | O(n) |
| loop with `in` | yes | O(n²) |
"""
    second = """<script>alert(1)</script> <img src=x onerror=alert(1)> <b hx-get="/">bold?</b>

1. Sort it first
2. Then walk through it:
   - compare with the one before
   - keep it if it differs

> This changes the order, **so it is wrong here**.

![tracking pixel](https://example.org/pixel.png) [a link](javascript:alert(1)) [another](https://example.org/)

Averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongwordwithoutanybreak
""" + "\n\n".join(f"Paragraph {n}: it goes on and on about lists, sets and the order of things." for n in range(1, 9))
    comparison = Comparison.objects.create(
        project=project, prompt=prompt, content_hash="pictures", target_judgments=3, open_slots=3, priority=9.0
    )
    for index, text in enumerate((first, second)):
        response = Response.objects.create(
            prompt=prompt, content_hash=f"pictures-{index}", content=text, policy_name=f"demo-sft-v{index + 1}"
        )
        ComparisonResponse.objects.create(comparison=comparison, response=response)
    return comparison


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
    """Log in once a person and language, and take each picture in four forms."""
    states: dict[tuple[str, str], object] = {}
    for picture in pictures:
        for width, height in WIDTHS.items():
            for scheme in ("light", "dark"):
                who = (picture.person, picture.language)
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,
                    locale=picture.language,
                    has_touch=width < 720,
                    storage_state=states.get(who),  # type: ignore[arg-type]
                )
                page = context.new_page()
                if picture.person and who not in states:
                    log_in(page, url, picture.person)
                    states[who] = context.storage_state()
                page.goto(url + picture.path)
                for key in picture.keys:
                    page.keyboard.press(key)
                page.wait_for_timeout(1500 if IS_LOOP else 250)
                target = OUT / f"{picture.name}-{scheme}-{width}.png"
                page.screenshot(path=target)
                shrink(target)
                context.close()
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
        pictures = fill()
    wanted = {name for name in sys.argv[1:] if name != "--loop"}
    OUT.mkdir(parents=True, exist_ok=True)
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        photograph(browser, url, [picture for picture in pictures if not wanted or picture.name in wanted])
        browser.close()


if __name__ == "__main__":
    main()
