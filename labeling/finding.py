"""Finding rows by what names them within a project, however many there are and whatever the planner thinks of them.

Each name is looked up in an index of its own. Of a list of names PostgreSQL prefers to read the whole project while a
table is new and nothing is known of it yet, which an import of a fresh project meets with every chunk; and a plan made
for a small table is kept, so that these statements are planned anew each time.
"""

import json
from collections.abc import Iterable, Mapping

from django.db import connection

from labeling.models import Project

_PROMPT = "SELECT id FROM labeling_prompt WHERE project_id = %s AND content_hash = wanted.name"
_COMPARISON = (
    "SELECT c.id FROM labeling_prompt p JOIN labeling_comparison c ON c.prompt_id = p.id "
    "WHERE p.project_id = %s AND p.content_hash = wanted.prompt AND c.content_hash = wanted.name"
)


def stored_prompts(project: Project, names: Iterable[str]) -> dict[str, int]:
    """The ids of a project's prompts with these content hashes, by hash; those that are not there are left out."""
    return _found(_PROMPT, project, dict.fromkeys(names, ""))


def stored_comparisons(project: Project, prompts: Mapping[str, str]) -> dict[str, int]:
    """The ids of a project's comparisons by content hash; those that are not there are left out.

    Args:
        prompts: the hash of each comparison's prompt, by the comparison's own.
    """
    return _found(_COMPARISON, project, prompts)


def _found(one: str, project: Project, wanted: Mapping[str, str]) -> dict[str, int]:
    """Ids by name; `one` selects the id of what `wanted` names."""
    if not wanted:
        return {}
    is_postgresql = connection.vendor == "postgresql"
    texts = "string_to_table(%s::text, ',')"  # one text is faster to send than a list
    each = (
        f"ROWS FROM ({texts}, {texts}) AS wanted (name, prompt)"
        if is_postgresql
        else "(SELECT key AS name, value AS prompt FROM json_each(%s)) AS wanted"
    )
    statement = f"SELECT wanted.name, ({one}) FROM {each}"  # noqa: S608  ours, all of it
    with connection.cursor() as cursor:
        if is_postgresql:
            with connection.wrap_database_errors:
                values = [project.pk, ",".join(wanted), ",".join(wanted.values())]
                cursor.cursor.execute(statement, values, prepare=False)
        else:
            cursor.execute(statement, [project.pk, json.dumps(wanted)])
        return {name: pk for name, pk in cursor.fetchall() if pk is not None}
