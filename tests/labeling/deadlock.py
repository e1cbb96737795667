"""A process in which a writer and another transaction of PostgreSQL wait for each other; prints what came of it.

Run by test_deadlocks.py: python -m tests.labeling.deadlock. The other one holds the row that the writer locks second,
waits until the writer waits, and wants the row that the writer has. It is patient, so the writer is ended.
"""

import json
import sys
import threading
import time
import uuid

import django

django.setup()

import psycopg  # noqa: E402
from django.db import OperationalError, connection  # noqa: E402

from labeling.deadlocks import DEADLOCK  # noqa: E402
from labeling.services.adjudication import adjudicate, open_adjudication  # noqa: E402
from labeling.services.assignments import lease_next, skip  # noqa: E402
from labeling.services.judgments import submit_judgment  # noqa: E402
from labeling.verdicts import Verdict  # noqa: E402
from tests.factories import make_comparison, make_member, make_project  # noqa: E402

ASSIGNMENT = "SELECT 1 FROM labeling_assignment WHERE id = %s FOR UPDATE"
COMPARISON = "SELECT 1 FROM labeling_comparison WHERE id = %s FOR UPDATE"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def race(write, lease, *, first, second):
    """Let `write` meet a transaction that locks, of the lease's rows, `second` and then `first`."""
    rows = {ASSIGNMENT: lease.pk, COMPARISON: lease.comparison_id}
    ended = []

    def count(execute, sql, params, many, context):
        try:
            return execute(sql, params, many, context)
        except OperationalError as error:
            ended.append(error.__cause__.sqlstate)
            raise

    def written():
        with connection.execute_wrapper(count):
            write()
        connection.close()

    writer = threading.Thread(target=written)
    connection.ensure_connection()
    parameters = connection.get_connection_params()
    address = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname") if name in parameters}
    with psycopg.connect(**address) as other:
        other.execute("SET LOCAL deadlock_timeout = '1min'")
        other.execute(second, [rows[second]])
        writer.start()
        with connection.cursor() as cursor:
            while not cursor.execute(WAITING).fetchone()[0]:
                time.sleep(0.01)
        other.execute(first, [rows[first]])
    writer.join()
    lease.refresh_from_db()
    return {"was_ended": DEADLOCK in ended, "stored": lease.state}


def answer_of(lease):
    ranking = tuple((response,) for response in lease.shown_order)
    return {"assignment": lease, "verdict": Verdict(ranking=ranking), "client_id": uuid.uuid4()}


def main():
    project = make_project(slug=f"deadlock-{uuid.uuid4().hex[:12]}", judgments_per_comparison=2, most_judgments=3)
    for _ in range(3):
        make_comparison(project)
    annotator, reviewer = make_member(project), make_member(project, "reviewer")
    outcomes = {}
    lease = lease_next(project=project, annotator=annotator)
    answer = answer_of(lease)
    outcomes["answer"] = race(lambda: submit_judgment(**answer), lease, first=ASSIGNMENT, second=COMPARISON)
    skipped = lease_next(project=project, annotator=annotator)
    write = lambda: skip(assignment=skipped, reason="unclear")  # noqa: E731
    outcomes["skip"] = race(write, skipped, first=ASSIGNMENT, second=COMPARISON)
    own = open_adjudication(comparison=lease.comparison, reviewer=reviewer)
    verdict = answer_of(own)
    outcomes["adjudication"] = race(lambda: adjudicate(**verdict), own, first=COMPARISON, second=ASSIGNMENT)
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main()
