"""Whose judgments are in which snapshot, and what would be affected without them, down to the last policy."""

import pytest
from django.urls import reverse

from finetuning.lineage import downstream_of
from finetuning.models import Policy
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot, lineage_of, snapshot_path
from preferences.annotators import judgments_by_annotator
from rewardmodel.models import RewardModel
from tests.factories import PASSWORD, make_comparison, make_member, make_person, make_project
from tests.labeling.test_snapshots import judge

pytestmark = pytest.mark.django_db


def freeze(project, **request):
    return freeze_snapshot(project=project, request=SnapshotRequest(**request)).snapshot


@pytest.fixture
def project():
    """Two people; a snapshot of both, one of the first alone, and one before the second came."""
    project = make_project(judgments_per_comparison=2)
    for _ in range(3):
        make_comparison(project)
    first, second = project.people = [make_member(project) for _ in range(2)]
    for _ in range(2):
        judge(project, first)
    project.early = freeze(project)
    judge(project, first)
    judge(project, second)
    project.both = freeze(project)
    project.alone = freeze(project, exclude_annotators=(second.pseudonym,))
    return project


def test_each_snapshot_knows_whose_judgments_it_holds(project):
    first, second = (person.pseudonym for person in project.people)
    assert judgments_by_annotator(snapshot_path(project.both)) == dict(sorted({first: 3, second: 1}.items()))
    assert judgments_by_annotator(snapshot_path(project.early)) == {first: 2}
    found = lineage_of(project)
    assert [source.snapshot for source in found.sources] == [project.alone, project.both, project.early]
    assert found.annotators == dict(sorted({first: 3, second: 1}.items()))
    assert found.affected == []


def test_without_somebody_their_snapshots_are_affected_and_no_others(project):
    found = lineage_of(project, without=project.people[1].pseudonym)
    assert [(source.snapshot, source.theirs) for source in found.affected] == [(project.both, 1)]
    assert lineage_of(project, without="p-nobody").affected == []


def test_a_snapshot_whose_file_is_gone_says_so(project):
    snapshot_path(project.both).unlink()
    sources = {source.snapshot: source for source in lineage_of(project, without=project.people[1].pseudonym).sources}
    assert not sources[project.both].is_known
    assert sources[project.early].is_known


def make_model(name, snapshot):
    return RewardModel.objects.create(name=name, directory=name, backbone="b", digest="0" * 64, snapshot=snapshot)


def make_policy(name, **fields):
    fields.setdefault("method", "dpo" if "parent" in fields else "base")
    return Policy.objects.create(name=name, directory=name, digest="0" * 64, **fields)


@pytest.fixture
def models(project):
    """Reward models of two snapshots; policies by reward, by data and by descent; one that is unrelated."""
    other = make_project()
    make_comparison(other)
    judge(other, make_member(other))
    base = make_policy("base")
    rewarding, fine = make_model("of-both", project.both), make_model("of-early", project.early)
    make_model("of-other", freeze(other))
    by_reward = make_policy("by-reward", method="rloo", parent=base, reference=base, reward_model=rewarding)
    make_policy("grandchild", parent=by_reward, reference=by_reward)
    make_policy("by-fine-reward", method="grpo", parent=base, reward_model=fine)
    make_policy("by-data", parent=base, snapshot=project.early)
    make_policy("unrelated", parent=base, snapshot=freeze(other))
    return project


def affected(made):
    return {one.made.name: one.is_affected for one in made}


def test_what_was_made_of_an_affected_snapshot_is_affected_down_to_the_grandchild(models):
    found = downstream_of(models, make_person("engineer"), [models.both.pk])
    assert affected(found.reward_models) == {"of-both": True, "of-early": False}
    assert affected(found.policies) == {
        "by-reward": True,
        "grandchild": True,
        "by-fine-reward": False,
        "by-data": False,
    }
    comes_from = {one.made.name: one.comes_from for one in found.policies}
    assert comes_from["by-reward"] == ["of-both"]
    assert comes_from["grandchild"] == ["by-reward"]
    assert comes_from["by-data"] == [models.early.content_sha256[:12]]


def test_a_snapshot_of_another_project_affects_nothing_here(models):
    other = RewardModel.objects.get(name="of-other").snapshot
    found = downstream_of(models, make_person("engineer"), [other.pk])
    assert not any(affected([*found.reward_models, *found.policies]).values())


def test_a_manager_sees_reward_models_and_no_policy(client, models):
    client.force_login(make_member(models, "manager", password=PASSWORD))
    address = reverse("fragment-project-lineage", kwargs={"slug": models.slug})
    page = client.get(address, {"affected": str(models.both.pk)}).content.decode()
    assert "of-both" in page
    assert "by-reward" not in page
    assert "engineers only" in page
    assert client.get(address, {"affected": "no id"}).status_code == 404


def test_the_page_names_the_affected_and_asks_for_what_was_made_of_them(client, project):
    client.force_login(make_member(project, "manager", password=PASSWORD))
    address = reverse("labeling-lineage", kwargs={"slug": project.slug})
    page = client.get(address).content.decode()
    assert "affected=" not in page
    page = client.get(address, {"without": project.people[1].pseudonym}).content.decode()
    assert f"/policies/fragments/projects/{project.slug}/lineage/?affected={project.both.pk}" in page
    assert page.count('class="is-selected"') == 1
    empty = make_project()
    make_member(empty, "manager")
    client.force_login(make_person("engineer"))
    assert client.get(reverse("labeling-lineage", kwargs={"slug": empty.slug})).status_code == 200
