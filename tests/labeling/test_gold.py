"""Comparisons whose answer is known: setting, moving, withdrawing and importing them, and how people do on them."""

from pathlib import Path

import pytest
from django.test import Client

from labeling.errors import GoldInUse, InvalidGold
from labeling.gold_lines import gold_lines
from labeling.invariants import find_violations
from labeling.models import Assignment, Comparison, GoldAnswer, Person, Project, Purpose
from labeling.services.assignments import lease_next
from labeling.services.gold import set_gold, withdraw_gold
from labeling.services.judgments import submit_judgment
from labeling.services.leases_by_name import lease_by_name
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_gold, make_member, make_person, make_project
from tests.labeling.files import four, import_rows

pytestmark = pytest.mark.django_db


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def ids(comparison: Comparison) -> list[int]:
    return sorted(comparison.responses.values_list("pk", flat=True))


def judge(lease: Assignment, *, right: bool) -> None:
    order = sorted(lease.shown_order, reverse=not right)
    verdict = Verdict(ranking=tuple((response,) for response in order))
    submit_judgment(assignment=lease, verdict=verdict, client_id=lease.pk)


@pytest.fixture
def project() -> Project:
    return make_project(judgments_per_comparison=3)


# ---- setting and moving


def test_gold_stays_among_the_work_and_practice_leaves_it(project: Project) -> None:
    comparison = make_comparison(project)
    best, other = ids(comparison)
    set_gold(comparison=comparison, use="work", ranking=[[best], [other]], explanation="It helps.")
    comparison.refresh_from_db()
    assert (comparison.use, comparison.target_judgments, comparison.open_slots) == ("work", 3, 3)
    set_gold(comparison=comparison, use="practice", ranking=[[best, other]])
    comparison.refresh_from_db()
    assert (comparison.use, comparison.target_judgments, comparison.open_slots) == ("practice", 0, 0)
    assert GoldAnswer.objects.get().ranking == [[best, other]]
    assert lease_next(project=project, annotator=make_member(project)) is None
    set_gold(comparison=comparison, use="work", ranking=[[best], [other]])
    comparison.refresh_from_db()
    assert (comparison.use, comparison.target_judgments, comparison.open_slots) == ("work", 3, 3)
    assert list(find_violations()) == []


@pytest.mark.parametrize("wrong", [[], [[]], [[0]], [["a"]]])
def test_a_ranking_of_something_else_is_refused(project: Project, wrong: list[list[int]]) -> None:
    comparison = make_comparison(project)
    with pytest.raises(InvalidGold):
        set_gold(comparison=comparison, use="work", ranking=wrong)
    with pytest.raises(InvalidGold):
        set_gold(comparison=comparison, use="work", ranking=[ids(comparison), ids(comparison)])
    assert not GoldAnswer.objects.exists()


def test_what_people_work_on_can_be_gold_but_no_exam(project: Project) -> None:
    comparison = make_comparison(project)
    lease_next(project=project, annotator=make_member(project))
    ranking = [[response] for response in ids(comparison)]
    for use in ("practice", "exam"):
        with pytest.raises(GoldInUse, match="work on this comparison already"):
            set_gold(comparison=comparison, use=use, ranking=ranking)
    set_gold(comparison=comparison, use="work", ranking=ranking)
    assert list(find_violations()) == []


@pytest.mark.parametrize("use", ["practice", "exam"])
def test_what_somebody_was_asked_is_settled_until_it_is_withdrawn(project: Project, use: str) -> None:
    comparison = make_gold(project, use=use)
    lease = lease_by_name(comparison=comparison, annotator=make_member(project), purpose=Purpose(use))
    with pytest.raises(GoldInUse, match="Withdraw it"):
        set_gold(comparison=comparison, use=use, ranking=[ids(comparison)])
    judge(lease, right=True)
    for _ in range(2):
        withdraw_gold(comparison=comparison)
    comparison.refresh_from_db()
    assert (comparison.use, comparison.open_slots) == (use, 0)
    assert not GoldAnswer.objects.exists()
    assert list(find_violations()) == []


