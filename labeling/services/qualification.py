"""What stands between joining a project and judging in it: a warning, the guidelines, practice and an exam."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.deadlocks import again_after_deadlock
from labeling.errors import NotQualified, StepMovedOn
from labeling.models import (
    Assignment,
    Comparison,
    GuidelineAcceptance,
    GuidelineVersion,
    Judgment,
    Membership,
    Person,
    Project,
    Purpose,
    Qualification,
)
from labeling.queries import current_judgments
from labeling.services.judgments import Submission, submit_judgment
from labeling.services.leases_by_name import lease_by_name
from labeling.stats.gold import agrees_with_gold
from labeling.verdicts import Verdict
from preferences.hashing import canonical_json

Attempt = Qualification.State
_NEARLY = 1e-9  # 0.7 of 10 is 7, whatever binary fractions make of it


class Step(StrEnum):
    """What a person has to do next before they may judge."""

    OPEN = "open"
    ACCEPT_WARNING = "accept_warning"
    ACCEPT_GUIDELINES = "accept_guidelines"
    PRACTICE = "practice"
    EXAM = "exam"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a person may judge in a project, and if not, which step comes first."""

    step: Step

    @property
    def is_open(self) -> bool:
        return self.step == Step.OPEN

    @property
    def sentence(self) -> str:
        """What to do, for a page or an API client; empty when the gate is open."""
        return {
            Step.ACCEPT_WARNING: _("Read the content warning of this project first."),
            Step.ACCEPT_GUIDELINES: _("Read and accept the guidelines of this project first."),
            Step.PRACTICE: _("Answer the practice comparisons of this project first."),
            Step.EXAM: _("Pass the exam of this project first."),
            Step.FAILED: _("You did not pass the exam of this project. Its manager can give you another attempt."),
        }.get(self.step, "")


@dataclass(frozen=True, slots=True)
class _Standing:
    """What one query finds out about a member."""

    role: str
    accepted_warning: str
    declined_topics: list[str]
    must_accept: bool
    attempt_state: str | None
    attempt_asked: int | None


# One statement, written out: before every lease, and putting it together anew takes ten times as long as asking it.
_STANDING = """
    SELECT membership.role, membership.accepted_warning, membership.declined_topics, version.id, acceptance.id,
        attempt.state, attempt.asked
    FROM labeling_membership AS membership
    LEFT JOIN labeling_guidelineversion AS version ON version.project_id = membership.project_id AND version.number = (
        SELECT max(number) FROM labeling_guidelineversion WHERE project_id = %(project)s)
    LEFT JOIN labeling_guidelineacceptance AS acceptance
        ON acceptance.version_id = version.id AND acceptance.person_id = membership.person_id
    LEFT JOIN labeling_qualification AS attempt ON attempt.project_id = membership.project_id
        AND attempt.person_id = membership.person_id AND attempt.attempt = (
        SELECT max(attempt) FROM labeling_qualification WHERE project_id = %(project)s AND person_id = %(person)s)
    WHERE membership.project_id = %(project)s AND membership.person_id = %(person)s"""


def may_judge(project: Project, person: Person) -> Gate:
    """Say which step stands between this person and a comparison, if any.

    Asked before every lease, so it is cheap: no query when the project asks for nothing, one for somebody who is
    through, up to four on the way. Reviewers, managers and owners pass; so do simulated annotators.
    """
    if not asks_anything(project) or person.is_owner or person.kind != Person.Kind.PERSON:
        return Gate(Step.OPEN)
    standing = _standing_of(project, person)
    if standing is None or standing.role != Membership.Role.ANNOTATOR:
        return Gate(Step.OPEN)  # somebody who is no member is refused elsewhere
    if has_warning(project) and standing.accepted_warning != warning_digest(project):
        return Gate(Step.ACCEPT_WARNING)
    if project.requires_acceptance and standing.must_accept:
        return Gate(Step.ACCEPT_GUIDELINES)
    return Gate(_trial_step(project, person, standing))


def check_may_judge(project: Project, person: Person) -> None:
    """Refuse somebody who may not judge yet. Raises: NotQualified, whose fields name the step and its page."""
    gate = may_judge(project, person)
    if not gate.is_open:
        raise NotQualified(
            gate.sentence, fields={"step": gate.step.value, "start": reverse("labeling-start", args=[project.slug])}
        )


def asks_anything(project: Project) -> bool:
    """Whether anything at all comes before the first judgment."""
    return (
        project.requires_acceptance
        or project.requires_practice
        or project.exam_pass_share is not None
        or has_warning(project)
    )


def has_warning(project: Project) -> bool:
    """Whether there is a warning to read or a topic to decline."""
    return bool(project.content_warning or project.sensitive_topics)


def warning_digest(project: Project) -> str:
    """Name the warning as it is worded now: another wording, or another topic, is read again."""
    said = {"warning": project.content_warning, "topics": project.sensitive_topics}
    return hashlib.sha256(canonical_json(said)).hexdigest()


