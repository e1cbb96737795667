"""Filters whose choices cost nothing, on columns that an index serves.

A filter `needs` others when its index begins with their columns: until those are set it says so and narrows nothing.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.contrib.admin import ListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

MAX_WORD_CHARACTERS = 254


class Narrowing(ListFilter):
    """A filter with parameters of its own; `wanted` is what the address asks for, "" where it asks for nothing."""

    parameters: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    needs_said: ClassVar[Any] = _("Choose a project first.")

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.wanted = {name: params.pop(name, [""])[-1].strip() for name in self.parameters}
        self.is_ready = not self.needs or any(request.GET.get(name, "").strip() for name in self.needs)

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.parameters)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.narrow(queryset) if self.is_ready and any(self.wanted.values()) else queryset

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        raise NotImplementedError

    def others(self, changelist: ChangeList) -> list[tuple[str, str]]:
        """What the form of this filter has to carry on of the address."""
        return [(name, value) for name, value in changelist.params.items() if name not in self.parameters]

    def without(self, changelist: ChangeList) -> str:
        """The address that no longer asks for this."""
        return changelist.get_query_string(dict.fromkeys(self.parameters))


class ChoiceFilter(Narrowing):
    """One of the values that a column may have."""

    column: ClassVar[str] = ""
    template = "admin/choice_filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        field = model._meta.get_field(self.column)
        self.title = self.title or field.verbose_name
        self.values = [(str(value), label) for value, label in self.choices_of(field)]
        super().__init__(request, params, model, model_admin)

    def choices_of(self, field: Any) -> Sequence[tuple[Any, Any]]:
        return [choice for choice in field.flatchoices if choice[0] != ""]

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        value = self.wanted[self.column]
        return rows.filter(**{self.column: value}) if value in dict(self.values) else rows.none()

    def choices(self, changelist: ChangeList) -> Any:
        value = self.wanted[self.column]
        yield {"selected": not value, "query_string": self.without(changelist), "display": _("All")}
        for one, label in self.values:
            address = changelist.get_query_string({self.column: one})
            yield {"selected": one == value, "query_string": address, "display": capfirst(str(label))}


def choice(column: str, *, needs: tuple[str, ...] = ()) -> type[ChoiceFilter]:
    """A filter by the values of a column with choices."""
    return type(f"{column}_filter", (ChoiceFilter,), {"column": column, "parameters": (column,), "needs": needs})


class WordFilter(Narrowing):
    """A row of another table, named by something that it is known by; some are suggested, none is listed in full."""

    template = "admin/word_filter.html"
    hint: ClassVar[Any] = ""

    def suggestions(self) -> Sequence[tuple[str, str]]:
        """Some words that can be typed, and what stands beside each; a bounded number."""
        return ()

    def choices(self, changelist: ChangeList) -> Any:
        yield {
            "name": self.parameters[0],
            "value": self.wanted[self.parameters[0]][:MAX_WORD_CHARACTERS],
            "others": self.others(changelist),
            "without": self.without(changelist),
            "suggestions": self.suggestions(),
        }


class TimeFilter(Narrowing):
    """From one day to another, both included, in the installation's time zone."""

    title = _("time")
    template = "admin/time_filter.html"
    parameters = ("since", "until")
    column: ClassVar[str] = "created_at"

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        since, until = (_day(self.wanted[name]) for name in self.parameters)
        if since is not None:
            rows = rows.filter(**{f"{self.column}__gte": _start(since)})
        if until is not None and until < date.max:
            rows = rows.filter(**{f"{self.column}__lt": _start(until + timedelta(days=1))})
        return rows

    def choices(self, changelist: ChangeList) -> Any:
        days = {name: _day(self.wanted[name]) for name in self.parameters}
        yield {
            **{name: day.isoformat() if day else "" for name, day in days.items()},
            "others": self.others(changelist),
            "without": self.without(changelist),
            "is_set": any(days.values()),
        }


def time(column: str, *, needs: tuple[str, ...] = ()) -> type[TimeFilter]:
    """A filter by the days of a column with times."""
    return type(f"{column}_filter", (TimeFilter,), {"column": column, "needs": needs})


def _day(words: str) -> date | None:
    try:
        return parse_date(words)
    except ValueError:  # 2026-02-30
        return None


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
