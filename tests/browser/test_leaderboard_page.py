"""The leaderboard in a browser: with and without scores, small and large, in both schemes and on a phone."""

from collections.abc import Callable

import numpy as np
import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from labeling.models import Judgment, Person, Project
from tests.browser.conftest import DESK, PHONE
from tests.browser.test_accessibility import SCHEMES, complaints
from tests.factories import PASSWORD, make_comparison, make_member, make_project

POLICIES = ("base", "tuned-on-preferences", "tuned-longer", "merged", "unbeaten")


@pytest.fixture
def contest(live_server: object) -> Project:
    """Five policies, of which four beat each other now and then and one was never beaten."""
    project = make_project("ranking", slug="contest", name="Contest")
    annotators = [make_member(project) for _ in range(3)]
    draw = np.random.default_rng(5)
    for number in range(60):
        comparison = make_comparison(project, texts=[f"Answer {number}.{at}" + " more" * at**2 for at in range(3)])
        shown = list(draw.permutation(5 if number % 12 == 0 else 4)[:3])
        responses = list(comparison.responses.order_by("pk"))
        for response, policy in zip(responses, shown, strict=True):
            response.policy_name = POLICIES[policy]
            response.save()
        merit = [policy * 0.6 + draw.gumbel() + (50 if policy == 4 else 0) for policy in shown]
        order = [responses[at].pk for at in np.argsort(merit)[::-1]]
        ranking = [order[:2], order[2:]] if number % 7 == 1 and 4 not in shown else [[pk] for pk in order]
        Judgment.objects.create(
            project=project, comparison=comparison, annotator=annotators[number % 3], ranking=ranking
        )
    return project


@pytest.fixture
def board(page: Page, live_server: object, contest: Project, log_in: Callable[[Page, Person], None]) -> Page:
    log_in(page, make_member(contest, "manager", password=PASSWORD))
    page.goto(f"{live_server}{reverse('labeling-leaderboard', args=[contest.slug])}")
    return page


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_full_leaderboard_is_accessible_and_no_wider_than_the_screen(
    board: Page, console_errors: list[str], scheme: str, viewport: dict[str, int]
) -> None:
    board.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    board.set_viewport_size(viewport)  # type: ignore[arg-type]
    board.get_by_label("Show it at equal length and Markdown too").check()
    board.get_by_role("button", name="Show", exact=True).click()
    expect(board.get_by_role("heading", name="What style does")).to_be_visible()
    for closed in board.locator("main details summary").all():
        closed.click()
    assert complaints(board) == ""
    assert board.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert console_errors == []


def test_who_was_never_beaten_stands_apart_with_the_reason(board: Page) -> None:
    expect(board.get_by_role("heading", name="Standings, group 2")).to_be_visible()
    expect(board.get_by_text("it won every comparison").first).to_be_visible()


def test_a_method_and_a_filter_are_chosen_without_scripts(board: Page, live_server: object, contest: Project) -> None:
    board.get_by_label("Method").select_option("plackett-luce")
    board.get_by_text("Which judgments count, and how much").click()
    board.get_by_label("Topic").fill("no such topic")
    board.get_by_role("button", name="Show", exact=True).click()
    expect(board.get_by_text("No policy can be ranked yet")).to_be_visible()
    expect(board.get_by_label("Method")).to_have_value("plackett-luce")
    assert complaints(board) == ""


def test_the_table_is_downloaded_as_csv(board: Page) -> None:
    with board.expect_download() as download:
        board.get_by_role("link", name="Download CSV").click()
    assert download.value.suggested_filename == "contest-leaderboard.csv"
    assert download.value.path().read_text(encoding="utf-8").startswith("group,rank,")
