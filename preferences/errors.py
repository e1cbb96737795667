"""Every way in which preference data can be wrong, each with a sentence for the person who sent it."""


class PreferenceError(ValueError):
    """Base of all expected failures of this package."""


class InvalidText(PreferenceError):
    """A text that no database or UTF-8 file can hold: a lone surrogate or a NUL character."""


class InvalidRanking(PreferenceError):
    """A ranking that is not an ordered list of tie groups of the comparison's responses."""


class InvalidRecord(PreferenceError):
    """A comparison that contradicts itself: too few responses, the same response twice, a bad judgment."""


class InvalidRow(PreferenceError):
    """One row of a file that cannot be read as a comparison.

    `reason` is one of a few fixed words, so that rejected rows can be counted by kind: `not-utf8`, `not-json`,
    `not-an-object`, `not-csv`, `wrong-width`, `too-large`, `wrong-field`, `bad-text`, `empty`, `too-few-responses`,
    `too-many-responses`, `identical-responses`, `broken-transcript`, `bad-judgment`, `bad-picture`, `contradiction`.
    `line` holds the start of a line that could not be parsed.
    """

    def __init__(self, message: str, *, reason: str = "wrong-field", line: bytes = b"") -> None:
        super().__init__(message)
        self.reason = reason
        self.line = line


class UnreadableFile(PreferenceError):
    """A file that cannot be read any further: another format, damaged compression, or a compression bomb."""


class UnknownContainer(PreferenceError):
    """No container has this name, or is named by this suffix."""


class UnwritableRow(PreferenceError):
    """A row that the container it is written to cannot hold."""


class UnknownFormat(PreferenceError):
    """No format reads these rows, or no format has this name."""


class InvalidMapping(PreferenceError):
    """A field mapping that is no TOML or JSON, or says something that a mapping cannot say."""


class DamagedSnapshot(PreferenceError):
    """A file that is not a snapshot, or whose rows are not those its manifest names."""
