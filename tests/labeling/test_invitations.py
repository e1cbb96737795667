"""Links that let people in: who makes them, who joins by them, and when they are over."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from labeling.errors import InvalidInvitation
from labeling.joining_forms import InvitationForm
from labeling.models import Invitation, Membership, Person, Project
from labeling.services.invitations import create_invitation, join, send_invitation
from tests.engines import fresh_database, run_python
from tests.factories import PASSWORD, make_member, make_person, make_project

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
NEW = {"name": "Somebody New", "email": "new@example.org", "password": PASSWORD}


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def make_invitation(project: Project, secret: str = "a-secret", **fields: object) -> Invitation:  # noqa: S107
    inviter = fields.pop("created_by", None) or make_member(project, "manager", name="Inviter")
    fields = {"role": "annotator", **fields}
    return create_invitation(project=project, created_by=inviter, secret=secret, **fields)  # type: ignore[arg-type]


@pytest.fixture
def project(db: None) -> Project:
    return make_project(name="Helpful answers", description="Which answer helps more?")


# ---- making one


def form_of(client: Client, project: Project) -> dict[str, object]:
    """The invitation form as the members page renders it."""
    form = client.get(f"/projects/{project.slug}/members/").context["invitation_form"]
    return {"role": "annotator", "email": "", "most_uses": 3, "days": 7, "secret": form["secret"].value()}


def test_a_manager_makes_a_link_that_is_shown_once_and_kept_nowhere(project: Project) -> None:
    manager = client_of(make_member(project, "manager"))
    response = manager.post(f"/projects/{project.slug}/members/invitations/", form_of(manager, project))
    link = response.context["link"]
    assert link in response.content.decode()
    assert response["Cache-Control"].startswith("max-age=0")
    secret = link.rstrip("/").rsplit("/", 1)[1]
    invitation = Invitation.objects.get()
    assert invitation.digest == Invitation.digest_of(secret)
    assert secret not in str(Invitation.objects.values().get())
    assert secret not in manager.get(f"/projects/{project.slug}/members/").content.decode()
    assert (invitation.role, invitation.most_uses, invitation.uses, invitation.email) == ("annotator", 3, 0, "")
    assert timedelta(days=6.9) < invitation.expires_at - timezone.now() < timedelta(days=7)


def test_the_same_form_twice_is_one_invitation(project: Project) -> None:
    manager = client_of(make_member(project, "manager"))
    form = form_of(manager, project)
    links = {manager.post(f"/projects/{project.slug}/members/invitations/", form).context["link"] for _ in range(2)}
    assert len(links) == 1
    assert Invitation.objects.count() == 1


def test_a_secret_of_ones_own_making_is_refused(project: Project) -> None:
    manager = client_of(make_member(project, "manager"))
    form = form_of(manager, project) | {"secret": "1234"}
    response = manager.post(f"/projects/{project.slug}/members/invitations/", form)
    assert response.status_code == 422
    assert not Invitation.objects.exists()
    again = form | {"secret": response.context["invitation_form"]["secret"].value()}
    assert manager.post(f"/projects/{project.slug}/members/invitations/", again).status_code == 200


@pytest.mark.parametrize("wrong", [{"role": "owner"}, {"days": 0}, {"days": 91}, {"most_uses": 1001}, {"email": "no"}])
def test_what_cannot_be_is_refused_beside_its_field(project: Project, wrong: dict[str, object]) -> None:
    manager = client_of(make_member(project, "manager"))
    response = manager.post(f"/projects/{project.slug}/members/invitations/", form_of(manager, project) | wrong)
    assert response.status_code == 422
    assert set(response.context["invitation_form"].errors) == set(wrong)


def test_nobody_hands_out_a_role_above_their_own(project: Project) -> None:
    for role, wanted in [("annotator", "reviewer"), ("reviewer", "manager")]:
        with pytest.raises(InvalidInvitation, match="above your own"):
            make_invitation(project, role=wanted, created_by=make_member(project, role))
    make_invitation(project, role="manager", created_by=make_person("owner"))


@pytest.mark.parametrize(("field", "value"), [("role", "owner"), ("uses", 2)])
def test_the_database_refuses_an_owners_invitation_and_a_use_too_many(
    project: Project, field: str, value: object
) -> None:
    invitation = make_invitation(project)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.filter(pk=invitation.pk).update(**{field: value})


def test_an_address_is_mailed_the_link_when_the_invitation_is_committed(
    project: Project, django_capture_on_commit_callbacks: object
) -> None:
    manager = client_of(make_member(project, "manager", name="Inviter"))
    form = form_of(manager, project) | {"email": "New@Example.org", "most_uses": 5}
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        response = manager.post(f"/projects/{project.slug}/members/invitations/", form)
    assert mail.outbox == []
    [callback] = callbacks
    callback()
    [sent] = mail.outbox
    assert sent.to == ["new@example.org"]
    assert response.context["link"] in sent.body
    assert "Inviter" in sent.subject
    assert Invitation.objects.get().most_uses == 1


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_cannot_be_sent_is_said_and_the_link_still_works(settings: object) -> None:
    project = make_project()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_PORT = 9  # type: ignore[attr-defined]
    manager = client_of(make_member(project, "manager"))
    form = form_of(manager, project) | {"email": "a@example.org"}
    response = manager.post(f"/projects/{project.slug}/members/invitations/", form)
    assert response.status_code == 200
    page = response.content.decode()
    assert "The mail could not be sent" in page
    assert response.context["link"] in page


def test_a_mail_speaks_the_language_of_the_moment_and_holds_the_link(project: Project) -> None:
    invitation = make_invitation(project, email="a@example.org")
    send_invitation(invitation=invitation, link="https://x.example/join/abc/")
    assert "https://x.example/join/abc/" in mail.outbox[0].body
    assert "annotator" in mail.outbox[0].body


def test_a_withdrawn_invitation_is_listed_as_such_and_a_second_time_changes_nothing(project: Project) -> None:
    invitation = make_invitation(project)
    owner = client_of(make_person("owner"))
    url = f"/projects/{project.slug}/members/invitations/{invitation.pk}/revoke/"
    assert owner.get(url).status_code == 405
    assert owner.post(url).status_code == 302
    first = Invitation.objects.get().revoked_at
    assert owner.post(url).status_code == 302
    assert Invitation.objects.get().revoked_at == first
    [line] = owner.get(f"/projects/{project.slug}/members/").context["invitations"]
    assert line.state == "revoked"


def test_an_invitation_of_another_project_is_out_of_reach(project: Project) -> None:
    elsewhere = make_invitation(make_project())
    manager = client_of(make_member(project, "manager"))
    assert manager.post(f"/projects/{project.slug}/members/invitations/{elsewhere.pk}/revoke/").status_code == 404
    assert Invitation.objects.get(pk=elsewhere.pk).revoked_at is None


def test_the_list_says_what_is_left_of_each(project: Project) -> None:
    manager = make_member(project, "manager")
    used = make_invitation(project, "one", created_by=manager)
    join(invitation=used, person=make_person())
    expired = make_invitation(project, "two", created_by=manager)
    Invitation.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    make_invitation(project, "three", created_by=manager)
    lines = client_of(manager).get(f"/projects/{project.slug}/members/").context["invitations"]
    assert lines[0].state == "open"
    assert {line.state for line in lines[1:]} == {"used", "expired"}


@pytest.mark.parametrize("role", ["annotator", "reviewer"])
def test_others_invite_nobody(project: Project, role: str) -> None:
    client = client_of(make_member(project, role))
    secret = InvitationForm()["secret"].value()
    response = client.post(
        f"/projects/{project.slug}/members/invitations/", {"role": "annotator", "days": 7, "secret": secret}
    )
    assert response.status_code == 403
    assert not Invitation.objects.exists()


# ---- joining by one


def test_the_page_says_who_invites_whom_to_what(project: Project, client: Client) -> None:
    make_invitation(project, role="reviewer")
    page = client.get("/join/a-secret/").content.decode()
    assert "Helpful answers" in page
    assert "Which answer helps more?" in page
    assert "Inviter" in page
    assert "reviewer" in page
    assert "/accounts/login/?next=/join/a-secret/" in page


def test_a_link_nobody_made_is_not_found(project: Project, client: Client) -> None:
    assert client.get("/join/another-secret/").status_code == 404
    assert client.post("/join/another-secret/", NEW).status_code == 404
    assert client.put("/join/another-secret/").status_code == 405


def test_somebody_new_signs_up_and_is_a_member_and_logged_in(project: Project, client: Client) -> None:
    make_invitation(project)
    response = client.post("/join/a-secret/", NEW)
    assert response["Location"] == f"/projects/{project.slug}/start/"
    person = Person.objects.get(email="new@example.org")
    assert (person.name, person.role_in(project.slug), person.installation_role) == ("Somebody New", "annotator", "")
    assert person.check_password(PASSWORD)
    assert client.get(f"/projects/{project.slug}/").status_code == 200
    assert client.post("/join/a-secret/", NEW).status_code == 302  # now as oneself: changes nothing
    assert Invitation.objects.get().uses == 1
    assert Membership.objects.filter(person=person).count() == 1


def test_there_is_no_other_way_to_sign_up(client: Client, db: None) -> None:
    response = client.post(
        "/accounts/signup/", {"email": "a@example.org", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert response.status_code == 200
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"password": "short"}, "password"), ({"password": "new@example.org"}, "password"), ({"email": "x"}, "email")],
)
def test_a_weak_password_or_no_address_is_refused_and_uses_nothing(
    project: Project, client: Client, wrong: dict[str, str], field: str
) -> None:
    make_invitation(project)
    response = client.post("/join/a-secret/", NEW | wrong)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert Invitation.objects.get().uses == 0
    assert not Person.objects.filter(email="new@example.org").exists()


def test_an_invited_address_is_bound_to_its_invitation(project: Project, client: Client) -> None:
    make_invitation(project, email="Invited@example.org")
    assert client.post("/join/a-secret/", NEW | {"email": "other@example.org"}).status_code == 302
    assert Person.objects.filter(email="invited@example.org").exists()
    assert not Person.objects.filter(email="other@example.org").exists()


def test_an_address_with_an_account_is_sent_to_the_login(project: Project, client: Client) -> None:
    make_invitation(project)
    person = make_person(email="new@example.org")
    response = client.post("/join/a-secret/", NEW)
    assert response.status_code == 422
    assert "has an account already" in response.content.decode()
    assert Invitation.objects.get().uses == 0
    assert not person.memberships.exists()


def test_somebody_logged_in_joins_by_one_post_and_a_get_changes_nothing(project: Project) -> None:
    make_invitation(project)
    person = make_person()
    client = client_of(person)
    assert client.get("/join/a-secret/").status_code == 200
    assert not person.memberships.exists()
    for _ in range(2):
        assert client.post("/join/a-secret/")["Location"] == f"/projects/{project.slug}/start/"
    assert person.role_in(project.slug) == "annotator"
    assert Invitation.objects.get().uses == 1
    assert "You are a member of this project already" in client.get("/join/a-secret/").content.decode()


def test_somebody_with_another_address_cannot_take_an_invited_ones_place(project: Project) -> None:
    make_invitation(project, email="invited@example.org")
    person = make_person()
    response = client_of(person).post("/join/a-secret/")
    assert response.status_code == 403
    assert "invited@example.org" in response.content.decode()
    assert not person.memberships.exists()


@pytest.mark.parametrize(
    ("has", "invited_as", "then"),
    [("manager", "annotator", "manager"), ("reviewer", "reviewer", "reviewer"), ("annotator", "manager", "manager")],
)
def test_an_invitation_raises_a_role_and_never_lowers_one(
    project: Project, has: str, invited_as: str, then: str
) -> None:
    invitation = make_invitation(project, role=invited_as)
    person = make_member(project, has)
    join(invitation=invitation, person=person)
    assert person.role_in(project.slug) == then
    assert Invitation.objects.get().uses == (1 if then != has else 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"revoked_at": timezone.now()}, "was withdrawn"),
        ({"expires_at": timezone.now() - timedelta(minutes=1)}, "has expired"),
        ({"uses": 1}, "has been used"),
    ],
)
def test_an_invitation_that_is_over_is_gone_with_a_sentence(
    project: Project, client: Client, change: dict[str, object], said: str
) -> None:
    make_invitation(project)
    Invitation.objects.update(**change)
    person = make_person()
    for visitor in (client, client_of(person)):
        for response in (visitor.get("/join/a-secret/"), visitor.post("/join/a-secret/", NEW)):
            assert response.status_code == 410
            assert said in response.content.decode()
    assert not Person.objects.filter(email="new@example.org").exists()
    assert not person.memberships.exists()


def test_an_archived_project_lets_nobody_in(project: Project, client: Client) -> None:
    make_invitation(project)
    Project.objects.update(is_archived=True)
    assert client.get("/join/a-secret/").status_code == 404


def test_joining_is_limited_as_signing_up_is(project: Project, client: Client, settings: object) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"signup": "2/m/ip"}  # type: ignore[attr-defined]
    make_invitation(project, most_uses=9)
    answers = [client.post("/join/a-secret/", {}, REMOTE_ADDR="192.0.2.7").status_code for _ in range(3)]
    assert answers == [422, 422, 429]


@pytest.mark.parametrize("engine", ENGINES)
def test_ten_people_racing_for_three_places_leave_three_members_and_nobody_half_made(
    engine: str, tmp_path: object
) -> None:
    with fresh_database(engine, tmp_path) as environment:  # type: ignore[arg-type]
        printed = run_python(["-m", "tests.labeling.race_to_join", "10", "3"], environment)
    outcome = json.loads(printed.splitlines()[-1])
    assert outcome == {"joined": 3, "uses": 3, "refused": 7, "stray": 0, "errors": []}
