"""Responses that are pictures: how a row names one, and what a record keeps of it.

A row brings a picture as {"picture": a data URL or a path, "alt"?: what it shows}. Whoever stores the row keeps the
picture and replaces the content by its canonical form, which names the picture by the sha256 of its pixels:
{"alt", "height", "picture", "width"}. The record holds no picture itself.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from preferences.errors import InvalidRecord
from preferences.hashing import canonical_json

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class KeptPicture:
    """A picture that is kept elsewhere.

    Attributes:
        sha256: of its pixels, 64 hexadecimal digits.
        alt: what it shows, for those who cannot see it; may be empty.
        width, height: in pixels.
    """

    sha256: str
    alt: str
    width: int
    height: int

    def content(self) -> str:
        """What a response holds of the picture: equal pictures with equal words give equal content."""
        fields = {"picture": self.sha256, "alt": self.alt, "width": self.width, "height": self.height}
        return canonical_json(fields).decode()


def brought_content(picture: str, alt: str) -> str:
    """The content of a response whose picture is yet to be taken in: where it is, and what it shows."""
    return canonical_json({"alt": alt, "picture": picture}).decode()


def read_content(content: str) -> dict[str, Any]:
    """The fields of a picture's content, kept or brought. Raises: InvalidRecord."""
    try:
        fields = json.loads(content)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or not isinstance(fields.get("picture"), str):
        raise InvalidRecord("A response of kind picture has no picture.")
    if not isinstance(fields.get("alt", ""), str):
        raise InvalidRecord("What a picture shows (“alt”) is not a text.")
    return fields


def kept_picture(content: str) -> KeptPicture:
    """The picture that a stored response names. Raises: InvalidRecord if it names none that is kept."""
    fields = read_content(content)
    sides = (fields.get("width"), fields.get("height"))
    if not SHA256.fullmatch(fields["picture"]) or not all(type(side) is int and side > 0 for side in sides):
        raise InvalidRecord("A response of kind picture does not name a picture that is kept.")
    return KeptPicture(fields["picture"], fields.get("alt", ""), fields["width"], fields["height"])
