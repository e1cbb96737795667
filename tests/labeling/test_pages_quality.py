"""The quality page and an annotator's page: what stands on them, before whom, and how they are asked to measure."""

import pytest
from django.test import Client
from django.urls import reverse

from labeling.models import Judgment, Person, Project, QualityReport, Review
from labeling.services import quality
from labeling.stats.simulated import GOOD
from runs.models import Run
from tests.factories import make_comparison, make_member, make_person, make_project
from tests.labeling.quality_rows import judge_pairs, make_pairs

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd() -> tuple[Project, dict[str, Person]]:
    """Twelve pairs, four of them gold, that three people judged."""
    project = make_project()
    pairs = make_pairs(project, 12, gold=4)
    return project, judge_pairs(project, pairs, {"Ada": GOOD, "Ben": GOOD, "Cleo": GOOD})


def seen_by(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page_of(project: Project, query: str = "") -> str:
    return reverse("labeling-quality", args=[project.slug]) + query


def test_the_first_look_at_a_small_project_measures_it(crowd: tuple[Project, dict[str, Person]]) -> None:
    project, _people = crowd
    response = seen_by(make_member(project, "manager")).get(page_of(project))
    assert response.status_code == 200
    assert b"on 36 judgments" in response.content
    assert QualityReport.objects.get(project=project).judgments == 36


def test_a_later_look_measures_nothing_and_tells_what_came_since(crowd: tuple[Project, dict[str, Person]]) -> None:
    project, _people = crowd
    client = seen_by(make_member(project, "manager"))
    client.get(page_of(project))
    measured = QualityReport.objects.get(project=project).computed_at
    pair = make_comparison(project, open_slots=0)
    Judgment.objects.create(
        project=project,
        comparison=pair,
        annotator=make_member(project),
        ranking=[sorted(pair.responses.values_list("pk", flat=True))],
        is_surplus=True,
        verdict_hash="",
    )
    response = client.get(page_of(project))
    assert b"1 came since." in response.content
    assert QualityReport.objects.get(project=project).computed_at == measured


def test_compute_now_measures_a_small_project_at_once_and_keeps_the_sources(
    crowd: tuple[Project, dict[str, Person]],
) -> None:
    project, _people = crowd
    client = seen_by(make_member(project, "manager"))
    response = client.post(reverse("labeling-quality-compute", args=[project.slug]), {"with": ["simulated", "person"]})
    assert response["Location"] == page_of(project, "?with=simulated")
    assert QualityReport.objects.get(project=project).sources == "person,simulated"


def test_a_large_project_is_queued_once_however_often_it_is_asked_for(
    crowd: tuple[Project, dict[str, Person]], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _people = crowd
    monkeypatch.setattr(quality, "AT_ONCE_JUDGMENTS", 10)
    client = seen_by(make_member(project, "manager"))
    before = client.get(page_of(project))
    assert b"Nobody has measured this project yet" in before.content
    for _ in range(2):
        client.post(reverse("labeling-quality-compute", args=[project.slug]))
    assert Run.objects.filter(kind="quality", scope=project.slug).count() == 1
    assert b"being measured right now" in client.get(page_of(project)).content
    assert not QualityReport.objects.exists()


def test_names_are_for_managers_and_pseudonyms_for_reviewers_and_engineers(
    crowd: tuple[Project, dict[str, Person]],
) -> None:
    project, people = crowd
    manager = seen_by(make_member(project, "manager")).get(page_of(project)).content.decode()
    assert "Ada" in manager
    assert reverse("labeling-quality-annotator", args=[project.slug, people["Ada"].pk]) in manager
    for other in (make_member(project, "reviewer"), make_person("engineer")):
        page = seen_by(other).get(page_of(project)).content.decode()
        assert "Ada" not in page
        assert people["Ada"].pseudonym in page
        assert "quality/annotators/" not in page


def test_rewards_are_loaded_for_managers_and_never_for_reviewers(crowd: tuple[Project, dict[str, Person]]) -> None:
    project, _people = crowd
    beside = reverse("fragment-agreement", args=[project.slug]).encode()
    assert beside in seen_by(make_member(project, "manager")).get(page_of(project)).content
    assert beside not in seen_by(make_member(project, "reviewer")).get(page_of(project)).content


@pytest.mark.parametrize(
    "angle", ["agreement", "gold", "dawid_skene", "mace", "strength_accuracy", "side_bias", "repeats", "nonsense"]
)
def test_every_figure_of_annotators_has_a_look_of_its_own(crowd: tuple[Project, dict[str, Person]], angle: str) -> None:
    project, _people = crowd
    response = seen_by(make_member(project, "manager")).get(page_of(project, f"?by={angle}"))
    assert response.status_code == 200
    assert b"Cleo" in response.content


def test_a_project_without_judgments_says_what_to_do() -> None:
    project = make_project()
    response = seen_by(make_member(project, "manager")).get(page_of(project))
    assert b"Nothing to measure yet" in response.content


def test_an_annotator_s_page_shows_figures_reasons_and_reviews(crowd: tuple[Project, dict[str, Person]]) -> None:
    project, people = crowd
    manager = make_member(project, "manager")
    client = seen_by(manager)
    client.get(page_of(project))
    pair = make_comparison(project, open_slots=0)
    judgment = Judgment.objects.create(
        project=project,
        comparison=pair,
        annotator=people["Ada"],
        ranking=[sorted(pair.responses.values_list("pk", flat=True))],
        reason="Both miss the point.",
        is_surplus=True,
        verdict_hash="",
    )
    Review.objects.create(
        project=project, judgment=judgment, reviewer=manager, outcome="returned", comment="Look at the second."
    )
    page = client.get(reverse("labeling-quality-annotator", args=[project.slug, people["Ada"].pk])).content.decode()
    for words in ("Ada", people["Ada"].pseudonym, "Both miss the point.", "Look at the second.", "Over time"):
        assert words in page


def test_somebody_who_judged_nothing_here_has_no_page(crowd: tuple[Project, dict[str, Person]]) -> None:
    project, _people = crowd
    member = make_member(project)
    client = seen_by(make_member(project, "manager"))
    assert client.get(reverse("labeling-quality-annotator", args=[project.slug, member.pk])).status_code == 404


def test_the_api_tells_the_same_figures_and_measures_anew(crowd: tuple[Project, dict[str, Person]]) -> None:
    project, people = crowd
    client = seen_by(make_member(project, "manager"))
    address = reverse("api-quality", args=[project.slug])
    told = client.get(address).json()
    assert told["judgments"] == 36
    assert set(told["annotators"]) == {person.pseudonym for person in people.values()}
    anew = client.post(address).json()
    assert anew["computed_at"] > told["computed_at"]


def test_the_api_says_that_a_large_project_was_never_measured(
    crowd: tuple[Project, dict[str, Person]], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _people = crowd
    monkeypatch.setattr(quality, "AT_ONCE_JUDGMENTS", 10)
    client = seen_by(make_member(project, "manager"))
    address = reverse("api-quality", args=[project.slug])
    response = client.get(address)
    assert (response.status_code, response.json()["code"]) == (404, "not_measured")
    assert client.post(address).status_code == 202
