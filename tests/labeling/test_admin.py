"""The administration of labeling: what it shows, what it lets be done, and what it refuses in words."""

import html
import json
import re

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.administration import OUR_APPS
from config.administration.counts import COUNTED, Count, counted
from labeling.models import Comparison, Judgment, Person, Project, Purpose
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from tests.factories import make_comparison, make_member, make_person, make_project, make_review
from tests.labeling.files import import_rows, pair

pytestmark = pytest.mark.django_db

READ_ONLY = ("judgment", "snapshot", "review", "guidelineversion", "assignment", "comparison", "importbatch", "person")


@pytest.fixture
def owner():
    client = Client()
    client.force_login(make_person("owner"))
    return client


def list_of(name):
    return reverse(f"admin:labeling_{name}_changelist")


def page_of(row):
    return reverse(f"admin:labeling_{row._meta.model_name}_change", args=[row.pk])


def text_of(response):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def ids_in(response):
    return [row.pk for row in response.context["cl"].result_list]


def judge(project, annotator, **fields):
    """A judgment of a comparison of its own; the first response is the better one."""
    comparison = fields.pop("comparison", None) or make_comparison(project, target_judgments=1, open_slots=0)
    better, worse = sorted(comparison.responses.values_list("pk", flat=True))
    fields.setdefault("ranking", [[better], [worse]])
    fields.setdefault("shown_order", [worse, better])
    return Judgment.objects.create(project=project, comparison=comparison, annotator=annotator, **fields)


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_services_write_is_neither_added_nor_deleted_here_and_a_sentence_says_why(owner, name):
    project = make_project()
    review = make_review(project, make_member(project))
    rows = {
        "judgment": review.judgment,
        "review": review,
        "guidelineversion": project.guideline_versions.get(),
        "assignment": review.judgment.assignment,
        "comparison": review.judgment.comparison,
        "person": review.reviewer,
    }
    pk = rows[name].pk if name in rows else "00000000-0000-4000-8000-000000000000"
    for method in ("get", "post"):
        refused = getattr(owner, method)(reverse(f"admin:labeling_{name}_delete", args=[pk]))
        assert refused.status_code == 403
        assert "Nothing is deleted here" in text_of(refused)
    refused = owner.get(reverse(f"admin:labeling_{name}_add"))
    assert refused.status_code == 403
    assert str(refused.context["sentence"]) in text_of(refused)
    assert b"delete_selected" not in owner.get(list_of(name)).content


def test_a_judgment_is_not_changed_by_posting_its_page(owner):
    project = make_project()
    judgment = judge(project, make_member(project), reason="Because.")
    assert owner.post(page_of(judgment), {"reason": "Other."}).status_code == 403
    judgment.refresh_from_db()
    assert judgment.reason == "Because."


def test_no_table_of_ours_has_an_add_or_delete_button_or_a_select_over_another_table(owner):
    for model, admin in site._registry.items():
        if model._meta.app_label not in OUR_APPS:
            continue
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        shown = owner.get(path)
        assert shown.status_code == 200, path
        assert "addlink" not in shown.content.decode().partition('id="changelist"')[2]
        assert not admin.date_hierarchy, path
        assert not admin.show_full_result_count, path


def test_a_judgment_says_everything_in_words(owner):
    project = make_project(slug="pairs")
    ann = make_member(project, email="ann@example.org", name="안나")
    judgment = judge(
        project,
        ann,
        strength=3,
        reason="The first <b>answers</b>.",
        flags=["unsafe"],
        dwell_ms=4200,
        guideline_version=project.guideline_versions.get(),
    )
    better = sorted(judgment.shown_order)[0]
    later = judge(
        project,
        ann,
        comparison=judgment.comparison,
        revision=2,
        supersedes=judgment,
        ratings={str(better): {"helpfulness": 4}},
    )
    shown = owner.get(page_of(judgment))
    text = text_of(shown)
    for said in (
        "A is much better than B",
        "The first <b>answers</b>.",
        "unsafe",
        "안나",
        "4.2 s",
        "v1",
        "policy-0",
        "version 1",
        "superseded",
        "stands",
        judgment.comparison.prompt.last_message,
    ):
        assert said in text, said
    assert reverse("labeling-comparison", args=["pairs", judgment.comparison_id]) in shown.content.decode()
    assert page_of(later) in shown.content.decode()
    assert "helpfulness 4" in text_of(owner.get(page_of(later)))
    assert text.index("B · policy-1") < text.index("A · policy-0")  # as it was shown


def test_a_withdrawn_judgment_says_so(owner):
    project = make_project()
    first = judge(project, make_member(project))
    withdrawn = judge(
        project, first.annotator, comparison=first.comparison, revision=2, supersedes=first, is_retraction=True
    )
    assert "nothing is said any more" in text_of(owner.get(page_of(withdrawn)))


