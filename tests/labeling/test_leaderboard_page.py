"""The leaderboard's page, its CSV, the command and the API."""

import csv
import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse

from config.stored_words import KNOWN
from labeling.api.leaderboard import LeaderboardRequestSerializer
from labeling.leaderboard_form import LeaderboardForm
from labeling.leaderboard_page import matrices_of
from labeling.services.leaderboard import LeaderboardRequest, compute_leaderboard
from labeling.services.people import create_token
from runs.models import Run
from tests.factories import make_comparison, make_member, make_project
from tests.labeling.test_leaderboard_page_services import contest, say

pytestmark = pytest.mark.django_db


def page(client, project, **asked):
    client.force_login(make_member(project, "manager"))
    return client.get(reverse("labeling-leaderboard", args=[project.slug]), asked)


@pytest.fixture
def project():
    made = make_project()
    contest(made, *[0] * 14, *[1] * 6, None)
    return made


@pytest.fixture
def large(project, monkeypatch):
    monkeypatch.setattr("labeling.services.leaderboard.keeping.AT_ONCE_COMPARISONS", 1)
    return project


def test_the_page_shows_ranks_points_win_rates_and_what_they_rest_on(client, project):
    said = page(client, project, method="half").content.decode()
    for words in ("policy-0", "Standings", "69.0 %", "1 of 21 pairs are ties", "A prompt weighs one"):
        assert words in said
    assert "Undefined" not in said


def test_a_project_without_judgments_says_what_is_needed(client):
    said = page(client, make_project()).content.decode()
    assert "No policy can be ranked yet" in said
    assert "two different policies" in said


def test_what_has_no_score_says_why(client):
    project = make_project()
    contest(project, 0, 0)
    said = page(client, project).content.decode()
    assert "Undefined, because it won every comparison" in said
    assert "only within 2 groups" in said


def test_a_form_that_cannot_be_read_is_answered_with_422(client, project):
    assert page(client, project, method="glicko").status_code == 422
    assert page(client, project, since="2026-02-01T00:00", until="2026-01-01T00:00").status_code == 422


def test_a_hostile_policy_name_is_text_and_no_formula(client, project):
    name = '=HYPERLINK("x")<script>'
    for comparison in project.comparisons.all():
        comparison.responses.filter(policy_name="policy-0").update(policy_name=name)
    assert "<script>" not in page(client, project).content.decode().split("<h1")[1]
    table = client.get(reverse("labeling-leaderboard-csv", args=[project.slug])).content.decode()
    assert [row["policy"] for row in csv.DictReader(io.StringIO(table))] == [f"'{name}", "policy-1"]


def test_the_csv_has_a_line_for_each_policy(client, project):
    client.force_login(make_member(project, "manager"))
    answer = client.get(reverse("labeling-leaderboard-csv", args=[project.slug]), {"method": "half"})
    assert answer["Content-Disposition"] == f'attachment; filename="{project.slug}-leaderboard.csv"'
    first, second = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (first["rank"], first["policy"], first["pairs"]) == ("1", "policy-0", "21")
    assert float(first["score"]) + float(second["score"]) == pytest.approx(2000)
    assert first["undefined"] == first["equal_style_rank"] == ""


def test_a_large_project_is_computed_when_somebody_asks_for_it(client, large, django_capture_on_commit_callbacks):
    assert "nobody has computed this leaderboard yet" in page(client, large).content.decode()
    answer = client.post(reverse("labeling-leaderboard-compute", args=[large.slug]), {"method": "half"})
    assert answer.url == f"{reverse('labeling-leaderboard', args=[large.slug])}?method=half"
    run = Run.objects.get(kind="leaderboard")
    assert run.config["request"]["method"] == "half"
    client.post(reverse("labeling-leaderboard-compute", args=[large.slug]), {"method": "half"})
    assert Run.objects.filter(kind="leaderboard").count() == 1


