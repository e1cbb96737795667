"""What two snapshots have in common and where they differ, found in one pass over both."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from labeling.services.assignments import reopen_last
from labeling.services.snapshots import SnapshotRequest, compare_snapshots, freeze_snapshot, snapshot_path
from preferences.pairs import PairRules
from runs.models import Run
from runs.services.waiting import run_here
from tests.factories import PASSWORD, make_comparison, make_member, make_project
from tests.labeling.test_snapshots import judge

pytestmark = pytest.mark.django_db


def freeze(project, **request):
    return freeze_snapshot(project=project, request=SnapshotRequest(**request)).snapshot


@pytest.fixture
def project():
    """Three comparisons by two people; then one of them corrects a verdict and judges a fourth comparison."""
    project = make_project(judgments_per_comparison=2)
    for _ in range(3):
        make_comparison(project)
    project.people = [make_member(project) for _ in range(2)]
    for person in project.people:
        for _ in range(3):
            judge(project, person)
    project.before = freeze(project)
    reopen_last(project=project, annotator=project.people[0])
    judge(project, project.people[0], first_wins=False)
    make_comparison(project)
    judge(project, project.people[0])
    project.after = freeze(project)
    return project


def test_what_came_and_what_was_corrected_is_counted_and_named(project):
    found = compare_snapshots(project.before, project.after).to_dict()
    assert found["comparisons"] == {"only_first": 0, "only_second": 1, "both": 3}
    assert found["judgments"] == {"only_first": 0, "only_second": 1, "both": 6}
    assert found["changed"] == 1
    assert (found["filters"], found["rules"], found["split"], found["moved"]) == ({}, {}, {}, 0)
    assert sorted(map(str, (one["what"] for one in found["listed"]))) == ["['changed']", "['only_second']"]
    assert [one["annotators"] for one in found["listed"] if one["what"] == ["changed"]] == [
        [project.people[0].pseudonym]
    ]


def test_the_other_way_round_is_the_mirror_image(project):
    one, other = compare_snapshots(project.before, project.after), compare_snapshots(project.after, project.before)
    assert one.comparisons["only_second"] == other.comparisons["only_first"] == 1
    assert (one.changed, one.judgments["both"]) == (other.changed, other.judgments["both"])


def test_a_snapshot_does_not_differ_from_itself(project):
    found = compare_snapshots(project.after, project.after).to_dict()
    assert found["comparisons"] == {"only_first": 0, "only_second": 0, "both": 4}
    assert (found["changed"], found["listed"]) == (0, [])


def test_other_filters_rules_and_splits_are_told_beside_what_they_did(project):
    left_out = project.people[1].pseudonym
    other = freeze(project, exclude_annotators=(left_out,), rules=PairRules(margin="large"), validation=0.45, test=0.45)
    found = compare_snapshots(project.after, other).to_dict()
    assert found["filters"] == {"exclude_annotators": ([], [left_out])}
    assert found["rules"] == {"margin": ("none", "large")}
    assert found["split"] == {"validation": (0.1, 0.45), "test": (0.1, 0.45)}
    assert found["judgments"] == {"only_first": 3, "only_second": 0, "both": 4}
    assert found["moved"] > 0


def test_only_so_many_are_named(project, monkeypatch):
    monkeypatch.setattr("labeling.services.snapshots.comparing.LISTED", 1)
    assert len(compare_snapshots(project.before, project.after).listed) == 1


def test_the_command_says_the_same(project):
    out = StringIO()
    names = project.before.content_sha256[:10], str(project.after.pk)
    call_command("compare_snapshots", *names, "--json", stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    expected = compare_snapshots(project.before, project.after).to_dict()
    assert {name: told[name] for name in expected} == json.loads(json.dumps(expected))
    with pytest.raises(CommandError, match="no one snapshot"):
        call_command("compare_snapshots", "0000000000", names[1])


@pytest.fixture
def page(client, project):
    client.force_login(make_member(project, "manager", password=PASSWORD))
    address = reverse("labeling-snapshot-compare", kwargs={"slug": project.slug})
    chosen = {"first": str(project.before.pk), "second": str(project.after.pk)}
    return lambda method="get", **other: getattr(client, method)(address, {**chosen, **other})


def test_the_page_compares_small_snapshots_at_once(page, project):
    answer = page()
    assert answer.status_code == 200
    assert "1 says otherwise" in answer.content.decode()
    assert project.people[0].pseudonym in answer.content.decode()
    assert page(first="").status_code == 200
    assert page(first="0").status_code == page(second=str(project.pk)).status_code == 404


def test_a_missing_file_is_said(page, project):
    snapshot_path(project.before).unlink()
    assert "not under PLUMBLINE_HOME" in page().content.decode()


def test_large_snapshots_are_compared_in_a_run_whose_result_is_kept(page, project, monkeypatch):
    monkeypatch.setattr("labeling.services.snapshots.comparing.AT_ONCE_COMPARISONS", 3)
    assert "Compare in a run" in page().content.decode()
    assert page("post").status_code == 302
    run = Run.objects.get()
    assert run.title in page().content.decode()
    assert run_here(run).state == "succeeded"
    assert "1 says otherwise" in page().content.decode()
