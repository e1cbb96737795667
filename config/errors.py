"""The root of every error a person can cause. Each app's `errors.py` derives its own base from it."""

from typing import Any


class PlumblineError(Exception):
    """An expected failure: a sentence that says what, which and what to do, with the HTTP status that means it."""

    code = "error"
    status = 400

    def __init__(self, message: str, *, fields: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}
