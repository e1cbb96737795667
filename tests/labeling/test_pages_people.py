"""The pages of people: members and their limits, everybody for owners, one's own settings."""

import pytest
from django.core import mail
from django.test import Client

from labeling.errors import LastOwner
from labeling.models import Membership, Person, Project
from labeling.services.people import set_active, set_installation_role
from tests.factories import PASSWORD, make_member, make_person, make_project

pytestmark = pytest.mark.django_db


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


# ---- members


def test_a_manager_sets_role_quota_and_allocation_of_one_member() -> None:
    project = make_project()
    person, other = make_member(project), make_member(project)
    manager = client_of(make_member(project, "manager"))
    url = f"/projects/{project.slug}/members/{person.memberships.get().pk}/role/"
    for _ in range(2):
        form = {"role": "reviewer", "daily_quota": "20", "allocation": "500"}
        assert manager.post(url, form).status_code == 302
        membership = Membership.objects.get(person=person)
        assert (membership.role, membership.daily_quota, membership.allocation) == ("reviewer", 20, 500)
    assert manager.post(url, {"role": "reviewer", "daily_quota": "", "allocation": ""}).status_code == 302
    membership.refresh_from_db()
    assert (membership.daily_quota, membership.allocation) == (None, None)
    assert Membership.objects.get(person=other).daily_quota is None


@pytest.mark.parametrize("wrong", [{"role": "owner"}, {"daily_quota": "0"}, {"allocation": "-1"}, {"allocation": "x"}])
def test_limits_that_make_no_sense_change_nothing(wrong: dict[str, str]) -> None:
    project = make_project()
    membership = make_member(project).memberships.get()
    manager = client_of(make_member(project, "manager"))
    url = f"/projects/{project.slug}/members/{membership.pk}/role/"
    response = manager.post(url, {"role": "manager", "daily_quota": "5", "allocation": "5"} | wrong, follow=True)
    assert "whole numbers" in response.content.decode()
    membership.refresh_from_db()
    assert (membership.role, membership.daily_quota, membership.allocation) == ("annotator", None, None)


def test_the_list_says_how_much_each_has_judged() -> None:
    project = make_project()
    make_member(project)
    members = client_of(make_person("owner")).get(f"/projects/{project.slug}/members/").context["members"]
    assert [member.done for member in members] == [None]


# ---- everybody


def test_an_owner_finds_people_and_others_do_not() -> None:
    owner = make_person("owner")
    make_person(name="Kim Somebody", email="kim@example.org")
    make_person(email="robot@example.org", kind="simulated")
    client = client_of(owner)
    assert client.get("/people/").context["page"].paginator.count == 2
    [found] = client.get("/people/?q=kim").context["page"]
    assert found.email == "kim@example.org"
    assert "Nobody is found" in client.get("/people/?q=nobody-at-all").content.decode()
    assert client.post("/people/").status_code == 405
    for role in ("", "engineer"):
        assert client_of(make_person(role)).get("/people/").status_code == 403
    assert client_of(make_member(make_project(), "manager")).get("/people/").status_code == 403


def test_the_list_comes_in_pages_of_fifty() -> None:
    owner = client_of(make_person("owner"))
    for number in range(55):
        make_person(email=f"page-{number:02}@example.org")
    first, last = owner.get("/people/").context["page"], owner.get("/people/?page=9").context["page"]
    assert (len(first), len(last), last.number) == (50, 6, 2)


def test_an_owner_gives_a_role_and_a_language_and_comes_back_to_where_they_were() -> None:
    owner, person = client_of(make_person("owner")), make_person()
    for _ in range(2):
        response = owner.post(
            f"/people/{person.pk}/", {"role": "engineer", "language": "ko", "from": "page=2&q=x&next=//evil.example"}
        )
        assert response["Location"].startswith("/people/?page=2&q=x")
        person.refresh_from_db()
        assert (person.installation_role, person.language) == ("engineer", "ko")
    owner.post(f"/people/{person.pk}/", {"role": "emperor", "language": "ko"})
    person.refresh_from_db()
    assert person.installation_role == "engineer"


