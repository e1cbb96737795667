"""The counts told before freezing are those that are then frozen, on the page, by the command and over HTTP."""

import json
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from labeling.models import Snapshot
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot, preview_snapshot
from preferences.pairs import PairRules
from tests.factories import PASSWORD, make_member, make_project
from tests.labeling.files import import_rows, pair
from tests.labeling.freeze_known_rows import known_rows

pytestmark = pytest.mark.django_db

REQUESTS = [
    SnapshotRequest(),
    SnapshotRequest(include_unjudged=True, seed=4, validation=0.3, test=0.3),
    SnapshotRequest(exclude_policies=("p",), least_agreement=0.5),
    SnapshotRequest(least_gold_agreement=0.1, group_near_duplicates=True),
    SnapshotRequest(exclude_annotators=("imported",), rules=PairRules(ties="half", surplus="keep")),
]


@pytest.fixture
def project(tmp_path):
    project = make_project("ranking", judgments_per_comparison=2)
    import_rows(project, tmp_path, known_rows(), format="plumbline")
    import_rows(project, tmp_path, known_rows(), format="trl")
    return project


@pytest.fixture
def manager(client, project):
    client.force_login(make_member(project, "manager", password=PASSWORD))
    return client


@pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))
def test_a_preview_counts_what_is_then_frozen(project, request_):
    preview = preview_snapshot(project=project, request=request_)
    assert not Snapshot.objects.exists()
    manifest = freeze_snapshot(project=project, request=request_).snapshot.manifest
    assert not preview.is_estimate
    assert preview.drops == manifest["drops"]
    for name in ("comparisons", "demonstrations", "prompts", "judgments", "ties"):
        assert preview.counts[name] == manifest["counts"][name]
    for split, counts in manifest["counts"]["splits"].items():
        assert {name: preview.splits[split][name] for name in ("comparisons", "judgments", "prompts")} == {
            name: counts[name] for name in ("comparisons", "judgments", "prompts")
        }


def test_pairs_are_counted_by_the_rules(tmp_path):
    project = make_project()
    import_rows(project, tmp_path, [pair(number) for number in range(9)])
    assert preview_snapshot(project=project, request=SnapshotRequest()).counts["pairs"] == 9


def test_a_large_project_is_estimated_from_a_part_read_in_a_fixed_number_of_queries(
    project, monkeypatch, django_assert_max_num_queries
):
    whole = preview_snapshot(project=project, request=SnapshotRequest())
    monkeypatch.setattr("labeling.services.snapshots.preview.READ_WHOLE_COMPARISONS", 10)
    monkeypatch.setattr("labeling.services.snapshots.rows.READ_COMPARISONS", 5)
    with django_assert_max_num_queries(45):
        estimate = preview_snapshot(project=project, request=SnapshotRequest())
    assert (estimate.is_estimate, estimate.read, estimate.comparisons) == (True, 25, 80)
    for name in ("comparisons", "prompts", "judgments", "pairs"):
        assert estimate.counts[name] == pytest.approx(whole.counts[name], rel=0.35)
    assert sum(split["comparisons"] for split in estimate.splits.values()) == estimate.counts["comparisons"]


def test_where_comparisons_have_many_judgments_fewer_comparisons_are_read(project, monkeypatch):
    monkeypatch.setattr("labeling.services.snapshots.preview.READ_JUDGMENTS", 70)  # half of them
    whole = preview_snapshot(project=project, request=SnapshotRequest(include_unjudged=True))
    assert whole.is_estimate
    assert 30 <= whole.read <= 40
    assert whole.counts["comparisons"] == whole.comparisons == 80


def test_an_empty_project_has_a_preview_too():
    preview = preview_snapshot(project=make_project(), request=SnapshotRequest())
    assert (preview.counts["comparisons"], preview.is_estimate) == (0, False)


def at(project, name):
    return reverse(f"labeling-{name}", kwargs={"slug": project.slug})


FORM = {"seed": "0", "validation": "0.1", "test": "0.1", "margin": "none", "ties": "drop"}


