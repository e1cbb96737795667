"""A config or a result as rows that a person can read."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import ngettext

MOST_CHARACTERS = 200


def flatten(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Names with dots and their values as text, nested objects opened: {"a": {"b": 1}} → [("a.b", "1")].

    Lists of objects are counted, long texts shortened, figures rounded to six significant digits.
    """
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows.extend(flatten(value, f"{prefix}{name}."))
        else:
            rows.append((f"{prefix}{name}", _text(value)))
    return rows


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return ngettext("%(count)d entry", "%(count)d entries", len(value)) % {"count": len(value)}
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
