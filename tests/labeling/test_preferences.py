"""A person's own keys and break reminder: what is stored, what is refused, who sees it."""

import json
import re

import pytest
from django.test import Client

from labeling.errors import InvalidPreferences
from labeling.models import Person
from labeling.services.preferences import DEFAULT_KEYS, set_workbench_preferences, workbench_preferences
from tests.factories import make_comparison, make_member, make_person, make_project

pytestmark = pytest.mark.django_db
URL = "/account/workbench/"
JSON = {"Accept": "application/json", "HX-Request": "true"}


@pytest.fixture
def person() -> Person:
    return make_person()


@pytest.fixture
def client(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def keep(person: Person, **keys: str) -> dict[str, object]:
    named = {name.replace("_", "-"): code for name, code in keys.items()}
    return set_workbench_preferences(person=person, keys=named, single_keys=True, break_minutes=50)


def test_without_a_choice_the_usual_keys_hold(person: Person) -> None:
    assert workbench_preferences(person) == {"keys": DEFAULT_KEYS, "single_keys": True, "break_minutes": 50}


def test_only_what_differs_is_stored_and_other_preferences_stay(person: Person) -> None:
    person.preferences = {"something": "else"}
    keep(person, skip="KeyX", undo="KeyU")
    person.refresh_from_db()
    assert person.preferences["keys"] == {"skip": "KeyX"}
    assert person.preferences["something"] == "else"
    assert workbench_preferences(person)["keys"] == DEFAULT_KEYS | {"skip": "KeyX"}


def test_two_actions_may_swap_their_keys(person: Person) -> None:
    keep(person, skip="KeyU", undo="KeyS")
    assert workbench_preferences(person)["keys"]["undo"] == "KeyS"


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("skip", "KeyU"),  # undo's
        ("tie", "Digit2"),  # chooses
        ("tie", "Tab"),
        ("tie", "Escape"),
        ("tie", ""),
        ("tie", "KeyÄ"),
        ("tie", "KeyA</script>"),
        ("tie", "keya"),
        ("alert", "KeyA"),
    ],
)
def test_what_cannot_be_a_key_of_its_own_is_refused_and_stores_nothing(person: Person, action: str, code: str) -> None:
    with pytest.raises(InvalidPreferences):
        keep(person, **{action: code})
    person.refresh_from_db()
    assert person.preferences == {}


def test_a_key_that_does_two_things_is_refused_with_a_sentence(client: Client, person: Person) -> None:
    form = {"key_skip": "KeyU", "single_keys": "1", "break_minutes": "50"}
    response = client.post(URL, form, headers=JSON)
    assert response.status_code == 422
    assert response.json()["code"] == "invalid_preferences"
    assert "already does something else" in response.json()["message"]
    assert "already does something else" in client.post(URL, form).content.decode()
    person.refresh_from_db()
    assert person.preferences == {}


def test_a_script_gets_what_holds_now(client: Client, person: Person) -> None:
    response = client.post(URL, {"key_skip": "KeyX", "break_minutes": "0"}, headers=JSON)
    expected = {"keys": DEFAULT_KEYS | {"skip": "KeyX"}, "single_keys": False, "break_minutes": 0}
    assert response.json() == expected


@pytest.mark.parametrize("minutes", ["", "7", "-50", "lots"])
def test_a_break_comes_after_one_of_the_times_offered(client: Client, minutes: str) -> None:
    assert client.post(URL, {"break_minutes": minutes}, headers=JSON).status_code == 422


def test_a_plain_form_goes_back_to_its_own_page_and_nowhere_else(client: Client) -> None:
    form = {"single_keys": "1", "break_minutes": "25"}
    assert client.post(URL, form | {"next": "/projects/new/"})["Location"] == "/projects/new/"
    assert client.post(URL, form | {"next": "https://elsewhere.example/"})["Location"] == URL


def test_the_page_has_the_form_and_the_sheet_only_that(client: Client) -> None:
    page = client.get(URL).content.decode()
    assert "<html" in page
    assert "data-workbench-preferences" in page
    part = client.get(URL, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "data-workbench-preferences" in part


def test_settings_are_for_people_who_are_logged_in() -> None:
    assert Client().get(URL).status_code == 302
    assert Client().post(URL, {}, headers=JSON).status_code == 401


def test_the_workbench_is_told_the_persons_own_keys() -> None:
    project = make_project()
    make_comparison(project)
    member = make_member(project)
    keep(member, skip="KeyX")
    client = Client()
    client.force_login(member)
    page = client.get(f"/projects/{project.slug}/label/").content.decode()
    told = re.search(r'<script id="preferences" type="application/json">(.*?)</script>', page)
    assert told is not None
    assert json.loads(told.group(1))["keys"]["skip"] == "KeyX"