def test_somebody_locked_out_cannot_log_in_until_they_are_let_in_again(client: Client) -> None:
    owner, person = client_of(make_person("owner")), make_person(password=PASSWORD)
    theirs = client_of(person)
    assert owner.get(f"/people/{person.pk}/active/").status_code == 405
    assert owner.post(f"/people/{person.pk}/active/").status_code == 302
    assert theirs.get("/")["Location"] == "/accounts/login/?next=/"
    assert not client.login(email=person.email, password=PASSWORD)
    assert owner.post(f"/people/{person.pk}/active/", {"is_active": "1"}).status_code == 302
    assert client.login(email=person.email, password=PASSWORD)


def test_the_last_owner_stays_one() -> None:
    owner = make_person("owner")
    for refused in (
        lambda: set_installation_role(person=owner, role=""),
        lambda: set_installation_role(person=owner, role="engineer"),
        lambda: set_active(person=owner, is_active=False),
    ):
        with pytest.raises(LastOwner):
            refused()
    response = client_of(owner).post(f"/people/{owner.pk}/active/", follow=True)
    assert "only owner" in response.content.decode()
    make_person("owner", is_active=False)
    with pytest.raises(LastOwner):
        set_active(person=owner, is_active=False)
    second = make_person("owner")
    set_active(person=owner, is_active=False)
    with pytest.raises(LastOwner):
        set_installation_role(person=second, role="")


def test_a_password_link_goes_to_the_persons_own_address() -> None:
    owner, person = client_of(make_person("owner")), make_person(password=PASSWORD)
    response = owner.post(f"/people/{person.pk}/password-link/", follow=True)
    assert "on its way" in response.content.decode()
    [sent] = mail.outbox
    assert sent.to == [person.email]
    assert "/accounts/password/reset/key/" in sent.body
    set_active(person=person, is_active=False)
    assert "nothing to reset" in owner.post(f"/people/{person.pk}/password-link/", follow=True).content.decode()
    assert len(mail.outbox) == 1


def test_people_who_never_log_in_are_out_of_reach() -> None:
    owner, imported = client_of(make_person("owner")), make_person(kind="imported")
    for address in ("", "active/", "password-link/"):
        assert owner.post(f"/people/{imported.pk}/{address}", {"role": "owner"}).status_code == 404
    imported.refresh_from_db()
    assert imported.installation_role == ""


# ---- one's own settings


def test_a_person_sets_name_and_language_and_keeps_their_keys() -> None:
    person = make_person(preferences={"keys": {"skip": "KeyX"}, "break_minutes": 25})
    client = client_of(person)
    page = client.get("/account/settings/").content.decode()
    assert "/accounts/password/change/" in page
    assert "/accounts/2fa/" in page
    assert 'name="break_minutes"' in page
    for _ in range(2):
        response = client.post("/account/settings/", {"name": "Kim", "language": "ko"})
        assert response["Location"] == "/account/settings/"
    person.refresh_from_db()
    assert (person.name, person.language) == ("Kim", "ko")
    assert person.preferences == {"keys": {"skip": "KeyX"}, "break_minutes": 25}
    assert '<html lang="ko"' in client.get("/account/settings/").content.decode()


def test_a_language_we_do_not_speak_is_refused() -> None:
    person = make_person()
    response = client_of(person).post("/account/settings/", {"name": "Kim", "language": "tlh"})
    assert response.status_code == 422
    person.refresh_from_db()
    assert person.name == ""


def test_the_settings_say_nothing_of_anybody_else(client: Client) -> None:
    other = make_person(name="Somebody Else")
    assert client.get("/account/settings/")["Location"].startswith("/accounts/login/")
    assert other.email not in client_of(make_person()).get("/account/settings/").content.decode()


def test_the_content_warning_stands_in_the_drawer() -> None:
    project: Project = make_project(content_warning="Some of it is cruel.")
    client = client_of(make_member(project))
    drawer = client.get(f"/projects/{project.slug}/guidelines/", headers={"HX-Request": "true"})
    assert "Some of it is cruel." in drawer.content.decode()
