"""The pages around a project: who sees what, what they say, and what they write."""

import pytest
from django.test import Client
from django.utils import timezone

from labeling.models import ApiToken, Comparison, Judgment, Person, Project
from labeling.services.assignments import lease_next
from labeling.services.judgments import submit_judgment
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_member, make_person, make_project

pytestmark = pytest.mark.django_db


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def judge(project: Project, person: Person, *, reverse: bool = False) -> Judgment:
    lease = lease_next(project=project, annotator=person)
    assert lease is not None
    order = sorted(lease.shown_order, reverse=reverse)
    verdict = Verdict(ranking=tuple((response,) for response in order), reason="because", dwell_ms=2500)
    return submit_judgment(assignment=lease, verdict=verdict, client_id=lease.pk).judgment


@pytest.fixture
def project() -> Project:
    return make_project(judgments_per_comparison=2)


# ---- the front page


def test_an_anonymous_visitor_goes_to_the_login(client: Client) -> None:
    assert client.get("/")["Location"] == "/accounts/login/?next=/"


def test_the_front_page_lists_my_projects_and_what_waits(project: Project) -> None:
    other = make_project()
    for _ in range(3):
        make_comparison(project)
    annotator = make_member(project)
    judge(project, annotator)
    response = client_of(annotator).get("/")
    [line] = response.context["lines"]
    assert (line.project, line.role, line.waiting) == (project, "annotator", 2)
    assert other.name not in response.content.decode()


def test_a_manager_sees_what_needs_care(project: Project) -> None:
    page = client_of(make_member(project, "manager")).get("/").content.decode()
    assert "No comparisons yet" in page
    assert "Nobody annotates yet" in page


def test_somebody_without_a_project_is_told_whom_to_ask() -> None:
    person = make_person()
    page = client_of(person).get("/").content.decode()
    assert person.email in page
    assert "/projects/new/" not in page


# ---- one project


@pytest.mark.parametrize("path", ["", "guidelines/", "members/", "comparisons/1/", "guidelines/edit/"])
def test_outsiders_get_404_everywhere_in_a_project(project: Project, path: str) -> None:
    assert client_of(make_person()).get(f"/projects/{project.slug}/{path}").status_code == 404


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("annotator", {"", "guidelines/"}),
        ("reviewer", {"", "guidelines/", "comparison"}),
        ("manager", {"", "guidelines/", "comparison", "members/", "guidelines/edit/"}),
        ("engineer", {"", "guidelines/", "comparison"}),
        ("owner", {"", "guidelines/", "comparison", "members/", "guidelines/edit/"}),
    ],
)
def test_each_role_opens_its_pages_and_no_others(project: Project, role: str, allowed: set[str]) -> None:
    comparison = make_comparison(project)
    person = make_person(role) if role in ("engineer", "owner") else make_member(project, role)
    client = client_of(person)
    for name in ["", "guidelines/", "comparison", "members/", "guidelines/edit/"]:
        path = name.replace("comparison", f"comparisons/{comparison.pk}/")
        expected = 200 if name in allowed else 403
        assert client.get(f"/projects/{project.slug}/{path}").status_code == expected, name


def test_an_annotators_page_shows_guidelines_and_where_to_start(project: Project) -> None:
    make_comparison(project)
    page = client_of(make_member(project)).get(f"/projects/{project.slug}/").content.decode()
    assert "Prefer the answer that helps." in page
    assert f"/projects/{project.slug}/label/" in page
    assert "policy-" not in page


def test_a_managers_page_shows_progress_and_agreement(project: Project) -> None:
    make_comparison(project)
    first, second = make_member(project), make_member(project)
    judge(project, first)
    judge(project, second, reverse=True)
    response = client_of(make_member(project, "manager")).get(f"/projects/{project.slug}/")
    assert response.context["progress"].judgments_stored == 2
    assert response.context["agreement"].share == 0.0
    assert response.context["active"] == 2
    assert first.email in response.content.decode()


