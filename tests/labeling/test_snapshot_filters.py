"""What filters take out of a snapshot, each under a reason of its own, and that nothing else goes with it."""

import json
from uuid import uuid4

import pytest

from labeling.errors import InvalidSnapshot
from labeling.models import GuidelineVersion, Judgment, ReviewItem
from labeling.services.adjudication import adjudicate, open_adjudication
from labeling.services.assignments import lease_next
from labeling.services.judgments import submit_judgment
from labeling.services.reviews import accept, seen_state
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot, keep_benchmark, snapshot_path
from labeling.verdicts import Verdict
from preferences.near_duplicates import LEAST_RESEMBLANCE
from preferences.snapshot import read_snapshot
from tests.factories import make_comparison, make_gold, make_member, make_project
from tests.labeling.files import import_rows

pytestmark = pytest.mark.django_db


def judge(project, annotator, *, first_wins=True, **fields):
    assignment = lease_next(project=project, annotator=annotator)
    order = sorted(assignment.shown_order, reverse=not first_wins)
    verdict = Verdict(ranking=tuple((pk,) for pk in order), **fields)
    return submit_judgment(assignment=assignment, verdict=verdict, client_id=uuid4()).judgment


def frozen(project, **request):
    """The manifest's drops, and the records, under a request."""
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest(**request)).snapshot
    assert snapshot.manifest["filters"] == json.loads(json.dumps(SnapshotRequest(**request).filters()))
    return snapshot.manifest["drops"], [row.record for row in read_snapshot(snapshot_path(snapshot))]


def annotators_in(records):
    return {judgment.annotator for record in records for judgment in record.judgments}


def test_only_the_annotators_asked_for_are_taken_and_exclusion_goes_first():
    project = make_project(judgments_per_comparison=3)
    make_comparison(project)
    one, two, three = (judge(project, make_member(project)).annotator.pseudonym for _ in range(3))
    drops, records = frozen(project, only_annotators=(one, two))
    assert (drops, annotators_in(records)) == ({"annotator not among those asked for": 1}, {one, two})
    drops, records = frozen(project, only_annotators=(one, two), exclude_annotators=(two, three))
    assert drops == {"annotator left out": 2}
    assert annotators_in(records) == {one}


def test_a_comparison_stands_between_the_responses_of_the_policies_asked_for():
    project = make_project("ranking")
    make_comparison(project, 3)  # by policy-0, policy-1 and policy-2
    make_comparison(project, 2)
    annotator = make_member(project)
    judge(project, annotator, strength=2)
    judge(project, annotator, strength=1)
    drops, records = frozen(project, exclude_policies=("policy-1",))
    assert drops == {"fewer than two responses by the policies asked for": 1}
    (record,) = records
    assert {response.policy for response in record.responses} == {"policy-0", "policy-2"}
    (verdict,) = record.judgments
    assert [record.responses[index].policy for (index,) in verdict.ranking] == ["policy-0", "policy-2"]
    assert verdict.strength is None
    drops, records = frozen(project, only_policies=("policy-0", "policy-1"))
    assert drops == {}
    assert sorted(record.judgments[0].strength or 0 for record in records) == [0, 1]


def test_a_verdict_that_ranked_only_policies_left_out_is_counted(tmp_path):
    project = make_project("ranking")
    rows = [
        {
            "prompt": "Q",
            "responses": [{"content": name, "policy": name} for name in "abc"],
            "judgments": [{"annotator": "x", "ranking": [[2]]}, {"annotator": "y", "ranking": [[0], [2]]}],
        }
    ]
    import_rows(project, tmp_path, rows, format="plumbline")
    drops, (record,) = frozen(project, exclude_policies=("c",))
    assert drops == {"verdict on policies left out": 1}
    assert len(record.judgments) == 1
    with pytest.raises(InvalidSnapshot, match="nothing to freeze"):
        frozen(project, only_policies=("a", "b"), exclude_annotators=tuple(annotators_in([record])))


def test_verdicts_under_other_guidelines_are_left_out():
    project = make_project(judgments_per_comparison=2)
    make_comparison(project)
    judge(project, make_member(project))
    GuidelineVersion.objects.create(project=project, number=2, text="Prefer the shorter.")
    late = judge(project, make_member(project)).annotator.pseudonym
    drops, records = frozen(project, guideline_versions=(2,))
    assert (drops, annotators_in(records)) == ({"other guidelines": 1}, {late})
    assert frozen(project, guideline_versions=(1, 2))[0] == {}


