"""The installation's settings plus the trial kinds, for worker processes that tests start."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.runs.trial.TrialConfig"]
