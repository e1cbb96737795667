"""Simulated annotators give each instrument what it asks for."""

import pytest

from labeling.errors import NoPlantedQuality
from labeling.invariants import find_violations
from labeling.models import Comparison, Judgment
from labeling.services.simulation import simulate_annotators, simulate_minds
from labeling.stats.simulated import SimulatedAnnotator
from tests.factories import make_comparison, make_project

pytestmark = pytest.mark.django_db
ATTRIBUTES = [{"name": "quality", "label": "Quality", "lowest": 0, "highest": 4}]


def planted(kind, k, **instrument):
    """A project of six comparisons whose responses are the better the later they come."""
    project = make_project(kind, instrument=instrument)
    for _ in range(6):
        comparison = make_comparison(project, k=k)
        hashes = comparison.responses.order_by("pk").values_list("pk", flat=True)
        for index, pk in enumerate(hashes):
            comparison.responses.filter(pk=pk).update(content_hash=f"{comparison.pk:08d}{index:08d}")
        quality = {f"{comparison.pk:08d}{index:08d}": 4.0 * index - 2.0 * (k - 1) for index in range(k)}
        Comparison.objects.filter(pk=comparison.pk).update(metadata={"planted_quality": quality})
    return project


def judge(project):
    report = simulate_annotators(project=project, count=2, seed=1, lowest_competence=50.0, highest_competence=60.0)
    assert report.judgments == 6
    assert list(find_violations()) == []
    return list(Judgment.objects.select_related("comparison"))


def test_a_partial_ranking_names_the_best_and_no_more():
    for judgment in judge(planted("ranking", 5, places_asked=2, allows_ties=False)):
        best = judgment.comparison.responses.order_by("-content_hash").values_list("pk", flat=True)[:2]
        assert judgment.ranking == [[pk] for pk in best]


def test_the_best_of_several_is_one():
    for judgment in judge(planted("ranking", 4, places_asked=1)):
        assert judgment.ranking == [[judgment.comparison.responses.order_by("-content_hash").first().pk]]


def test_required_ratings_and_reasons_are_given():
    for judgment in judge(planted("pair", 2, requires_ratings=True, attributes=ATTRIBUTES, reason_from_strength=0)):
        worse, better = judgment.comparison.responses.order_by("content_hash").values_list("pk", flat=True)
        assert judgment.ratings[str(better)]["quality"] > judgment.ratings[str(worse)]["quality"]
        assert judgment.reason == "simulated"


def test_ratings_alone_rank_nothing():
    for judgment in judge(planted("rating", 2, attributes=ATTRIBUTES)):
        assert (judgment.ranking, len(judgment.ratings)) == ([], 2)


def test_nobody_is_simulated_who_would_have_to_write():
    with pytest.raises(NoPlantedQuality):
        simulate_annotators(project=make_project("demonstration"), count=1, seed=0)


def test_people_of_planted_minds_judge_so_many_each_and_show_their_kind():
    project = planted("pair", 2, allows_ties=False)
    Comparison.objects.update(target_judgments=2, open_slots=2)
    steady, adversarial = simulate_minds(
        project=project, minds=[SimulatedAnnotator(competence=50), SimulatedAnnotator(competence=-50)], seed=1, each=5
    )
    for person, is_right in ((steady, True), (adversarial, False)):
        judgments = Judgment.objects.filter(annotator=person)
        assert judgments.count() == 5
        for judgment in judgments:
            best = judgment.comparison.responses.order_by("-content_hash").first().pk
            assert (judgment.ranking[0] == [best]) is is_right
