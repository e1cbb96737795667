"""What a request of somebody who judges has to know, each read by one constant statement."""

from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from labeling.models import ApiToken, Assignment, Instrument, Membership, Person, Project
from labeling.rows import Rows
from labeling.shown import Content, content_of, read_content

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
_TOKEN_AND_LEASE = f"""
    SELECT {_TOKEN.columns}, {_PERSON.columns}, {_ASSIGNMENT.columns}, {_PROJECT.columns}, {_INSTRUMENT.columns}
    FROM labeling_apitoken token JOIN labeling_person person ON person.id = token.person_id
    LEFT JOIN labeling_assignment lease ON lease.id = %s AND lease.annotator_id = person.id
    LEFT JOIN labeling_project project ON project.id = lease.project_id
    LEFT JOIN labeling_instrument instrument ON instrument.project_id = project.id
    WHERE token.digest = %s AND person.is_active"""  # noqa: S608


def person_by_token(digest: str) -> ApiToken | None:
    """The API token with this digest, with its person; None if it is not known or the person is not active."""
    row = _fetch_one(_PERSON_BY_TOKEN, [digest])
    return None if row is None else _token(row)


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
    return None if row is None else _lease(row, person)


def token_and_lease(digest: str, pk: UUID) -> tuple[ApiToken, Assignment | None] | None:
    """What `person_by_token` finds, and that person's lease of that id as `lease_of` finds it."""
    row = _fetch_one(_TOKEN_AND_LEASE, [_lease_key(pk), digest])
    if row is None:
        return None
    token = _token(row)
    rest = row[len(_TOKEN) + len(_PERSON) :]
    return token, None if rest[0] is None else _lease(rest, token.person)


def content_shown(lease: Assignment) -> Content:
    """What a lease shows: as it came with the lease, or read now."""
    if lease.content is None:
        row = _fetch_one(_content_statement(), [lease.comparison_id, lease.comparison_id])
        lease.content = read_content(row[0])  # type: ignore[index]
    return lease.content


@cache
def _content_statement() -> str:
    return f"SELECT {content_of('%s')}"


def _token(row: tuple[Any, ...]) -> ApiToken:
    token = _TOKEN.read(row[: len(_TOKEN)])
    token.person = _PERSON.read(row[len(_TOKEN) : len(_TOKEN) + len(_PERSON)])
    return token


def _lease(row: tuple[Any, ...], person: Person) -> Assignment:
    lease = _ASSIGNMENT.read(row[: len(_ASSIGNMENT)])
    lease.project, lease.annotator = _project(row[len(_ASSIGNMENT) :]), person
    return lease


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
