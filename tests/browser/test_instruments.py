"""Every instrument in a real browser: by keyboard alone, on a phone, without scripts, and under axe."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from labeling.models import Comparison, Instrument, Judgment, Person, Project, Prompt, Response
from labeling.presets import PRESETS
from tests.browser.conftest import PHONE
from tests.browser.desk import press, stored
from tests.browser.test_accessibility import complaints
from tests.factories import PASSWORD, make_comparison, make_member, make_project

LONG = "자세히 설명하면, 순서를 지키는 사전을 쓰면 됩니다. <b>굵게</b> " + "averylongwordwithoutanyspace" * 8
TEXTS = [
    "Use a dictionary.\n\n```python\ndict.fromkeys(items)\n```",
    "Convert to a set.",
    LONG,
    "Loop over it.",
    *["No,", "no;", "perhaps;", "who", "knows?"],
]
Open = Callable[..., Page]


@pytest.fixture
def open_instrument(page: Page, live_server: object, log_in: Callable[[Page, Person], None]) -> Open:
    """Open the workbench of a project with this instrument, three comparisons of `k` responses each."""

    def open_instrument(*, k: int = 2, kind: str = "pair", **asked: Any) -> Page:
        project = prepare(k, kind, **asked)
        log_in(page, make_member(project, password=PASSWORD))
        page.goto(f"{live_server}/projects/{project.slug}/label/")
        page.wait_for_function("document.getElementById('saved').textContent !== ''")
        return page

    return open_instrument


@pytest.fixture
def open_plain(browser: Browser, live_server: object) -> Iterator[Open]:
    """The same without scripts."""
    contexts = []

    def open_plain(*, k: int = 2, kind: str = "pair", **asked: Any) -> Page:
        project = prepare(k, kind, **asked)
        context = browser.new_context(java_script_enabled=False, locale="en", viewport=PHONE)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{live_server}/accounts/login/")
        page.fill("input[name=login]", make_member(project, password=PASSWORD).email)
        page.fill("input[name=password]", PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.goto(f"{live_server}/projects/{project.slug}/label/")
        return page

    yield open_plain
    for context in contexts:
        context.close()


def prepare(k: int, kind: str, **asked: Any) -> Project:
    project = make_project(kind, slug="asked", name="Asked", instrument=asked)
    for _ in range(3):
        make_comparison(project, texts=TEXTS[:k])
    return project


def by_letter(judgment: Judgment) -> list[str]:
    """The ranking in the letters that the page showed: `["B", "AC"]`."""
    letters = {pk: "ABCDEFGHI"[place] for place, pk in enumerate(judgment.shown_order)}
    return ["".join(sorted(letters[pk] for pk in group)) for group in judgment.ranking]


# ---- pair


@pytest.mark.parametrize(
    ("keys", "side", "strength"),
    [
        (["ArrowLeft"], "A", 0),
        (["ArrowLeft", "ArrowLeft"], "A", 1),
        (["1"], "A", 2),
        (["Shift+Digit1"], "A", 3),
        (["ArrowRight"], "B", 0),
        (["2", "ArrowRight"], "B", 3),
    ],
)
def test_eight_steps_without_a_tie_are_reached_by_keys(
    open_instrument: Open, keys: list[str], side: str, strength: int, console_errors: list[str]
) -> None:
    page = open_instrument(**PRESETS["hh-rlhf"].instrument)
    expect(page.locator("input[name=choice]")).to_have_count(8)
    press(page, "0", "Enter")  # there is no tie
    expect(page.locator("#problem")).to_be_visible()
    press(page, *keys, "Enter")
    [judgment] = stored()
    assert (by_letter(judgment)[0], judgment.strength) == (side, strength)
    assert console_errors == []


def test_an_answer_that_was_barely_better_comes_back_as_such(open_instrument: Open) -> None:
    page = open_instrument(strength_steps=4)
    expect(page.locator("input[name=choice]")).to_have_count(9)
    before = page.locator("#workbench").get_attribute("data-assignment")
    press(page, "ArrowRight", "Enter")
    expect(page.locator("#workbench")).not_to_have_attribute("data-assignment", before or "")
    stored()
    press(page, "u")
    expect(page.locator("#choice-b0")).to_be_checked()


# ---- ranking


@pytest.mark.parametrize("k", [3, 5])
def test_the_best_two_are_ranked_by_keys_and_the_rest_stands_below(open_instrument: Open, k: int) -> None:
    page = open_instrument(k=k, kind="ranking", places_asked=2)
    press(page, "2", "Enter")
    expect(page.locator("#problem")).to_contain_text("Give the best 2 a place first. 1 more to go.")
    press(page, "1")
    expect(page.locator(".unranked-label")).to_have_text("Below: no place")
    press(page, "Escape", "Enter")
    [judgment] = stored()
    assert by_letter(judgment) == ["B", "A"]


def test_a_place_below_the_last_one_asked_for_is_not_given(open_instrument: Open) -> None:
    page = open_instrument(k=4, kind="ranking", places_asked=2)
    press(page, "3")
    expect(page.locator(".rank-card.is-ranked")).to_have_count(0)
    press(page, "1", "1")  # a tie fills both places
    press(page, "Enter")
    assert by_letter(stored()[0]) == ["AB"]


def test_cards_come_into_the_best_places_and_leave_them_by_moves(open_instrument: Open) -> None:
    page = open_instrument(k=4, kind="ranking", places_asked=2, allows_ties=False)
    for letter in "AB":
        page.get_by_role("button", name=f"Move response {letter} up").click()
    expect(page.locator(".rank-card.is-ranked")).to_have_count(2)
    page.get_by_role("button", name="Move response D up").click()  # into the last place; B falls out
    page.get_by_role("button", name="Move response D up").click()
    page.get_by_role("button", name="Submit").click()
    assert by_letter(stored()[0]) == ["D", "A"]


def test_a_whole_ranking_of_nine_is_given_by_keys(open_instrument: Open) -> None:
    press(open_instrument(k=9, kind="ranking"), *"987654321", "Enter")
    assert by_letter(stored()[0]) == list("IHGFEDCBA")


# ---- best of several


def test_one_key_chooses_the_best_of_five(open_instrument: Open, console_errors: list[str]) -> None:
    page = open_instrument(k=5, kind="ranking", places_asked=1)
    press(page, "Enter")
    expect(page.locator("#problem")).to_contain_text("Choose the best response before you submit.")
    press(page, "4", "Enter")
    assert by_letter(stored()[0]) == ["D"]
    assert console_errors == []


def test_all_may_be_equally_good_and_undo_brings_the_choice_back(open_instrument: Open) -> None:
    page = open_instrument(k=3, kind="ranking", places_asked=1)
    before = page.locator("#workbench").get_attribute("data-assignment") or ""
    press(page, "2", "0", "Enter")
    expect(page.locator("#workbench")).not_to_have_attribute("data-assignment", before)
    assert by_letter(stored()[0]) == ["ABC"]
    press(page, "u")
    expect(page.get_by_label("All are equally good")).to_be_checked()


# ---- ratings


def test_ratings_and_a_preference_with_its_reason_are_given_by_keys(
    open_instrument: Open, console_errors: list[str]
) -> None:
    page = open_instrument(**PRESETS["helpsteer"].instrument)
    press(page, "1", "Enter")
    expect(page.locator("#problem")).to_contain_text("Missing: Helpfulness (A, B); Correctness (A, B)")
    expect(page.locator(".rating.is-missing")).to_have_count(10)
    press(page, *"4321", *"0", *"01234")  # from the first row on, in the order in which they stand
    expect(page.locator(".rating :checked")).to_have_count(10)
    press(page, "Enter")
    expect(page.locator("#reason-problem")).to_have_text("Write your reason before you submit.")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("It answers 1 and 2.")
    press(page, "Control+Enter")
    [judgment] = stored()
    a, b = (str(pk) for pk in judgment.shown_order)
    names = ["helpfulness", "correctness", "coherence", "complexity", "verbosity"]
    assert [judgment.ratings[a][name] for name in names] == [4, 3, 2, 1, 0]
    assert [judgment.ratings[b][name] for name in names] == [0, 1, 2, 3, 4]
    assert (judgment.reason, judgment.strength, by_letter(judgment)) == ("It answers 1 and 2.", 2, ["A", "B"])
    assert console_errors == []


def test_arrows_rate_along_a_row_and_do_not_touch_the_scale(open_instrument: Open) -> None:
    page = open_instrument(**PRESETS["helpsteer"].instrument)
    press(page, "e", "ArrowRight", "ArrowRight", "ArrowDown", "3")
    expect(page.locator("input[name=choice]:checked")).to_have_count(0)
    first = page.locator(".rating").nth(0).locator(":checked")
    second = page.locator(".rating").nth(1).locator(":checked")
    assert [first.input_value(), second.input_value()] == ["2", "3"]


def test_ratings_alone_are_enough_where_nothing_is_compared(open_instrument: Open) -> None:
    page = open_instrument(kind="rating", attributes=PRESETS["helpsteer"].instrument["attributes"][:2])
    press(page, "e", *"1234", "Enter")
    [judgment] = stored()
    assert judgment.ranking == []
    assert [len(values) for values in judgment.ratings.values()] == [2, 2]


def test_instructgpt_rates_marks_and_ranks_four(open_instrument: Open) -> None:
    page = open_instrument(k=4, **PRESETS["instructgpt"].instrument)
    press(page, "e", *"7531")
    page.get_by_label("Hallucination").first.focus()
    press(page, "Space")
    page.evaluate("document.activeElement.blur()")
    press(page, *"2134", "Enter")
    [judgment] = stored()
    first = str(judgment.shown_order[0])
    assert judgment.ratings[first] == {"overall": 7, "hallucination": 1}
    assert by_letter(judgment) == ["B", "A", "C", "D"]


# ---- reason


def test_a_reason_is_asked_for_only_from_its_strength_on(open_instrument: Open) -> None:
    page = open_instrument(reason_from_strength=2)
    before = page.locator("#workbench").get_attribute("data-assignment") or ""
    press(page, "ArrowLeft", "Enter")
    expect(page.locator("#workbench")).not_to_have_attribute("data-assignment", before)
    press(page, "1", "Enter")
    expect(page.locator("#reason-problem")).to_have_text("Write your reason before you submit.")
    page.keyboard.type("clearer")
    press(page, "Control+Enter")
    assert [judgment.reason for judgment in stored(2)] == ["", "clearer"]


# ---- writing


def test_a_demonstration_is_written_previewed_and_kept_over_a_reload(
    open_instrument: Open, console_errors: list[str]
) -> None:
    page = open_instrument(k=0, kind="demonstration")
    press(page, "Enter")
    expect(page.locator("#written-problem")).to_have_text("Write the answer before you submit.")
    page.keyboard.type("# A heading\n\nThe **ideal** answer, u see 1.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".writing-preview strong")).to_have_text("ideal")
    page.get_by_role("button", name="Write", exact=True).click()
    page.wait_for_timeout(600)  # what was typed is kept a moment after the last key
    page.reload()
    page.wait_for_function("document.getElementById('saved').textContent !== ''")
    expect(page.locator("#written")).to_have_value("# A heading\n\nThe **ideal** answer, u see 1.")
    press(page, "w")
    press(page, "Control+Enter")
    [judgment] = stored()
    assert judgment.written is not None
    assert judgment.written.content.startswith("# A heading")
    assert console_errors == []


def test_an_unchanged_text_is_sent_only_when_asked_twice(open_instrument: Open) -> None:
    page = open_instrument(k=1, kind="demonstration")
    press(page, "Enter")
    expect(page.locator("#problem")).to_contain_text("You have changed nothing.")
    press(page, "Control+Enter")
    assert stored()[0].written is None
    assert not Response.objects.filter(is_demonstration=True).exists()


def test_the_chosen_response_opens_for_improvement_and_its_draft_waits_for_it(open_instrument: Open) -> None:
    page = open_instrument(asks_improvement=True)
    expect(page.locator("#written")).to_be_hidden()
    press(page, "1")
    expect(page.get_by_label("Improve response A")).to_be_visible()
    first = page.locator("#written").input_value()
    press(page, "w", "Control+End")
    page.keyboard.type(" More.")
    press(page, "Escape", "2")
    expect(page.get_by_label("Improve response B")).not_to_have_value(f"{first} More.")
    press(page, "0")
    expect(page.locator("#written")).to_be_hidden()
    press(page, "1")
    expect(page.locator("#written")).to_have_value(f"{first} More.")
    press(page, "Enter")
    [judgment] = stored()
    assert judgment.written is not None
    assert judgment.written.content == f"{first} More."
    assert judgment.written.improves_id == judgment.shown_order[0]


def test_a_choice_without_a_change_stores_no_demonstration(open_instrument: Open) -> None:
    press(open_instrument(asks_improvement=True), "2", "Enter")
    assert stored()[0].written is None


# ---- conversations


def test_a_long_conversation_folds_its_beginning_and_shows_what_was_asked_last(open_instrument: Open) -> None:
    page = open_instrument()
    turns = [{"role": role, "content": f"{role} {number}"} for number in range(5) for role in ("user", "assistant")]
    Prompt.objects.update(messages=[*turns, {"role": "user", "content": "The last question"}])
    said = [
        {"role": "assistant", "content": "One?"},
        {"role": "user", "content": "Yes."},
        {"role": "assistant", "content": "Two."},
    ]
    Response.objects.update(kind="messages", content=json.dumps(said))
    page.reload()
    expect(page.get_by_text("The last question")).to_be_visible()
    expect(page.get_by_text("user 0")).to_be_hidden()
    expect(page.locator(".response").first.locator(".turn")).to_have_count(3)
    page.get_by_text("7 earlier turns").click()
    expect(page.get_by_text("user 0")).to_be_visible()


# ---- the phone, no scripts, and axe

INSTRUMENTS: dict[str, dict[str, Any]] = {
    "eight steps": {**PRESETS["hh-rlhf"].instrument},
    "nine steps": {"strength_steps": 4},
    "flags": {**PRESETS["llama-2"].instrument},
    "ratings": {**PRESETS["helpsteer"].instrument},
    "marks": {"k": 4, **PRESETS["instructgpt"].instrument},
    "the best two": {"k": 5, "kind": "ranking", "places_asked": 2},
    "the best": {"k": 5, "kind": "ranking", "places_asked": 1, "reason_from_strength": 0},
    "ratings alone": {"k": 3, "kind": "rating", "attributes": PRESETS["helpsteer"].instrument["attributes"]},
    "a blank page": {"k": 0, "kind": "demonstration"},
    "a draft": {"k": 1, "kind": "demonstration"},
    "improvement": {"asks_improvement": True},
}


@pytest.mark.parametrize("asked", INSTRUMENTS.values(), ids=INSTRUMENTS)
def test_each_instrument_fits_a_phone_and_axe_finds_nothing(open_instrument: Open, asked: dict[str, Any]) -> None:
    page = open_instrument(**asked)
    if asked.get("asks_improvement"):
        press(page, "1")
    for width, height in ((1280, 900), (PHONE["width"], PHONE["height"])):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert complaints(page) == ""
    targets = page.locator(".answer label:has(input), .answer button, .answer textarea, .answer summary")
    boxes = [box for index in range(targets.count()) if (box := targets.nth(index).bounding_box())]
    assert boxes
    assert all(box["height"] >= 43.5 and box["width"] >= 24 for box in boxes), boxes


def test_without_scripts_the_best_is_chosen_and_a_reason_asked_for(open_plain: Open) -> None:
    page = open_plain(k=4, kind="ranking", places_asked=1, reason_from_strength=0)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert").first).to_contain_text("Choose the best response")
    page.get_by_label("Response C is the best").last.check(force=True)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#reason-problem")).to_have_text("Write your reason before you submit.")
    page.get_by_label("Reason").fill("shortest")
    page.get_by_role("button", name="Submit").click()
    assert by_letter(stored()[0]) == ["C"]


def test_without_scripts_the_best_two_have_places_and_the_others_none(open_plain: Open) -> None:
    page = open_plain(k=4, kind="ranking", places_asked=2)
    page.get_by_label("Place of response D").select_option("1")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert").first).to_contain_text("Give the best 2 responses a place. 1 more to go.")
    page.get_by_label("Place of response A").select_option("2")
    page.get_by_role("button", name="Submit").click()
    assert by_letter(stored()[0]) == ["D", "A"]


def test_without_scripts_ratings_are_given_and_missing_ones_named(open_plain: Open) -> None:
    page = open_plain(kind="rating", attributes=[{"name": "truth", "label": "Truth", "lowest": 0, "highest": 4}])
    page.get_by_label("3").first.check(force=True)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert").first).to_contain_text("Missing: Truth (B).")
    page.get_by_label("1").last.check(force=True)
    page.get_by_role("button", name="Submit").click()
    [judgment] = stored()
    assert [values["truth"] for values in judgment.ratings.values()] == [3, 1]


def test_without_scripts_a_response_is_improved_beside_the_choice(open_plain: Open) -> None:
    page = open_plain(asks_improvement=True)
    page.get_by_label("B is better", exact=True).last.check(force=True)
    page.get_by_label("Improve the response you chose").fill("Better.\n\nStill.")
    page.get_by_role("button", name="Submit").click()
    [judgment] = stored()
    assert judgment.written is not None
    assert (judgment.written.content, judgment.written.improves_id) == ("Better.\n\nStill.", judgment.shown_order[1])


def test_without_scripts_a_demonstration_is_written(open_plain: Open) -> None:
    page = open_plain(k=0, kind="demonstration")
    page.get_by_role("textbox", name="Your answer").fill("By hand.")
    page.get_by_role("button", name="Submit").click()
    written = stored()[0].written
    assert written is not None
    assert written.content == "By hand."


# ---- settings


def test_the_settings_form_shows_what_it_asks_while_it_is_filled_in(
    page: Page, live_server: object, log_in: Callable[[Page, Person], None], console_errors: list[str]
) -> None:
    project = make_project(slug="asked")
    log_in(page, make_member(project, "manager", password=PASSWORD))
    page.goto(f"{live_server}/projects/asked/settings/")
    preview = page.locator("#instrument-preview")
    expect(preview.locator("input[name=choice]")).to_have_count(7)
    page.get_by_label("Steps of strength").select_option("4")
    expect(preview.locator("input[name=choice]")).to_have_count(9)
    page.get_by_label("Best of several: choose one response").check()
    expect(preview.locator("input[name=best]")).to_have_count(5)
    expect(page.get_by_label("Steps of strength")).to_be_hidden()
    page.get_by_role("button", name="Add a row").click()
    page.keyboard.type("Clarity")
    expect(preview.get_by_text("Clarity").first).to_be_visible()
    page.get_by_text("Begin from a published protocol").click()
    page.get_by_role("link", name="Fill in as HH-RLHF").click()
    expect(preview.locator("input[name=choice]")).to_have_count(8)
    assert complaints(page) == ""
    assert Instrument.objects.get(project=project).strength_steps == 3  # nothing is stored before it is saved
    page.locator("#instrument").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    asked = Instrument.objects.get(project=project)
    assert (asked.strength_steps, asked.allows_ties, asked.attributes) == (4, False, [])
    assert console_errors == []
    assert not Comparison.objects.exists()
