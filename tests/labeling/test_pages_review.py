"""A reviewer's pages and API over HTTP: what they show, to whom, and what they answer when things went otherwise."""

import uuid

import pytest
from django.test import Client

from labeling.models import Comparison, Judgment, Person, Project, Review, ReviewItem
from labeling.services.examination import examine_new
from labeling.services.people import create_token
from labeling.services.reviews import accept, seen_state
from tests.factories import make_comparison, make_member, make_person, make_project
from tests.labeling.test_examination import judge

pytestmark = pytest.mark.django_db


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def project() -> Project:
    return make_project(slug="p", judgments_per_comparison=2)


def dispute(project: Project, **fields: object) -> Comparison:
    comparison = make_comparison(project)
    judge(project, make_member(project, name="Kim Minji"))
    judge(project, make_member(project, name="Ada"), (1, 0), **fields)
    return comparison


@pytest.fixture
def comparison(project: Project) -> Comparison:
    return dispute(project, reason="The second one is kinder.")


@pytest.fixture
def reviewer(project: Project) -> Client:
    return client_of(make_member(project, "reviewer"))


def sheet_url(comparison: Comparison, action: str = "") -> str:
    return f"/projects/p/review/{comparison.pk}/{action}"


def test_the_queue_says_why_each_comparison_is_there(reviewer: Client, comparison: Comparison) -> None:
    page = reviewer.get("/projects/p/review/").content.decode()
    assert sheet_url(comparison) in page
    assert "2 people judged it, and agree by 0.00 only." in page
    assert "Nothing waits" not in page


def test_an_empty_queue_says_what_would_bring_something(reviewer: Client) -> None:
    page = reviewer.get("/projects/p/review/").content.decode()
    assert "Nothing waits for a reviewer" in page
    filtered = reviewer.get("/projects/p/review/?why=flagged").content.decode()
    assert "Nothing here under this filter" in filtered


def test_reviewers_see_pseudonyms_and_managers_names(project: Project, comparison: Comparison) -> None:
    for role, sees_names in (("reviewer", False), ("manager", True)):
        client = client_of(make_member(project, role))
        for url in ("/projects/p/review/", sheet_url(comparison)):
            page = client.get(url).content.decode()
            assert ("Kim Minji" in page) is sees_names
            pseudonym = Person.objects.get(name="Kim Minji").pseudonym
            assert (f"{pseudonym}</" in page) is not sees_names


def test_the_sheet_shows_everything_said_and_no_policy(reviewer: Client, comparison: Comparison) -> None:
    reviewer.get("/projects/p/review/")
    page = reviewer.get(sheet_url(comparison)).content.decode()
    assert "A is better than B" in page
    assert "B is better than A" in page
    assert "The second one is kinder." in page
    assert "looked 30.0 s" in page
    assert "guidelines v1" in page
    assert "policy-0" not in page


def test_what_people_wrote_cannot_do_anything(reviewer: Client, project: Project) -> None:
    comparison = dispute(project, reason='<script>alert(1)</script> <b hx-get="/">', flags=('"><img src=x>',))
    page = reviewer.get("/projects/p/review/").content.decode() + reviewer.get(sheet_url(comparison)).content.decode()
    assert "<script>alert" not in page
    assert "<img" not in page
    assert '<b hx-get="/">' not in page


def test_accepting_goes_on_to_the_next_under_the_same_filter(
    reviewer: Client, project: Project, comparison: Comparison
) -> None:
    second = dispute(project)
    examine_new(project=project)
    sent = {"seen": seen_state(comparison), "why": "disagreement"}
    response = reviewer.post(sheet_url(comparison, "accept/"), sent)
    assert response.status_code == 303
    assert response["Location"] == sheet_url(second) + "?why=disagreement"
    assert Review.objects.filter(outcome="accepted").count() == 2
    last = reviewer.post(sheet_url(second, "accept/"), {"seen": seen_state(second)})
    assert last["Location"] == "/projects/p/review/"
    assert "2 judgments accepted." in reviewer.get("/projects/p/review/").content.decode()


def test_a_double_submit_changes_nothing(reviewer: Client, comparison: Comparison) -> None:
    sent = {"seen": seen_state(comparison)}
    assert [reviewer.post(sheet_url(comparison, "accept/"), sent).status_code for _ in range(2)] == [303, 409]
    assert Review.objects.count() == 2