def test_judgments_are_narrowed_by_project_annotator_purpose_source_and_time(owner):
    project, other = make_project(slug="one"), make_project(slug="two")
    ann, bea = make_member(project), make_member(project)
    day = {"judged_at": "2026-03-03T12:00:00Z"}
    mine = judge(project, ann, **day)
    hers = judge(project, bea, source="imported", judged_at="2026-03-05T12:00:00Z")
    exam = judge(project, ann, purpose=Purpose.EXAM, is_surplus=True, judged_at="2026-03-04T12:00:00Z")
    judge(other, ann, **day)

    def found(**asked):
        return ids_in(owner.get(list_of("judgment"), asked))

    assert found(project="one") == [hers.pk, exam.pk, mine.pk]
    assert found(project="one", annotator=ann.pk) == [exam.pk, mine.pk]
    assert found(project="one", annotator=bea.pseudonym) == [hers.pk]
    assert found(project="one", annotator=bea.email.upper()) == [hers.pk]
    assert found(project="one", purpose="exam") == [exam.pk]
    assert found(project="one", source="imported") == [hers.pk]
    assert found(project="one", since="2026-03-04") == [hers.pk, exam.pk]
    assert found(project="one", since="2026-03-03", until="2026-03-04") == [exam.pk, mine.pk]
    assert found(project="nowhere") == []
    assert found(project="one", annotator="nobody") == []
    assert found(q=str(mine.pk)) == [mine.pk]
    assert found(q=str(mine.client_id)) == [mine.pk]
    assert found(q="what nobody wrote") == []


def test_what_needs_a_project_says_so_and_narrows_nothing_before(owner):
    project = make_project()
    judgment = judge(project, make_member(project))
    shown = owner.get(list_of("judgment"), {"purpose": "exam", "since": "2030-01-01"})
    assert ids_in(shown) == [judgment.pk]
    assert text_of(shown).count("Choose a project first.") == 3


@pytest.mark.parametrize("lookup", ["reason__icontains", "comparison__prompt__messages__icontains", "id__gt"])
def test_a_list_is_narrowed_by_nothing_else(owner, lookup):
    assert owner.get(list_of("judgment"), {lookup: "1"}).status_code == 400


def test_pages_follow_one_another_without_a_gap_though_times_are_equal(owner):
    project = make_project(slug="long")
    ann = make_member(project)
    for _ in range(120):
        judge(project, ann, judged_at="2026-03-03T12:00:00.123456Z")
    seen, path = [], list_of("judgment") + "?project=long"
    while path:
        shown = owner.get(path)
        seen += ids_in(shown)
        older = shown.context["cl"].older
        path = list_of("judgment") + older if older else ""
    assert seen == sorted(Judgment.objects.values_list("pk", flat=True), reverse=True)
    assert "120 judgments" in text_of(shown)


@pytest.mark.parametrize("place", ["x", "[1,2,3]", '["a"]', "{}", '[{"a":1}]'])
def test_a_place_that_cannot_be_read_leads_back_to_the_list(owner, place):
    project = make_project()
    judge(project, make_member(project))
    shown = owner.get(list_of("judgment"), {"p": place}, follow=True)
    assert shown.status_code == 200
    assert shown.redirect_chain


def test_a_long_list_is_counted_up_to_a_thousand_and_says_so():
    Project.objects.bulk_create(Project(slug=f"p-{number}", name="p") for number in range(COUNTED + 5))
    count = counted(Project.objects.order_by("-pk"))
    assert count == Count(COUNTED, "at least")
    assert count.said_of("projects") == "more than 1,000 projects"
    assert Count(12).said_of("projects") == "12 projects"
    assert Count(1_200_000, "about").said_of("projects") == "about 1,200,000 projects"


@pytest.mark.parametrize("name", ["judgment", "comparison", "assignment", "review", "membership", "person"])
def test_a_longer_list_takes_no_more_statements(owner, name):
    project = make_project()

    def statements():
        with CaptureQueriesContext(connection) as captured:
            assert owner.get(list_of(name)).status_code == 200
        return len(captured)

    make_review(project, make_member(project))
    few = statements()
    for _ in range(5):
        make_review(project, make_member(project))
    assert statements() == few


def test_assignments_are_the_open_ones_until_an_annotator_is_named(owner):
    project = make_project()
    review = make_review(project, make_member(project))
    done = review.judgment.assignment
    assert ids_in(owner.get(list_of("assignment"))) == []
    assert ids_in(owner.get(list_of("assignment"), {"annotator": done.annotator_id})) == [done.pk]
    assert ids_in(owner.get(list_of("assignment"), {"annotator": done.annotator_id, "state": "open"})) == []
    assert ids_in(owner.get(list_of("assignment"), {"q": str(done.pk)})) == [done.pk]
    assert "Name an annotator" in text_of(owner.get(list_of("assignment")))


