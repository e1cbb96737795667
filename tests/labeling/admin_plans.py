"""`python -m tests.labeling.admin_plans SIZE`: fill the environment's database and say how its administration asks it.

Prints {page: {"statements", "scans", "seen"}}: how many statements a page needs, which of the large tables a statement
reads row by row as the engine itself plans it, and how many rows the page shows.
"""

import json
import re
import sys
from typing import Any

from django.db import connection
from django.test.utils import setup_test_environment

from benchmarks.admin_subject import fill, logged_in, opened, pages_of, with_next_pages

LARGE = (
    "labeling_judgment",
    "labeling_comparison",
    "labeling_assignment",
    "labeling_review",
    "labeling_response",
    "labeling_comparisonresponse",
    "runs_run",
    "runs_runmetric",
)


def scans_of(statement: str) -> list[str]:
    """The large tables that are read whole, and the index that is read whole only to throw most of it away."""
    if not statement.startswith("SELECT"):
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (FORMAT JSON, ANALYZE) {statement}")
            plan = cursor.fetchone()[0]
            return _wasteful(plan[0]["Plan"])
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
        steps = [row[3] for row in cursor.fetchall()]
    # In the order of its own key a table may be scanned, if nothing is sifted or sorted on the way: LIMIT ends it.
    sifts = " WHERE " in statement or any("TEMP B-TREE" in step for step in steps)
    return [step for step in steps if sifts and re.fullmatch(rf"SCAN ({'|'.join(LARGE)})", step)]


def _wasteful(node: dict[str, Any]) -> list[str]:
    found = []
    if node.get("Relation Name") in LARGE:
        removed = node.get("Rows Removed by Filter", 0)
        if node["Node Type"] == "Seq Scan" or removed > 1000:
            found.append(f"{node['Node Type']} on {node['Relation Name']}, {removed} rows removed")
    for child in node.get("Plans", ()):
        found += _wasteful(child)
    return found


def main(size: int) -> None:
    filled = fill(size)
    client = logged_in(filled.owner)
    pages = with_next_pages(client, pages_of(filled))
    setup_test_environment()
    told = {}
    for name, path in pages.items():
        response, statements = opened(client, path)
        changelist = (response.context or {}).get("cl")
        told[name] = {
            "statements": len(statements),
            "scans": [scan for statement in statements for scan in scans_of(statement)],
            "seen": len(changelist.result_list) if changelist is not None else None,
        }
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
