"""Reading judgments as the native format writes them."""

from datetime import UTC, datetime
from typing import Any, get_args

from preferences.errors import InvalidRanking, InvalidRow
from preferences.formats import fields
from preferences.records import JudgmentRecord, JudgmentSource, Ranking, validate_ranking

_SOURCES: dict[str, JudgmentSource] = {name: name for name in get_args(JudgmentSource)}


def ranking(value: Any, k: int, name: str) -> Ranking:
    """A list of groups of response indices, best group first."""
    if not isinstance(value, list) or not all(isinstance(group, list) for group in value):
        raise InvalidRow(f"“{name}” is not a list of groups of response indices.", reason="bad-judgment")
    try:
        return validate_ranking(value, k)
    except InvalidRanking as error:
        raise InvalidRow(f"“{name}”: {error}", reason="bad-judgment") from None


def judgment(value: dict[str, Any], k: int, name: str) -> JudgmentRecord:
    """One judgment of a comparison of K responses; who is not named counts as the one imported annotator."""
    source = fields.one_of(_SOURCES, value.get("source") or fields.IMPORTED, f"{name}, source")
    ratings = _ratings(value.get("ratings") or {}, name)
    order = value.get("ranking")
    is_silent = not order and (value.get("all_bad") or ratings or value.get("flags"))
    return JudgmentRecord(
        annotator=fields.text(value.get("annotator", fields.IMPORTED), f"{name}, annotator"),
        ranking=() if is_silent else ranking(order, k, f"{name}, ranking"),
        strength=_whole(value.get("strength"), f"{name}, strength"),
        all_bad=_truth(value.get("all_bad"), f"{name}, all_bad"),
        ratings=ratings,
        flags=tuple(fields.text(flag, f"{name}, flags") for flag in _list(value.get("flags"), f"{name}, flags")),
        reason=fields.text(value.get("reason") or "", f"{name}, reason", may_be_empty=True),
        dwell_ms=_whole(value.get("dwell_ms"), f"{name}, dwell_ms"),
        shown_order=tuple(
            _index(index, f"{name}, shown_order") for index in _list(value.get("shown_order"), f"{name}, shown_order")
        ),
        guideline_version=_whole(value.get("guideline_version"), f"{name}, guideline_version"),
        judged_at=time(value.get("judged_at"), f"{name}, judged_at"),
        source=source,
        is_surplus=_truth(value.get("is_surplus"), f"{name}, is_surplus"),
    )


def _ratings(value: Any, name: str) -> dict[int, dict[str, float]]:
    if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
        raise InvalidRow(f"“{name}, ratings” is not {{response index: {{attribute: value}}}}.", reason="bad-judgment")
    ratings: dict[int, dict[str, float]] = {}
    for index, by_attribute in value.items():
        if not index.isdecimal() or not index.isascii():
            raise InvalidRow(f"“{name}, ratings” names {index!r}, which is not an index.", reason="bad-judgment")
        for attribute, number in by_attribute.items():
            if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > 1e9:
                raise InvalidRow(f"“{name}, ratings, {attribute}” is not a number.", reason="bad-judgment")
        ratings[int(index)] = by_attribute
    return ratings


def _list(value: Any, name: str) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise InvalidRow(f"“{name}” is not a list.", reason="bad-judgment")
    return value or []


def _truth(value: Any, name: str) -> bool:
    if value is not None and not isinstance(value, bool):
        raise InvalidRow(f"“{name}” is neither true nor false.", reason="bad-judgment")
    return bool(value)


def _index(value: Any, name: str) -> int:
    number = _whole(value, name)
    if number is None:
        raise InvalidRow(f"“{name}” holds null.", reason="bad-judgment")
    return number


def _whole(value: Any, name: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
        raise InvalidRow(f"“{name}” is {value!r}, not a whole number.", reason="bad-judgment")
    return value


def time(value: Any, name: str) -> datetime | None:
    """A time in UTC; one without a zone is taken as UTC."""
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidRow(f"“{name}” is {value!r}, not a time (ISO 8601).", reason="bad-judgment") from None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