def test_withdrawn_before_anybody_saw_it_practice_goes_back_to_the_work(project: Project) -> None:
    comparison = make_gold(project, use="practice")
    withdraw_gold(comparison=comparison)
    comparison.refresh_from_db()
    assert (comparison.use, comparison.target_judgments, comparison.open_slots) == ("work", 3, 3)


# ---- how people do


def test_a_line_says_how_many_gave_the_expected_answer_and_doubts_a_bad_one(project: Project) -> None:
    comparison = make_gold(project, use="exam")
    for right in (True, False, False, False):
        judge(lease_by_name(comparison=comparison, annotator=make_member(project), purpose=Purpose.EXAM), right=right)
    [line] = gold_lines([comparison])
    assert line.right is not None
    assert (line.expected, line.right.share, line.right.n, line.is_doubtful) == ("A > B", 0.25, 4, True)


def test_judgments_for_other_purposes_and_imported_ones_do_not_count(project: Project) -> None:
    comparison = make_gold(project)
    imported = make_member(project, kind="imported")
    lease = lease_next(project=project, annotator=imported)
    assert lease is not None
    judge(lease, right=False)
    judge(lease_by_name(comparison=comparison, annotator=make_member(project), purpose=Purpose.REPEAT), right=False)
    [line] = gold_lines([comparison])
    assert line.right is None
    assert not line.is_doubtful


# ---- the pages


def test_a_manager_says_what_is_expected_on_a_page_of_its_own(project: Project) -> None:
    comparison = make_comparison(project, k=3)
    first, second, third = ids(comparison)
    manager = client_of(make_member(project, "manager"))
    url = f"/projects/{project.slug}/comparisons/{comparison.pk}/gold/"
    assert url in manager.get(f"/projects/{project.slug}/comparisons/{comparison.pk}/").content.decode()
    assert manager.get(url).status_code == 200
    form = {
        "use": "practice",
        "explanation": "It says why.",
        f"place_{first}": 2,
        f"place_{second}": 1,
        f"place_{third}": 2,
    }
    for _ in range(2):
        assert manager.post(url, form)["Location"] == f"/projects/{project.slug}/gold/"
    gold = GoldAnswer.objects.get()
    assert gold.ranking == [[second], [first, third]]
    page = manager.get(f"/projects/{project.slug}/gold/?use=practice").content.decode()
    assert "B &gt; A = C" in page
    assert "It says why." in page
    again = manager.get(url).context["form"]
    assert again[f"place_{third}"].value() == 2
    assert manager.post(f"{url}withdraw/").status_code == 302
    assert manager.post(f"{url}withdraw/").status_code == 302
    assert not GoldAnswer.objects.exists()


def test_a_place_left_out_is_asked_for(project: Project) -> None:
    comparison = make_comparison(project)
    url = f"/projects/{project.slug}/comparisons/{comparison.pk}/gold/"
    response = client_of(make_person("owner")).post(url, {"use": "work", f"place_{ids(comparison)[0]}": 1})
    assert response.status_code == 422
    assert not GoldAnswer.objects.exists()


def test_a_settled_one_is_not_offered_for_change_and_refused_all_the_same(project: Project) -> None:
    comparison = make_gold(project, use="exam")
    lease_by_name(comparison=comparison, annotator=make_member(project), purpose=Purpose.EXAM)
    owner = client_of(make_person("owner"))
    url = f"/projects/{project.slug}/comparisons/{comparison.pk}/gold/"
    assert "settled" in owner.get(url).content.decode()
    form = {"use": "exam"} | {f"place_{response}": 1 for response in ids(comparison)}
    assert owner.post(url, form).status_code == 422


