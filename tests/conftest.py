"""What every test shares: a database that can be emptied, and the folder of real data when there is one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck, settings

# How fast examples are made says something about the machine, not about the code. CI repeats its examples, so that what
# it refuses can be refused again; new ones are found by those who run the tests for themselves.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("PLUMBLINE_CI")),
)
settings.load_profile("any machine")


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
def _each_test_begins_in_english() -> Iterator[None]:
    """A request in Korean leaves its thread in Korean, and the next test runs in the same thread."""
    translation.activate("en")
    yield
    translation.activate("en")


@pytest.fixture
def data_folder() -> Path:
    """The folder of real preference data, named by PLUMBLINE_DATA; skips aloud when there is none."""
    folder = os.environ.get("PLUMBLINE_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("PLUMBLINE_DATA names no folder with real preference data")
    return Path(folder)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under CI a test that was skipped for want of a server or a browser is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("PLUMBLINE_CI") or reporter is None:
        return
    reasons = [str(report.longrepr[2]) for report in reporter.stats.get("skipped", [])]
    unwanted = [reason for reason in reasons if "PLUMBLINE_DATA" not in reason]
    if unwanted and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"CI skips nothing, but skipped: {unwanted}", red=True)
