"""Files of benchmark prompts, kept by their content, and the prompts of a project that hold one of them."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from labeling.errors import InvalidSnapshot
from preferences.errors import InvalidRow

if TYPE_CHECKING:
    from preferences.benchmark_overlap import Benchmark, Overlap
    from preferences.records import ComparisonRecord

BENCHMARK_BYTES = 64 * 1024 * 1024
LISTED = 200  # overlaps that are named; the others are counted


def keep_benchmark(chunks: Iterable[bytes]) -> str:
    """Keep a file of benchmark prompts (JSONL) under its sha256, so that a run of a later hour finds it.

    Returns: the sha256, for `SnapshotRequest.benchmark`.
    Raises: InvalidSnapshot for a file that is too large, or holds a line without a prompt, or none.
    """
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, unfinished = tempfile.mkstemp(dir=folder, prefix=".unfinished-")
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > BENCHMARK_BYTES:
                    raise InvalidSnapshot(
                        _("The file of benchmark prompts is larger than %(limit)d MB.")
                        % {"limit": BENCHMARK_BYTES // 1024**2}
                    )
                digest.update(chunk)
                file.write(chunk)
        if not len(_read(Path(unfinished))):
            raise InvalidSnapshot(_("The file of benchmark prompts holds no prompt."))
        os.replace(unfinished, folder / f"{digest.hexdigest()}.jsonl")
    finally:
        Path(unfinished).unlink(missing_ok=True)
    return digest.hexdigest()


@dataclass
class BenchmarkCheck:
    """Looks for a benchmark in prompts as they pass, each prompt once.

    Attributes:
        found: prompt hash → what it holds, for every prompt that overlaps.
    """

    benchmark: "Benchmark"
    found: "dict[str, Overlap]" = field(default_factory=dict)
    _passed: set[str] = field(default_factory=set)

    def overlaps(self, record: "ComparisonRecord") -> bool:
        """Whether the record's prompt holds a benchmark's; remembered if so."""
        from preferences.shingles import prompt_text

        name = record.prompt_hash
        if name not in self._passed:
            self._passed.add(name)
            overlap = self.benchmark.overlap(prompt_text(record.prompt))
            if overlap is not None:
                self.found[name] = overlap
        return name in self.found

    def told(self) -> dict[str, Any]:
        """What was found, for the manifest: how many prompts, and the first of them by hash."""
        listed = [{"prompt": name, **self.found[name].to_dict()} for name in sorted(self.found)[:LISTED]]
        return {"prompts": len(self.benchmark), "overlapping": len(self.found), "listed": listed}


def check_for(sha256: str) -> BenchmarkCheck | None:
    """A new check for the kept file of this sha256; None for none. Raises: InvalidSnapshot if it is not there."""
    if not sha256:
        return None
    path = _folder() / f"{sha256}.jsonl"
    if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not path.exists():
        raise InvalidSnapshot(
            _("There is no file of benchmark prompts with that sha256 here. Send it again."),
            fields={"benchmark": sha256},
        )
    return BenchmarkCheck(_read(path))


def _read(path: Path) -> "Benchmark":
    from preferences.benchmark_overlap import Benchmark, benchmark_prompts

    try:
        with path.open("rb") as file:
            return Benchmark(benchmark_prompts(file))
    except InvalidRow as error:
        raise InvalidSnapshot(str(error)) from None


def _folder() -> Path:
    return Path(settings.PLUMBLINE_HOME) / "benchmarks"
