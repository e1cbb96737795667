"""The quality page in a real Chromium: drawn, read by axe, wide and narrow, with scripts and without."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from labeling.models import Person, Project, QualityReport
from labeling.stats.simulated import GOOD, SimulatedAnnotator
from rewardmodel.models import RewardModel, RewardModelAlias, Score
from tests.browser.conftest import DESK, PHONE
from tests.factories import PASSWORD, make_member, make_project
from tests.labeling.quality_rows import judge_pairs, make_pairs


@pytest.fixture
def crowd(live_server: object) -> tuple[Project, dict[str, Person]]:
    """Thirty pairs, ten of them gold, that four people judged and a champion scored."""
    project = make_project(slug="helpful", name="Helpful")
    pairs = make_pairs(project, 30, gold=10)
    minds = {"Ada": GOOD, "Ben": GOOD, "Cleo": GOOD, "Dan": SimulatedAnnotator(competence=0.5, first_bias_nats=4.0)}
    people = judge_pairs(project, pairs, minds)
    model = RewardModel.objects.create(name="helpful-1", directory="x", backbone="minilm", digest="0" * 64)
    RewardModelAlias.objects.create(alias="champion", reward_model=model)
    for pair in pairs:
        for place, response in enumerate(pair.responses.order_by("pk")):
            Score.objects.create(reward_model=model, response=response, value=-place, normalized=-place)
    return project, people


@pytest.fixture
def manager(crowd: tuple[Project, dict[str, Person]]) -> Person:
    return make_member(crowd[0], "manager", password=PASSWORD)


@pytest.fixture
def opened(page: Page, live_server: object, manager: Person, log_in: Callable[[Page, Person], None]) -> Page:
    """The quality page, before a manager."""
    log_in(page, manager)
    page.goto(f"{live_server}/projects/helpful/quality/")
    return page


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_both_pages_are_drawn_without_a_fault(
    opened: Page, crowd: tuple[Project, dict[str, Person]], console_errors: list[str], size: ViewportSize
) -> None:
    opened.set_viewport_size(size)
    for path in ("", f"annotators/{crowd[1]['Dan'].pk}/"):
        opened.goto(opened.url.split("/quality/")[0] + "/quality/" + path)
        for details in opened.locator("details.findings").all():
            details.locator("summary").click()
        opened.wait_for_load_state("networkidle")
        assert opened.evaluate("document.documentElement.scrollWidth") <= size["width"]
        found = Axe().run(opened)
        assert found.violations_count == 0, found.generate_report()
    assert console_errors == []


def test_charts_are_printed_dark_on_white_whatever_the_screen_is(opened: Page) -> None:
    opened.emulate_media(media="print", color_scheme="dark")
    opened.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert opened.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light only"
    ground, ink = (opened.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color"))
    assert sum(map(int, re.findall(r"\d+", ground))) > 700
    assert sum(map(int, re.findall(r"\d+", ink))) < 150
    chart = opened.locator(".interval-chart").first
    expect(chart.locator("svg circle").first).to_be_visible()
    expect(chart.locator(".figure").first).to_be_visible()
    assert opened.pdf().startswith(b"%PDF")


def test_people_and_the_reward_model_stand_beside_each_other(opened: Page) -> None:
    beside = opened.locator("#project-agreement")
    expect(beside.get_by_role("row", name="the model and one of them")).to_be_visible()
    expect(beside).to_contain_text("By helpful-1.")


def test_somebody_drawn_to_one_side_is_said_to_be_in_words(opened: Page) -> None:
    opened.get_by_role("link", name="Side", exact=True).click()
    annotators = opened.locator("#annotators")
    expect(annotators.get_by_role("row", name="Dan")).to_contain_text("drawn to the left")
    annotators.get_by_role("link", name="Dan").click()
    expect(opened.get_by_role("heading", name="Over time")).to_be_visible()


def test_without_scripts_it_measures_anew_and_leads_to_the_reward_model(
    browser: Browser, live_server: object, manager: Person
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(f"{live_server}/accounts/login/?next=/projects/helpful/quality/")
    page.fill("input[name=login]", manager.email)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in").click()
    before = QualityReport.objects.get().computed_at
    page.get_by_role("button", name="Compute now").click()
    expect(page.locator("body")).to_contain_text("Measured just now.")
    assert QualityReport.objects.get().computed_at > before
    page.get_by_role("link", name="Beside the reward model").click()
    expect(page.locator("#project-agreement")).to_contain_text("helpful-1")
    context.close()
