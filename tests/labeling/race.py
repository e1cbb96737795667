"""A process in which many annotators race for the last slots of a project; prints what was stored as JSON.

Run by test_races.py with the database of its choice: python -m tests.labeling.race SETTING, where SETTING is the JSON
of a `Setting`.
"""

import json
import random
import sys
import threading
import uuid
from dataclasses import dataclass, field

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.db.models import Count  # noqa: E402

from labeling.invariants import find_violations  # noqa: E402
from labeling.models import Assignment, Comparison, GoldAnswer, Judgment  # noqa: E402
from labeling.queries import comparisons_above_target  # noqa: E402
from labeling.services.assignments import hold, lease_next  # noqa: E402
from labeling.services.judgments import submit_and_lease, submit_judgment  # noqa: E402
from labeling.verdicts import Verdict  # noqa: E402
from tests.factories import make_comparison, make_member, make_project  # noqa: E402


@dataclass
class Setting:
    """Who races for what.

    Args:
        held: how many leases each asks for at a time.
        asks_with_the_answer: the next comparison comes with the answer to a verdict.
        gold: so many of the comparisons are gold.
        project: further fields of the project.
    """

    annotators: int
    comparisons: int
    target: int
    held: int = 1
    asks_with_the_answer: bool = False
    gold: int = 0
    project: dict = field(default_factory=dict)


def judge_until_empty(setting, project, annotator, start, errors):
    """Judge as fast as possible until nothing is left; every fifth submit is sent twice."""
    draw = random.Random(annotator.pk)
    try:
        start.wait()
        while leases := hold(project=project, annotator=annotator, count=setting.held):
            for lease in leases:
                judge(setting, lease, draw)
    except Exception as error:  # reported to the test, which fails on any
        errors.append(repr(error))
    finally:
        connection.close()


def judge(setting, lease, draw):
    while lease is not None:
        order = list(lease.shown_order)
        draw.shuffle(order)
        verdict = Verdict(ranking=tuple((response,) for response in order))
        client_id = uuid.uuid4()
        answered, lease = lease, None
        if setting.asks_with_the_answer:
            _stored, lease = submit_and_lease(assignment=answered, verdict=verdict, client_id=client_id)
        else:
            submit_judgment(assignment=answered, verdict=verdict, client_id=client_id)
        if draw.random() < 0.2:
            submit_judgment(assignment=answered, verdict=verdict, client_id=client_id)


def drain(setting, project, people):
    """Let everybody judge in turn what opened after they had gone; returns how much that was."""
    draw, count = random.Random(1), 0
    while leases := [one for one in (lease_next(project=project, annotator=person) for person in people) if one]:
        for lease in leases:
            verdict = Verdict(ranking=tuple((response,) for response in draw.sample(lease.shown_order, 2)))
            submit_judgment(assignment=lease, verdict=verdict, client_id=uuid.uuid4())
            count += 1
    return count


def main(setting):
    project = make_project(
        slug=f"race-{uuid.uuid4().hex[:12]}", judgments_per_comparison=setting.target, **setting.project
    )
    with transaction.atomic():
        made = [make_comparison(project) for _ in range(setting.comparisons)]
    for comparison in made[: setting.gold]:
        GoldAnswer.objects.create(comparison=comparison, ranking=[])
    people = [make_member(project, email=f"{n}@{project.slug}.example.org") for n in range(setting.annotators)]
    start = threading.Barrier(setting.annotators)
    errors = []
    workers = [
        threading.Thread(target=judge_until_empty, args=(setting, project, one, start, errors)) for one in people
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    left = drain(setting, project, people)
    judgments, comparisons = Judgment.objects.filter(project=project), Comparison.objects.filter(project=project)
    leases = Assignment.objects.filter(project=project)
    doubled = judgments.values("comparison", "annotator", "purpose").annotate(n=Count("pk")).filter(n__gt=1)
    targets = list(comparisons.values_list("target_judgments", flat=True))
    sys.stdout.write(
        json.dumps(
            {
                "counted": judgments.filter(is_surplus=False).count(),
                "wanted": sum(targets),
                "surplus": judgments.filter(is_surplus=True).count(),
                "above_target": comparisons_above_target(project).count(),
                "doubled": doubled.count(),
                "slots_open": sum(comparisons.values_list("open_slots", flat=True)),
                "leases_open": leases.filter(state="open").count(),
                "left": left,
                "most_wanted": max(targets),
                "drawn": dict(leases.values_list("drawn_by").annotate(n=Count("pk"))),
                "violations": [violation.rule for violation in find_violations()],
                "errors": errors,
            }
        )
    )


if __name__ == "__main__":
    main(Setting(**json.loads(sys.argv[1])))
