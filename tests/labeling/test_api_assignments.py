"""The promised HTTP of leasing and judging."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from labeling.models import Assignment, Instrument, Judgment, Membership, Project
from labeling.services.people import create_token
from tests.factories import make_comparison, make_member, make_person, make_project

pytestmark = pytest.mark.django_db


def client_for(person):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {create_token(person=person)}")
    return client


@pytest.fixture
def project():
    project = make_project("ranking")
    make_comparison(project, k=3)
    return project


@pytest.fixture
def client(project):
    return client_for(make_member(project))


def next_url(project):
    return f"/api/v1/projects/{project.slug}/assignments/"


def test_next_answers_201_with_the_promised_shape_and_nothing_else(client, project):
    response = client.post(next_url(project))
    assert response.status_code == 201
    body = response.json()
    assert set(body) == {"id", "expires_at", "comparison"}
    assert set(body["comparison"]) == {"id", "prompt", "responses"}
    assert [set(one) for one in body["comparison"]["responses"]] == [{"id", "kind", "content"}] * 3
    assert "policy" not in response.content.decode()


def test_next_answers_204_when_nothing_is_left(client, project):
    client_for(make_member(project)).post(next_url(project))
    answer = client.post(next_url(project))
    assert (answer.status_code, answer["X-Plumbline-Reason"], answer.content) == (204, "nothing_left", b"")


def test_a_quota_that_is_reached_is_the_reason_given(project):
    Project.objects.filter(pk=project.pk).update(daily_quota=0)
    answer = client_for(make_member(project)).post(next_url(project))
    assert (answer.status_code, answer["X-Plumbline-Reason"]) == (204, "daily_quota")


def body_for(lease):
    return {
        "client_id": str(uuid.uuid4()),
        "ranking": [[one["id"]] for one in lease["comparison"]["responses"]],
    }


def test_the_next_comparison_comes_with_the_answer_when_asked_for(client, project):
    second = make_comparison(project, k=3)
    lease = client.post(next_url(project)).json()
    url = f"/api/v1/assignments/{lease['id']}/judgment/?next=1"
    body = body_for(lease)
    answer = client.post(url, body, format="json")
    assert answer.status_code == 201
    following = answer.json()["next"]
    assert following["comparison"]["id"] == second.pk
    assert following == client.post(next_url(project)).json() | {"expires_at": following["expires_at"]}
    again = client.post(url, body, format="json")
    assert (again.status_code, again.json()["next"]["id"]) == (200, following["id"])
    last = client.post(f"/api/v1/assignments/{following['id']}/judgment/?next=1", body_for(following), format="json")
    assert (last.json()["next"], last["X-Plumbline-Reason"]) == (None, "nothing_left")
    assert Judgment.objects.count() == 2


def test_a_refused_verdict_brings_no_next_comparison(client, project):
    make_comparison(project, k=3)
    lease = client.post(next_url(project)).json()
    broken = {**body_for(lease), "ranking": [[1]]}
    assert client.post(f"/api/v1/assignments/{lease['id']}/judgment/?next=1", broken, format="json").status_code == 422
    assert Assignment.objects.count() == 1


def test_a_change_of_the_project_holds_from_the_next_request_on(client, project):
    lease = client.post(next_url(project)).json()
    Instrument.objects.filter(project=project).update(allows_all_bad=False)
    url = f"/api/v1/assignments/{lease['id']}/judgment/"
    assert client.post(url, {"client_id": str(uuid.uuid4()), "all_bad": True}, format="json").status_code == 422
    Membership.objects.all().delete()
    assert client.post(next_url(project)).status_code == 404


def test_a_judgment_takes_few_statements(client, project):
    make_comparison(project, k=3)
    with CaptureQueriesContext(connection) as leasing:
        lease = client.post(next_url(project)).json()
    with CaptureQueriesContext(connection) as judging:
        client.post(f"/api/v1/assignments/{lease['id']}/judgment/?next=1", body_for(lease), format="json")
    counts = [sum("SAVEPOINT" not in one["sql"] for one in each.captured_queries) for each in (leasing, judging)]
    assert counts == [6, 7]  # without BEGIN and COMMIT, which a test does not see


def test_a_judgment_is_stored_once_and_answers_201_then_200_then_409(client, project):
    lease = client.post(next_url(project)).json()
    ids = [one["id"] for one in lease["comparison"]["responses"]]
    body = {"client_id": str(uuid.uuid4()), "ranking": [[ids[0]], ids[1:]], "strength": 2, "dwell_ms": 1200}
    url = f"/api/v1/assignments/{lease['id']}/judgment/"
    assert client.post(url, body, format="json").status_code == 201
    assert client.post(url, body, format="json").status_code == 200
    other = client.post(url, {**body, "strength": 1}, format="json")
    assert other.status_code == 409
    assert set(other.json()) == {"code", "message", "fields"}
    assert Judgment.objects.count() == 1


def test_a_broken_judgment_says_which_field(client, project):
    lease = client.post(next_url(project)).json()
    url = f"/api/v1/assignments/{lease['id']}/judgment/"
    bad_shape = client.post(url, {"client_id": "no uuid"}, format="json")
    assert bad_shape.status_code == 400
    assert "client_id" in bad_shape.json()["fields"]
    misfit = client.post(url, {"client_id": str(uuid.uuid4()), "ranking": [[1]]}, format="json")
    assert misfit.status_code == 422
    assert misfit.json()["code"] == "invalid_verdict"


def test_heartbeat_and_release_work_once_each(client, project):
    lease = client.post(next_url(project)).json()
    url = f"/api/v1/assignments/{lease['id']}"
    assert client.post(f"{url}/heartbeat/").json()["expires_at"] >= lease["expires_at"]
    assert client.post(f"{url}/release/").status_code == 204
    assert client.post(f"{url}/heartbeat/").status_code == 409


def test_an_outsider_and_a_neighbour_get_404(client, project):
    outsider = client_for(make_person())
    assert outsider.post(next_url(project)).status_code == 404
    lease = client.post(next_url(project)).json()
    neighbour = client_for(make_member(project))
    for action in ("judgment", "heartbeat", "release"):
        assert neighbour.post(f"/api/v1/assignments/{lease['id']}/{action}/").status_code == 404


def test_an_engineer_who_is_no_member_may_look_but_not_judge(project):
    assert client_for(make_person("engineer")).post(next_url(project)).status_code == 403


def test_without_a_known_token_the_answer_is_401_in_the_one_error_shape(project):
    client = APIClient()
    assert client.post(next_url(project)).status_code == 401
    client.credentials(HTTP_AUTHORIZATION="Token nonsense")
    answer = client.post(next_url(project))
    assert (answer.status_code, set(answer.json())) == (401, {"code", "message", "fields"})


def test_the_wrong_method_is_405(client, project):
    assert client.get(next_url(project)).status_code == 405
