"""A process in which many annotators race for the last slots of a project; prints what was stored as JSON.

Run by test_races.py with the database of its choice: python -m tests.labeling.race THREADS COMPARISONS TARGET
"""

import json
import random
import sys
import threading
import uuid

import django

django.setup()

from django.db import connection  # noqa: E402
from django.db.models import Count  # noqa: E402

from labeling.models import Assignment, Comparison, Judgment  # noqa: E402
from labeling.queries import comparisons_above_target  # noqa: E402
from labeling.services.assignments import lease_next  # noqa: E402
from labeling.services.judgments import submit_judgment  # noqa: E402
from labeling.verdicts import Verdict  # noqa: E402
from tests.factories import make_comparison, make_member, make_project  # noqa: E402


def judge_until_empty(project, annotator, start, errors):
    """Judge as fast as possible until nothing is left; every fifth submit is sent twice."""
    draw = random.Random(annotator.pk)
    try:
        start.wait()
        while (assignment := lease_next(project=project, annotator=annotator)) is not None:
            order = list(assignment.shown_order)
            draw.shuffle(order)
            verdict = Verdict(ranking=tuple((response,) for response in order))
            client_id = uuid.uuid4()
            submit_judgment(assignment=assignment, verdict=verdict, client_id=client_id)
            if draw.random() < 0.2:
                submit_judgment(assignment=assignment, verdict=verdict, client_id=client_id)
    except Exception as error:  # reported to the test, which fails on any
        errors.append(repr(error))
    finally:
        connection.close()


def main(threads, comparisons, target):
    project = make_project(judgments_per_comparison=target)
    for _ in range(comparisons):
        make_comparison(project)
    people = [make_member(project) for _ in range(threads)]
    start = threading.Barrier(threads)
    errors = []
    workers = [threading.Thread(target=judge_until_empty, args=(project, one, start, errors)) for one in people]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    doubled = Judgment.objects.values("comparison", "annotator").annotate(n=Count("pk")).filter(n__gt=1).count()
    sys.stdout.write(
        json.dumps(
            {
                "stored": Judgment.objects.count(),
                "surplus": Judgment.objects.filter(is_surplus=True).count(),
                "above_target": comparisons_above_target(project).count(),
                "doubled": doubled,
                "slots_open": sum(Comparison.objects.values_list("open_slots", flat=True)),
                "leases_open": Assignment.objects.filter(state="open").count(),
                "errors": errors,
            }
        )
    )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
