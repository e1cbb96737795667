"""Every text a person sees is marked for translation, and Korean has each of them."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import allauth
import pytest
from babel.messages.pofile import read_po
from django.contrib.admin import site
from django.core import mail
from django.template.base import Lexer, TokenType
from django.test import Client
from django.utils import translation
from django.utils.formats import date_format, number_format

from config import messages
from config.administration import OUR_APPS
from config.stored_words import KNOWN
from labeling.asked import as_read
from labeling.models import Person, Purpose
from labeling.presets import PRESETS
from preferences.formats import FORMATS
from tests.engines import ROOT
from tests.factories import PASSWORD, make_member, make_person, make_project

WORDS = re.compile(r"[^\W\d_]{2,}")
KEY = re.compile(r"[a-z0-9]+([_.-][a-z0-9]+)+")

# What stands in a template as it is, in every language: names of ours, of keys, of formulas and of a hash.
AS_THEY_ARE = {
    "Plumbline",
    "Ctrl",
    "Esc",
    "KL",
    "ECE",
    "sha",
    "Authorization",
    "Token",
    "plumb",
    "RewardBench",
    "README",
    "md",
}
SPOKEN_ATTRIBUTES = {"aria-label", "aria-description", "aria-roledescription", "alt", "placeholder", "title"}
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}


class Texts(HTMLParser):
    """Text and spoken attributes of one template, whose own tags were taken out before."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style")
        self.found += [value for name, value in attrs if name in SPOKEN_ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data)


def texts_of(template: str) -> list[str]:
    """What a template says in its own words: everything outside of its tags, of {{ … }} and of blocktranslate."""
    kept, inside = [], False
    for token in Lexer(template).tokenize():
        if token.token_type == TokenType.TEXT and not inside:
            kept.append(token.contents)
        elif token.token_type == TokenType.BLOCK:
            name = token.split_contents()[0]
            if name in ("blocktranslate", "blocktrans", "comment") or token.contents == "block page_class":
                inside = True
            elif name in ("endblocktranslate", "endblocktrans", "endcomment", "endblock"):
                inside = False
    reader = Texts()
    reader.feed("".join(kept))
    return [text.strip() for text in reader.found if set(WORDS.findall(text)) - AS_THEY_ARE]


def untranslated_literals(source: str, *, is_api: bool = False) -> Iterator[str]:
    """The sentences that a module says to people without marking them: in forms, models, errors and answers.

    What describes a field of the API is written for its documentation, which is English.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) not in MARKS:
            shown = node.args if speaks(node) else []
            shown = [*shown, *(keyword.value for keyword in node.keywords if keyword.arg in SAID and not is_api)]
            yield from (text for value in shown for text in bare_texts(value))
        if isinstance(node, ast.ClassDef) and any("Choices" in ast.unparse(base) for base in node.bases):
            for line in node.body:
                if isinstance(line, ast.Assign):
                    label = line.value.elts[1] if isinstance(line.value, ast.Tuple) else line.value
                    yield from bare_texts(label, sentences=False)
        if isinstance(node, ast.ClassDef) and node.name == "Meta":
            for line in node.body:
                if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]).startswith("verbose_name"):
                    yield from bare_texts(line.value, sentences=False)


# Arguments that are shown, whatever they are given to; and what raises or shows its first argument.
SAID = {"label", "help_text", "empty_label", "verbose_name", "error_messages"}
SPEAKERS = {"success", "warning", "error", "info"}


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def speaks(node: ast.Call) -> bool:
    """Whether what is called speaks to people: Django's messages, and the errors that become answers."""
    if isinstance(node.func, ast.Attribute) and node.func.attr in SPEAKERS:
        return ast.unparse(node.func.value) == "messages"
    return called(node) in ERRORS


def error_names() -> set[str]:
    """Our own error classes (each becomes an answer), and Django's and DRF's that do."""
    names = {"ValidationError", "PermissionDenied", "NotFound", "Http404", "AuthenticationFailed"}
    for path in ROOT.glob("*/errors.py"):
        names |= {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)}
    return names


ERRORS = error_names()


