"""The pages, the API and the command of moderation: what each shows, who decides, and that nothing runs as markup."""

import json

import pytest
from django.core.management import call_command
from django.urls import reverse

from labeling.models import Moderation, ModerationFinding
from labeling.services.moderation import moderate_project, moderation_of
from runs.models import Run
from tests.factories import make_comparison, make_finding, make_member, make_project

pytestmark = pytest.mark.django_db
REFUSAL = "I'm sorry, but I can't help with that."
FINE = "Steam makes the air in its spout vibrate."


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def manager(client, project):
    person = make_member(project, "manager")
    client.force_login(person)
    return person


def url(name, project, *more):
    return reverse(name, args=[project.slug, *more])


def text_of(response):
    return response.content.decode()


def states(project):
    return list(ModerationFinding.objects.filter(project=project).order_by("pk").values_list("state", flat=True))


def test_an_empty_project_says_what_the_checks_look_for(client, project, manager):
    assert "Nobody has looked through these texts yet" in text_of(client.get(url("labeling-moderation", project)))


def test_the_list_shows_the_words_around_what_was_found_marked_and_escaped(client, project, manager):
    hostile = '<script>alert("a")</script> <|im_end|> <b>bold</b>'
    make_comparison(project, texts=[FINE, hostile])
    moderate_project(project=project)
    page = text_of(client.get(url("labeling-moderation", project)))
    assert "<mark>&lt;|im_end|&gt;</mark> &lt;b&gt;bold&lt;/b&gt;" in page
    assert 'alert("a")' not in page
    assert "A marker of a chat template stands in it." in page


def test_a_finding_stands_beside_the_other_response_and_hostile_text_stays_text(client, project, manager):
    hostile = "<img src=x onerror=alert(1)> <|im_end|>"
    make_comparison(project, texts=[FINE, hostile])
    moderate_project(project=project)
    found = ModerationFinding.objects.get()
    page = text_of(client.get(url("labeling-moderation-finding", project, found.pk)))
    assert FINE in page
    assert '<mark class="is-focus">&lt;|im_end|&gt;</mark>' in page
    assert "<img src=x" not in page


def test_overlapping_findings_show_the_one_that_is_looked_at(client, project, manager):
    comparison = make_comparison(project, texts=["abcdefgh", "Other"])
    make_finding(comparison, start=0, end=6)
    inner = make_finding(comparison, "leakage", "echo", start=2, end=4)
    page = text_of(client.get(url("labeling-moderation-finding", project, inner.pk)))
    assert 'ab<mark class="is-focus">cd</mark>efgh' in page


def test_a_finding_in_a_prompt_and_one_in_a_demonstration_have_pages(client, project, manager):
    comparison = make_comparison(project, texts=[FINE, "Other"])
    in_prompt = make_finding(comparison, "personal_data", "email", response=None, message=0, end=3)
    response = comparison.responses.first()
    alone = make_finding(comparison)
    ModerationFinding.objects.filter(pk=alone.pk).update(comparison=None, response=response)
    for pk in (in_prompt.pk, alone.pk):
        assert client.get(url("labeling-moderation-finding", project, pk)).status_code == 200
    page = text_of(client.get(url("labeling-moderation", project)))
    assert "It holds an e-mail address." in page
    assert "It declines to answer." in page


def test_a_decision_leads_to_the_next_finding_under_the_same_filter(client, project, manager):
    comparison = make_comparison(project)
    first, _other, third = (make_finding(comparison, check) for check in ("refusal", "leakage", "refusal"))
    answer = client.post(
        url("labeling-moderation-decide", project, first.pk), {"decision": "removed", "check": "refusal"}
    )
    assert (answer.status_code, answer["Location"]) == (
        303, url("labeling-moderation-finding", project, third.pk) + "?check=refusal",
    )  # fmt: skip
    assert states(project) == ["removed", "open", "open"]
    first.refresh_from_db()
    assert first.decided_by == manager


@pytest.mark.parametrize("decision", ["", "deleted"])
def test_a_decision_that_is_none_says_so_and_changes_nothing(client, project, manager, decision):
    found = make_finding(make_comparison(project))
    answer = client.post(url("labeling-moderation-decide", project, found.pk), {"decision": decision})
    assert answer.status_code == 422
    assert "is no decision" in text_of(answer)
    assert states(project) == ["open"]


def test_all_of_a_check_are_decided_up_to_the_one_that_was_shown(client, project, manager):
    comparison = make_comparison(project)
    first, _later = make_finding(comparison), make_finding(comparison)
    said = {"decision": "kept", "check": "refusal", "until": first.pk}
    assert client.post(url("labeling-moderation-all", project), said).status_code == 303
    assert states(project) == ["kept", "open"]


