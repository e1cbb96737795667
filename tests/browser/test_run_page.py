"""The run page in a real Chromium: the curve grows by itself, under the strict content security policy."""

import math
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from labeling.models import Person
from runs.directories import append_log
from runs.models import Run, RunMetric
from runs.services.claiming import finish_run, heartbeat, record_progress
from tests.factories import PASSWORD, make_person

LIVE_SECONDS = 8_000  # milliseconds, for three polls


def measure(run: Run, first: int, last: int) -> None:
    """Lines as a training writes them: a falling loss, and validation every tenth step."""
    number = run.metrics.count()
    rows = []
    for step in range(first, last + 1):
        loss = 0.5 + 0.2 * math.exp(-step / 60) + 0.01 * math.sin(step)
        lines = [{"split": "train", "loss": loss, "accuracy": 1.2 - loss, "learning_rate": 2e-5}]
        if step % 10 == 0:
            lines.append({"split": "validation", "loss": loss + 0.04, "accuracy": 1.15 - loss})
        for values in lines:
            number += 1
            rows.append(RunMetric(run=run, attempt=1, sequence=number, step=step, values=values))
    RunMetric.objects.bulk_create(rows)


@pytest.fixture
def run() -> Run:
    """A training at a third of its way."""
    run = Run.objects.create(
        kind="train_reward", title="Train helpful-7", state="running", attempt=1, worker="gpu-box:4711",
        config={"settings": {"backbone": "minilm", "optimizer": {"learning_rate": 2e-5}}, "name": "helpful-7"},
        lineage=[{"label": "snapshot 9f3c5b0a77a1", "url": "/projects/helpful/datasets/", "kind": "snapshot"}],
        heartbeat_at=timezone.now(), started_at=timezone.now() - timedelta(minutes=3),
        attempt_started_at=timezone.now() - timedelta(minutes=3), progress_done=80, progress_total=240,
    )  # fmt: skip
    measure(run, 1, 80)
    for step in range(1, 81):
        append_log(run, f"step {step} loss {0.7 - step / 1000:.3f}")
    return run


@pytest.fixture
def opened(page: Page, live_server: object, run: Run, log_in: Callable[[Page, Person], None]) -> Page:
    log_in(page, make_person("engineer", password=PASSWORD))
    page.goto(f"{live_server}/runs/{run.pk}/")  # type: ignore[str-bytes-safe]
    expect(page.locator("#run-curve canvas")).to_be_visible()
    return page


def picture(page: Page, name: str) -> None:
    """Keep a picture to look at, in the folder that PLUMBLINE_PICTURES names."""
    if folder := os.environ.get("PLUMBLINE_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_the_curve_and_the_figures_grow_without_a_reload(console_errors: list[str], opened: Page, run: Run):
    expect(opened.get_by_text("80 of 240")).to_be_visible()
    picture(opened, "run-live-1280")
    measure(run, 81, 120)
    record_progress(run_id=run.pk, attempt=1, done=120, total=240)
    expect(opened.get_by_text("120 of 240")).to_be_visible(timeout=LIVE_SECONDS)
    with opened.expect_response(lambda response: "/metrics/?after=" in response.url) as answered:
        pass
    assert answered.value.json()["next"] == run.metrics.count()
    assert console_errors == []


def test_the_reader_under_the_pointer_tells_the_figures(console_errors: list[str], opened: Page):
    opened.locator("#run-curve .u-over").hover(position={"x": 200, "y": 60})
    expect(opened.locator(".run-readout")).to_contain_text("step")
    expect(opened.locator(".run-readout")).to_contain_text("train 0.")
    opened.get_by_role("link", name="accuracy", exact=True).click()
    expect(opened.locator("#curve-title")).to_have_text("accuracy")
    assert console_errors == []


def test_the_log_is_searched_while_typing(opened: Page):
    opened.get_by_label("Find in the log").fill("step 7 ")
    expect(opened.locator("#run-log")).to_have_text("step 7 loss 0.693\n", timeout=LIVE_SECONDS)


def test_a_run_that_ends_shows_its_end(console_errors: list[str], opened: Page, run: Run):
    measure(run, 81, 240)
    result = {"accuracy": 0.724, "accuracy_low": 0.703, "accuracy_high": 0.744, "pairs": 1066, "ece": 0.021,
              "temperature": 1.34, "log_loss": 0.551}  # fmt: skip
    finish_run(run_id=run.pk, attempt=1, result=result)
    expect(opened.locator(".badge-succeeded")).to_be_visible(timeout=LIVE_SECONDS)
    expect(opened.get_by_text("0.703 – 0.744 · 1,066 pairs")).to_be_visible()
    expect(opened.get_by_role("button", name="Cancel run")).to_have_count(0)
    expect(opened.locator("#run-curve canvas")).to_be_visible()
    picture(opened, "run-done-1280")
    assert console_errors == []


def test_cancel_and_resume_are_buttons_of_real_forms(opened: Page, run: Run):
    opened.get_by_role("button", name="Cancel run").click()
    expect(opened.get_by_text("saving, then stopping")).to_be_visible()
    run.refresh_from_db()
    assert heartbeat(run_id=run.pk, attempt=1).cancel_requested


def test_the_page_has_no_accessibility_violations(opened: Page):
    opened.emulate_media(color_scheme="dark")
    picture(opened, "run-dark-1280")
    for scheme in ("light", "dark"):
        opened.emulate_media(color_scheme=scheme)
        violations = Axe().run(opened).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations] == []


def test_the_page_fits_a_phone(opened: Page):
    opened.set_viewport_size({"width": 390, "height": 844})
    opened.wait_for_timeout(300)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    picture(opened, "run-live-390")


def test_without_a_script_everything_is_there(browser: object, live_server: object, run: Run):
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    page = context.new_page()
    person = make_person("engineer", password=PASSWORD)
    page.goto(f"{live_server}/accounts/login/?next=/runs/{run.pk}/")
    page.fill("input[name=login]", person.email)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("svg.run-drawing .line-validation")).to_be_visible()
    picture(page, "run-plain-1280")
    page.get_by_label("Find in the log").fill("step 9 ")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.locator("#run-log")).to_contain_text("step 9 loss")
    page.get_by_role("button", name="Cancel run").click()
    expect(page.get_by_text("saving, then stopping")).to_be_visible()
    context.close()
