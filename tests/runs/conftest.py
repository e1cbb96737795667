import pytest

from runs import interruption, kinds
from tests.runs.trial import register_kinds


@pytest.fixture(autouse=True)
def _trial_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial kinds exist while a test of runs runs, and nowhere else."""
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    register_kinds()
    interruption.stay()
