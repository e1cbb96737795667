"""How one person wants the workbench: their keys, whether single keys work at all, when to be reminded of a break.

A key is a physical one, by the name browsers give it (`KeyJ`, `Digit0`): a Hangul layout changes what a key writes, not
where it is.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from labeling.errors import InvalidPreferences
from labeling.models import Person

DEFAULT_KEYS: dict[str, str] = {
    "first": "Digit1",
    "second": "Digit2",
    "much-first": "",
    "much-second": "",
    "towards-a": "ArrowLeft",
    "towards-b": "ArrowRight",
    "tie": "Digit0",
    "all-bad": "KeyB",
    "next-card": "KeyJ",
    "previous-card": "KeyK",
    "submit": "Enter",
    "skip": "KeyS",
    "undo": "KeyU",
    "reason": "KeyC",
    "ratings": "KeyE",
    "write": "KeyW",
    "diff": "KeyD",
    "raw": "KeyR",
    "guidelines": "KeyG",
}
CODE = re.compile(
    r"Key[A-Z]|Digit[0-9]|Enter|Backspace|Arrow(?:Left|Right)|F(?:[2-9]|1[0-2])|Numpad(?:0|Add|Subtract|Multiply|Divide)"
    r"|Backquote|Minus|Equal|Bracket(?:Left|Right)|Backslash|Semicolon|Quote|Comma|Period|Slash|IntlBackslash|IntlRo|IntlYen"
)
CHOOSING = re.compile(r"Digit[1-9]")  # they choose or give a place, whatever else is set
BREAK_MINUTES = (0, 25, 50, 90)  # 0: no reminder
DEFAULT_BREAK_MINUTES = 50


def workbench_preferences(person: Person) -> dict[str, Any]:
    """What holds for this person, as the page reads it: `{"keys": {action: code}, "single_keys", "break_minutes"}`."""
    own = person.preferences
    keys = own.get("keys", {})
    return {
        "keys": {action: keys.get(action, code) for action, code in DEFAULT_KEYS.items()},
        "single_keys": own.get("single_keys", True),
        "break_minutes": own.get("break_minutes", DEFAULT_BREAK_MINUTES),
    }


def set_workbench_preferences(
    *, person: Person, keys: Mapping[str, str], single_keys: bool, break_minutes: int
) -> dict[str, Any]:
    """Store how this person wants the workbench; an action whose key is not named keeps the usual one.

    Raises: InvalidPreferences for an unknown action, something that is no key, or a key that would do two things.
    """
    if break_minutes not in BREAK_MINUTES:
        raise InvalidPreferences(_("Choose one of the times offered."), fields={"break_minutes": break_minutes})
    chosen = {action: keys.get(action, code) for action, code in DEFAULT_KEYS.items()}
    for action in sorted(set(keys) - set(DEFAULT_KEYS)):
        raise InvalidPreferences(_("There is no action “%(action)s”.") % {"action": action[:40]}, fields={action: ""})
    taken: dict[str, str] = {}
    for action, code in chosen.items():
        if not code and not DEFAULT_KEYS[action]:
            continue
        if not CODE.fullmatch(code):
            raise InvalidPreferences(
                _("“%(key)s” cannot be a key of its own. Choose a letter, a digit, a sign or Enter.")
                % {"key": code[:40]},
                fields={action: code},
            )
        if code in taken or (CHOOSING.fullmatch(code) and code != DEFAULT_KEYS[action]):
            raise InvalidPreferences(
                _("“%(key)s” already does something else. Choose another key, or change that one first.")
                % {"key": code},
                fields={action: code, **({taken[code]: code} if code in taken else {})},
            )
        taken[code] = action
    person.preferences = {
        **person.preferences,
        "keys": {action: code for action, code in chosen.items() if code != DEFAULT_KEYS[action]},
        "single_keys": single_keys,
        "break_minutes": break_minutes,
    }
    person.save(update_fields=["preferences"])
    return workbench_preferences(person)
