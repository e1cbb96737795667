"""What a benchmark leaves behind: one JSON file with the machine, the versions, the command and the figures."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """One figure.

    Args:
        name: what was measured.
        subject: what it was measured on.
        peer: what `ratio` compares it with; None for a peer's own figure, or where the peer was not run.
        ratio: value / the peer's value in the same unit, above 1 where the subject has more of it.
    """

    name: str
    subject: str
    peer: str | None
    value: float
    unit: str
    ratio: float | None = None


def write_report(name: str, rows: Sequence[Row], versions: Mapping[str, str]) -> Path:
    """Write `benchmarks/results/<name>.json`, replacing the run before."""
    RESULTS.mkdir(exist_ok=True)
    report = {
        "machine": {"cores": os.cpu_count(), "cpu": _cpu_model()},
        "versions": {"python": platform.python_version(), **versions},
        "command": f".venv/bin/python -m benchmarks {name}",
        "rows": [_rounded(row) for row in rows],
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return path.relative_to(RESULTS.parent.parent)


def installed(*packages: str) -> dict[str, str]:
    """Versions of installed packages, by name."""
    return {package: version(package) for package in packages}


def _rounded(row: Row) -> dict[str, object]:
    values = asdict(row)
    return {**values, **{key: round(values[key], 3) for key in ("value", "ratio") if values[key] is not None}}


def _cpu_model() -> str:
    cpu = Path("/proc/cpuinfo")
    for line in cpu.read_text().splitlines() if cpu.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
