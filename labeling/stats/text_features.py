"""How long a text is and how much Markdown it has: what people may prefer whatever it says."""

import re
import unicodedata
from dataclasses import dataclass

MARKS = ("headers", "list_items", "bold", "code", "tables")

# Passages end within 500 characters: a hostile line of openings without an end would be searched again from each.
FENCED = re.compile(r"^ {0,3}(```+|~~~+)[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`)[^\n]{1,500}?(?<!`)\1(?!`)")
HEADER = re.compile(r"^ {0,3}#{1,6}[ \t]+\S", re.MULTILINE)
LIST_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S", re.MULTILINE)
BOLD = re.compile(r"(\*\*|__)(?=\S)[^\n]{1,500}?(?<=\S)\1")
TABLE = re.compile(r"^[ \t]*(?:\|[ \t]*)?(?::?-+:?[ \t]*\|[ \t]*)+(?::?-+:?[ \t]*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TextFeatures:
    """Counts of a text.

    Attributes:
        characters: after composition (NFC), without white space at both ends; a Hangul syllable is one.
        headers: lines that begin with one to six `#`.
        list_items: lines that begin with a bullet or a number.
        bold: passages between `**` or `__`.
        code: code blocks and passages in backticks.
        tables: rows of dashes under a table's head.
    """

    characters: int
    headers: int = 0
    list_items: int = 0
    bold: int = 0
    code: int = 0
    tables: int = 0

    @property
    def marks(self) -> int:
        """How much formatting there is of any kind."""
        return self.headers + self.list_items + self.bold + self.code + self.tables


def text_features(text: str) -> TextFeatures:
    """Count the length and the Markdown of a text; what stands in a code block is no Markdown.

    Source: CommonMark 0.31 for what opens a header, a list item and a code block; the pipe tables of GitHub's dialect.
        The counts are those of style control (Li, Angelopoulos & Chiang 2024), with code and tables besides.
    """
    composed = unicodedata.normalize("NFC", text)
    prose, blocks = FENCED.subn("\n", composed)
    prose, spans = INLINE_CODE.subn(" ", prose)
    return TextFeatures(
        characters=len(composed.strip()),
        headers=len(HEADER.findall(prose)),
        list_items=len(LIST_ITEM.findall(prose)),
        bold=len(BOLD.findall(prose)),
        code=blocks + spans,
        tables=len(TABLE.findall(prose)),
    )