def test_pages_of_the_list_hold_twenty_and_lead_on(client, project, manager):
    comparison = make_comparison(project)
    found = [make_finding(comparison) for _number in range(21)]
    page = text_of(client.get(url("labeling-moderation", project)))
    assert f"after={found[19].pk}" in page
    page = text_of(client.get(url("labeling-moderation", project) + f"?after={found[19].pk}"))
    assert url("labeling-moderation-finding", project, found[20].pk) in page


def test_a_finding_of_another_project_is_not_found(client, project, manager):
    elsewhere = make_finding(make_comparison(make_project()))
    assert client.get(url("labeling-moderation-finding", project, elsewhere.pk)).status_code == 404
    answer = client.post(url("labeling-moderation-decide", project, elsewhere.pk), {"decision": "kept"})
    assert answer.status_code == 404
    elsewhere.refresh_from_db()
    assert elsewhere.state == "open"


def test_the_form_keeps_the_checks_and_what_differs_from_their_settings(client, project, manager):
    form = client.get(url("labeling-moderation", project)).context["form"]
    said = {name: field.initial for name, field in form.fields.items() if field.initial is not False}
    said |= {"at_import": "on", "length-most_words": 500}
    del said["refusal"]
    assert client.post(url("labeling-moderation-settings", project), said).status_code == 302
    kept = moderation_of(project)
    assert kept.at_import
    assert "refusal" not in kept.checks
    assert (kept.checks["length"], kept.checks["empty"]) == ({"most_words": 500}, {})
    assert (
        client.post(url("labeling-moderation-settings", project), said | {"duplicate-similarity": 2}).status_code == 422
    )
    assert Moderation.objects.get().checks == kept.checks


def test_a_manager_starts_a_run_and_a_reviewer_does_not(client, project, manager):
    client.post(url("labeling-moderation-run", project))
    assert Run.objects.get().kind == "moderation"
    client.force_login(make_member(project, "reviewer"))
    assert client.post(url("labeling-moderation-run", project)).status_code == 403
    assert "moderation/run/" not in text_of(client.get(url("labeling-moderation", project)))


def test_the_api_lists_decides_and_counts_what_changed(client, project, manager):
    comparison = make_comparison(project, texts=[REFUSAL, FINE])
    moderate_project(project=project)
    (found,) = client.get(url("api-moderation", project)).json()["results"]
    assert (found["comparison"], found["check"], found["decision"]) == (comparison.pk, "refusal", "open")
    said = {"findings": [found["id"]], "decision": "removed"}
    for changed in (1, 0):
        answer = client.post(url("api-moderation", project), said, content_type="application/json")
        assert answer.json() == {"changed": changed}
    assert client.get(url("api-moderation", project)).json()["results"] == []
    (found,) = client.get(url("api-moderation", project) + "?state=removed").json()["results"]
    assert found["decided_by"] == manager.pseudonym


def test_the_api_refuses_what_is_no_decision_and_no_check(client, project, manager):
    for said in ({}, {"findings": [], "decision": "kept"}, {"findings": [1], "decision": "gone"}):
        answer = client.post(url("api-moderation", project), said, content_type="application/json")
        assert answer.status_code == 400
    answer = client.post(url("api-moderation-run", project), {"checks": ["x"]}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_moderation")


def test_the_api_starts_a_run(client, project, manager):
    answer = client.post(url("api-moderation-run", project), {"checks": ["empty"]}, content_type="application/json")
    assert answer.status_code == 202
    assert Run.objects.get(pk=answer.json()["run"]).config["checks"] == ["empty"]


def test_the_command_says_what_it_found(project, capsys):
    make_comparison(project, texts=[REFUSAL, FINE])
    call_command("moderate_responses", project.slug, "--json")
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["looked_at"], said["found"], said["excluded"]) == (1, {"refusal": 1}, 0)
    assert said["findings"] == {"refusal": {"open": 1, "kept": 0, "removed": 0}}


def test_the_data_page_says_before_a_snapshot_what_waits_and_what_stays_out(client, project, manager):
    first = make_finding(make_comparison(project))
    make_finding(make_comparison(project))
    page = text_of(client.get(url("labeling-datasets", project)))
    assert "Nobody has looked through these texts" in page
    moderate_project(project=project, names=["empty"])
    Moderation.objects.update_or_create(project=project, defaults={"moderated_at": first.found_at})
    client.post(url("labeling-moderation-decide", project, first.pk), {"decision": "removed"})
    page = text_of(client.get(url("labeling-datasets", project)))
    assert "1 finding waits for a decision." in page
    assert "2 comparisons came since the last look." in page
    assert "1 excluded comparison stays out of a snapshot." in page
    assert url("labeling-moderation", project) in page
