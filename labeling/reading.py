"""What a request of somebody who judges has to know, each read by one constant statement."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from labeling.models import ApiToken, Assignment, Instrument, Membership, Person, Project
from labeling.rows import Rows

_PERSON = Rows(Person, "person", without=("password", "preferences"))
_PROJECT = Rows(Project, "project", without=("description",))
_INSTRUMENT = Rows(Instrument, "instrument")
_ASSIGNMENT = Rows(Assignment, "lease")
_TOKEN = Rows(ApiToken, "token")
_PERSON_BY_TOKEN = f"""
    SELECT {_TOKEN.columns}, {_PERSON.columns} FROM labeling_apitoken token
    JOIN labeling_person person ON person.id = token.person_id
    WHERE token.digest = %s AND person.is_active"""  # noqa: S608  our own names
_PROJECT_BY_SLUG = f"""
    SELECT {_PROJECT.columns}, {_INSTRUMENT.columns},
        (SELECT role FROM labeling_membership WHERE project_id = project.id AND person_id = %s)
    FROM labeling_project project JOIN labeling_instrument instrument ON instrument.project_id = project.id
    WHERE project.slug = %s AND NOT project.is_archived"""  # noqa: S608
_LEASE_OF = f"""
    SELECT {_ASSIGNMENT.columns}, {_PROJECT.columns}, {_INSTRUMENT.columns}
    FROM labeling_assignment lease JOIN labeling_project project ON project.id = lease.project_id
    JOIN labeling_instrument instrument ON instrument.project_id = project.id
    WHERE lease.id = %s AND lease.annotator_id = %s"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Content:
    """What a lease shows: the messages of the prompt, and the responses in the order drawn, as (id, kind, text)."""

    messages: list[dict[str, Any]]
    responses: list[tuple[int, str, str]]


def person_by_token(digest: str) -> ApiToken | None:
    """The API token with this digest, with its person; None if it is not known or the person is not active."""
    row = _fetch_one(_PERSON_BY_TOKEN, [digest])
    if row is None:
        return None
    token = _TOKEN.read(row[: len(_TOKEN)])
    token.person = _PERSON.read(row[len(_TOKEN) :])
    return token


def project_and_role(person: Person, slug: str) -> tuple[Project, str] | None:
    """A project with its instrument, and this person's role in it; None if it is not there or not theirs to see.

    An owner manages every project; an engineer sees every one and has no role in those they are no member of.
    """
    row = _fetch_one(_PROJECT_BY_SLUG, [person.pk, slug])
    if row is None:
        return None
    role = Membership.Role.MANAGER.value if person.is_owner else row[-1] or ""
    if not role and not person.is_engineer:
        return None
    return _project(row[:-1]), role


def lease_of(person: Person, pk: UUID) -> Assignment | None:
    """This person's lease of that id, with the project and its instrument; None for anybody else's."""
    row = _fetch_one(_LEASE_OF, [_lease_key(pk), person.pk])
    if row is None:
        return None
    lease = _ASSIGNMENT.read(row[: len(_ASSIGNMENT)])
    lease.project, lease.annotator = _project(row[len(_ASSIGNMENT) :]), person
    return lease


def content_of(lease: Assignment) -> Content:
    """What a lease shows."""
    with connection.cursor() as cursor:
        cursor.execute(_content_statement(), [lease.comparison_id, lease.comparison_id])
        by_id = {key: (key, kind, text) for key, kind, text in cursor.fetchall()}
    messages = json.loads(by_id.pop(0)[2])
    return Content(messages, [by_id[response] for response in lease.shown_order])


@cache
def _content_statement() -> str:
    text = "prompt.messages" if connection.vendor == "sqlite" else "prompt.messages::text"
    return f"""
    SELECT 0, '', {text} FROM labeling_comparison comparison
        JOIN labeling_prompt prompt ON prompt.id = comparison.prompt_id WHERE comparison.id = %s
    UNION ALL SELECT response.id, response.kind, response.content FROM labeling_comparisonresponse member
        JOIN labeling_response response ON response.id = member.response_id
        WHERE member.comparison_id = %s"""  # noqa: S608


def _project(row: tuple[Any, ...]) -> Project:
    project = _PROJECT.read(row[: len(_PROJECT)])
    instrument = _INSTRUMENT.read(row[len(_PROJECT) :])
    instrument.project = project
    return project


def _lease_key(pk: UUID) -> Any:
    return Assignment._meta.pk.get_db_prep_value(pk, connection)


def _fetch_one(statement: str, parameters: list[Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
