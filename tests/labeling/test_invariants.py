"""check_invariants finds what it promises to find, and nothing on a sound database."""

import json
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from labeling.invariants import find_violations
from labeling.models import Assignment, Comparison, ComparisonResponse, Response
from labeling.services.assignments import lease_next, reopen_last, skip
from labeling.services.judgments import submit_judgment
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_member, make_project
from tests.labeling.files import make_batch

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    """A project in the middle of its life: open, leased, judged, reopened and withdrawn."""
    project = make_project(judgments_per_comparison=2)
    for _ in range(6):
        make_comparison(project)
    for number in range(3):
        annotator = make_member(project)
        for _ in range(3):
            lease = lease_next(project=project, annotator=annotator)
            verdict = Verdict(ranking=tuple((response,) for response in lease.shown_order))
            submit_judgment(assignment=lease, verdict=verdict, client_id=uuid.uuid4())
        if number == 1:
            skip(assignment=reopen_last(project=project, annotator=annotator), reason="a slip")
        else:
            reopen_last(project=project, annotator=annotator)
        lease_next(project=project, annotator=annotator)
    return project


def broken_rules():
    return [violation.rule for violation in find_violations()]


def test_a_database_in_the_middle_of_its_life_breaks_no_rule(project):
    assert broken_rules() == []


def test_a_text_that_answers_another_prompt_is_found():
    project = make_project("demonstration")
    make_comparison(project, k=0)
    lease = lease_next(project=project, annotator=make_member(project))
    submit_judgment(assignment=lease, verdict=Verdict(written="Mine."), client_id=uuid.uuid4())
    assert broken_rules() == []
    Response.objects.update(prompt=make_comparison(project, k=0).prompt)
    assert broken_rules() == ["judgment: what was written is a demonstration to its prompt"]


def test_a_lost_slot_is_found(project):
    Comparison.objects.filter(open_slots__gt=0).update(open_slots=0)
    assert broken_rules() == ["comparison: open slots + leases + judgments = target"]


def test_a_done_assignment_without_a_judgment_is_found(project):
    Assignment.objects.filter(state="open", is_reopened=False).update(state="done")
    assert "assignment: done means judged" in broken_rules()


def test_a_comparison_with_one_response_is_found(project):
    ComparisonResponse.objects.first().delete()
    assert broken_rules() == ["comparison: two responses or more"]


def test_a_comparison_elsewhere_than_its_prompt_is_found_and_so_are_its_judgments(project):
    comparison = Comparison.objects.filter(judgments__isnull=False).first()
    Comparison.objects.filter(pk=comparison.pk).update(project=make_project())
    assert broken_rules() == [
        "comparison: in its prompt's project, and its import's", "judgment: in its comparison's project",
    ]  # fmt: skip


@pytest.mark.parametrize("batch", ["nobody's", "another project's"])
def test_a_comparison_of_an_import_that_is_not_its_projects_is_found(project, batch):
    pk = make_batch(make_project()).pk if batch == "another project's" else 10**9
    Comparison.objects.filter(pk=Comparison.objects.first().pk).update(import_batch_id=pk)
    assert broken_rules() == ["comparison: in its prompt's project, and its import's"]


def test_the_command_exits_with_a_sentence_and_json_when_a_rule_is_broken(project):
    out = StringIO()
    call_command("check_invariants", "--json", stdout=out)
    assert json.loads(out.getvalue())["violations"] == 0
    Comparison.objects.filter(open_slots__gt=0).update(open_slots=0)
    with pytest.raises(CommandError, match="open slots"):
        call_command("check_invariants", "--json", stdout=StringIO())


def test_a_repeat_of_nothing_is_found(project):
    Assignment.objects.filter(state="open", is_reopened=False).update(purpose="repeat", takes_slot=False)
    assert "assignment: a repeat follows a judgment of the same person" in broken_rules()


def test_an_exam_handed_out_as_work_is_found(project):
    comparison = Comparison.objects.filter(assignments__state="open").first()
    Comparison.objects.filter(pk=comparison.pk).update(use="exam", target_judgments=0, open_slots=0)
    assert "assignment: practice and exam are not handed out as work" in broken_rules()


def test_a_judgment_that_counts_without_a_slot_is_found(project):
    Assignment.objects.filter(state="done").update(takes_slot=False)
    assert broken_rules() == ["judgment: without a slot it does not count"]