def topic_names(project: Project) -> list[str]:
    """The topics that people may decline."""
    return [str(topic["name"]) for topic in project.sensitive_topics]


@transaction.atomic
def accept_warning(*, project: Project, person: Person, digest: str, declined_topics: list[str]) -> None:
    """Keep that a member read the warning and went on, without the topics they would rather not see.

    Args:
        digest: `warning_digest` of the wording they were shown.

    Raises: StepMovedOn if the warning has been reworded since.
    """
    if digest != warning_digest(project):
        raise StepMovedOn(_("The content warning has changed since this page was opened. Read it again."))
    Membership.objects.filter(project=project, person=person).update(accepted_warning=digest)
    decline_topics(project=project, person=person, topics=declined_topics)


def decline_topics(*, project: Project, person: Person, topics: list[str]) -> None:
    """Replace the topics a member declines; what the project does not name is left out."""
    known = [name for name in topic_names(project) if name in topics]
    Membership.objects.filter(project=project, person=person).update(declined_topics=known)


@again_after_deadlock
@transaction.atomic
def accept_guidelines(*, project: Project, person: Person, number: int) -> GuidelineAcceptance:
    """Keep a person's word that they read the guidelines in force and judge by them; a second time changes nothing.

    What they hold and have not answered, they judge by these.

    Args:
        number: of the version they were shown.

    Raises: StepMovedOn if a newer one is in force.
    """
    latest = project.guideline_versions.order_by("-number").first()
    if latest is None or latest.number != number:
        raise StepMovedOn(_("The guidelines have changed since this page was opened. Read the new version."))
    acceptance, is_new = GuidelineAcceptance.objects.get_or_create(version=latest, person=person)
    if is_new:
        held = Assignment.objects.filter(project=project, annotator=person, state=Assignment.State.OPEN)
        held.update(guideline_version=latest)
    return acceptance


def last_accepted(project: Project, person: Person) -> GuidelineVersion | None:
    """The newest guidelines of the project that this person accepted, or None."""
    accepted = GuidelineVersion.objects.filter(project=project, acceptances__person=person)
    return accepted.order_by("-number").first()


@again_after_deadlock
@transaction.atomic
def lease_step(*, project: Project, person: Person) -> Assignment:
    """Lease the practice or exam comparison that comes next for this person; the one they hold comes back.

    The first one begins their attempt.

    Raises: NotQualified when an earlier step comes first, StepMovedOn when practice and exam are behind them.
    """
    Person.objects.select_for_update(no_key=True).filter(pk=person.pk).values("pk").get()
    gate = may_judge(project, person)
    if gate.step not in (Step.PRACTICE, Step.EXAM):
        check_may_judge(project, person)
        raise StepMovedOn(_("Practice and exam are behind you."))
    attempt = _ensure_attempt(project, person)
    standing = _standing_of(project, person)
    use = Comparison.Use.PRACTICE if gate.step == Step.PRACTICE else Comparison.Use.EXAM
    left = _left(project, person, use, standing, since=attempt.started_at)
    held = Assignment.objects.filter(
        project=project, annotator=person, purpose=use.value, state=Assignment.State.OPEN, comparison__in=left
    ).first()
    comparison = held.comparison if held else left.first()
    if comparison is None:
        raise StepMovedOn(_("Practice and exam are behind you."))
    return lease_by_name(comparison=comparison, annotator=person, purpose=Purpose(use.value))


@again_after_deadlock
@transaction.atomic
def answer_step(*, assignment: Assignment, verdict: Verdict, client_id: UUID) -> Submission:
    """Store the answer to a practice or exam comparison; the last one decides the attempt.

    Raises: what `submit_judgment` raises.
    """
    submission = submit_judgment(assignment=assignment, verdict=verdict, client_id=client_id)
    settle(project=assignment.project, person=assignment.annotator)
    return submission


@transaction.atomic
def settle(*, project: Project, person: Person) -> Qualification | None:
    """Decide the attempt under way if nothing is left of practice and exam; returns it, or None while it goes on."""
    attempt = Qualification.objects.filter(project=project, person=person, state=Attempt.STARTED)
    under_way = attempt.select_for_update(of=("self",)).first()
    standing = _standing_of(project, person)
    if under_way is None or standing is None or _step_left(project, person, standing, under_way.started_at):
        return None
    answers = _exam_answers(project, person, under_way.started_at) if project.exam_pass_share is not None else []
    asked = len(answers)
    correct = sum(agrees_with_gold(judgment.ranking, judgment.comparison.gold_answer.ranking) for judgment in answers)
    has_passed = correct >= (project.exam_pass_share or 0) * asked - _NEARLY
    under_way.state = Attempt.PASSED if has_passed else Attempt.FAILED
    under_way.asked, under_way.correct, under_way.finished_at = asked, correct, timezone.now()
    under_way.save(update_fields=["state", "asked", "correct", "finished_at"])
    return under_way


