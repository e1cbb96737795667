"""What a benchmark leaves behind: one JSON file with the machine, the versions, the command and the figures."""

import json
import math
import os
import platform
import statistics
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
        low, high: the least and the most of the rounds that `value` is the median of, where there were several.
    """

    name: str
    subject: str
    peer: str | None
    value: float
    unit: str
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


def row_of_rounds(
    name: str,
    subject: str,
    values: Sequence[float],
    unit: str,
    *,
    peer: str | None = None,
    peer_values: Sequence[float] = (),
) -> Row:
    """The median of several rounds, with their range, beside the median of the peer's rounds if it has any."""
    value = statistics.median(values)
    beside = statistics.median(peer_values) if peer_values else 0.0
    return Row(
        name=name,
        subject=subject,
        peer=peer if beside else None,
        value=value,
        unit=unit,
        ratio=value / beside if beside else None,
        low=min(values) if len(values) > 1 else None,
        high=max(values) if len(values) > 1 else None,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed (nearest rank).

    Raises: ValueError for no values, or a share outside of (0, 1].
    """
    if not values or not 0 < share <= 1:
        raise ValueError(f"No percentile {share} of {len(values)} values.")
    return sorted(values)[math.ceil(share * len(values)) - 1]


def write_report(
    name: str, rows: Sequence[Row], versions: Mapping[str, str], options: Sequence[str] = (), folder: Path = RESULTS
) -> Path:
    """Write `<name>.json` into the folder, replacing the run before; of a path on this machine it keeps the name."""
    told = [Path(option).name if option.startswith("/") else option for option in options]
    folder.mkdir(parents=True, exist_ok=True)
    report = {
        "machine": {"cores": os.cpu_count(), "cpu": _cpu_model()},
        "versions": {"python": platform.python_version(), **versions},
        "command": " ".join([".venv/bin/python -m benchmarks", name, *told]),
        "rows": [_rounded(row) for row in rows],
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return path


def installed(*packages: str) -> dict[str, str]:
    """Versions of installed packages, by name."""
    return {package: version(package) for package in packages}


def _rounded(row: Row) -> dict[str, object]:
    """A row as JSON holds it: three decimals, or three digits below 1; no range where there was one round."""
    values = asdict(row)
    figures = {key: _short(values[key]) for key in ("value", "ratio", "low", "high") if values[key] is not None}
    return {**{key: values[key] for key in ("name", "subject", "peer", "unit", "ratio")}, **figures}


def _short(figure: float) -> float:
    return round(figure, 3) if abs(figure) >= 1 else float(f"{figure:.3g}")


def _cpu_model() -> str:
    cpu = Path("/proc/cpuinfo")
    for line in cpu.read_text().splitlines() if cpu.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
