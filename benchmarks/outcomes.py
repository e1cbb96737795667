"""Outcomes of long studies, kept as they come: who runs one again goes on where it was stopped, here or elsewhere."""

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

Named: TypeAlias = Mapping[str, Any]


class Outcomes:
    """What trainings came to, a JSON line each: all that an outcome depends on as `named`, and what was `found`.

    Several threads may add to it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._found: dict[str, dict[str, Any]] = {}
        with suppress(FileNotFoundError):
            for line in map(json.loads, path.read_text().splitlines()):
                self._found[_key(line["named"])] = line["found"]

    def of(self, named: Named) -> dict[str, Any] | None:
        """What was found under this name, if it was ever looked for."""
        return self._found.get(_key(named))

    def add(self, named: Named, found: Mapping[str, Any]) -> None:
        with self._lock:
            self._found[_key(named)] = dict(found)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(json.dumps({"named": named, "found": found}) + "\n")


def _key(named: Named) -> str:
    return json.dumps(named, sort_keys=True)
