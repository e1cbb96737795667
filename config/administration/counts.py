"""How many rows a list has, for a price that does not grow with the table."""

from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection
from django.db.models import Model, QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _

COUNTED = 1000  # rows: beyond that a list says "more than"


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows, and how well it is known."""

    rows: int
    known: Literal["exactly", "at least", "about"] = "exactly"

    def said_of(self, things: str) -> str:
        """The count in words, such as "more than 1,000 judgments"."""
        words = {"count": number_format(self.rows, force_grouping=True), "things": things}
        if self.known == "at least":
            return _("more than %(count)s %(things)s") % words
        if self.known == "about":
            return _("about %(count)s %(things)s") % words
        return _("%(count)s %(things)s") % words


def counted(rows: QuerySet[Any]) -> Count:
    """Count up to 1,000 rows, in their order, so that the index which gives the page gives the count as well."""
    found = rows.values("pk")[: COUNTED + 1].count()
    return Count(found) if found <= COUNTED else Count(COUNTED, "at least")


def estimated(model: type[Model]) -> Count | None:
    """What PostgreSQL's statistics say of a table's size, to two digits; None for a small table and other engines."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
        rows = cursor.fetchone()[0]
    return Count(_two_digits(rows), "about") if rows > COUNTED else None


def _two_digits(rows: int) -> int:
    step = 10 ** (len(str(rows)) - 2)
    return round(rows / step) * step