def bare_texts(value: ast.expr, *, sentences: bool = True) -> Iterator[str]:
    """Texts in an expression that no mark surrounds. Single words pass for keys unless `sentences` is off."""
    if isinstance(value, ast.Call):
        if called(value) not in MARKS:
            for part in (*value.args, *(keyword.value for keyword in value.keywords)):
                yield from bare_texts(part, sentences=sentences)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        words = [word for word in WORDS.findall(value.value) if not word.isupper()]
        if len(words) > (1 if sentences else 0) and not KEY.fullmatch(value.value):
            yield value.value
    elif isinstance(value, ast.Dict):
        for part in value.values:
            yield from bare_texts(part, sentences=sentences)
    elif isinstance(value, ast.Subscript | ast.Attribute | ast.Name):
        return
    else:
        for part in ast.iter_child_nodes(value):
            if isinstance(part, ast.expr):
                yield from bare_texts(part, sentences=sentences)


def web_modules() -> list[Path]:
    """Modules whose words reach a page or an API answer. Commands, settings and computing children speak English."""
    apart = {"migrations", "core", "commands", "management", "loop"}
    paths = [path for app in ("labeling", "runs", "rewardmodel", "finetuning") for path in (ROOT / app).rglob("*.py")]
    paths += [ROOT / "config" / name for name in ("api.py", "accounts.py", "monitoring.py", "errors.py")]
    return sorted(path for path in paths if not apart & set(path.relative_to(ROOT).parts))


def test_the_catalogues_hold_what_the_code_says_translated_and_compiled():
    assert messages.main(["--check"]) == 0


def test_what_we_word_in_the_place_of_a_library_is_still_said_by_it():
    path = Path(allauth.__file__).parent / "locale" / "ko" / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        theirs = read_po(file, locale="ko")
    assert [text for text in messages.BORROWED if theirs.get(text) is None] == []


def test_the_scanner_of_templates_finds_bare_words():
    assert texts_of("<p>Hello there</p>") == ["Hello there"]
    assert texts_of('<input placeholder="Find it">') == ["Find it"]
    assert texts_of("{% blocktranslate %}Hello{% endblocktranslate %} <b>{{ name }}</b> {% translate 'Yes' %} v2") == []


def test_no_template_says_anything_that_is_not_marked_for_translation():
    bare = {}
    for path in sorted((ROOT / "templates").rglob("*.*")):
        if texts := texts_of(path.read_text()):
            bare[str(path.relative_to(ROOT))] = texts
    assert bare == {}


@pytest.mark.parametrize(
    "source",
    [
        'forms.CharField(label="Your name")',
        'raise InvalidPerson("There is no such person.")',
        'messages.success(request, f"{name} is here now.")',
        'class State(models.TextChoices):\n    OPEN = "open", "open"',
        'class Meta:\n    verbose_name = "person"',
    ],
)
def test_the_scanner_of_modules_finds_bare_sentences(source):
    assert list(untranslated_literals(source)) != []


def test_no_module_says_anything_to_people_that_is_not_marked_for_translation():
    bare = {}
    for path in web_modules():
        if texts := list(untranslated_literals(path.read_text(), is_api="api" in path.parts)):
            bare[str(path.relative_to(ROOT))] = texts
    assert bare == {}


def test_the_reasons_that_manifests_and_reports_store_are_known_to_the_catalogue():
    written = set()
    for package in ("preferences", "labeling", "rewardmodel"):
        for path in (ROOT / package).rglob("*.py"):
            written |= set(re.findall(r'(?:report\.drop\(|(?:drops|left_out)\[)"([^"]+)"', path.read_text()))
    standing = (ROOT / "labeling" / "services" / "snapshots" / "standing.py").read_text()
    reasons = set(re.findall(r'^ {8}"([a-z ]+)": ', standing.partition("reasons = {")[2], flags=re.M))
    assert reasons
    written |= reasons
    written |= {f"no work of its own: {purpose}" for purpose in set(Purpose) - {Purpose.WORK, Purpose.ADJUDICATION}}
    written |= {part for form in FORMATS.values() for part in form.drops.split("; ")}
    assert written - set(KNOWN) == set()


def test_the_labels_of_published_protocols_are_read_in_korean_and_a_projects_own_as_written():
    labels = {
        text
        for preset in PRESETS.values()
        for each in (*preset.instrument.get("attributes", ()), *preset.instrument.get("flags", ()))
        for key, text in each.items()
        if key.endswith("label")
    }
    with translation.override("ko"):
        assert {label for label in labels if not re.search("[가-힣]", as_read(label))} == set()
        assert as_read("Smells of lavender") == "Smells of lavender"


