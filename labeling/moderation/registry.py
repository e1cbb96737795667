"""The checks by name, and their settings as a project keeps them: `{"length": {"most_words": 500}}`."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, cast

from labeling.moderation.classifier import Classifier
from labeling.moderation.completeness import Empty, Truncated
from labeling.moderation.credentials import Secret
from labeling.moderation.duplicates import Duplicate
from labeling.moderation.errors import InvalidChecks
from labeling.moderation.findings import Check
from labeling.moderation.language import Language
from labeling.moderation.leakage import Leakage
from labeling.moderation.length import Length
from labeling.moderation.personal_data import PersonalData
from labeling.moderation.refusals import Refusal

CHECKS: dict[str, Any] = {
    check.name: check
    for check in (
        Empty,
        Truncated,
        Duplicate,
        Refusal,
        Leakage,
        Secret,
        PersonalData,
        Language,
        Length,
        Classifier,
    )
}
MOST = 10_000_000
Settings = Mapping[str, Mapping[str, float]]


def settings_of(name: str) -> dict[str, float]:
    """A check's settings with their defaults; a share lies between 0 and 1, a count is whole."""
    return {field.name: cast(float, field.default) for field in fields(CHECKS[name])}


def build_checks(settings: Settings, names: Iterable[str] | None = None) -> tuple[Check, ...]:
    """The checks named (all of them by default), each with its settings or their defaults.

    Raises: InvalidChecks.
    """
    for name in (*settings, *(names or ())):
        if name not in CHECKS:
            raise InvalidChecks(f"There is no check “{name}”. There are: {', '.join(CHECKS)}.")
    wanted = CHECKS if names is None else set(names)
    return tuple(_build(name, settings.get(name, {})) for name in CHECKS if name in wanted)


def _build(name: str, given: Mapping[str, Any]) -> Check:
    known = settings_of(name)
    for setting, value in given.items():
        if setting not in known:
            there = ", ".join(known) or "none"
            raise InvalidChecks(f"The check “{name}” has no setting “{setting}”. It has: {there}.")
        if not _fits(value, is_share=isinstance(known[setting], float)):
            wanted = "a number from 0 to 1" if isinstance(known[setting], float) else "a whole number from 0 on"
            raise InvalidChecks(f"The setting “{setting}” of “{name}” is {value!r}; it is {wanted}.")
    return cast(Check, CHECKS[name](**given))


def _fits(value: Any, *, is_share: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float) if is_share else int):
        return False
    return 0 <= value <= 1 if is_share else 0 <= value <= MOST
