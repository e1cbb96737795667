"""A process in which many workers race for the same runs; prints who got what as JSON.

Run by test_claiming.py with the database of its choice: python -m tests.runs.race THREADS RUNS
"""

import json
import random
import sys
import threading
from collections import Counter

import django

django.setup()

from django.db import connection  # noqa: E402

from runs.models import Run  # noqa: E402
from runs.services.claiming import claim_run  # noqa: E402
from runs.services.queueing import queue_run  # noqa: E402
from tests.runs.trial import register_kinds  # noqa: E402


def claim_everything(worker: str, ids: list[str], start: threading.Barrier, won: list[str], errors: list[str]) -> None:
    order = random.Random(worker).sample(ids, len(ids))
    try:
        start.wait()
        won.extend(run_id for run_id in order if claim_run(run_id=run_id, worker=worker) is not None)
    except Exception as error:  # reported to the test, which fails on any
        errors.append(repr(error))
    finally:
        connection.close()


def main(threads: int, runs: int) -> None:
    register_kinds()
    ids = [
        str(queue_run(kind=kind, config={}, title="race").pk)
        for kind in ("trial_count", "trial_child")
        for _ in range(runs)
    ]
    start, won, errors = threading.Barrier(threads), [], []
    workers = [
        threading.Thread(target=claim_everything, args=(f"worker-{number}", ids, start, won, errors))
        for number in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    running = Counter(Run.objects.filter(state="running").values_list("kind", flat=True))
    outcome = {
        "claimed_twice": [run_id for run_id, times in Counter(won).items() if times > 1],
        "in_worker": running["trial_count"],
        "computing": running["trial_child"],
        "attempts": sorted(set(Run.objects.filter(state="running").values_list("attempt", flat=True))),
        "errors": errors,
    }
    sys.stdout.write(json.dumps(outcome) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
