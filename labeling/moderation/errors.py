"""How moderation can be asked for what it cannot do."""

from preferences.errors import PreferenceError


class InvalidChecks(PreferenceError):
    """No check has this name, it has no such setting, or the setting cannot have this value."""


class InvalidScores(PreferenceError):
    """A line of a classifier's scores that cannot be read."""
