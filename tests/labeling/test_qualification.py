"""The way from joining to judging: what is asked, in which order, and what each step remembers."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from labeling.errors import NotQualified, StepMovedOn
from labeling.invariants import find_violations
from labeling.models import Assignment, Comparison, Judgment, Membership, Person, Project, Purpose, Qualification
from labeling.services.assignments import lease_next
from labeling.services.gold import withdraw_gold
from labeling.services.people import set_membership
from labeling.services.projects import publish_guidelines
from labeling.services.qualification import (
    Step,
    accept_guidelines,
    accept_warning,
    answer_step,
    check_may_judge,
    grant_attempt,
    lease_step,
    may_judge,
    warning_digest,
)
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_gold, make_member, make_person, make_project

pytestmark = pytest.mark.django_db
TOPICS = [{"name": "violence", "warning": "Speaks of wounds."}, {"name": "self-harm"}]


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def demanding(**fields: object) -> Project:
    """A project that asks for every step: two practice comparisons, and an exam of three, two thirds to be right."""
    asked = {
        "requires_acceptance": True,
        "requires_practice": True,
        "exam_pass_share": 0.66,
        "content_warning": "Some of it is cruel.",
        "sensitive_topics": TOPICS,
    }
    project = make_project(**(asked | fields))
    make_comparison(project)
    for use, count in (("practice", 2), ("exam", 3)):
        for _ in range(count):
            make_gold(project, use=use)
    return project


def step_of(project: Project, person: Person) -> Step:
    return may_judge(project, person).step


def accept_texts(project: Project, person: Person) -> None:
    accept_warning(project=project, person=person, digest=warning_digest(project), declined_topics=[])
    latest = project.guideline_versions.first()
    assert latest is not None
    accept_guidelines(project=project, person=person, number=latest.number)


def answer(project: Project, person: Person, *, right: bool = True) -> Assignment:
    lease = lease_step(project=project, person=person)
    order = sorted(lease.shown_order, reverse=not right)
    verdict = Verdict(ranking=tuple((response,) for response in order))
    answer_step(assignment=lease, verdict=verdict, client_id=uuid4())
    return lease


# ---- what is asked


def test_a_project_that_asks_nothing_costs_no_query() -> None:
    project = make_project()
    person = make_member(project)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert step_of(project, person) == Step.OPEN
    assert len(queries) == 0


def test_who_is_through_costs_one_query_and_who_is_on_the_way_four_at_most() -> None:
    project = demanding()
    person = make_member(project)
    counts = []
    for act in (
        lambda: None,
        lambda: accept_texts(project, person),
        lambda: [answer(project, person) for _ in range(2)],
        lambda: [answer(project, person) for _ in range(3)],
    ):
        act()
        with CaptureQueriesContext(connection) as queries:
            may_judge(project, person)
        counts.append(len(queries))
    assert counts == [1, 3, 4, 1]


def test_the_steps_come_in_their_order_and_each_is_asked_once() -> None:
    project = demanding()
    person = make_member(project)
    assert step_of(project, person) == Step.ACCEPT_WARNING
    accept_warning(project=project, person=person, digest=warning_digest(project), declined_topics=[])
    assert step_of(project, person) == Step.ACCEPT_GUIDELINES
    accept_guidelines(project=project, person=person, number=1)
    assert step_of(project, person) == Step.PRACTICE
    for _ in range(2):
        answer(project, person, right=False)
    assert step_of(project, person) == Step.EXAM
    for right in (True, False, True):
        answer(project, person, right=right)
    assert step_of(project, person) == Step.OPEN
    attempt = Qualification.objects.get()
    assert (attempt.state, attempt.asked, attempt.correct, attempt.attempt) == ("passed", 3, 2, 1)
    assert attempt.finished_at is not None


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ({"content_warning": "Cruel."}, Step.ACCEPT_WARNING),
        ({"sensitive_topics": TOPICS}, Step.ACCEPT_WARNING),
        ({"requires_acceptance": True}, Step.ACCEPT_GUIDELINES),
        ({"requires_practice": True}, Step.PRACTICE),
        ({"exam_pass_share": 0.5}, Step.EXAM),
    ],
)
def test_each_step_can_be_asked_alone(asked: dict[str, object], first: Step) -> None:
    project = make_project(**asked)
    for use in ("practice", "exam"):
        make_gold(project, use=use)
    assert step_of(project, make_member(project)) == first


def test_managers_reviewers_owners_and_simulated_people_pass() -> None:
    project = demanding()
    for person in (make_member(project, "reviewer"), make_member(project, "manager"), make_person("owner")):
        assert may_judge(project, person).is_open
    assert may_judge(project, make_member(project, kind="simulated")).is_open


def test_nothing_is_handed_out_before_the_gate_is_open() -> None:
    project = demanding()
    person = make_member(project)
    assert lease_next(project=project, annotator=person) is None
    with pytest.raises(NotQualified) as refused:
        check_may_judge(project, person)
    assert refused.value.fields == {"step": "accept_warning", "start": f"/projects/{project.slug}/start/"}
    accept_texts(project, person)
    for _ in range(5):
        answer(project, person)
    assert lease_next(project=project, annotator=person) is not None


def test_practice_and_exam_without_comparisons_stand_in_nobodys_way() -> None:
    project = make_project(requires_practice=True, exam_pass_share=0.8)
    assert step_of(project, make_member(project)) == Step.OPEN


def test_who_only_practised_is_asked_the_exam_when_there_is_one() -> None:
    project = demanding(exam_pass_share=None, content_warning="", sensitive_topics=[], requires_acceptance=False)
    person = make_member(project)
    for _ in range(2):
        answer(project, person)
    assert Qualification.objects.get().state == "passed"
    assert step_of(project, person) == Step.OPEN
    Project.objects.update(exam_pass_share=0.5)
    project.refresh_from_db()
    assert step_of(project, person) == Step.EXAM


# ---- warning and topics


def test_another_wording_of_the_warning_is_read_again() -> None:
    project = make_project(content_warning="Cruel.")
    person = make_member(project)
    accept_warning(project=project, person=person, digest=warning_digest(project), declined_topics=[])
    assert may_judge(project, person).is_open
    project.content_warning = "Very cruel."
    assert step_of(project, person) == Step.ACCEPT_WARNING
    old = warning_digest(make_project(content_warning="Cruel."))
    with pytest.raises(StepMovedOn):
        accept_warning(project=project, person=person, digest=old, declined_topics=[])


def test_declined_topics_are_left_out_of_practice_and_exam() -> None:
    project = make_project(requires_practice=True, sensitive_topics=TOPICS)
    gory, mild = make_gold(project, use="practice", topic="violence"), make_gold(project, use="practice")
    person = make_member(project)
    accept_warning(
        project=project, person=person, digest=warning_digest(project), declined_topics=["violence", "unheard of"]
    )
    assert Membership.objects.get(person=person).declined_topics == ["violence"]
    assert answer(project, person).comparison_id == mild.pk
    assert may_judge(project, person).is_open
    assert not Judgment.objects.filter(comparison=gory).exists()


# ---- guidelines


def test_a_new_version_asks_again_and_the_old_one_cannot_be_accepted_for_it() -> None:
    project = make_project(requires_acceptance=True)
    person = make_member(project)
    accept_guidelines(project=project, person=person, number=1)
    accept_guidelines(project=project, person=person, number=1)
    assert may_judge(project, person).is_open
    publish_guidelines(project=project, text="Prefer the shorter answer.")
    assert step_of(project, person) == Step.ACCEPT_GUIDELINES
    with pytest.raises(StepMovedOn, match="new version"):
        accept_guidelines(project=project, person=person, number=1)
    accept_guidelines(project=project, person=person, number=2)
    assert may_judge(project, person).is_open
    assert person.acceptances.count() == 2


def test_the_database_keeps_one_acceptance_of_a_version() -> None:
    project = make_project(requires_acceptance=True)
    person = make_member(project)
    acceptance = accept_guidelines(project=project, person=person, number=1)
    acceptance.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        acceptance.save(force_insert=True)


# ---- practice and exam


def test_practice_and_exam_are_purposes_of_their_own_and_count_for_nothing() -> None:
    project = demanding()
    person = make_member(project)
    accept_texts(project, person)
    for _ in range(5):
        answer(project, person)
    purposes = list(Judgment.objects.order_by("pk").values_list("purpose", "is_surplus"))
    assert purposes == [("practice", True)] * 2 + [("exam", True)] * 3
    assert set(Assignment.objects.values_list("takes_slot", "drawn_by")) == {(False, "direct")}
    assert list(find_violations()) == []


def test_the_comparison_under_way_comes_back() -> None:
    project = demanding()
    person = make_member(project)
    accept_texts(project, person)
    first = lease_step(project=project, person=person)
    assert lease_step(project=project, person=person) == first
    assert Assignment.objects.count() == 1
    assert Qualification.objects.get().state == "started"


def test_too_few_right_fail_and_a_manager_may_give_another_attempt() -> None:
    project = demanding(requires_practice=False, content_warning="", sensitive_topics=[], requires_acceptance=False)
    person = make_member(project)
    with pytest.raises(StepMovedOn):
        grant_attempt(project=project, person=person)
    for right in (True, False, False):
        answer(project, person, right=right)
    assert step_of(project, person) == Step.FAILED
    with pytest.raises(NotQualified, match="another attempt"):
        lease_step(project=project, person=person)
    assert grant_attempt(project=project, person=person).attempt == 2
    assert grant_attempt(project=project, person=person).attempt == 2
    assert step_of(project, person) == Step.EXAM
    for _ in range(3):
        answer(project, person)
    assert step_of(project, person) == Step.OPEN
    outcomes = Qualification.objects.order_by("attempt").values_list("state", "correct")
    assert list(outcomes) == [("failed", 1), ("passed", 3)]
    assert set(Judgment.objects.values_list("revision", flat=True)) == {1, 2}
    assert list(find_violations()) == []
    with pytest.raises(StepMovedOn):
        grant_attempt(project=project, person=person)


def test_an_exam_lease_that_runs_out_is_no_answer() -> None:
    project = demanding(requires_practice=False, content_warning="", sensitive_topics=[], requires_acceptance=False)
    person = make_member(project)
    for right in (True, False, False):
        answer(project, person, right=right)
    grant_attempt(project=project, person=person)
    lease = lease_step(project=project, person=person)
    Assignment.objects.filter(pk=lease.pk).update(state="done", is_reopened=False)  # as a reopened lease ends
    for _ in range(2):
        answer(project, person)
    assert step_of(project, person) == Step.EXAM


def test_withdrawing_the_last_question_decides_the_exam() -> None:
    project = demanding(requires_practice=False, content_warning="", sensitive_topics=[], requires_acceptance=False)
    person = make_member(project)
    asked = {answer(project, person).comparison_id for _ in range(2)}
    [left] = Comparison.objects.filter(use="exam").exclude(pk__in=asked)
    withdraw_gold(comparison=left)
    assert step_of(project, person) == Step.OPEN
    assert (Qualification.objects.get().asked, Qualification.objects.get().correct) == (2, 2)


@pytest.mark.parametrize(("share", "state"), [(0.0, "passed"), (0.667, "failed"), (1.0, "failed")])
def test_the_share_decides(share: float, state: str) -> None:
    project = demanding(
        exam_pass_share=share,
        requires_practice=False,
        content_warning="",
        sensitive_topics=[],
        requires_acceptance=False,
    )
    person = make_member(project)
    for right in (True, True, False):
        answer(project, person, right=right)
    assert Qualification.objects.get().state == state


def test_one_attempt_is_under_way_at_a_time() -> None:
    project = make_project()
    person = make_member(project)
    Qualification.objects.create(project=project, person=person)
    with pytest.raises(IntegrityError), transaction.atomic():
        Qualification.objects.create(project=project, person=person, attempt=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        Qualification.objects.create(project=project, person=person, attempt=3, state="failed", asked=1, correct=2)


# ---- the pages


def test_the_start_page_leads_through_every_step_without_scripts() -> None:
    project = demanding()
    person = make_member(project)
    client = client_of(person)
    start = f"/projects/{project.slug}/start/"
    page = client.get(start)
    assert "Some of it is cruel." in page.content.decode()
    form = {"digest": page.context["digest"], "declined": "violence"}
    assert client.post(f"{start}warning/", form)["Location"] == start
    assert Membership.objects.get(person=person).declined_topics == ["violence"]
    assert "Prefer the answer that helps." in client.get(start).content.decode()
    assert client.post(f"{start}guidelines/", {"number": 1})["Location"] == start

    for number in (1, 2):
        page = client.get(start)
        assert f"Practice · {number} of 2" in page.content.decode()
        screen = page.context["screen"]
        best = min(screen.assignment.shown_order)
        side = "a2" if screen.assignment.shown_order[0] == best else "b2"
        url = f"{start}{screen.assignment.pk}/"
        form = {"client_id": screen.answer.client_id, "choice": side}
        assert client.get(url).status_code == 404  # nothing to see before the answer
        assert client.post(url, form)["Location"] == url
        assert client.post(url, form)["Location"] == url
        shown = client.get(url).content.decode()
        assert "As expected" in shown
        assert "The first one answers." in shown

    intro = client.get(start).content.decode()
    assert "66 %" in intro
    assert client.post(f"{start}exam/")["Location"] == start
    for number in (1, 2, 3):
        page = client.get(start)
        assert f"Exam · {number} of 3" in page.content.decode()
        screen = page.context["screen"]
        side = "a2" if screen.assignment.shown_order[0] == min(screen.assignment.shown_order) else "b2"
        url = f"{start}{screen.assignment.pk}/"
        response = client.post(url, {"client_id": screen.answer.client_id, "choice": side})
        assert response["Location"] == start
        assert client.get(url).status_code == 404  # an exam shows nothing
    outcome = client.get(start).content.decode()
    assert "3 of 3" in outcome
    assert f"/projects/{project.slug}/label/" in outcome
    assert client.get(f"/projects/{project.slug}/label/").status_code == 200


def test_an_answer_that_is_missing_is_asked_for_and_stores_nothing() -> None:
    project = make_project(requires_practice=True)
    make_gold(project, use="practice")
    client = client_of(make_member(project))
    start = f"/projects/{project.slug}/start/"
    screen = client.get(start).context["screen"]
    response = client.post(f"{start}{screen.assignment.pk}/", {"client_id": screen.answer.client_id, "reason": "Hm."})
    assert response.status_code == 422
    assert "Choose which response is better" in response.content.decode()
    assert not Judgment.objects.exists()


def test_a_wrong_practice_answer_is_told_what_was_expected() -> None:
    project = make_project(requires_practice=True)
    make_gold(project, use="practice", explanation="It says **why**.")
    client = client_of(make_member(project))
    start = f"/projects/{project.slug}/start/"
    screen = client.get(start).context["screen"]
    side = "b2" if screen.assignment.shown_order[0] == min(screen.assignment.shown_order) else "a2"
    url = f"{start}{screen.assignment.pk}/"
    client.post(url, {"client_id": screen.answer.client_id, "choice": side})
    response = client.get(url)
    assert not response.context["is_right"]
    assert "<strong>why</strong>" in response.content.decode()
    assert response.context["given"] != response.context["expected"]


def test_a_failed_exam_says_so_and_its_questions_are_not_told() -> None:
    project = make_project(exam_pass_share=1.0)
    make_gold(project, use="exam", explanation="A secret.")
    person = make_member(project)
    answer(project, person, right=False)
    page = client_of(person).get(f"/projects/{project.slug}/start/").content.decode()
    assert "0 of 1" in page
    assert "A secret." not in page


def test_changed_guidelines_show_what_changed() -> None:
    project = make_project(requires_acceptance=True)
    person = make_member(project)
    accept_guidelines(project=project, person=person, number=1)
    publish_guidelines(project=project, text="Prefer the answer that is short.")
    client = client_of(person)
    page = client.get(f"/projects/{project.slug}/start/")
    text = page.content.decode()
    assert "helps" in "".join(piece.text for piece in page.context["pieces"] if piece.kind == "removed")
    assert "short" in "".join(piece.text for piece in page.context["pieces"] if piece.kind == "added")
    assert "<ins>" in text
    assert "<del>" in text
    response = client.post(f"/projects/{project.slug}/start/guidelines/", {"number": 1}, follow=True)
    assert "The guidelines have changed since" in response.content.decode()
    assert may_judge(project, person).step == Step.ACCEPT_GUIDELINES


def test_the_workbench_sends_whoever_is_not_through_to_the_start() -> None:
    project = demanding()
    client = client_of(make_member(project))
    assert client.get(f"/projects/{project.slug}/label/")["Location"] == f"/projects/{project.slug}/start/"
    response = client.get(f"/projects/{project.slug}/label/", headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == f"/projects/{project.slug}/start/"


def test_the_api_says_which_step_comes_first() -> None:
    project = demanding()
    response = client_of(make_member(project)).post(f"/api/v1/projects/{project.slug}/assignments/")
    assert response.status_code == 204
    assert response["X-Plumbline-Reason"] == "not_qualified"


def test_who_has_nothing_to_pass_goes_on_to_the_project() -> None:
    project = make_project()
    client = client_of(make_member(project))
    assert client.get(f"/projects/{project.slug}/start/")["Location"] == f"/projects/{project.slug}/"


def test_steps_are_posts_and_anothers_answer_is_out_of_reach() -> None:
    project = demanding()
    person, other = make_member(project), make_member(project)
    accept_texts(project, person)
    lease = lease_step(project=project, person=person)
    start = f"/projects/{project.slug}/start/"
    for step in ("warning", "guidelines", "exam"):
        assert client_of(person).get(f"{start}{step}/").status_code == 405
    assert client_of(other).post(f"{start}{lease.pk}/", {"choice": "a2"}).status_code == 404
    assert client_of(make_person()).post(f"{start}{lease.pk}/", {"choice": "a2"}).status_code == 404
    assert not Judgment.objects.exists()


def test_a_work_lease_is_not_answered_on_the_start_page() -> None:
    project = make_project()
    make_comparison(project)
    person = make_member(project)
    lease = lease_next(project=project, annotator=person)
    assert lease is not None
    assert client_of(person).post(f"/projects/{project.slug}/start/{lease.pk}/", {"choice": "a2"}).status_code == 404


def test_a_manager_gives_another_attempt_on_the_members_page() -> None:
    project = make_project(exam_pass_share=1.0)
    make_gold(project, use="exam")
    person = make_member(project)
    answer(project, person, right=False)
    manager = client_of(make_member(project, "manager"))
    members = f"/projects/{project.slug}/members/"
    assert "failed · 0 of 1" in manager.get(members).content.decode()
    url = f"{members}{person.memberships.get().pk}/retry/"
    assert manager.get(url).status_code == 405
    for _ in range(2):
        assert manager.post(url).status_code == 302
    assert Qualification.objects.count() == 2
    assert step_of(project, person) == Step.EXAM


def test_who_becomes_a_reviewer_need_not_finish() -> None:
    project = demanding()
    person = make_member(project)
    set_membership(project=project, person=person, role="reviewer")
    assert may_judge(project, person).is_open
    assert not Assignment.objects.filter(purpose=Purpose.PRACTICE).exists()
