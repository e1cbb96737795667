"""What every test shares: a database that can be emptied, and the folder of real data when there is one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import TransactionTestCase


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


@pytest.fixture
def data_folder() -> Path:
    """The folder of real preference data, named by PLUMBLINE_DATA; skips aloud when there is none."""
    folder = os.environ.get("PLUMBLINE_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("PLUMBLINE_DATA names no folder with real preference data")
    return Path(folder)
