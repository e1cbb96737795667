"""What a snapshot was asked to hold, as words beside each other."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

NOTHING = "–"


def filters_in_words(filters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The filters that leave something out: (name, as `stored_words` knows it; value, "" for one that is only set)."""
    return [
        (name.replace("_", " "), "" if value is True else in_words(value)) for name, value in filters.items() if value
    ]


def in_words(value: Any) -> str:
    """A filter's value: names with commas between them, a sha256 by its beginning."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or NOTHING
    if value is True:
        return _("yes")
    if value in (None, False, ""):
        return NOTHING
    text = str(value)
    return text[:12] if len(text) == 64 else _(text)