def test_the_second_reviewer_is_told_and_sees_how_it_stands(project: Project, comparison: Comparison) -> None:
    seen = seen_state(comparison)
    accept(comparison=comparison, reviewer=make_member(project, "reviewer"), seen=seen)
    second = client_of(make_member(project, "reviewer"))
    judgment = Judgment.objects.first()
    sent = {"seen": seen, "judgment": judgment.pk, "comment": "Look again."}
    for action in ("accept/", "return/"):
        response = second.post(sheet_url(comparison, action), sent)
        assert response.status_code == 409
        assert "Somebody did something here" in response.content.decode()
        assert "accepted" in response.content.decode()
    assert Review.objects.count() == 2


def test_returning_keeps_the_comment_that_was_too_short_to_be_one(reviewer: Client, comparison: Comparison) -> None:
    judgment = Judgment.objects.first()
    sent = {"seen": seen_state(comparison), "judgment": judgment.pk}
    response = reviewer.post(sheet_url(comparison, "return/"), {**sent, "comment": "  "})
    assert response.status_code == 422
    assert "Say what to look at again" in response.content.decode()
    long = reviewer.post(sheet_url(comparison, "return/"), {**sent, "comment": "x" * 2001})
    assert long.status_code == 422
    assert "x" * 2001 in long.content.decode()
    assert not Review.objects.exists()
    done = reviewer.post(sheet_url(comparison, "return/"), {**sent, "comment": "다시 읽어 주세요."})
    assert done.status_code == 303
    assert Review.objects.get().comment == "다시 읽어 주세요."


def test_a_judgment_of_another_comparison_cannot_be_returned_here(
    reviewer: Client, project: Project, comparison: Comparison
) -> None:
    elsewhere = dispute(project).judgments.first()
    for key in (elsewhere.pk, "nonsense", ""):
        sent = {"seen": seen_state(comparison), "judgment": key, "comment": "Why?"}
        assert reviewer.post(sheet_url(comparison, "return/"), sent).status_code == 404


def test_a_reviewer_is_not_offered_what_they_judged_themselves(project: Project, comparison: Comparison) -> None:
    party = comparison.judgments.first().annotator
    project.memberships.filter(person=party).update(role="reviewer")
    client = client_of(party)
    page = client.get(sheet_url(comparison)).content.decode()
    assert "You judged this comparison yourself" in page
    for action in ("accept/", "return/", "adjudicate/"):
        assert f'action="{sheet_url(comparison, action)}"' not in page
    response = client.post(sheet_url(comparison, "accept/"), {"seen": seen_state(comparison)})
    assert response.status_code == 403
    assert not Review.objects.exists()


def test_a_verdict_of_ones_own_is_given_with_the_instrument_and_corrected(
    reviewer: Client, comparison: Comparison
) -> None:
    page = sheet_url(comparison, "adjudicate/")
    assert reviewer.get(page)["Location"] == sheet_url(comparison)
    assert reviewer.post(page, {"why": "disagreement"})["Location"] == f"{page}?why=disagreement"
    screen = reviewer.get(page).context["screen"]
    assert screen.assignment.purpose == "adjudication"
    answer = {"client_id": str(uuid.uuid4()), "reason": "Clearer."}
    missing = reviewer.post(sheet_url(comparison, "verdict/"), answer)
    assert missing.status_code == 422
    assert "Clearer." in missing.content.decode()
    for _ in range(2):
        assert reviewer.post(sheet_url(comparison, "verdict/"), {**answer, "choice": "a3"}).status_code == 303
    assert Judgment.objects.get(purpose="adjudication").reason == "Clearer."
    assert Judgment.objects.filter(purpose="adjudication").count() == 1
    assert "Correct your verdict" in reviewer.get(sheet_url(comparison)).content.decode()
    reviewer.post(page)
    again = reviewer.get(page)
    assert again.context["screen"].answer.reason == "Clearer."
    answer = {"client_id": str(uuid.uuid4()), "choice": "tie"}
    assert reviewer.post(sheet_url(comparison, "verdict/"), answer).status_code == 303
    assert list(Judgment.objects.filter(purpose="adjudication").values_list("revision", flat=True)) == [1, 2]


def test_another_reviewer_neither_adjudicates_nor_accepts_meanwhile(
    reviewer: Client, project: Project, comparison: Comparison
) -> None:
    reviewer.post(sheet_url(comparison, "adjudicate/"))
    second = client_of(make_member(project, "reviewer"))
    assert second.post(sheet_url(comparison, "adjudicate/")).status_code == 409
    assert second.post(sheet_url(comparison, "accept/"), {"seen": seen_state(comparison)}).status_code == 409
    assert second.post(sheet_url(comparison, "verdict/"), {"choice": "a3"}).status_code == 404
    assert second.post(sheet_url(comparison, "leave/")).status_code == 409
    assert reviewer.post(sheet_url(comparison, "leave/")).status_code == 303
    assert second.post(sheet_url(comparison, "adjudicate/")).status_code == 303