def test_the_administration_names_our_tables_and_columns_in_korean():
    import_module("config.urls")  # names them
    with translation.override("ko"):
        named = {
            str(name)
            for model in site._registry
            if model._meta.app_label in OUR_APPS
            for name in (model._meta.verbose_name, model._meta.verbose_name_plural, *column_names(model))
        }
    assert {name for name in named if not re.search("[가-힣]", name)} == {"ID"}


def column_names(model):
    return [field.verbose_name for field in model._meta.fields]


def test_no_script_holds_a_sentence():
    """Scripts take theirs from data- attributes, where gettext has seen them."""
    sentences = {}
    for path in sorted((ROOT / "static" / "js").rglob("*.js")):
        code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        code = re.sub(r"(?m)(^|\s)//.*$", "", code)
        found = [text for _, text in re.findall(r"([\"'`])((?:(?!\1).)*)\1", code)]
        found = [text for text in found if re.search(r"[A-Z][a-z]+ [a-z]+|[a-z]{2,}[.!?…]$", text)]
        if found:
            sentences[path.name] = found
    assert sentences == {}


@pytest.mark.django_db
def test_a_person_keeps_the_language_they_chose_in_every_browser():
    person = make_person()
    here, elsewhere = Client(), Client()
    here.force_login(person)
    elsewhere.force_login(person)
    answer = here.post("/i18n/setlang/", {"language": "ko", "next": "/"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert Person.objects.get().language == "ko"
    assert '<html lang="ko"' in elsewhere.get("/", headers={"accept-language": "en"}).content.decode()


@pytest.mark.django_db
def test_a_visitor_keeps_the_language_in_a_cookie():
    visitor = Client()
    visitor.post("/i18n/setlang/", {"language": "ko", "next": "/accounts/login/"})
    page = visitor.get("/accounts/login/", headers={"accept-language": "en"}).content.decode()
    assert '<html lang="ko"' in page
    assert "로그인" in page


@pytest.mark.django_db
def test_a_language_we_do_not_speak_changes_nothing():
    person = make_person(language="ko")
    client = Client()
    client.force_login(person)
    client.post("/i18n/setlang/", {"language": "tlh"})
    assert Person.objects.get().language == "ko"


@pytest.mark.django_db
def test_asking_for_the_language_page_changes_nothing():
    person = make_person(language="ko")
    client = Client()
    client.force_login(person)
    client.get("/i18n/setlang/?language=en")
    assert Person.objects.get().language == "ko"


@pytest.mark.django_db
def test_the_browser_decides_while_nobody_has_chosen():
    page = Client().get("/accounts/login/", headers={"accept-language": "ko-KR,ko;q=0.9"})
    assert page["Content-Language"] == "ko"
    assert page["Vary"].lower().find("accept-language") >= 0


@pytest.mark.django_db
def test_errors_of_the_api_answer_in_the_language_of_the_request():
    project = make_project()
    client = Client()
    client.force_login(make_member(project))
    korean = client.post("/api/v1/projects/nowhere/assignments/", headers={"accept-language": "ko"}).json()
    english = client.post("/api/v1/projects/nowhere/assignments/", headers={"accept-language": "en"}).json()
    assert korean["code"] == english["code"]
    assert korean["message"] != english["message"]


@pytest.mark.django_db
def test_the_mail_to_reset_a_password_is_in_korean():
    person = make_person(password=PASSWORD)
    Client().post("/accounts/password/reset/", {"email": person.email}, headers={"accept-language": "ko"})
    (letter,) = mail.outbox
    assert "비밀번호" in letter.subject
    assert "새 비밀번호" in letter.body
    assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+ [a-z]+", letter.body)


@pytest.mark.parametrize(
    ("language", "day", "minute"),
    [("en", "March 9, 2026", "March 9, 2026, 2:05 p.m."), ("ko", "2026년 3월 9일", "2026년 3월 9일 오후 2:05")],
)
def test_counts_and_dates_are_written_as_the_language_writes_them(language, day, minute):
    moment = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
    with translation.override(language):
        assert number_format(1234567, force_grouping=True) == "1,234,567"
        assert date_format(moment, "DATE_FORMAT") == day
        assert date_format(moment, "DATETIME_FORMAT") == minute
        assert date_format(moment, "SHORT_DATETIME_FORMAT") == "2026-03-09 14:05"
