"""What a piece of text must be, before anything else is asked of it."""

from typing import Any

from preferences.errors import InvalidText


def check_text(text: str) -> str:
    """Give the text back if every engine and file can hold it.

    Raises: InvalidText for a NUL character (PostgreSQL holds none) or a lone surrogate (UTF-8 holds none).
    """
    if "\0" in text:
        raise InvalidText("The text holds a NUL character (U+0000).")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidText(f"The text holds a lone surrogate (U+{ord(text[error.start]):04X}).") from None
    return text


def check_texts_within(value: Any) -> None:
    """Apply `check_text` to every text in a JSON value, keys included."""
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            check_text(key)
            check_texts_within(item)
    elif isinstance(value, list):
        for item in value:
            check_texts_within(item)


def without_space(text: str) -> str:
    """Reduce every run of white space to one space: two responses with the same result look the same to a reader."""
    return " ".join(text.split())
