"""The folder of public data that some benchmarks measure on: each of its folders is one dataset."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, help="public data, each dataset in a folder of its name (PLUMBLINE_DATA)", metavar="FOLDER"
    )


def folder_of(arguments: argparse.Namespace) -> Path | None:
    """The folder, or None where nobody named one that is there; said aloud then."""
    folder = arguments.data or Path(os.environ.get("PLUMBLINE_DATA", ""))
    if folder != Path() and folder.is_dir():
        return folder
    print("  public data left out: --data and PLUMBLINE_DATA name no folder", flush=True)
    return None


def versions_with(folder: Path | None, versions: Mapping[str, str]) -> dict[str, str]:
    """The versions of a report, which say where no public data were measured."""
    return dict(versions) if folder else {**versions, "public data": "not measured: no folder was named"}
