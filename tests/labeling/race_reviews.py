"""A process in which many reviewers reach for the same comparisons; prints what was stored as JSON.

Run by test_review_races.py with the database of its choice: python -m tests.labeling.race_reviews REVIEWERS COMPARISONS
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

from labeling.errors import ReviewMovedOn  # noqa: E402
from labeling.invariants import find_violations  # noqa: E402
from labeling.models import Comparison, Judgment, Review, ReviewItem  # noqa: E402
from labeling.services.adjudication import adjudicate, open_adjudication  # noqa: E402
from labeling.services.examination import examine_new  # noqa: E402
from labeling.services.reviews import accept, return_judgment, seen_state  # noqa: E402
from labeling.verdicts import Verdict  # noqa: E402
from tests.factories import make_comparison, make_member, make_project  # noqa: E402
from tests.labeling.test_examination import judge  # noqa: E402


def decide(comparison, reviewer, draw):
    """Accept, return or adjudicate, whichever the reviewer draws."""
    seen = seen_state(comparison)
    match draw.randrange(3):
        case 0:
            accept(comparison=comparison, reviewer=reviewer, seen=seen)
        case 1:
            judgment = Judgment.objects.filter(comparison=comparison, purpose="work").first()
            return_judgment(judgment=judgment, reviewer=reviewer, comment="Why?", seen=seen)
        case 2:
            lease = open_adjudication(comparison=comparison, reviewer=reviewer)
            verdict = Verdict(ranking=tuple((pk,) for pk in lease.shown_order))
            adjudicate(assignment=lease, verdict=verdict, client_id=uuid.uuid4())


def review_everything(project, reviewer, start, outcomes, errors):
    draw = random.Random(reviewer.pk)
    start.wait()
    try:
        for comparison in Comparison.objects.filter(project=project).order_by("pk"):
            examine_new(project=project)
            try:
                decide(comparison, reviewer, draw)
                outcomes.append("decided")
            except ReviewMovedOn:
                outcomes.append("told")
    except Exception as error:  # reported to the test, which fails on any
        errors.append(repr(error))
    finally:
        connection.close()


def main(threads, comparisons):
    project = make_project(judgments_per_comparison=2)
    for _ in range(comparisons):
        make_comparison(project)
        for order in ((0, 1), (1, 0)):
            judge(project, make_member(project), order)
    reviewers = [make_member(project, "reviewer") for _ in range(threads)]
    start = threading.Barrier(threads)
    outcomes, errors = [], []
    workers = [
        threading.Thread(target=review_everything, args=(project, one, start, outcomes, errors)) for one in reviewers
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    adjudications = Judgment.objects.filter(purpose="adjudication", revision=1)
    doubled = ReviewItem.objects.values("judgment", "sign").annotate(n=Count("pk")).filter(n__gt=1)
    # A comparison that is adjudicated waits for nobody, and nobody says anything after the last word.
    after = sum(
        Review.objects.filter(judgment__comparison=one.comparison_id, created_at__gt=one.judged_at).count()
        for one in adjudications
    )
    sys.stdout.write(
        json.dumps(
            {
                "answered": len(outcomes),
                "is_contested": "told" in outcomes and "decided" in outcomes,
                "adjudicated_twice": adjudications.values("comparison").annotate(n=Count("pk")).filter(n__gt=1).count(),
                "items_doubled": doubled.count(),
                "items_on_adjudicated": ReviewItem.objects.filter(
                    closed_at=None, comparison__in=adjudications.values("comparison")
                ).count(),
                "reviewed_after_the_last_word": after,
                "violations": [violation.rule for violation in find_violations()],
                "errors": errors,
            }
        )
    )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
