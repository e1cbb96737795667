"""`python -m benchmarks [NAME …]`: run the benchmarks in turn, all of them or those named."""

import argparse
import importlib
import sys

from benchmarks.report import write_report

NAMES = ("reward_training", "judging")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all when left out")
    names = parser.parse_args().names or NAMES
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    for name in names:
        print(f"{name} …", flush=True)
        rows, versions = importlib.import_module(f"benchmarks.{name}").measure()
        path = write_report(name, rows, versions)
        for row in rows:
            beside = f"  {row.ratio:6.2f} × {row.peer}" if row.ratio is not None else ""
            print(f"  {row.name:44} {row.subject:28} {row.value:10.2f} {row.unit:22}{beside}")
        print(f"  → {path}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
