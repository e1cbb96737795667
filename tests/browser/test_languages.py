"""Every page in Korean: nothing is left in English, and nothing sticks out of the screen."""

import itertools
import re
from functools import cache

import pytest
from babel.messages.pofile import read_po
from django.contrib.admin import site
from playwright.sync_api import Page, expect

from config.administration import OUR_APPS
from config.messages import catalogue_path
from docs.labeling_pictures import INSTRUMENTS, Home
from labeling.models import Person, Project
from tests.browser.every_page import VISITORS, enter, pages_for
from tests.browser.test_accessibility import RULES_ABOUT_COLOUR, complaints
from tests.config.test_permissions import World
from tests.factories import PASSWORD, make_member

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

PLACEHOLDER = r"%\(\w+\)[sd]|\{\w+\}"
FOUR_WORDS = re.compile(r"(?:\b[A-Za-z']+ ){3}[A-Za-z']+\b")
COMMAND = r"“manage\.py [^”]+”"

# All that a page says: its texts, what is read aloud, what scripts will say. What people wrote has dir="auto".
SAID = """() => {
  const said = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest("script, style, textarea, pre, code, .mono, [dir=auto], [lang=en]")) continue;
    said.push(walker.currentNode.textContent);
  }
  for (const element of document.querySelectorAll("*")) {
    if (element.matches("[lang=en]") || element.parentElement?.closest("[dir=auto], [lang=en]")) continue;
    for (const name of Element.prototype.getAttributeNames.call(element)) { // a form's field may be called anything
      const value = element.getAttribute(name);
      const spoken = ["aria-label", "aria-description", "alt", "placeholder", "title"].includes(name);
      if (spoken || (name.startsWith("data-") && value.includes(" "))) said.push(value);
    }
  }
  said.push(document.title);
  return said.map((text) => text.replace(/\\s+/g, " ").trim()).filter((text) => /[A-Za-z]{2}/.test(text));
}"""


@cache
def english_texts() -> tuple[re.Pattern[str], ...]:
    """The texts of the catalogue that Korean says otherwise: as a whole text, and long ones as a part of one too."""
    patterns = []
    with catalogue_path("ko").open("rb") as file:
        catalogue = read_po(file, locale="ko")
    for message in catalogue:
        if message.context == "column":  # formats and settings have such names too, which stay as they are
            continue
        ids = (message.id,) if isinstance(message.id, str) else message.id
        strings = (message.string,) if isinstance(message.string, str) else message.string
        for text in (text for text in ids if text and text not in strings):
            if not re.search("[A-Za-z]{2}", re.sub(PLACEHOLDER, "", text)):
                continue
            pattern = re.sub(r"%\\\(\w+\\\)[sd]|\\\{\w+\\\}", ".+?", re.escape(" ".join(text.split())))
            is_long = len(text.split()) >= 4
            patterns.append(re.compile(pattern if is_long else f"^{pattern}$"))
    return tuple(patterns)


def left_in_english(page: Page) -> list[str]:
    """What the catalogue would say otherwise, and what reads like a sentence of English wherever it comes from."""
    patterns = (*english_texts(), FOUR_WORDS)
    said = [re.sub(COMMAND, "", text) for text in page.evaluate(SAID)]
    return [text for text in said if any(pattern.search(text) for pattern in patterns)]