@transaction.atomic
def grant_attempt(*, project: Project, person: Person) -> Qualification:
    """Let somebody who failed the exam try again; practice is not repeated. While a try is open this changes nothing.

    Raises: StepMovedOn when there is no failed attempt.
    """
    Person.objects.select_for_update(no_key=True).filter(pk=person.pk).values("pk").get()
    last = _attempts(project, person).first()
    if last is None or last.state == Attempt.PASSED:
        raise StepMovedOn(_("There is no failed exam of this person to repeat."))
    return last if last.state == Attempt.STARTED else _ensure_attempt(project, person)


def exam_progress(project: Project, person: Person) -> tuple[int, int]:
    """How many exam comparisons this person has answered in the attempt under way, and how many there are for them."""
    attempt = _attempts(project, person).first()
    began = attempt.started_at if attempt and attempt.state == Attempt.STARTED else timezone.now()
    return _progress(project, person, Comparison.Use.EXAM, began)


def practice_progress(project: Project, person: Person) -> tuple[int, int]:
    """How many practice comparisons this person has answered, and how many there are for them."""
    return _progress(project, person, Comparison.Use.PRACTICE, None)


def _progress(project: Project, person: Person, use: Comparison.Use, since: datetime | None) -> tuple[int, int]:
    standing = _standing_of(project, person)
    total = _set_of(project, use, standing).count()
    return total - _left(project, person, use, standing, since=since).count(), total


def _standing_of(project: Project, person: Person) -> _Standing | None:
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"project": project.pk, "person": person.pk})
        row = cursor.fetchone()
    if row is None:
        return None
    role, warning, topics, version, accepted, state, asked = row
    must_accept = version is not None and accepted is None
    return _Standing(role, warning, json.loads(topics), must_accept, state, asked)


def _attempts(project: Project, person: Person) -> QuerySet[Qualification]:
    return Qualification.objects.filter(project=project, person=person).order_by("-attempt")


def _trial_step(project: Project, person: Person, standing: _Standing) -> Step:
    """Where somebody stands between practice and exam."""
    asks_exam = project.exam_pass_share is not None
    if not (project.requires_practice or asks_exam):
        return Step.OPEN
    if standing.attempt_state == Attempt.PASSED and (standing.attempt_asked or not asks_exam):
        return Step.OPEN
    if standing.attempt_state == Attempt.FAILED and asks_exam:
        return Step.FAILED
    under_way = _attempts(project, person).filter(state=Attempt.STARTED).first()
    step = _step_left(project, person, standing, under_way.started_at if under_way else timezone.now())
    if step is None and under_way is not None:  # what was left has been withdrawn
        decided = settle(project=project, person=person)
        return Step.FAILED if decided is not None and decided.state == Attempt.FAILED else Step.OPEN
    return step or Step.OPEN


def _step_left(project: Project, person: Person, standing: _Standing, since: datetime | None) -> Step | None:
    if project.requires_practice and _left(project, person, Comparison.Use.PRACTICE, standing).exists():
        return Step.PRACTICE
    if (
        project.exam_pass_share is not None
        and _left(project, person, Comparison.Use.EXAM, standing, since=since).exists()
    ):
        return Step.EXAM
    return None


def _set_of(project: Project, use: Comparison.Use, standing: _Standing | None) -> QuerySet[Comparison]:
    """The comparisons of one use that this person is asked, in order; one without its expected answer is left out."""
    declined = standing.declined_topics if standing else []
    # The index on the few that are not work is found by its own condition, so that is said as well.
    comparisons = Comparison.objects.filter(project=project).exclude(use=Comparison.Use.WORK).filter(use=use)
    order = "id" if use == Comparison.Use.PRACTICE else "shuffle"
    return comparisons.filter(gold_answer__isnull=False).exclude(topic__in=declined).order_by(order, "id")


def _left(
    project: Project,
    person: Person,
    use: Comparison.Use,
    standing: _Standing | None,
    since: datetime | None = None,
) -> QuerySet[Comparison]:
    """Those this person has not answered, for an exam: not in this attempt."""
    answered = Judgment.objects.filter(comparison=OuterRef("pk"), annotator=person, purpose=use.value)
    if since is not None:
        answered = answered.filter(judged_at__gte=since)
    return _set_of(project, use, standing).exclude(Exists(answered))


def _exam_answers(project: Project, person: Person, since: datetime) -> list[Judgment]:
    judgments = current_judgments(project, purposes=[Purpose.EXAM]).filter(annotator=person, judged_at__gte=since)
    return list(
        judgments.filter(comparison__use=Comparison.Use.EXAM, comparison__gold_answer__isnull=False).select_related(
            "comparison__gold_answer"
        )
    )


def _ensure_attempt(project: Project, person: Person) -> Qualification:
    """The attempt under way, or a new one. The caller has locked the person."""
    last = _attempts(project, person).first()
    if last is not None and last.state == Attempt.STARTED:
        return last
    return Qualification.objects.create(project=project, person=person, attempt=last.attempt + 1 if last else 1)
