"""Values on an administration page, so that a person can read them."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

MOST_CHARACTERS = 20_000


def as_text(text: str) -> SafeString | str:
    """A text with its line breaks, cut where it is very long."""
    return format_html('<div class="told" dir="auto">{}</div>', _cut(text)) if text else "-"


def as_json(value: Any) -> SafeString | str:
    """Stored JSON, indented, in its own letters."""
    if value in (None, {}, []):
        return "-"
    return format_html('<pre class="told">{}</pre>', _cut(json.dumps(value, indent=2, ensure_ascii=False)))


def id_of(relation: str, label: Any) -> Callable[[Any], Any]:
    """A column with the id of what a row belongs to; nothing of that is read for it."""

    @admin.display(description=label)
    def shown(row: Any) -> Any:
        return getattr(row, f"{relation}_id")

    shown.__name__ = f"{relation}_id"
    return shown


def link(address: str, text: Any) -> SafeString:
    return format_html('<a href="{}">{}</a>', address, text)


def _cut(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    return text[:MOST_CHARACTERS] + _(" … (%(count)d more characters)") % {"count": len(text) - MOST_CHARACTERS}