def test_known_answers_are_for_managers_alone_and_belong_to_their_project(project: Project) -> None:
    elsewhere = make_comparison(make_project())
    manager = client_of(make_member(project, "manager"))
    assert manager.get(f"/projects/{project.slug}/comparisons/{elsewhere.pk}/gold/").status_code == 404
    assert manager.post(f"/projects/{project.slug}/comparisons/{elsewhere.pk}/gold/withdraw/").status_code == 404
    assert manager.post(f"/projects/{project.slug}/gold/").status_code == 405
    for person, status in ((make_member(project), 403), (make_member(project, "reviewer"), 403), (make_person(), 404)):
        assert client_of(person).get(f"/projects/{project.slug}/gold/").status_code == status


def test_a_practice_comparison_is_not_in_the_queue_and_gold_is(project: Project) -> None:
    make_gold(project, use="practice")
    gold = make_gold(project)
    lease = lease_next(project=project, annotator=make_member(project))
    assert lease is not None
    assert lease.comparison_id == gold.pk


# ---- importing


def row(number: int = 1, **fields: object) -> dict[str, object]:
    responses = [{"content": f"Because of {number}."}, {"content": f"So, {number}."}]
    return {"prompt": f"Why {number}?", "responses": responses, **fields}


def take(project: Project, folder: Path, *rows: dict[str, object]) -> tuple[int, int, int, int]:
    """Import native rows; how many rows, accepted, rejected, unchanged."""
    return four(import_rows(project, folder, list(rows), format="plumbline"))


@pytest.mark.parametrize("use", ["practice", "exam"])
def test_an_imported_row_says_where_it_stands_what_is_expected_and_why(
    project: Project, tmp_path: Path, use: str
) -> None:
    brought = row(gold=[[1], [0]], metadata={"use": use, "topic": "violence", "explanation": "So says more."})
    assert take(project, tmp_path, brought) == (1, 1, 0, 0)
    comparison = Comparison.objects.get()
    assert (comparison.use, comparison.topic) == (use, "violence")
    assert (comparison.target_judgments, comparison.open_slots) == (0, 0)
    gold = GoldAnswer.objects.get()
    assert gold.explanation == "So says more."
    best = comparison.responses.get(pk=gold.ranking[0][0])
    assert best.content == "So, 1."
    assert take(project, tmp_path, brought) == (1, 0, 0, 1)
    assert list(find_violations()) == []


def test_a_row_may_want_more_judgments_than_the_project(project: Project, tmp_path: Path) -> None:
    take(project, tmp_path, row(1, metadata={"target": 5}), row(2), row(3, metadata={"target": "many"}))
    assert sorted(Comparison.objects.values_list("target_judgments", "open_slots")) == [(3, 3), (3, 3), (5, 5)]


def test_metadata_that_means_something_else_stays_metadata(project: Project, tmp_path: Path) -> None:
    said = {"use": "training", "topic": ["a", "b"], "target": True, "explanation": 7}
    assert take(project, tmp_path, row(metadata=said)) == (1, 1, 0, 0)
    comparison = Comparison.objects.get()
    assert (comparison.use, comparison.topic, comparison.target_judgments) == ("work", "", 3)
    assert comparison.metadata == said


@pytest.mark.parametrize(
    "wrong",
    [
        {"metadata": {"use": "practice"}},
        {"metadata": {"use": "practise"}, "gold": [[0], [1]]},
        {"metadata": {"use": "exam"}, "gold": [[0], [1]], "judgments": [{"annotator": "ann", "ranking": [[0], [1]]}]},
    ],
)
def test_a_row_that_would_be_stored_wrongly_is_rejected(
    project: Project, tmp_path: Path, wrong: dict[str, object]
) -> None:
    assert take(project, tmp_path, row(**wrong)) == (1, 0, 1, 0)
    assert not Comparison.objects.exists()


def test_judgments_for_a_practice_comparison_are_rejected_when_they_come_later(
    project: Project, tmp_path: Path
) -> None:
    practice = row(gold=[[0], [1]], metadata={"use": "practice"})
    judged = row(judgments=[{"annotator": "ann", "ranking": [[0], [1]]}])
    assert take(project, tmp_path, practice, judged) == (2, 1, 1, 0)
    assert take(project, tmp_path, judged) == (1, 0, 1, 0)
    assert list(find_violations()) == []
