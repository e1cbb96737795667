"""Plain functions that make rows, with overrides."""

import itertools
from datetime import timedelta
from typing import Any

from django.utils import timezone

from labeling.models import (
    Assignment,
    Comparison,
    ComparisonResponse,
    GoldAnswer,
    GuidelineVersion,
    Instrument,
    Membership,
    ModerationFinding,
    Person,
    Project,
    Prompt,
    Response,
    Review,
)
from labeling.services.judgments import submit_judgment
from labeling.verdicts import Verdict

_numbers = itertools.count(1)
PASSWORD = "a long enough passphrase"


def make_person(role: str = "", **fields: Any) -> Person:
    """A person with the installation-wide role `role` ("", "engineer", "owner")."""
    number = next(_numbers)
    fields.setdefault("email", f"person-{number}@example.org")
    fields.setdefault("password", None)
    return Person.objects.create_user(installation_role=role, **fields)


def make_project(kind: str = "pair", **fields: Any) -> Project:
    """A project with an instrument of `kind` and a first version of its guidelines."""
    instrument = fields.pop("instrument", {})
    number = next(_numbers)
    fields.setdefault("slug", f"project-{number}")
    fields.setdefault("name", f"Project {number}")
    fields.setdefault("control_share", 0.0)  # the order of the queue is a rule that tests state
    project = Project.objects.create(**fields)
    Instrument.objects.create(project=project, kind=kind, **instrument)
    GuidelineVersion.objects.create(project=project, number=1, text="Prefer the answer that helps.")
    return project


def make_member(project: Project, role: str = "annotator", **fields: Any) -> Person:
    """A person with a role in `project`."""
    person = make_person(**fields)
    Membership.objects.create(project=project, person=person, role=role)
    return person


def make_comparison(project: Project, k: int = 2, *, texts: list[str] | None = None, **fields: Any) -> Comparison:
    """A comparison of `k` responses to a prompt of its own."""
    number = next(_numbers)
    texts = texts or [f"Answer {number}.{index}" for index in range(k)]
    prompt = Prompt.objects.create(
        project=project,
        content_hash=f"prompt-{number}",
        messages=[{"role": "user", "content": f"Question {number}?"}],
    )
    target = fields.pop("target_judgments", project.judgments_per_comparison)
    fields.setdefault("open_slots", target)
    comparison = Comparison.objects.create(
        project=project, prompt=prompt, content_hash=f"comparison-{number}", target_judgments=target, **fields
    )
    for index, text in enumerate(texts):
        response = Response.objects.create(
            prompt=prompt, content_hash=f"response-{number}-{index}", content=text, policy_name=f"policy-{index}"
        )
        ComparisonResponse.objects.create(comparison=comparison, response=response)
    return comparison


def make_finding(
    comparison: Comparison, check: str = "refusal", reason: str = "declines", **fields: Any
) -> ModerationFinding:
    """What a check found in the first response of a comparison, from its beginning to its end."""
    fields.setdefault("response", comparison.responses.order_by("pk").first())
    if "end" not in fields and fields["response"] is not None:
        fields["end"] = len(fields["response"].content)
    return ModerationFinding.objects.create(
        project=comparison.project,
        comparison=comparison,
        check_name=check,
        reason=reason,
        severity=fields.pop("severity", "low"),
        fingerprint=f"finding-{next(_numbers)}",
        **fields,
    )


def make_gold(
    project: Project, k: int = 2, *, use: str = "work", explanation: str = "The first one answers.", **fields: Any
) -> Comparison:
    """A comparison whose responses are expected in the order they were made; `use` is work, practice or exam."""
    if use != "work":
        fields.setdefault("target_judgments", 0)
    comparison = make_comparison(project, k, use=use, **fields)
    ranking = [[response] for response in sorted(comparison.responses.values_list("pk", flat=True))]
    GoldAnswer.objects.create(comparison=comparison, ranking=ranking, explanation=explanation)
    return comparison


def make_review(project: Project, annotator: Person, outcome: str = "returned", **fields: Any) -> Review:
    """A comparison that this person judged, and what a reviewer said of it."""
    comparison = make_comparison(project, target_judgments=1, open_slots=0)
    lease = Assignment.objects.create(
        project=project,
        comparison=comparison,
        annotator=annotator,
        expires_at=timezone.now() + timedelta(minutes=5),
        shown_order=list(comparison.responses.values_list("pk", flat=True)),
    )
    verdict = Verdict(ranking=tuple((response,) for response in sorted(lease.shown_order)))
    judgment = submit_judgment(assignment=lease, verdict=verdict, client_id=lease.pk).judgment
    fields.setdefault("comment", "Look at the second one again.")
    reviewer = fields.pop("reviewer", None) or make_member(project, "reviewer")
    return Review.objects.create(project=project, judgment=judgment, reviewer=reviewer, outcome=outcome, **fields)
