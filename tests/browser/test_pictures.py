"""Pictures, documents, formulas and wide blocks, in a real browser."""

import base64
import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from labeling.models import ImportBatch, Person, Project
from labeling.services.imports import import_file
from tests.browser.conftest import PHONE
from tests.factories import PASSWORD, make_comparison, make_member, make_project
from tests.labeling.files import write_rows

PROSE = """Because $x^2$, so

\\\\[ \\\\sum_{i=1}^n \\\\frac{1}{i^2} \\\\]

![a chart](https://tracker.example.org/p.png)

```python
print("a line that is far wider than any card on any screen, so that it has to scroll inside of its own block " * 2)
```

| a | b |
|---|---|
| 1 | 2 |
""".replace("\\\\", "\\")
DOCUMENT = {"title": "Terms", "text": "The **battery** lasts 12 months. " * 60}


def picture(colour: str) -> str:
    file = io.BytesIO()
    Image.new("RGB", (900, 600), colour).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


@pytest.fixture
def opened(page: Page, live_server: object, log_in: Callable[[Page, Person], None]) -> Callable[[Project], Page]:
    """Open the workbench of a project as a new annotator of it."""

    def opened(project: Project) -> Page:
        log_in(page, make_member(project, password=PASSWORD))
        page.goto(f"{live_server}/projects/{project.slug}/label/")  # type: ignore[str-bytes-safe]
        page.wait_for_function("document.getElementById('saved').textContent !== ''")
        return page

    return opened


@pytest.fixture
def pictures(tmp_path_factory: pytest.TempPathFactory, live_server: object) -> Project:
    project = make_project(slug="pictures", name="Pictures")
    row = {
        "prompt": "Paint it.",
        "responses": [{"picture": picture("teal"), "alt": "all teal"}, {"picture": picture("red")}],
    }
    path = write_rows(tmp_path_factory.mktemp("pictures") / "rows.jsonl", [row])
    import_file(batch=ImportBatch.objects.create(project=project, file_name="rows.jsonl", format="auto"), path=path)
    return project


@pytest.fixture
def prose(live_server: object) -> Project:
    project = make_project(slug="prose", name="Prose")
    comparison = make_comparison(project, texts=[PROSE, "Short."])
    comparison.prompt.documents = [DOCUMENT, "Another one."]
    comparison.prompt.save()
    return project


def test_a_picture_is_enlarged_and_left_by_keyboard_alone(
    opened: Callable[[Project], Page], pictures: Project, console_errors: list[str]
) -> None:
    page = opened(pictures)
    teal = page.get_by_role("img", name="all teal")
    assert teal.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])") == [900, 600]
    link = page.get_by_role("link", name="all teal")
    link.focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("dialog", name="all teal")
    expect(box).to_be_visible()
    page.keyboard.press("1")  # a single key of the workbench: silent in here
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(link).to_be_focused()
    expect(page.locator("input[name=choice]:checked")).to_have_count(0)
    link.click()
    page.get_by_role("button", name="Close").click()
    expect(box).to_have_count(0)
    assert page.url.endswith("/label/")
    assert console_errors == []


def test_without_scripts_a_picture_opens_by_its_address(
    browser: Browser, opened: Callable[[Project], Page], pictures: Project
) -> None:
    first = opened(pictures)
    context = browser.new_context(java_script_enabled=False, storage_state=first.context.storage_state())
    page = context.new_page()
    page.goto(first.url)
    with page.expect_popup() as popup:
        page.get_by_role("link", name="all teal").click()
    assert popup.value.locator("img").evaluate("image => image.naturalWidth") == 900
    context.close()


def test_documents_stand_beside_the_prompt_and_fold_below_it_on_a_phone(
    opened: Callable[[Project], Page], prose: Project, console_errors: list[str]
) -> None:
    page = opened(prose)
    prompt, documents = page.locator("#prompt").bounding_box(), page.locator(".documents").bounding_box()
    assert prompt
    assert documents
    assert documents["x"] >= prompt["x"] + prompt["width"]
    assert documents["height"] <= 24 * 16
    expect(page.get_by_text("Another one.")).to_be_visible()
    assert page.locator(".documents").evaluate(
        "block => [block.tabIndex, block.scrollHeight > block.clientHeight]"
    ) == [0, True]
    page.set_viewport_size(PHONE)
    page.reload()
    expect(page.get_by_text("Another one.")).to_be_hidden()
    prompt, documents = page.locator("#prompt").bounding_box(), page.locator(".documents").bounding_box()
    assert prompt
    assert documents
    assert documents["y"] >= prompt["y"] + prompt["height"]
    page.get_by_text("Terms", exact=True).click()
    expect(page.get_by_text("The battery lasts").first).to_be_visible()
    assert console_errors == []


def test_formulas_are_drawn_wide_blocks_scroll_by_themselves_and_nothing_is_loaded_from_elsewhere(
    opened: Callable[[Project], Page], prose: Project, page: Page, console_errors: list[str]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for size in ({"width": 1440, "height": 900}, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        if size["width"] == 1440:
            opened(prose)
        card = page.locator("[data-response]", has_text="Because").first
        card.wait_for(state="attached")
        if size == PHONE:  # one response at a time, in an order drawn by chance
            page.locator(f".view-tabs [data-view={card.get_attribute('data-side')}]").click()
        card.wait_for()
        assert page.locator("math").first.evaluate("math => math.namespaceURI").endswith("MathML")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    block = page.locator(".prose pre").first
    assert block.evaluate("block => [block.tabIndex, block.scrollWidth > block.clientWidth]") == [0, True]
    assert page.locator(".wide:has(table)").first.evaluate("block => block.tabIndex") == -1  # it fits: no stop for Tab
    fraction = page.locator("mfrac").first.evaluate(
        "it => [...it.children].map(part => part.getBoundingClientRect().bottom)"
    )
    assert fraction[0] < fraction[1]  # one above the other
    assert not [url for url in asked if "tracker" in url]
    assert console_errors == []