def test_a_comparison_belongs_to_its_project(reviewer: Client) -> None:
    elsewhere = make_comparison(make_project())
    assert reviewer.get(sheet_url(elsewhere)).status_code == 404
    assert reviewer.post(sheet_url(elsewhere, "accept/"), {"seen": ""}).status_code == 404


@pytest.mark.parametrize("after", ["", "nonsense", "-1", "9" * 30])
def test_a_page_that_does_not_exist_is_the_first(reviewer: Client, comparison: Comparison, after: str) -> None:
    assert sheet_url(comparison) in reviewer.get("/projects/p/review/", {"after": after}).content.decode()


def test_the_queue_asks_the_same_of_the_database_however_long_it_is(
    reviewer: Client, project: Project, django_assert_max_num_queries: object
) -> None:
    for _ in range(30):
        dispute(project)
    reviewer.get("/projects/p/review/")
    ReviewItem.objects.update(closed_at=None)
    with django_assert_max_num_queries(32):  # type: ignore[operator]
        first = reviewer.get("/projects/p/review/")
    assert len(first.context["entries"]) == 25
    second = reviewer.get("/projects/p/review/", {"after": first.context["after"]})
    assert len(second.context["entries"]) == 5


def test_the_comparison_page_shows_reviews_and_the_last_word(project: Project, comparison: Comparison) -> None:
    manager = client_of(make_member(project, "manager", name="Manager"))
    manager.post(
        sheet_url(comparison, "return/"),
        {"seen": seen_state(comparison), "judgment": Judgment.objects.first().pk, "comment": "Too short?"},
    )
    manager.post(sheet_url(comparison, "adjudicate/"))
    manager.post(sheet_url(comparison, "verdict/"), {"client_id": str(uuid.uuid4()), "choice": "a3"})
    page = manager.get(f"/projects/p/comparisons/{comparison.pk}/").content.decode()
    assert "Too short?" in page
    assert "is much better than" in page
    assert "2 of 2 wanted" in page


# ---- the API


def api(client: Client, path: str, sent: dict[str, object]) -> object:
    return client.post(f"/api/v1/projects/p/review/{path}", sent, content_type="application/json")


def test_scripts_read_the_queue_and_settle_it(project: Project, comparison: Comparison) -> None:
    token = create_token(person=make_member(project, "reviewer"))
    client = Client(headers={"Authorization": f"Token {token}"})
    queue = client.get("/api/v1/projects/p/review/?reason=disagreement").json()
    (entry,) = queue["results"]
    assert (entry["comparison"], queue["next"]) == (comparison.pk, None)
    assert {item["sign"] for item in entry["items"]} == {"others"}
    assert entry["items"][0]["says"] == "2 people judged it, and agree by 0.00 only."
    returned = api(
        client,
        f"{comparison.pk}/return/",
        {"judgment": entry["items"][0]["judgment"], "comment": "Why?", "seen": entry["seen"]},
    )
    assert (returned.status_code, returned.json()["reviews"][0]["outcome"]) == (200, "returned")
    late = api(client, f"{comparison.pk}/accept/", {"seen": entry["seen"]})
    assert (late.status_code, late.json()["code"]) == (409, "review_moved_on")
    assert api(client, f"{comparison.pk}/accept/", {}).status_code == 409
    assert api(client, f"{comparison.pk}/return/", {"comment": "x"}).status_code == 400


def test_the_api_pages_by_comparison(project: Project) -> None:
    for _ in range(26):
        dispute(project)
    client = client_of(make_member(project, "manager"))
    first = client.get("/api/v1/projects/p/review/").json()
    assert len(first["results"]) == 25
    assert len(client.get(first["next"]).json()["results"]) == 1


def test_engineers_and_annotators_do_not_review(project: Project, comparison: Comparison) -> None:
    for person in (make_person("engineer"), make_member(project)):
        client = client_of(person)
        assert client.get("/projects/p/review/").status_code == 403
        assert client.get("/api/v1/projects/p/review/").status_code == 403
        assert api(client, f"{comparison.pk}/accept/", {}).status_code == 403
