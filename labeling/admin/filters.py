"""Filters of labeling's lists: a project by its slug, a person by what they are known by."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.administration.filters import WordFilter
from config.administration.lists import Search
from config.administration.searches import LARGEST_NUMBER
from labeling.models import Person, Project

SUGGESTED = 100


class ProjectFilter(WordFilter):
    title = _("project")
    hint = _("its slug")
    parameters = ("project",)

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        # The id is asked for first: planned with it, PostgreSQL knows how many rows the project has.
        found = Project.objects.filter(slug=self.wanted["project"]).values_list("pk", flat=True).first()
        return rows.none() if found is None else rows.filter(project=found)

    def suggestions(self) -> Sequence[tuple[str, str]]:
        return list(Project.objects.order_by("-pk").values_list("slug", "name")[:SUGGESTED])


class PersonFilter(WordFilter):
    """Whose rows: by id, pseudonym or e-mail address."""

    title = _("person")
    hint = _("id, pseudonym or e-mail address")
    column: ClassVar[str] = "person"

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        found = person_known_as(self.wanted[self.parameters[0]])
        return rows.none() if found is None else rows.filter(**{self.column: found})


def person_filter(column: str, title: Any) -> type[PersonFilter]:
    """A filter by the person in a column."""
    return type(f"{column}_filter", (PersonFilter,), {"column": column, "parameters": (column,), "title": title})


def person(column: str) -> Search:
    """A search for rows of the person who is known by what was typed, other than by their id."""

    def search(words: str) -> Q | None:
        found = None if words.isdecimal() else person_known_as(words)
        return None if found is None else Q(**{column: found})

    return search


def person_known_as(words: str) -> int | None:
    """The id of the one person with this id, pseudonym or e-mail address."""
    known = Q(pseudonym=words) | Q(email=words.lower())
    if words.isascii() and words.isdecimal() and int(words) <= LARGEST_NUMBER:
        known |= Q(pk=int(words))
    return Person.objects.filter(known).values_list("pk", flat=True).first()
