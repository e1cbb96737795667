"""The promised HTTP of leasing and judging."""

import uuid

import pytest
from rest_framework.test import APIClient

from labeling.models import Judgment
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
    assert [set(one) for one in body["comparison"]["responses"]] == [{"id", "content"}] * 3
    assert "policy" not in response.content.decode()


def test_next_answers_204_when_nothing_is_left(client, project):
    client_for(make_member(project)).post(next_url(project))
    assert client.post(next_url(project)).status_code == 204


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
