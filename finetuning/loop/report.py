"""What the loop says: one line a stage, and report.json with the figures behind it."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class StageFailed(Exception):
    """A stage did not do what it claims."""


@dataclass
class Stage:
    """One stage while it runs: the figures it found, and what it claims of them."""

    name: str
    figures: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def claim(self, sentence: str, holds: bool) -> None:
        """State something that must be true of this stage; a false claim fails the loop, after its line."""
        if not holds:
            self.broken.append(sentence)


class Report:
    """Collects the stages and writes report.json after each, so that a loop that is cut short leaves what it has."""

    def __init__(self, path: Path, **about: Any) -> None:
        self.path = path
        self.about = about
        self.stages: list[dict[str, Any]] = []
        self.started = time.monotonic()

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Time a stage, print its line and keep its figures. Raises: StageFailed when a claim of it is false."""
        stage = Stage(name)
        started = time.monotonic()
        try:
            yield stage
        except Exception as error:
            stage.broken.append(f"{type(error).__name__}: {error}")
            raise
        finally:
            seconds = round(time.monotonic() - started, 1)
            self.stages.append(
                {"name": name, "seconds": seconds, "ok": not stage.broken, **stage.figures, "broken": stage.broken}
            )
            self._print(stage, seconds)
            self._write()
        if stage.broken:
            raise StageFailed(f"{name}: {'; '.join(stage.broken)}")

    def _print(self, stage: Stage, seconds: float) -> None:
        figures = " · ".join(f"{name} {_short(value)}" for name, value in stage.figures.items() if _is_plain(value))
        mark = "ok  " if not stage.broken else "FAIL"
        sys.stdout.write(f"{mark} {stage.name:<16} {seconds:6.1f} s  {figures}\n")
        for sentence in stage.broken:
            sys.stdout.write(f"     not true: {sentence}\n")
        sys.stdout.flush()

    def _write(self) -> None:
        body = {
            **self.about,
            "ok": all(stage["ok"] for stage in self.stages),
            "seconds": round(time.monotonic() - self.started, 1),
            "stages": self.stages,
        }
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(json.dumps(body, indent=2, ensure_ascii=False, default=str) + "\n")
        temporary.replace(self.path)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) or value is None


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, str) and len(value) == 64:
        return f"{value[:12]}…"
    return str(value)