def project_with_gold(*, golds=8):
    """A project whose gold one person always gets right, one always wrong, and one saw three of."""
    project = make_project(judgments_per_comparison=3)
    for _ in range(golds):
        make_gold(project)
    right, wrong, new = (make_member(project) for _ in range(3))
    for number in range(golds):
        judge(project, right)
        judge(project, wrong, first_wins=False)
        if number < 3:
            judge(project, new)
    return project, right, wrong, new


def test_annotators_who_miss_gold_or_have_too_little_of_it_are_left_out_each_for_its_reason():
    project, right, wrong, _new = project_with_gold()
    drops, records = frozen(project, least_gold_agreement=0.6)  # eight of eight: 0.676 at least
    assert annotators_in(records) == {right.pseudonym}
    assert drops == {"annotator who agrees too seldom with gold": 8, "annotator with too few gold answers": 3}
    drops, records = frozen(project, least_gold_agreement=0)
    assert annotators_in(records) == {right.pseudonym, wrong.pseudonym}
    assert drops == {"annotator with too few gold answers": 3}
    with pytest.raises(InvalidSnapshot, match="nothing to freeze"):
        frozen(project, least_gold_agreement=0.7)


def test_gold_is_counted_as_far_as_it_was_judged_by_the_end_of_the_span():
    project, right, _wrong, _new = project_with_gold()
    theirs = list(Judgment.objects.filter(annotator=right).order_by("judged_at"))
    drops, _records = frozen(project, until=theirs[6].judged_at, least_gold_agreement=0)
    assert drops["annotator with too few gold answers"] == 3
    with pytest.raises(InvalidSnapshot, match="nothing to freeze"):
        frozen(project, until=theirs[3].judged_at, least_gold_agreement=0)


def test_comparisons_whose_verdicts_disagree_or_stand_alone_are_left_out():
    project = make_project(judgments_per_comparison=3)
    make_comparison(project), make_comparison(project)
    people = [make_member(project) for _ in range(3)]
    for person in people:
        judge(project, person)
    for person, first_wins in zip(people, (True, True, False), strict=True):
        judge(project, person, first_wins=first_wins)
    make_comparison(project)
    judge(project, people[0])
    drops, (record,) = frozen(project, least_agreement=0.8)
    assert len(record.judgments) == 3
    assert drops == {"comparison whose verdicts disagree": 1, "comparison with fewer than two verdicts to compare": 1}
    assert len(frozen(project, least_agreement=0.3)[1]) == 2  # two against one: a third


def test_what_a_reviewer_settled_stands_whatever_the_others_said():
    project = make_project(judgments_per_comparison=2)
    comparison = make_comparison(project)
    for first_wins in (True, False):
        judge(project, make_member(project), first_wins=first_wins)
    reviewer = make_member(project, "reviewer")
    lease = open_adjudication(comparison=comparison, reviewer=reviewer)
    verdict = Verdict(ranking=tuple((pk,) for pk in lease.shown_order))
    adjudicate(assignment=lease, verdict=verdict, client_id=uuid4())
    drops, records = frozen(project, least_agreement=1.0, least_gold_agreement=0)
    assert annotators_in(records) == {reviewer.pseudonym}
    assert drops == {"annotator with too few gold answers": 2}
    with pytest.raises(InvalidSnapshot, match="nothing to freeze"):
        frozen(project, least_agreement=1.0, adjudication="ignore")


def test_suspicious_verdicts_are_left_out_on_request_until_a_reviewer_accepts_them():
    project = make_project(judgments_per_comparison=2)
    comparison = make_comparison(project, texts=["long " * 400, "longer " * 400])
    hasty = judge(project, make_member(project), dwell_ms=300)
    judge(project, make_member(project), dwell_ms=90_000)
    assert frozen(project)[0] == {}
    drops, records = frozen(project, exclude_suspicious=True)  # looks through what nobody has looked through yet
    assert ReviewItem.objects.get().judgment == hasty
    assert drops == {"suspicious and not accepted": 1}
    assert hasty.annotator.pseudonym not in annotators_in(records)
    reviewer = make_member(project, "reviewer")
    accept(comparison=comparison, reviewer=reviewer, seen=seen_state(comparison))
    again = freeze_snapshot(project=project, request=SnapshotRequest(exclude_suspicious=True))
    assert (again.is_new, again.snapshot.manifest["counts"]["judgments"]) == (False, 2)


