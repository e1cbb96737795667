"""`python -m benchmarks [NAME …] [OPTION …]`: run the benchmarks in turn, all of them or those named.

A benchmark is a module with `measure(arguments)` and `add_arguments(parser)`, or with `measure()` where it has no
options; it returns its rows and the versions it ran. `--quick` asks for a short run that shows whether it works: its
report goes to `var/benchmarks/`, and the results of the last full run stay.
"""

import argparse
import importlib
import os
import sys
from itertools import takewhile
from pathlib import Path

from benchmarks.report import RESULTS, write_report

QUICK_RESULTS = Path(os.environ.get("PLUMBLINE_HOME", "var")) / "benchmarks"
NAMES = (
    "reward_training",
    "reward_accuracy",
    "k_wise",
    "scoring",
    "routes",
    "judging",
    "page",
    "queue",
    "quality",
    "admin",
    "data",
    "imports",
    "calibration",
    "intervals",
    "score_drift",
    "agreement",
    "annotators",
    "audits",
    "leaderboard",
    "moderation",
)


def main(words: list[str]) -> int:
    names = list(takewhile(lambda word: not word.startswith("-"), words))
    options = words[len(names) :]
    if unknown := sorted(set(names) - set(NAMES)):
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in names or NAMES}
    parsed = {name: parser_of(name, module).parse_args(options) for name, module in modules.items()}
    for name, module in modules.items():
        print(f"{name} …", flush=True)
        rows, versions = module.measure(parsed[name]) if hasattr(module, "add_arguments") else module.measure()
        path = write_report(name, rows, versions, options, QUICK_RESULTS if parsed[name].quick else RESULTS)
        for row in rows:
            beside = f"  {row.ratio:6.2f} × {row.peer}" if row.ratio is not None else ""
            print(f"  {row.name:52} {row.subject:38} {row.value:10.2f} {row.unit:20}{beside}")
        print(f"  → {path.resolve()}", flush=True)
    return 0


def parser_of(name: str, module: object) -> argparse.ArgumentParser:
    """The options of one benchmark: those its `add_arguments` adds, and --quick."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks {name}", description=module.__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run, to see that it works")
    if hasattr(module, "add_arguments"):
        module.add_arguments(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
