"""The rows of a dataset of the Hugging Face hub, or of a folder like one, through the library `datasets`.

`python -m preferences.hub SOURCE` is a process of its own, so that nobody else loads that library: it writes a row a
line on its standard output, as JSON. What cannot be read it says in one sentence, as the last line on its standard
error, and exits with 1.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import parse_qsl

from preferences.errors import UnreadableFile

ASKED = ("config", "split", "revision")


@dataclass(frozen=True)
class HubSource:
    """Which rows: a dataset's id on the hub, or the path of a folder; what is empty is the dataset's own default.

    split: one of them; all, one after the other, if empty.
    """

    name: str
    config: str = ""
    split: str = ""
    revision: str = ""

    @classmethod
    def parse(cls, text: str) -> "HubSource":
        """Of `owner/name?config=…&split=…&revision=…`. Raises: UnreadableFile for a question that nobody answers."""
        name, _mark, query = text.partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if unknown := sorted(set(asked) - set(ASKED)):
            raise UnreadableFile(f"A dataset is not asked for “{unknown[0]}”, but for {', '.join(ASKED)}.")
        return cls(name, **asked)


def rows(source: HubSource) -> Iterator[dict[str, Any]]:
    """Every row, as it is read. Raises: UnreadableFile, saying why nothing more can be read."""
    try:
        from datasets import IterableDatasetDict, load_dataset
    except ImportError:
        raise UnreadableFile(
            "Datasets of the hub are read by the library “datasets”, which is not installed here. It is in "
            "requirements.txt; a file that was downloaded by hand needs no library."
        ) from None
    try:
        found = load_dataset(
            source.name,
            name=source.config or None,
            split=source.split or None,
            revision=source.revision or None,
            streaming=True,
        )
        parts = found.values() if isinstance(found, IterableDatasetDict) else [found]
        for part in parts:
            yield from part
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise UnreadableFile(f"The dataset {source.name} cannot be read. {why[:500]}") from None


def row_as_json(row: dict[str, Any]) -> str:
    """One line. Raises: UnreadableFile for a picture, a sound or another thing that JSON has no place for."""
    try:
        return json.dumps(row, ensure_ascii=False, default=_plain)
    except TypeError as error:
        raise UnreadableFile(f"The dataset holds what a row of text has no place for: {error}.") from None


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__}")


def main(text: str) -> int:
    try:
        for row in rows(HubSource.parse(text)):
            sys.stdout.write(row_as_json(row) + "\n")
    except UnreadableFile as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BrokenPipeError:  # nobody listens any more
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