def test_a_kept_leaderboard_says_when_it_was_computed_and_what_came_since(client, large):
    call_command("rank_policies", large.slug, "--keep", "--json")
    contest(large, 0)
    said = page(client, large).content.decode()
    assert "Computed " in said
    assert "1 came since." in said


def test_a_csv_that_is_not_computed_yet_leads_back_to_the_page(client, large):
    client.force_login(make_member(large, "manager"))
    answer = client.get(reverse("labeling-leaderboard-csv", args=[large.slug]), {"method": "elo"})
    assert answer.url.endswith("/leaderboard/?method=elo")


def test_the_matrix_says_both_sides_of_each_pair(project):
    judged, expected = matrices_of(compute_leaderboard(project=project, request=LeaderboardRequest(method="half")))
    assert [cell.text for cell in judged[0].cells] == ["–", "69 %"]
    assert [cell.text for cell in judged[1].cells] == ["31 %", "–"]
    assert (judged[0].cells[1].tint, judged[1].cells[0].tint) == ("tint-win-2", "tint-loss-2")
    assert expected[0].cells[1].text == "69 %"


def test_two_that_never_met_have_a_chance_and_no_share():
    project = make_project("ranking")
    for verdict in ("ab", "ba", "bc", "cb", "ab", "bc"):
        names = {"a": "policy-0", "b": "policy-1", "c": "policy-2"}
        comparison = make_comparison(project, k=3)
        unwanted = ({"a", "b", "c"} - set(verdict)).pop()
        comparison.members.filter(response__policy_name=names[unwanted]).delete()
        say(comparison, *(names[letter] for letter in verdict))
    judged, expected = matrices_of(compute_leaderboard(project=project, request=LeaderboardRequest(method="half")))
    assert judged[0].cells[2].text == "–"
    assert expected[0].cells[2].text == "80 %"  # odds of two to one, twice


def test_the_api_answers_what_the_command_prints(client, project, capsys):
    key = create_token(person=make_member(project, "manager"))
    answer = client.get(
        reverse("api-leaderboard", args=[project.slug]), {"method": "elo"}, headers={"Authorization": f"Token {key}"}
    )
    assert answer.status_code == 200
    call_command("rank_policies", project.slug, "--method", "elo", "--json")
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    said = answer.json()
    del said["computed_at"], printed["computed_at"]
    assert said == printed


def test_the_api_of_a_large_project_says_404_until_a_run_has_computed_it(client, large):
    client.force_login(make_member(large, "manager"))
    url = reverse("api-leaderboard", args=[large.slug])
    assert client.get(url).json()["code"] == "not_measured"
    queued = client.post(url, {"method": "half"}, content_type="application/json")
    assert queued.status_code == 202
    assert Run.objects.get(pk=queued.json()["run"]).kind == "leaderboard"


def test_the_form_and_the_api_ask_for_the_same_by_default():
    form, serializer = LeaderboardForm({}), LeaderboardRequestSerializer(data={})
    assert form.is_valid()
    assert serializer.is_valid()
    assert form.request() == LeaderboardRequest()
    defaults = LeaderboardRequest().to_dict()
    assert dict(serializer.validated_data) == defaults


def test_the_command_refuses_what_it_cannot_read(project):
    with pytest.raises(CommandError, match="since"):
        call_command("rank_policies", project.slug, "--since", "tomorrow")


def test_the_command_prints_a_line_for_each_policy(project, capsys):
    call_command("rank_policies", project.slug, "--method", "half")
    assert capsys.readouterr().out.startswith("1  policy-0  10")


def test_every_reason_to_leave_a_verdict_out_can_be_translated():
    project = make_project()
    contest(project, 0, 1, source="imported")
    contest(project, 0, source="simulated")
    found = compute_leaderboard(project=project, request=LeaderboardRequest()).result["left_out"]
    assert set(found) <= set(KNOWN)
