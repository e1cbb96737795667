"""The installation's settings plus the trial kinds, for worker processes that tests start."""

import os

from kombu import Queue

from config.settings import *  # noqa: F403
from config.settings import CELERY_BEAT_SCHEDULE, INSTALLED_APPS, PLUMBLINE_HOME

INSTALLED_APPS = [*INSTALLED_APPS, "tests.runs.trial_app.TrialConfig"]
CELERY_TASK_DEFAULT_QUEUE = os.environ["PLUMBLINE_TEST_QUEUE"]
CELERY_TASK_QUEUES = [Queue(CELERY_TASK_DEFAULT_QUEUE, expires=120)]  # a server keeps nothing of a test for long
CELERY_BEAT_SCHEDULER = "celery.beat:PersistentScheduler"  # embedded in the worker, and nothing to clean up
CELERY_BEAT_SCHEDULE_FILENAME = str(PLUMBLINE_HOME / "schedule")
CELERY_BEAT_SCHEDULE = {
    name: {"task": entry["task"], "schedule": 1.0, "options": {"expires": 10}}
    for name, entry in CELERY_BEAT_SCHEDULE.items()
}