def test_reviewers_and_engineers_see_pseudonyms_instead_of_names(project: Project) -> None:
    comparison = make_comparison(project)
    annotator = make_member(project)
    judge(project, annotator)
    for person in (make_member(project, "reviewer"), make_person("engineer")):
        for path in (f"/projects/{project.slug}/", f"/projects/{project.slug}/comparisons/{comparison.pk}/"):
            page = client_of(person).get(path).content.decode()
            assert annotator.email not in page
            assert annotator.pseudonym in page


def test_an_imported_label_is_no_active_annotator(project: Project) -> None:
    make_comparison(project)
    judge(project, make_member(project, kind="imported"))
    response = client_of(make_person("owner")).get(f"/projects/{project.slug}/")
    assert response.context["active"] == 0


# ---- one comparison


def test_a_comparison_shows_policies_judgments_and_a_place_for_rewards(project: Project) -> None:
    comparison = make_comparison(project, texts=["One", "Two"])
    judge(project, make_member(project))
    page = client_of(make_member(project, "manager")).get(f"/projects/{project.slug}/comparisons/{comparison.pk}/")
    text = page.content.decode()
    assert "policy-0" in text
    assert "A &gt; B" in text
    assert "because" in text
    assert f'hx-get="/reward-models/fragments/comparisons/{comparison.pk}/scores/"' in text


def test_a_reviewer_is_shown_no_rewards(project: Project) -> None:
    comparison = make_comparison(project)
    page = client_of(make_member(project, "reviewer")).get(f"/projects/{project.slug}/comparisons/{comparison.pk}/")
    assert "/reward-models/" not in page.content.decode()


def test_a_comparison_belongs_to_its_project(project: Project) -> None:
    elsewhere: Comparison = make_comparison(make_project())
    response = client_of(make_person("owner")).get(f"/projects/{project.slug}/comparisons/{elsewhere.pk}/")
    assert response.status_code == 404


# ---- making a project, and its guidelines

NEW = {
    "name": "Helpful answers", "slug": "helpful", "kind": "ranking", "allows_ties": "on",
    "judgments_per_comparison": "3", "guidelines": "Be kind.",
}  # fmt: skip


def test_a_project_is_made_with_its_instrument_and_guidelines() -> None:
    owner = make_person("owner")
    response = client_of(owner).post("/projects/new/", NEW)
    assert response["Location"] == "/projects/helpful/"
    project = Project.objects.get(slug="helpful")
    instrument = project.instrument
    assert (instrument.kind, instrument.allows_ties, instrument.allows_all_bad) == ("ranking", True, False)
    assert project.judgments_per_comparison == 3
    assert project.guideline_versions.get().text == "Be kind."
    assert owner.manages("helpful")


def test_a_taken_address_is_refused_beside_its_field(project: Project) -> None:
    response = client_of(make_person("owner")).post("/projects/new/", NEW | {"slug": project.slug})
    assert response.status_code == 422
    assert "slug" in response.context["form"].errors


def test_an_annotator_makes_no_projects(project: Project) -> None:
    assert client_of(make_member(project)).post("/projects/new/", NEW).status_code == 403
    assert Project.objects.count() == 1


def test_a_new_wording_becomes_the_next_version(project: Project) -> None:
    manager = client_of(make_member(project, "manager"))
    for _ in range(2):
        response = manager.post(f"/projects/{project.slug}/guidelines/edit/", {"text": "Prefer the shorter answer."})
        assert response.status_code == 302
    assert [version.number for version in project.guideline_versions.all()] == [2, 1]


# ---- members


def test_a_manager_adds_changes_and_removes_a_member(project: Project) -> None:
    manager, person = client_of(make_member(project, "manager")), make_person()
    url = f"/projects/{project.slug}/members/"
    assert manager.post(url, {"email": person.email.upper(), "role": "annotator"}).status_code == 302
    membership = project.memberships.get(person=person)
    assert manager.post(f"{url}{membership.pk}/role/", {"role": "reviewer"}).status_code == 302
    assert person.role_in(project.slug) == "reviewer"
    assert manager.post(f"{url}{membership.pk}/remove/").status_code == 302
    assert not person.works_in(project.slug)


