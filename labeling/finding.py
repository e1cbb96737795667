"""Finding rows by what names them within a project, however many there are and whatever the planner thinks of them."""

import json
from collections.abc import Iterable

from django.db import connection, models

from labeling.models import Project


def stored_ids(model: type[models.Model], project: Project, names: Iterable[str]) -> dict[str, int]:
    """The ids of a project's rows with these content hashes, by hash; those that are not there are left out.

    Each hash is looked up in the index of its own. Of a list of hashes PostgreSQL prefers to read the whole project
    while a table is new and nothing is known of it yet, which an import of a fresh project meets with every chunk; and
    a plan made for a small table is kept, so that this statement is planned anew each time.

    Args:
        model: with a unique index of project and `content_hash`.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    table = connection.ops.quote_name(model._meta.db_table)
    is_postgresql = connection.vendor == "postgresql"
    each = "string_to_table(%s::text, ',') AS wanted (value)" if is_postgresql else "json_each(%s) AS wanted"
    statement = (
        f"SELECT value, (SELECT id FROM {table} WHERE project_id = %s AND content_hash = wanted.value) "  # noqa: S608
        f"FROM {each}"  # our own names
    )
    with connection.cursor() as cursor:
        if is_postgresql:  # one text is faster to send than a list
            with connection.wrap_database_errors:
                cursor.cursor.execute(statement, [project.pk, ",".join(wanted)], prepare=False)
        else:
            cursor.execute(statement, [project.pk, json.dumps(wanted)])
        return {name: pk for name, pk in cursor.fetchall() if pk is not None}