def faults(page: Page) -> list[str]:
    """What is wrong with a page in Korean: texts in English, and what sticks out at either width."""
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    found = left_in_english(page)
    for size in (DESK, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        surplus = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if surplus > 0:
            found.append(f"{surplus} px too wide at {size['width']}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("role", VISITORS)
def test_every_page_in_korean_leaves_no_text_in_english_and_fits_the_screen(
    page: Page, live_server: object, tmp_path: object, role: str
) -> None:
    world = World(tmp_path)
    pages = pages_for(role, world)
    enter(page.context, str(live_server), world.people.get(role), "ko")
    wrong = {}
    for name, path in pages:
        page.goto(f"{live_server}{path}")
        if problems := faults(page):
            wrong[f"{name} {path}"] = problems
    assert wrong == {}
    assert pages


@pytest.mark.slow
def test_every_page_in_full_use_is_in_korean_fits_the_screen_and_is_accessible(page: Page, live_server: object) -> None:
    """The pages that the documentation pictures: each instrument, each step on the way in, reviews, known answers."""
    home = Home("manager@example.org", PASSWORD)
    pages = sorted(home.fill().items(), key=lambda entry: entry[1][1])
    Person.objects.update(name="누군가")  # names are nobody's to translate
    for project in Project.objects.all():
        Project.objects.filter(pk=project.pk).update(name=f"과제 {project.pk}", description="")
    wrong = {}
    for person, theirs in itertools.groupby(pages, key=lambda entry: entry[1][1]):
        enter(page.context, str(live_server), Person.objects.filter(email=person).first(), "ko")
        for name, (path, _who, keys) in theirs:
            page.emulate_media(color_scheme="light")
            page.goto(f"{live_server}{path}")
            problems = faults(page)
            for key in keys:
                page.keyboard.press(key)
            problems += [complaints(page)]
            page.emulate_media(color_scheme="dark")
            problems += [complaints(page, rules=RULES_ABOUT_COLOUR)]
            if any(problems):
                wrong[f"{name} {path}"] = [problem for problem in problems if problem]
    assert wrong == {}
    assert len(pages) > len(INSTRUMENTS)


def test_the_administration_of_our_tables_leaves_no_text_in_english(
    page: Page, live_server: object, tmp_path: object
) -> None:
    enter(page.context, str(live_server), World(tmp_path).people["owner"], "ko")
    tables = [model._meta for model in site._registry if model._meta.app_label in OUR_APPS]
    wrong = {}
    for path in ("", *(f"{meta.app_label}/{meta.model_name}/" for meta in tables)):
        page.goto(f"{live_server}/admin/{path}")
        if said := left_in_english(page):
            wrong[path] = said
    assert wrong == {}
    assert tables


def test_a_text_in_english_would_be_found(page: Page) -> None:
    page.set_content("<title>Plumbline</title><p>Submit</p><p>로그인</p><p>what no catalogue knows</p><p>KL nat</p>")
    assert left_in_english(page) == ["Submit", "what no catalogue knows"]


def test_the_language_is_switched_from_the_menu_and_stays(
    page: Page, live_server: object, pairs: Project, log_in: object
) -> None:
    person = make_member(pairs, "manager", password=PASSWORD)
    log_in(page, person)  # type: ignore[operator]
    page.goto(f"{live_server}/projects/pairs/")
    page.locator(".menu summary").click()
    page.get_by_role("button", name="한국어").click()
    expect(page).to_have_url(f"{live_server}/projects/pairs/")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    page.goto(f"{live_server}/")
    expect(page.get_by_role("heading", name="내 프로젝트").or_(page.locator("html[lang=ko]")).first).to_be_visible()
    person.refresh_from_db()
    assert person.language == "ko"


def test_korean_lines_break_between_words(page: Page, live_server: object) -> None:
    enter(page.context, str(live_server), None, "ko")
    page.goto(f"{live_server}/accounts/login/")
    style = page.evaluate("(({ wordBreak, lineBreak }) => [wordBreak, lineBreak])(getComputedStyle(document.body))")
    assert style == ["keep-all", "strict"]


def test_an_answer_in_latin_letters_does_not_pass_for_korean_on_a_korean_page(
    page: Page, live_server: object, pairs: Project
) -> None:
    enter(page.context, str(live_server), make_member(pairs), "ko")
    page.goto(f"{live_server}/projects/pairs/label/")
    assert page.locator(".response .prose").first.get_attribute("lang") == ""
    assert page.locator(".response .prose").first.evaluate("element => getComputedStyle(element).wordBreak") == "normal"