def test_an_unknown_address_is_refused_with_what_to_do(project: Project) -> None:
    manager = client_of(make_member(project, "manager"))
    response = manager.post(f"/projects/{project.slug}/members/", {"email": "x@example.org", "role": "annotator"})
    assert response.status_code == 422
    assert "owner of the installation" in response.content.decode()


def test_a_membership_of_another_project_is_out_of_reach(project: Project) -> None:
    elsewhere = make_project()
    victim = make_member(elsewhere).memberships.get()
    manager = client_of(make_member(project, "manager"))
    assert manager.post(f"/projects/{project.slug}/members/{victim.pk}/remove/").status_code == 404
    assert elsewhere.memberships.filter(pk=victim.pk).exists()


@pytest.mark.parametrize("role", ["annotator", "reviewer"])
def test_others_change_no_members(project: Project, role: str) -> None:
    client = client_of(make_member(project, role))
    email = make_person().email
    assert client.post(f"/projects/{project.slug}/members/", {"email": email, "role": "manager"}).status_code == 403


def test_role_and_removal_are_posts(project: Project) -> None:
    membership = make_member(project).memberships.get()
    owner = client_of(make_person("owner"))
    for action in ("role", "remove"):
        assert owner.get(f"/projects/{project.slug}/members/{membership.pk}/{action}/").status_code == 405


# ---- tokens


def test_a_token_is_shown_once_and_works_until_it_is_revoked(project: Project) -> None:
    person = make_member(project)
    client = client_of(person)
    response = client.post("/account/tokens/", {"label": "nightly import"})
    text = response.context["new_token"]
    assert text in response.content.decode()
    assert text not in client.get("/account/tokens/").content.decode()
    api = {"Authorization": f"Token {text}"}
    assert Client().post(f"/api/v1/projects/{project.slug}/assignments/", headers=api).status_code == 204
    token = ApiToken.objects.get()
    assert client_of(make_person()).post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 302
    assert Client().post(f"/api/v1/projects/{project.slug}/assignments/", headers=api).status_code == 401


def test_tokens_are_personal(client: Client) -> None:
    assert client.get("/account/tokens/").status_code == 302


# ---- the frame around every page


def test_the_menu_offers_what_the_role_may_do(project: Project) -> None:
    annotator = client_of(make_member(project)).get("/").content.decode()
    owner = client_of(make_person("owner")).get("/").content.decode()
    assert "/admin/" not in annotator
    assert "/reward-models/" not in annotator
    assert "/admin/" in owner


def test_no_page_carries_inline_scripts_or_styles(project: Project) -> None:
    make_comparison(project)
    owner = client_of(make_person("owner"))
    for path in ["/", "/projects/new/", f"/projects/{project.slug}/", f"/projects/{project.slug}/label/"]:
        response = owner.get(path)
        page = response.content.decode()
        assert " style=" not in page
        assert "<style" not in page
        openings = [tag.split(">")[0] for tag in page.split("<script")[1:]]
        assert all(
            "src=" in opening or 'type="application/json"' in opening for opening in openings
        )  # data runs nothing
        assert "script-src 'self'" in response["Content-Security-Policy"]


def test_the_language_follows_the_browser(project: Project) -> None:
    page = client_of(make_member(project)).get("/", headers={"Accept-Language": "ko"}).content.decode()
    assert '<html lang="ko"' in page


def test_an_old_judgment_carries_its_date(project: Project) -> None:
    from labeling.templatetags.words import ago

    now = timezone.now()
    assert ago(now) == "just now"
    assert ago(now - timezone.timedelta(minutes=5)) == "5 min"
    assert ago(now - timezone.timedelta(hours=3)) == "3 h"
    assert str((now - timezone.timedelta(days=5)).year) in ago(now - timezone.timedelta(days=5))