def test_comparisons_are_narrowed_by_how_they_stand(owner):
    project = make_project(slug="some")
    waiting = make_comparison(project)
    exam = make_comparison(project, use=Comparison.Use.EXAM, target_judgments=0)
    done = make_comparison(project, target_judgments=1, open_slots=0)
    assert ids_in(owner.get(list_of("comparison"), {"project": "some"})) == [done.pk, exam.pk, waiting.pk]
    assert ids_in(owner.get(list_of("comparison"), {"project": "some", "stand": "open"})) == [waiting.pk]
    assert ids_in(owner.get(list_of("comparison"), {"project": "some", "stand": "exam"})) == [exam.pk]
    assert waiting.prompt.last_message in text_of(owner.get(page_of(waiting)))


def act(client, name, action, rows, **more):
    return client.post(list_of(name), {"action": action, "_selected_action": [row.pk for row in rows], **more})


def test_a_project_is_archived_only_after_asking_and_comes_back(owner):
    project = make_project(name="Poems")
    asked = act(owner, "project", "archive", [project])
    assert "Poems" in text_of(asked)
    assert "All that was judged stays" in text_of(asked)
    project.refresh_from_db()
    assert not project.is_archived
    done = act(owner, "project", "archive", [project], confirmed="1")
    project.refresh_from_db()
    assert project.is_archived
    assert LogEntry.objects.get().get_change_message() == "Poems is archived."
    assert "Poems is archived." in text_of(owner.get(done["Location"]))
    act(owner, "project", "bring_back", [project], confirmed="1")
    project.refresh_from_db()
    assert not project.is_archived


def test_a_person_is_locked_and_unlocked_and_the_last_owner_is_not(owner):
    person = make_person()
    act(owner, "person", "lock", [person], confirmed="1")
    assert not Person.objects.get(pk=person.pk).is_active
    act(owner, "person", "unlock", [person], confirmed="1")
    assert Person.objects.get(pk=person.pk).is_active
    last = Person.objects.get(installation_role="owner")
    refused = act(owner, "person", "lock", [last], confirmed="1")
    assert "only owner" in text_of(owner.get(refused["Location"]))
    assert Person.objects.get(pk=last.pk).is_active
    assert LogEntry.objects.count() == 2


def test_people_are_found_by_how_their_address_begins(owner):
    ann = make_person(email="ann@example.org")
    make_person(email="joann@example.org")
    assert ids_in(owner.get(list_of("person"), {"q": "ann"})) == [ann.pk]
    assert ids_in(owner.get(list_of("person"), {"q": ann.pseudonym})) == [ann.pk]
    assert ids_in(owner.get(list_of("person"), {"q": "ann%"})) == []


def test_a_project_is_changed_by_its_service_and_a_value_out_of_range_is_told(owner):
    project = make_project()
    form = {"name": "시", "description": "", "judgments_per_comparison": 3, "lease_seconds": 60, "daily_quota": ""}
    assert owner.post(page_of(project), form).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.judgments_per_comparison) == ("시", 3)
    told = owner.post(page_of(project), {**form, "lease_seconds": 1})
    assert told.status_code == 200
    assert told.context["errors"]


def test_a_projects_newest_snapshot_is_exported_and_without_one_a_sentence_says_what_to_do(owner, tmp_path):
    project = make_project()
    told = act(owner, "project", "export_trl", [project])
    assert "no snapshot yet" in text_of(owner.get(told["Location"]))
    import_rows(project, tmp_path, [pair(number) for number in range(3)])
    freeze_snapshot(project=project, request=SnapshotRequest())
    export = act(owner, "project", "export_trl", [project], container="jsonl")
    rows = [json.loads(line) for line in b"".join(export.streaming_content).splitlines()]
    assert len(rows) == 3
    told = act(owner, "project", "export_trl", [project, make_project()])
    assert "Select one project" in text_of(owner.get(told["Location"]))


def test_the_front_page_goes_by_the_order_of_the_loop(owner):
    listed = owner.get(reverse("admin:index")).context["app_list"]
    assert [app["app_label"] for app in listed][:4] == ["labeling", "rewardmodel", "finetuning", "runs"]
    names = [model["object_name"] for model in listed[0]["models"]]
    assert [name for name in names if name in ("Project", "Comparison", "Judgment", "Review", "Snapshot")] == [
        "Project",
        "Comparison",
        "Judgment",
        "Review",
        "Snapshot",
    ]


def test_only_an_owner_sees_any_of_it():
    for role in ("", "engineer"):
        client = Client()
        client.force_login(make_person(role))
        assert client.get(list_of("judgment")).status_code == 302
