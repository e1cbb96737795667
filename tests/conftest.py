"""What every test shares: a home of its own, real servers when they are there, and people to act."""

import os
import tempfile
from pathlib import Path

# Before Django reads its settings: tests never touch the installation in var/.
_home = Path(tempfile.mkdtemp(prefix="plumbline-tests-"))
os.environ["PLUMBLINE_HOME"] = str(_home)
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright keeps an event loop in the test's thread
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")
if os.environ.get("PLUMBLINE_TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = os.environ["PLUMBLINE_TEST_DATABASE_URL"]
else:
    os.environ.pop("DATABASE_URL", None)

import shutil  # noqa: E402
from collections.abc import Iterator  # noqa: E402

import pytest  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import TransactionTestCase  # noqa: E402


def pytest_sessionfinish() -> None:
    shutil.rmtree(_home, ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def _flush_past_the_triggers() -> Iterator[None]:
    """Let a transactional test's database be emptied, although judgments refuse DELETE."""
    from labeling.triggers import install_triggers, remove_triggers

    original = TransactionTestCase._fixture_teardown

    def teardown(self: TransactionTestCase) -> None:
        remove_triggers(connection)
        try:
            original(self)
        finally:
            install_triggers(connection)

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = original


@pytest.fixture(autouse=True)
def _plain_static_files(settings: object) -> None:
    """Serve static files by their plain names: the manifest exists only after collectstatic."""
    settings.STORAGES = {  # type: ignore[attr-defined]
        **settings.STORAGES,  # type: ignore[attr-defined]
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def data_folder() -> Path:
    """The folder of real preference data, named by PLUMBLINE_DATA; skips aloud when there is none."""
    folder = os.environ.get("PLUMBLINE_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("PLUMBLINE_DATA names no folder with real preference data")
    return Path(folder)