def test_the_page_counts_with_and_without_scripts_and_freezes_nothing(manager, project):
    form = {**FORM, "least_agreement": "0.5", "exclude_policies": "p, q", "guideline_versions": ""}
    whole = manager.post(at(project, "snapshot-preview"), form)
    part = manager.post(at(project, "snapshot-preview"), form, headers={"HX-Request": "true"})
    assert whole.status_code == part.status_code == 200
    counted = preview_snapshot(
        project=project, request=SnapshotRequest(least_agreement=0.5, exclude_policies=("p", "q"))
    )
    for page in (whole.content.decode(), part.content.decode()):
        assert f'<td class="number">{counted.counts["pairs"]}</td>' in page
        assert "comparison whose verdicts disagree" in page
    assert b"<html" in whole.content
    assert b'value="0.5"' in whole.content  # the form stays as it was sent
    assert b"<html" not in part.content
    assert not Snapshot.objects.exists()


def test_a_benchmark_sent_to_be_counted_need_not_be_sent_again_to_be_left_out(manager, project):
    file = SimpleUploadedFile("bench.jsonl", json.dumps(known_rows()[0]["prompt"]).encode())
    page = manager.post(at(project, "snapshot-preview"), {**FORM, "benchmark_file": file})
    assert "1 prompt holds one of the benchmark&#x27;s 1" in page.content.decode().replace(
        "benchmark's", "benchmark&#x27;s"
    )
    (kept,) = {field.value() for field in page.context["snapshot_form"] if field.name == "benchmark"}
    answer = manager.post(at(project, "freeze"), {**FORM, "benchmark": kept, "benchmark_overlap": "drop"})
    assert answer.status_code == 302
    assert Snapshot.objects.get().manifest["drops"]["prompt of the benchmark"] == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"guideline_versions": "one"}, "Whole numbers"),
        ({"least_agreement": "2"}, "less than or equal to 1"),
        ({"validation": "0.9", "test": "0.9"}, "leave room"),
        ({"benchmark": "0" * 64}, "Send it again"),
        ({"benchmark_file": SimpleUploadedFile("b.jsonl", b"{")}, "not JSON"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_what_cannot_be_counted_is_said_on_the_page(manager, project, fields, said, headers):
    for file in fields.values():
        if hasattr(file, "seek"):
            file.seek(0)
    answer = manager.post(at(project, "snapshot-preview"), {**FORM, **fields}, headers=headers)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def run(*arguments):
    out = StringIO()
    call_command("create_snapshot", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def test_the_command_counts_when_it_runs_dry(project, tmp_path):
    benchmark = tmp_path / "bench.jsonl"
    benchmark.write_text(json.dumps(known_rows()[2]["prompt"]))
    arguments = ["--exclude-policy", "p", "--least-agreement", "0", "--benchmark", str(benchmark)]
    told = run(project.slug, "--dry-run", *arguments)
    assert not Snapshot.objects.exists()
    assert told["benchmark"]["overlapping"] == 1
    frozen = run(project.slug, *arguments, "--benchmark-overlap", "drop", "--group-near-duplicates")
    assert frozen["counts"]["comparisons"] == told["counts"]["comparisons"] - 1
    with pytest.raises(CommandError, match="no file"):
        run(project.slug, "--benchmark", str(tmp_path / "nothing.jsonl"))


def test_the_api_counts_what_it_would_freeze(manager, project):
    asked = {"least_agreement": 0.5, "exclude_policies": ["p"], "benchmark": ["anything at all", "else"]}
    address = reverse("api-snapshot-preview", kwargs={"slug": project.slug})
    told = manager.post(address, json.dumps(asked), content_type="application/json").json()
    frozen = manager.post(
        reverse("api-snapshots", kwargs={"slug": project.slug}), json.dumps(asked), content_type="application/json"
    ).json()
    assert told["drops"] == frozen["manifest"]["drops"]
    assert (told["is_estimate"], told["read"], told["of"]) == (False, 80, 80)
    assert told["benchmark"] == {"prompts": 2, "overlapping": 0, "listed": []}
    refused = manager.post(address, json.dumps({"least_agreement": 7}), content_type="application/json")
    assert refused.status_code == 400
