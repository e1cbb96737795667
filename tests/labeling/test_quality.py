"""What is measured of a project's judgments, and that planted people come out as they were planted."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from labeling.errors import NotMeasured
from labeling.models import Comparison, Judgment, Person, Project, Purpose, QualityReport
from labeling.quality.reading import read_quality
from labeling.services import quality
from labeling.services.quality import compute_report, get_report, newer_judgments, queue_report, sources_with
from labeling.stats.simulated import GOOD, SimulatedAnnotator
from runs.services.claiming import claim_run
from runs.services.executing import execute_claimed
from tests.factories import make_comparison, make_gold, make_member, make_project
from tests.labeling.quality_rows import START, judge_pairs, make_pairs

pytestmark = pytest.mark.django_db
SIDE_BIASED = SimulatedAnnotator(competence=0.5, first_bias_nats=4.0)
CONTRARY = SimulatedAnnotator(competence=-2.0)


def judged(comparison: Comparison, person: Person, ranking: list[list[int]], **fields: object) -> Judgment:
    fields.setdefault("shown_order", sorted(comparison.responses.values_list("pk", flat=True)))
    return Judgment.objects.create(
        project=comparison.project,
        comparison=comparison,
        annotator=person,
        ranking=ranking,
        is_surplus=True,
        verdict_hash="",
        **fields,
    )


def ids(comparison: Comparison) -> list[int]:
    return sorted(comparison.responses.values_list("pk", flat=True))


@pytest.fixture
def crowd() -> tuple[Project, dict[str, Person]]:
    """Forty pairs, ten of them gold, that four good people, a side-biased and a contrary one judged."""
    project = make_project()
    pairs = make_pairs(project, 40, gold=10)
    minds = {f"good {n}": SimulatedAnnotator(competence=2.5, tie_threshold_nats=0.0) for n in range(4)}
    minds |= {"side-biased": SIDE_BIASED, "contrary": CONTRARY}
    return project, judge_pairs(project, pairs, minds)


def test_planted_people_come_out_as_they_were_planted(crowd: tuple[Project, dict[str, Person]]) -> None:
    project, people = crowd
    report = compute_report(project=project)
    of = {name: report.annotators[person.pseudonym] for name, person in people.items()}
    assert of["side-biased"]["side_bias"]["low"] > 0.5
    assert of["contrary"]["gold"]["high"] < 0.75
    assert of["contrary"]["dawid_skene"]["high"] < min(of[f"good {n}"]["dawid_skene"]["value"] for n in range(4))
    assert of["good 0"]["agreement"]["value"] > of["contrary"]["agreement"]["value"]
    assert report.judgments == report.result["counts"]["judgments"] == 240


def test_every_comparison_is_counted_by_how_many_judged_it() -> None:
    project = make_project()
    once, twice, _never = (make_comparison(project, open_slots=0) for _ in range(3))
    first, second = make_member(project), make_member(project)
    judged(once, first, [[ids(once)[0]], [ids(once)[1]]])
    for person in (first, second):
        judged(twice, person, [[ids(twice)[0]], [ids(twice)[1]]])
    assert compute_report(project=project).result["counts"]["coverage"] == {"0": 1, "1": 1, "2": 1}


def test_only_what_stands_is_read() -> None:
    project = make_project()
    pair, person = make_comparison(project, open_slots=0), make_member(project)
    one, other = ids(pair)
    first = judged(pair, person, [[one], [other]])
    judged(pair, person, [[other], [one]], supersedes=first, revision=2)
    withdrawn = make_comparison(project, open_slots=0)
    wrong = judged(withdrawn, person, [ids(withdrawn)])
    judged(withdrawn, person, [], supersedes=wrong, revision=2, is_retraction=True)
    data = read_quality(project)
    assert len(data.said) == 1
    assert data.rows[0].seen[1].place == 0


def test_simulated_and_imported_judgments_are_measured_only_when_asked_for(
    crowd: tuple[Project, dict[str, Person]],
) -> None:
    project, _people = crowd
    judge_pairs(project, list(project.comparisons.all()[:5]), {"machine": GOOD}, source="simulated")
    assert compute_report(project=project).judgments == 240
    assert compute_report(project=project, sources=sources_with(["simulated"])).judgments == 245
    assert QualityReport.objects.filter(project=project).count() == 2


def test_repeats_are_held_against_the_first_answer_and_count_nowhere_else() -> None:
    project = make_project()
    person = make_member(project)
    for number in range(6):
        pair = make_comparison(project, open_slots=0)
        one, other = ids(pair)
        judged(pair, person, [[one], [other]])
        judged(pair, person, [[other], [one]] if number == 0 else [[one], [other]], purpose=Purpose.REPEAT)
    report = compute_report(project=project)
    assert report.judgments == 6
    assert report.annotators[person.pseudonym]["repeats"]["value"] == pytest.approx(5 / 6, abs=1e-6)


def test_the_order_of_hashes_and_not_the_order_of_import_names_the_winner() -> None:
    project = make_project()
    pairs = [make_comparison(project, open_slots=0) for _ in range(2)]
    first, second = ids(pairs[1])
    pairs[1].responses.filter(pk=first).update(content_hash="z")
    pairs[1].responses.filter(pk=second).update(content_hash="a")
    person = make_member(project)
    for pair in pairs:
        judged(pair, person, [[ids(pair)[0]], [ids(pair)[1]]])
    rankings = [one.judgments[0].ranking for one in read_quality(project).judged]
    assert rankings == [((0,), (1,)), ((1,), (0,))]


def test_an_order_that_is_told_of_some_responses_only_is_no_order() -> None:
    project = make_project(kind="ranking")
    comparison = make_comparison(project, k=3, open_slots=0)
    order = [[one] for one in ids(comparison)]
    judged(comparison, make_member(project), order, shown_order=ids(comparison)[:2])
    judged(comparison, make_member(project), order)
    assert [row.order_is_known for row in read_quality(project).rows] == [False, True]


def test_ratings_without_a_verdict_are_neither_judgments_nor_wrong_about_gold() -> None:
    project = make_project()
    gold = make_gold(project)
    judged(gold, make_member(project), [], ratings={str(ids(gold)[0]): {"helpfulness": 3}})
    assert (read_quality(project).said, read_quality(project).gold) == ([], [])
    judged(gold, make_member(project), [], all_bad=True)
    assert [outcome.right for outcome in read_quality(project).gold] == [0.0]


def test_a_project_without_judgments_has_reasons_instead_of_figures() -> None:
    report = compute_report(project=make_project())
    assert report.result["agreement"]["alpha"] == {"because": "there are no labels"}
    assert report.annotators == {}
    json.dumps(report.result, allow_nan=False)


def test_measuring_again_replaces_what_was_measured(crowd: tuple[Project, dict[str, Person]]) -> None:
    project, _people = crowd
    first = compute_report(project=project)
    again = compute_report(project=project)
    assert again.pk == first.pk
    assert again.computed_at > first.computed_at
    assert again.result == first.result


def test_judgments_that_came_since_are_told() -> None:
    project = make_project()
    report = compute_report(project=project)
    pair = make_comparison(project, open_slots=0)
    judged(pair, make_member(project), [ids(pair)])
    assert newer_judgments(report) == 1
    judged(pair, make_member(project), [ids(pair)], judged_at=START)  # long before, but stored only now
    assert newer_judgments(report) == 2
    assert newer_judgments(compute_report(project=project)) == 0


def test_what_another_version_wrote_is_not_read() -> None:
    project = make_project()
    compute_report(project=project)
    QualityReport.objects.update(version=0)
    assert quality.stored_report(project) is None


def test_a_large_project_is_measured_in_a_run(
    crowd: tuple[Project, dict[str, Person]], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _people = crowd
    monkeypatch.setattr(quality, "AT_ONCE_JUDGMENTS", 100)
    with pytest.raises(NotMeasured):
        get_report(project)
    run = queue_report(project=project, sources=sources_with())
    assert queue_report(project=project, sources=sources_with()).pk == run.pk
    claimed = claim_run(run_id=run.pk, worker="test")
    assert claimed is not None
    execute_claimed(claimed)
    run.refresh_from_db()
    assert (run.state, run.result) == ("succeeded", {"judgments": 240})
    assert get_report(project).judgments == 240


def test_the_command_prints_the_report_as_one_object(crowd: tuple[Project, dict[str, Person]]) -> None:
    project, people = crowd
    out = StringIO()
    call_command("measure_quality", project.slug, "--json", stdout=out)
    answer = json.loads(out.getvalue().splitlines()[-1])
    assert answer["judgments"] == 240
    assert set(answer["annotators"]) == {person.pseudonym for person in people.values()}


def test_rankings_of_several_have_taus_and_their_pairs_are_judged() -> None:
    project = make_project("ranking")
    comparisons = [make_comparison(project, k=3, open_slots=0) for _ in range(4)]
    for person in (make_member(project), make_member(project)):
        for comparison in comparisons:
            judged(comparison, person, [[one] for one in ids(comparison)], judged_at=START)
    result = compute_report(project=project).result
    assert result["rankings"]["tau_b"]["value"] == 1
    assert result["agreement"]["observed"]["value"] == 1
    assert result["agreement"]["observed"]["n"] == 12
