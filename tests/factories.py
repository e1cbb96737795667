"""Plain functions that make rows, with overrides."""

import itertools
from typing import Any

from labeling.models import (
    Comparison,
    ComparisonResponse,
    GuidelineVersion,
    Instrument,
    Membership,
    Person,
    Project,
    Prompt,
    Response,
)

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
