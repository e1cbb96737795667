"""The context documents of a prompt, ready to be read beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labeling.models import Prompt
from labeling.rendering import Rendered, render

TEXT_FIELDS = ("text", "content")
TITLE_FIELDS = ("title", "name")


@dataclass(frozen=True)
class Document:
    """One document: its title if it has one, and either its text, rendered, or its data as it stands.

    `facts` is what else it says of itself, such as where it comes from.
    """

    title: str
    text: Rendered | None
    data: str = ""
    facts: str = ""


def documents_of(prompt: Prompt) -> list[Document]:
    """The documents of a prompt: a text, or {"title", "text" or "content"}; anything else is shown as data."""
    return [_document(given) for given in prompt.documents]


def _document(given: Any) -> Document:
    if isinstance(given, str):
        return Document("", render(given))
    if isinstance(given, Mapping):
        field = next((name for name in TEXT_FIELDS if isinstance(given.get(name), str)), None)
        titled = next((name for name in TITLE_FIELDS if isinstance(given.get(name), str)), None)
        if field:
            rest = [
                f"{name}: {value}"
                for name, value in given.items()
                if name not in (field, titled) and isinstance(value, str | int | float)
            ]
            return Document(given[titled] if titled else "", render(given[field]), facts=" · ".join(rest))
    return Document("", None, data=json.dumps(given, ensure_ascii=False, indent=2))
