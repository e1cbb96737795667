"""The workbench over HTTP: what it shows, what it stores, and what it answers when things went otherwise."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from labeling.models import Assignment, Judgment, Person, Project
from tests.factories import make_comparison, make_member, make_person, make_project

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/projects/p/label/"}
BACKGROUND = HTMX | {"Prefer": "return=minimal"}


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def open_workbench(client: Client, project: Project, **headers: Any) -> Assignment:
    response = client.get(f"/projects/{project.slug}/label/", headers=headers)
    assert response.status_code == 200
    screen = response.context["screen"]
    assert screen is not None
    return screen.assignment


def answer(client: Client, assignment: Assignment, *, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    fields.setdefault("client_id", str(uuid.uuid4()))
    url = f"/projects/{assignment.project.slug}/label/{assignment.pk}/"
    return client.post(url, fields, headers=headers or {})


@pytest.fixture
def project() -> Project:
    return make_project(judgments_per_comparison=1)


@pytest.fixture
def annotator(project: Project) -> Client:
    return client_of(make_member(project))


def test_an_anonymous_visitor_is_sent_to_the_login_and_back(client: Client, project: Project) -> None:
    response = client.get(f"/projects/{project.slug}/label/")
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next=/projects/{project.slug}/label/"


def test_an_outsider_does_not_learn_that_the_project_exists(project: Project) -> None:
    outsider = client_of(make_person())
    assert outsider.get(f"/projects/{project.slug}/label/").status_code == 404
    assert outsider.get("/projects/never-was/label/").status_code == 404


def test_an_engineer_may_look_at_the_project_but_does_not_judge(project: Project) -> None:
    engineer = client_of(make_person("engineer"))
    assert engineer.get(f"/projects/{project.slug}/label/").status_code == 403


@pytest.mark.parametrize("role", ["annotator", "reviewer", "manager"])
def test_every_member_may_judge(project: Project, role: str) -> None:
    make_comparison(project)
    assert open_workbench(client_of(make_member(project, role)), project)


def test_submitting_is_a_post_and_opening_is_a_get(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    assert annotator.get(f"/projects/{project.slug}/label/{assignment.pk}/").status_code == 405
    assert annotator.post(f"/projects/{project.slug}/label/").status_code == 405
    assert annotator.get(f"/projects/{project.slug}/label/undo/").status_code == 405


def test_the_page_hides_policies_and_shows_responses_in_the_order_drawn(project: Project, annotator: Client) -> None:
    make_comparison(project, texts=["First text", "Second text"])
    response = annotator.get(f"/projects/{project.slug}/label/")
    page = response.content.decode()
    assert "policy-" not in page
    shown = [card.response.pk for card in response.context["screen"].cards]
    assert shown == response.context["screen"].assignment.shown_order


def test_reloading_shows_the_comparison_already_leased(project: Project, annotator: Client) -> None:
    for _ in range(3):
        make_comparison(project)
    assert open_workbench(annotator, project).pk == open_workbench(annotator, project).pk


@pytest.mark.parametrize(
    ("choice", "order", "strength"),
    [("a3", "ab", 3), ("a2", "ab", 2), ("a1", "ab", 1), ("b1", "ba", 1), ("b2", "ba", 2), ("b3", "ba", 3)],
)
def test_each_button_of_the_scale_stores_its_order_and_strength(
    project: Project, annotator: Client, choice: str, order: str, strength: int
) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    a, b = assignment.shown_order
    assert answer(annotator, assignment, choice=choice).status_code == 303
    stored = Judgment.objects.get()
    assert stored.ranking == ([[a], [b]] if order == "ab" else [[b], [a]])
    assert stored.strength == strength


def test_a_tie_is_one_group_without_strength(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    answer(annotator, assignment, choice="tie")
    stored = Judgment.objects.get()
    assert stored.ranking == [sorted(assignment.shown_order)]
    assert stored.strength is None


def test_both_bad_may_stand_alone_or_beside_a_preference(project: Project, annotator: Client) -> None:
    make_comparison(project)
    make_comparison(project)
    answer(annotator, open_workbench(annotator, project), all_bad="1")
    answer(annotator, open_workbench(annotator, project), all_bad="1", choice="a1")
    alone, beside = Judgment.objects.order_by("pk")
    assert (alone.ranking, alone.all_bad) == ([], True)
    assert (len(beside.ranking), beside.all_bad) == (2, True)


def test_equal_places_are_a_tie_and_gaps_do_not_matter() -> None:
    project = make_project("ranking")
    annotator = client_of(make_member(project))
    make_comparison(project, k=4)
    assignment = open_workbench(annotator, project)
    a, b, c, d = assignment.shown_order
    places = {f"rank_{a}": 2, f"rank_{b}": 2, f"rank_{c}": 1, f"rank_{d}": 4}
    assert answer(annotator, assignment, **places).status_code == 303
    assert Judgment.objects.get().ranking == [[c], sorted([a, b]), [d]]


def test_what_else_the_instrument_asks_is_stored() -> None:
    attributes = [{"name": "clarity", "label": "Clarity", "lowest": 0, "highest": 4}]
    project = make_project(instrument={"attributes": attributes, "flags": ["off_topic", {"name": "unsafe"}]})
    annotator = client_of(make_member(project))
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    a, b = assignment.shown_order
    extras = {f"rating_{a}_clarity": "4", f"rating_{b}_clarity": "0", "flags": ["unsafe"], "reason": "한국어 이유"}
    assert answer(annotator, assignment, choice="a2", dwell_ms="1234", **extras).status_code == 303
    stored = Judgment.objects.get()
    assert stored.ratings == {str(a): {"clarity": 4}, str(b): {"clarity": 0}}
    assert (stored.flags, stored.reason, stored.dwell_ms) == (["unsafe"], "한국어 이유", 1234)


def test_an_incomplete_answer_stores_nothing_and_keeps_what_was_filled_in(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    response = answer(annotator, assignment, client_id="", reason="half a thought")
    assert response.status_code == 422
    page = response.content.decode()
    assert "Choose which response is better" in page
    assert "half a thought" in page
    assert not Judgment.objects.exists()


def test_a_ranking_with_places_missing_is_refused_with_their_number() -> None:
    project = make_project("ranking")
    annotator = client_of(make_member(project))
    make_comparison(project, k=3)
    assignment = open_workbench(annotator, project)
    response = answer(annotator, assignment, **{f"rank_{assignment.shown_order[0]}": 1})
    assert response.status_code == 422
    assert "2 have none yet" in response.content.decode()


def test_a_tie_where_none_is_allowed_is_refused() -> None:
    project = make_project(instrument={"allows_ties": False})
    annotator = client_of(make_member(project))
    make_comparison(project)
    response = answer(annotator, open_workbench(annotator, project), choice="tie")
    assert response.status_code == 422
    assert 'value="tie"' not in response.content.decode()


def test_htmx_gets_the_next_comparison_in_one_root_element(project: Project, annotator: Client) -> None:
    make_comparison(project)
    make_comparison(project)
    first = open_workbench(annotator, project)
    response = answer(annotator, first, choice="a2", headers=HTMX)
    assert response.status_code == 200
    assert response.context["screen"].assignment.pk != first.pk
    assert response.content.decode().strip().startswith('<div id="workbench"')
    assert "<html" not in response.content.decode()


def test_a_double_submit_stores_one_judgment(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    client_id = str(uuid.uuid4())
    for _ in range(2):
        assert answer(annotator, assignment, choice="b2", client_id=client_id).status_code == 303
    assert Judgment.objects.count() == 1


def test_another_answer_to_what_is_answered_moved_on(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    answer(annotator, assignment, choice="b2")
    response = answer(annotator, assignment, choice="a2")
    assert response.status_code == 409
    page = response.content.decode()
    assert "already answered" in page
    assert f'href="/projects/{project.slug}/label/"' in page
    assert Judgment.objects.count() == 1


def test_a_late_answer_is_kept(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    Assignment.objects.filter(pk=assignment.pk).update(expires_at=timezone.now() - timezone.timedelta(hours=1))
    open_workbench(client_of(make_member(project)), project)
    assert answer(annotator, assignment, choice="a1").status_code == 303
    assert Judgment.objects.get().is_surplus


def test_nobody_answers_for_another(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    other = client_of(make_member(project))
    assert answer(other, assignment, choice="a2").status_code == 404
    assert not Judgment.objects.exists()


def test_an_assignment_answers_only_under_its_own_project(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    elsewhere = make_project()
    elsewhere.memberships.create(person=assignment.annotator, role="annotator")
    response = annotator.post(f"/projects/{elsewhere.slug}/label/{assignment.pk}/", {"choice": "a2"})
    assert response.status_code == 404


def test_an_expired_login_sends_htmx_to_the_login_page(client: Client, project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    response = answer(client, assignment, choice="a2", headers=HTMX)
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/accounts/login/?next=/projects/p/label/"


def test_a_retry_that_only_wants_it_stored_gets_no_page(project: Project, annotator: Client) -> None:
    make_comparison(project)
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    response = answer(annotator, assignment, choice="a2", headers=HTMX | {"Prefer": "return=minimal"})
    assert (response.status_code, response.json()) == (200, {"done_today": 1})
    assert Assignment.objects.filter(state="open").count() == 0


def test_a_script_in_the_background_is_told_in_one_sentence_what_is_wrong(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    refused = answer(annotator, assignment, headers=BACKGROUND)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_verdict")
    assert "Choose which response is better" in refused.json()["message"]
    answer(annotator, assignment, choice="a2")
    closed = answer(annotator, assignment, choice="b2", headers=BACKGROUND)
    assert (closed.status_code, closed.json()["code"]) == (409, "assignment_closed")
    assert Judgment.objects.count() == 1


def test_what_a_page_of_somebody_else_sends_is_refused_and_not_stored(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    other = BACKGROUND | {"X-Person": make_member(project).pseudonym}
    base = f"/projects/{project.slug}/label/"
    for address in (f"{base}{assignment.pk}/", f"{base}{assignment.pk}/skip/", f"{base}reserve/", f"{base}undo/"):
        assert annotator.post(address, {"choice": "a2", "count": 1}, headers=other).status_code == 412
    assert not Judgment.objects.exists()
    own = BACKGROUND | {"X-Person": assignment.annotator.pseudonym}
    assert answer(annotator, assignment, choice="a2", headers=own).status_code == 200


# ---- comparisons held ahead


def reserve(client: Client, project: Project, count: object, have: list[str] | None = None, **headers: str) -> Any:
    url = f"/projects/{project.slug}/label/reserve/"
    return client.post(url, {"count": count, "have": have or []}, headers=HTMX | headers)


def templates_in(response: Any) -> list[str]:
    return re.findall(r'<template data-assignment="([^"]+)"', response.content.decode())


def test_a_browser_holds_as_many_as_it_asks_for_and_gets_those_it_lacks(project: Project, annotator: Client) -> None:
    for _ in range(5):
        make_comparison(project)
    first = open_workbench(annotator, project)
    response = reserve(annotator, project, 3, [str(first.pk)])
    held = re.search(r'data-held="([^"]*)"', response.content.decode()).group(1).split()
    assert held[0] == str(first.pk)
    assert templates_in(response) == held[1:]
    assert len(held) == 3
    assert response.content.decode().count('id="workbench"') == 2
    assert Assignment.objects.filter(state="open").count() == 3
    again = reserve(annotator, project, 3, held)
    assert templates_in(again) == []
    assert Assignment.objects.filter(state="open").count() == 3


def test_a_reserve_ends_with_the_queue(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assert len(templates_in(reserve(annotator, project, 60))) == 1


@pytest.mark.parametrize("count", ["0", "61", "-1", "many", "", "٣", "1" * 400])
def test_a_reserve_has_a_size_between_one_and_sixty(project: Project, annotator: Client, count: str) -> None:
    make_comparison(project)
    response = reserve(annotator, project, count)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_count")
    assert not Assignment.objects.exists()


def test_a_reopened_comparison_comes_from_the_reserve_with_the_answer_that_stands(
    project: Project, annotator: Client
) -> None:
    make_comparison(project)
    make_comparison(project)
    first = open_workbench(annotator, project)
    answer(annotator, first, choice="b3")
    annotator.post(f"/projects/{project.slug}/label/undo/")
    response = reserve(annotator, project, 2)
    assert templates_in(response)[0] == str(first.pk)
    assert [screen.answer.choice for screen in response.context["screens"]] == ["b3", ""]


def test_the_reserve_is_for_those_who_judge_and_asked_for_by_post(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assert annotator.get(f"/projects/{project.slug}/label/reserve/").status_code == 405
    assert reserve(client_of(make_person()), project, 2).status_code == 404
    assert reserve(client_of(make_person("engineer")), project, 2).status_code == 403
    assert reserve(Client(), project, 2).status_code == 401
    assert not Assignment.objects.exists()


def test_the_page_without_a_comparison_leases_nothing(project: Project, annotator: Client) -> None:
    make_comparison(project)
    page = annotator.get(f"/projects/{project.slug}/label/?shell").content.decode()
    assert "data-shell" in page
    assert 'id="answer"' not in page
    assert not Assignment.objects.exists()


def test_the_service_worker_reaches_the_whole_installation_and_is_never_kept(client: Client) -> None:
    response = client.get("/service-worker.js")
    assert response["Content-Type"].startswith("text/javascript")
    assert "no-store" in response["Cache-Control"]
    assert client.post("/service-worker.js").status_code == 405


def test_a_heartbeat_renews_everything_held_in_the_project(project: Project, annotator: Client) -> None:
    for _ in range(3):
        make_comparison(project)
    held = templates_in(reserve(annotator, project, 3))
    soon = timezone.now() + timezone.timedelta(seconds=5)
    Assignment.objects.update(expires_at=soon)
    response = annotator.post(f"/projects/{project.slug}/label/heartbeat/", headers=HTMX)
    assert sorted(response.json()["held"]) == sorted(held)
    assert not Assignment.objects.filter(expires_at__lte=soon).exists()
    assert annotator.get(f"/projects/{project.slug}/label/heartbeat/").status_code == 405


def test_a_heartbeat_keeps_nobody_elses_lease(project: Project, annotator: Client) -> None:
    make_comparison(project)
    other = client_of(make_member(project))
    assignment = open_workbench(other, project)
    assert annotator.post(f"/projects/{project.slug}/label/heartbeat/", headers=HTMX).json() == {"held": []}
    before = assignment.expires_at
    assignment.refresh_from_db()
    assert assignment.expires_at == before


# ---- an answer taken back while nobody knows whether it arrived


def test_a_new_answer_that_names_the_one_it_corrects_supersedes_it(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    answer(annotator, assignment, choice="a2", client_id=first)
    for _ in range(2):
        response = answer(annotator, assignment, choice="b3", client_id=second, corrects=[first], headers=BACKGROUND)
        assert response.status_code == 200
    assert list(Judgment.objects.order_by("revision").values_list("revision", "strength")) == [(1, 2), (2, 3)]


def test_a_correction_of_what_never_arrived_is_the_first_answer(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    assert answer(annotator, assignment, choice="b3", corrects=[str(uuid.uuid4()), "nonsense"]).status_code == 303
    assert list(Judgment.objects.values_list("revision", "strength")) == [(1, 3)]


def test_a_correction_does_not_undo_an_answer_it_does_not_name(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    answer(annotator, assignment, choice="a2")
    assert answer(annotator, assignment, choice="b3", corrects=[str(uuid.uuid4())]).status_code == 409
    assert list(Judgment.objects.values_list("revision", "strength")) == [(1, 2)]


def test_skipping_needs_no_verdict_and_does_not_come_back(project: Project, annotator: Client) -> None:
    make_comparison(project)
    assignment = open_workbench(annotator, project)
    url = f"/projects/{project.slug}/label/{assignment.pk}/skip/"
    assert annotator.post(url, {"why": "unclear", "note": "which list?"}).status_code == 303
    assignment.refresh_from_db()
    assert (assignment.state, assignment.skip_reason) == ("skipped", "unclear · which list?")
    assert annotator.get(f"/projects/{project.slug}/label/").context["screen"] is None
    assert annotator.post(url, {"why": "unclear"}).status_code == 409


def test_undo_brings_the_answer_back_and_a_new_one_supersedes_it(project: Project, annotator: Client) -> None:
    make_comparison(project)
    make_comparison(project)
    first = open_workbench(annotator, project)
    answer(annotator, first, choice="b3", reason="clearer")
    assert annotator.post(f"/projects/{project.slug}/label/undo/").status_code == 303
    response = annotator.get(f"/projects/{project.slug}/label/")
    screen = response.context["screen"]
    assert screen.assignment.pk == first.pk
    assert (screen.answer.choice, screen.answer.reason) == ("b3", "clearer")
    answer(annotator, first, choice="a1")
    assert list(Judgment.objects.order_by("revision").values_list("revision", "strength")) == [(1, 3), (2, 1)]


def test_undo_brings_the_places_of_a_ranking_back() -> None:
    project = make_project("ranking")
    annotator = client_of(make_member(project))
    make_comparison(project, k=3)
    assignment = open_workbench(annotator, project)
    a, b, c = assignment.shown_order
    answer(annotator, assignment, **{f"rank_{a}": 3, f"rank_{b}": 1, f"rank_{c}": 1})
    response = annotator.post(f"/projects/{project.slug}/label/undo/", headers=HTMX)
    assert response.context["screen"].answer.ranks == {a: 3, b: 1, c: 1}


def test_undo_without_a_judgment_says_so(project: Project, annotator: Client) -> None:
    response = annotator.post(f"/projects/{project.slug}/label/undo/")
    assert response.status_code == 409
    assert "no judgment of yours" in response.content.decode()


def test_an_empty_queue_says_what_to_do(project: Project, annotator: Client) -> None:
    response = annotator.get(f"/projects/{project.slug}/label/")
    assert response.status_code == 200
    assert "Nothing left for you here" in response.content.decode()


def test_the_days_count_and_the_quota_are_shown(annotator: Client, project: Project) -> None:
    project.daily_quota = 120
    project.save()
    make_comparison(project)
    make_comparison(project)
    answer(annotator, open_workbench(annotator, project), choice="a2")
    assert "1 of 120 today" in annotator.get(f"/projects/{project.slug}/label/").content.decode()


def test_guidelines_come_as_a_page_and_as_the_drawers_content(annotator: Client, project: Project) -> None:
    url = f"/projects/{project.slug}/guidelines/"
    assert "<html" in annotator.get(url).content.decode()
    fragment = annotator.get(url, headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert "Prefer the answer that helps." in fragment
