"""The installation under test: a home of its own, and the engine that PLUMBLINE_TEST_DATABASE_URL names."""

import atexit
import os
import shutil
import tempfile

_home = tempfile.mkdtemp(prefix="plumbline-tests-")
_owner = os.getpid()
os.environ["PLUMBLINE_HOME"] = _home
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright keeps an event loop in the test's thread
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.pop("DATABASE_URL", None)
os.environ.pop("CELERY_BROKER_URL", None)
if os.environ.get("PLUMBLINE_TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = os.environ["PLUMBLINE_TEST_DATABASE_URL"]

from config.settings import *  # noqa: E402, F403
from config.settings import STORAGES  # noqa: E402

# Plain static file names: the manifest exists only after collectstatic.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = True
ACCOUNT_RATE_LIMITS = False  # the browser tests log in more often in a minute than one address may
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # logins in tests need no strength


@atexit.register
def _remove_home() -> None:
    if os.getpid() == _owner:
        shutil.rmtree(_home, ignore_errors=True)
