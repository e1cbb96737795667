"""A process in which the same pages are sent several times in the same moment; prints how many of each came of it.

Run by test_sent_twice.py with the database of its choice: python -m tests.rewardmodel.sending_at_once.
"""

import json
import sys
import threading
import uuid

import django

django.setup()

from django.db import connection  # noqa: E402

from rewardmodel.models import Sweep  # noqa: E402
from rewardmodel.services.score import queue_scoring  # noqa: E402
from rewardmodel.services.sweep import queue_sweep  # noqa: E402
from rewardmodel.services.train import queue_training  # noqa: E402
from runs.models import Run  # noqa: E402
from tests.factories import make_comparison, make_person, make_project  # noqa: E402
from tests.rewardmodel.rows import make_reward_model, make_snapshot  # noqa: E402

TIMES = 6


def at_once(work):
    """Do it in threads of their own that begin together; returns what went wrong."""
    start, errors = threading.Barrier(TIMES), []

    def once():
        try:
            start.wait()
            work()
        except Exception as error:  # reported to the test, which fails on any
            errors.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=once) for _ in range(TIMES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def main():
    project = make_project()
    make_comparison(project)
    snapshot = make_snapshot(project, prompts=6)
    model, engineer = make_reward_model(snapshot=snapshot), make_person("engineer")
    sent = {"created_by": engineer, "client_id": uuid.uuid4()}
    errors = at_once(lambda: queue_sweep(snapshot=snapshot, vary={"epochs": [1, 2]}, **sent))
    sent = {"created_by": engineer, "client_id": uuid.uuid4()}
    errors += at_once(lambda: queue_training(snapshot=snapshot, **sent))
    sent = {"created_by": engineer, "client_id": uuid.uuid4()}
    errors += at_once(lambda: queue_scoring(reward_model=model, project=project, **sent))
    runs = {kind: Run.objects.filter(kind=kind).count() for kind in ("train_reward", "score_responses")}
    sys.stdout.write(json.dumps({"errors": errors, "sweeps": Sweep.objects.count(), **runs}))


if __name__ == "__main__":
    main()