@pytest.mark.parametrize("fields", [{"least_agreement": 1.2}, {"least_gold_agreement": -0.1}])
def test_an_agreement_that_cannot_be_is_refused(fields):
    with pytest.raises(InvalidSnapshot, match="between 0 and 1"):
        SnapshotRequest(**fields)


def test_prompts_of_a_benchmark_are_counted_listed_and_left_out_on_request(tmp_path):
    project = make_project()
    asks = ["What is the capital of the smallest country on earth?", "How are you?", "Why is the sky so blue today?"]
    rows = [{"prompt": ask, "chosen": f"yes {number}", "rejected": "no"} for number, ask in enumerate(asks)]
    import_rows(project, tmp_path, rows, format="trl-standard")
    sha256 = keep_benchmark([b'{"question": "What is the capital of the smallest country', b' on earth?"}\n"Sky?"\n'])
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest(benchmark=sha256)).snapshot
    assert snapshot.manifest["counts"]["prompts"] == 3
    told = snapshot.manifest["extra"]["benchmark"]
    assert (told["prompts"], told["overlapping"]) == (2, 1)
    assert [(one["line"], one["containment"]) for one in told["listed"]] == [(1, 1.0)]
    drops, records = frozen(project, benchmark=sha256, benchmark_overlap="drop")
    assert drops == {"prompt of the benchmark": 1}
    assert {record.prompt[0]["content"] for record in records} == set(asks[1:])


def test_a_file_that_is_no_benchmark_is_refused_and_not_kept(settings, monkeypatch):
    with pytest.raises(InvalidSnapshot, match="Line 1 of the benchmark is not JSON"):
        keep_benchmark([b"what?"])
    with pytest.raises(InvalidSnapshot, match="holds no prompt"):
        keep_benchmark([b"\n"])
    monkeypatch.setattr("labeling.services.snapshots.benchmark.BENCHMARK_BYTES", 4)
    with pytest.raises(InvalidSnapshot, match="larger than"):
        keep_benchmark([b'"wh', b'at?"'])
    assert not [path for path in (settings.PLUMBLINE_HOME / "benchmarks").iterdir() if path.name.startswith(".")]
    project = make_project()
    for name in ("../secret", "0" * 64):
        with pytest.raises(InvalidSnapshot, match="Send it again"):
            frozen(project, benchmark=name)


def test_near_duplicates_share_a_split_and_the_manifest_says_so(tmp_path):
    project = make_project()
    ask = "Explain in your own words how a bicycle stays upright while it moves along a straight road"
    rows = [{"prompt": f"{ask}{'!' * number}", "chosen": "a", "rejected": "b"} for number in range(12)]
    import_rows(project, tmp_path, rows, format="trl-standard")

    def splits(**request):
        snapshot = freeze_snapshot(project=project, request=SnapshotRequest(**request)).snapshot
        return snapshot, {row.split for row in read_snapshot(snapshot_path(snapshot))}

    apart, many = splits(validation=0.3, test=0.3)
    grouped, one = splits(validation=0.3, test=0.3, group_near_duplicates=True)
    assert len(many) > 1
    assert len(one) == 1
    assert grouped.manifest["split"]["near_duplicates"] == LEAST_RESEMBLANCE
    assert apart.content_sha256 != grouped.content_sha256


def test_every_field_of_a_request_survives_a_runs_config():
    request = SnapshotRequest(
        only_annotators=("p-1",),
        exclude_policies=("q",),
        only_policies=("r", "s"),
        guideline_versions=(2, 3),
        least_gold_agreement=0.5,
        least_agreement=0.7,
        exclude_suspicious=True,
        benchmark="0" * 64,
        benchmark_overlap="drop",
        group_near_duplicates=True,
    )
    assert SnapshotRequest.from_dict(json.loads(json.dumps(request.to_dict()))) == request
