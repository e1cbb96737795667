"""From an invitation to the first judgment, by keyboard alone, in a real browser; and without scripts."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from labeling.models import Invitation, Judgment, Membership, Person, Project, Qualification
from labeling.services.invitations import create_invitation
from labeling.services.projects import publish_guidelines
from labeling.services.qualification import accept_guidelines
from tests.browser.desk import press, wait_until
from tests.factories import PASSWORD, make_gold, make_member, make_person

EMAIL = "new@example.org"


@pytest.fixture
def demanding(pairs: Project) -> Project:
    """The project of pairs, with a step of each kind before it."""
    pairs.requires_acceptance = pairs.requires_practice = True
    pairs.exam_pass_share = 0.5
    pairs.content_warning = "Some of it is cruel."
    pairs.sensitive_topics = [{"name": "violence", "warning": "Speaks of wounds."}]
    pairs.save()
    make_gold(pairs, use="practice", texts=["It says why.", "It does not."], explanation="The first one says why.")
    for number in range(2):
        make_gold(pairs, use="exam", texts=[f"Water is wet {number}.", f"Water is dry {number}."])
    make_gold(pairs, use="practice", topic="violence")
    return pairs


@pytest.fixture
def link(demanding: Project, live_server: object) -> str:
    secret = Invitation.new_secret()
    create_invitation(project=demanding, role="annotator", created_by=make_person("owner"), secret=secret)
    return f"{live_server}/join/{secret}/"


def complaints(page: Page) -> str:
    results = Axe().run(page)
    return results.generate_report() if results.violations_count else ""


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, as somebody without a mouse does."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {selector}")


def choose_better(page: Page, better: str) -> None:
    """Choose the side that holds this text by its key, and submit."""
    expect(page.locator("#answer")).to_be_visible()
    side = page.locator(".response", has_text=better).get_attribute("data-side")
    expect(page.locator("#prompt")).to_be_focused()
    press(page, "1" if side == "a" else "2", "Enter")


def test_an_invitation_leads_to_the_first_judgment_by_keyboard_alone(
    page: Page, link: str, demanding: Project, console_errors: list[str]
) -> None:
    page.goto(link)
    assert complaints(page) == ""
    for selector, text in (("#id_name", "Kim New"), ("#id_email", EMAIL), ("#id_password", PASSWORD)):
        tab_to(page, selector)
        page.keyboard.type(text)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Content warning")).to_be_visible()
    expect(page.get_by_text("Some of it is cruel.")).to_be_visible()
    assert complaints(page) == ""
    tab_to(page, "input[name=declined]")
    page.keyboard.press("Space")
    tab_to(page, "main .button-primary")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Prefer the answer that helps.")).to_be_visible()
    assert complaints(page) == ""
    tab_to(page, "main .button-primary")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Practice · 1 of 1")).to_be_visible()
    assert complaints(page) == ""
    choose_better(page, "It does not.")
    expect(page.get_by_role("heading", name="Expected otherwise")).to_be_visible()
    expect(page.get_by_text("The first one says why.")).to_be_visible()
    assert complaints(page) == ""
    tab_to(page, "main .button-primary")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Exam")).to_be_visible()
    assert complaints(page) == ""
    tab_to(page, "main .button-primary")
    page.keyboard.press("Enter")
    for number in (1, 2):
        expect(page.get_by_text(f"Exam · {number} of 2")).to_be_visible()
        choose_better(page, "Water is wet")
    expect(page.get_by_role("heading", name="You are ready")).to_be_visible()
    expect(page.get_by_text("2 of 2 as expected")).to_be_visible()
    assert complaints(page) == ""
    tab_to(page, "main .button-primary")
    page.keyboard.press("Enter")

    expect(page.locator("#saved")).not_to_be_empty()
    before = page.locator("#workbench").get_attribute("data-assignment") or ""
    press(page, "1", "Enter")
    expect(page.locator("#workbench")).not_to_have_attribute("data-assignment", before)
    person = Person.objects.get(email=EMAIL)
    wait_until(page, lambda: Judgment.objects.filter(annotator=person, purpose="work").count() == 1)
    assert Membership.objects.get(person=person).declined_topics == ["violence"]
    assert Qualification.objects.get(person=person).state == "passed"
    assert Invitation.objects.get().uses == 1
    assert console_errors == []


def test_new_guidelines_in_the_middle_of_the_work_are_read_before_it_goes_on(
    page: Page, live_server: object, pairs: Project, log_in: Callable[[Page, Person], None]
) -> None:
    pairs.requires_acceptance = True
    pairs.save()
    person = make_member(pairs, password=PASSWORD)
    accept_guidelines(project=pairs, person=person, number=1)
    log_in(page, person)
    page.goto(f"{live_server}/projects/pairs/label/")
    expect(page.locator("#saved")).not_to_be_empty()
    before = page.locator("#workbench").get_attribute("data-assignment") or ""
    press(page, "1", "Enter")
    expect(page.locator("#workbench")).not_to_have_attribute("data-assignment", before)
    publish_guidelines(project=pairs, text="Prefer the answer that is short.")
    for _ in range(12):  # what the browser holds already is judged to its end under the version it was handed out with
        if "/start/" in page.url:
            break
        before = page.locator("#workbench").get_attribute("data-assignment") or ""
        press(page, "1", "Enter")
        expect(page.locator(f"#workbench[data-assignment='{before}']")).to_have_count(0)
    expect(page.get_by_role("heading", name="The guidelines have changed")).to_be_visible()
    expect(page.locator(".difference ins")).to_contain_text(["short"])
    expect(page.locator(".difference del")).to_contain_text(["helps"])
    given = Judgment.objects.count()
    assert set(Judgment.objects.values_list("guideline_version__number", flat=True)) == {1}
    assert complaints(page) == ""
    tab_to(page, "main .button-primary")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live_server}/projects/pairs/")
    page.get_by_role("link", name="Go on").click()
    expect(page.locator("#saved")).not_to_be_empty()
    press(page, "2", "Enter")
    wait_until(page, lambda: Judgment.objects.count() == given + 1)
    assert Judgment.objects.order_by("-pk")[0].guideline_version.number == 2


def test_somebody_with_an_account_logs_in_and_comes_back_to_the_invitation(
    page: Page, link: str, live_server: object
) -> None:
    person = make_person(password=PASSWORD)
    page.goto(link)
    page.get_by_role("link", name="Log in and come back here").click()
    page.fill("input[name=login]", person.email)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(link)
    page.get_by_role("button", name="Join the project").click()
    expect(page.get_by_role("heading", name="Content warning")).to_be_visible()
    assert person.memberships.get().role == "annotator"


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, locale="en")
    yield context.new_page()
    context.close()


def test_the_whole_way_works_without_scripts(plain: Page, link: str, demanding: Project) -> None:
    plain.goto(link)
    plain.get_by_label("Name").fill("Kim New")
    plain.get_by_label("E-mail address").fill(EMAIL)
    plain.get_by_label("Password").fill(PASSWORD)
    plain.get_by_role("button", name="Sign up and join").click()
    plain.get_by_label("violence").check()
    plain.get_by_role("button", name="I have read this, go on").click()
    plain.get_by_role("button", name="I judge by these guidelines").click()
    for heading in ("Practice · 1 of 1", "Exam · 1 of 2", "Exam · 2 of 2"):
        expect(plain.get_by_text(heading)).to_be_visible()
        better = plain.locator(".response", has_text="It says why.").or_(
            plain.locator(".response", has_text="Water is wet")
        )
        side = better.get_attribute("data-side") or ""
        plain.get_by_label(f"{side.upper()} is better", exact=True).first.check(force=True)
        plain.get_by_role("button", name="Submit").click()
        if heading.startswith("Practice"):
            expect(plain.get_by_role("heading", name="As expected")).to_be_visible()
            plain.get_by_role("link", name="Go on").click()
            plain.get_by_role("button", name="Begin the exam").click()
    plain.get_by_role("link", name="Start judging").click()
    expect(plain.locator("#answer")).to_be_visible()
    assert Qualification.objects.get().correct == 2
