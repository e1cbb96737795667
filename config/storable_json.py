"""What JSON can say and a database cannot keep, or not give back to everybody who asks for it."""

import math
from typing import Any

from django.utils.translation import gettext as _

from config.errors import PlumblineError

DEEPEST = 64
LARGEST = 2**63 - 1


class NotStorable(PlumblineError):
    """A value that would break the row that holds it."""

    code = "invalid"
    status = 400


def require_storable(value: Any) -> None:
    """Raise NotStorable for half a character, NUL, a number that is not finite or too large, or too deep a nesting."""
    level = [value]
    for _depth in range(DEEPEST):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += [*one.keys(), *one.values()]
            elif isinstance(one, list | tuple):
                inner += one
            elif isinstance(one, str):
                _require_storable_text(one)
            elif isinstance(one, int | float):
                _require_storable_number(one)
        level = inner
    if level:
        raise too_deep()


def too_deep() -> NotStorable:
    return NotStorable(_("The JSON is nested too deeply. At most %(most)s levels are taken.") % {"most": DEEPEST})


def _require_storable_text(text: str) -> None:
    if "\0" in text:
        raise NotStorable(_("The request holds a NUL character, which cannot be stored. Leave it out."))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotStorable(_("The JSON holds half a character. Send valid Unicode.")) from None


def _require_storable_number(number: float) -> None:
    if not math.isfinite(number) if isinstance(number, float) else abs(number) > LARGEST:
        raise NotStorable(_("The JSON holds a number that is infinite or too large."))
