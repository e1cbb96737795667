"""`python -m benchmarks.public_data FOLDER … [--dry-run]`: import public preference data and account for every row.

A folder holds one dataset, or datasets in folders. Files are read as they are, by their format or by the field mapping
`benchmarks/mappings/DATASET.toml` (or `DATASET.TABLE.toml`); where a dataset's rows are spread over files or hold more
than a comparison each, `benchmarks/converters/DATASET.py` makes tables of it first. Each table is imported twice into a
project of its own, in a database that is gone afterwards: rows = accepted + rejected + unchanged, and the second time
nothing may be new.
"""

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

from benchmarks.converters.files import unpacked

HERE = Path(__file__).parent
SUFFIXES = {".jsonl", ".json", ".csv", ".parquet"}
READ_AS_THEY_ARE = {"", ".gz", ".zst"}


@dataclass(frozen=True)
class Table:
    """A file to import, whose it is, and the mapping that says what its columns mean, if one is needed."""

    dataset: str
    name: str
    file: Path
    mapping: Path | None
    pictures_from: Path


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.public_data", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--dry-run", action="store_true", help="say what an import would do")
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        os.environ.update(PLUMBLINE_HOME=str(home / "home"), DATABASE_URL=f"sqlite:///{home / 'public.sqlite3'}")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
        call_migrate()
        are_honest = [
            account_for(table, is_rehearsal=arguments.dry_run)
            for folder in datasets(arguments.folders)
            for table in tables(folder, home)
        ]
    return 0 if all(are_honest) else 1


def datasets(folders: list[Path]) -> Iterator[Path]:
    """The folders that hold one dataset each: those that are known here, or hold data themselves."""
    for folder in folders:
        if data_files(folder) or converter_of(folder.resolve().name):
            yield folder.resolve()
        else:
            yield from (inner.resolve() for inner in sorted(folder.iterdir()) if inner.is_dir())


def tables(folder: Path, scratch: Path) -> Iterator[Table]:
    """The tables of a dataset, as its converter makes them or as its files are; what is packed with xz is unpacked."""
    dataset = folder.name
    if converter := converter_of(dataset):
        for name, rows in converter.tables(folder):
            file = scratch / f"{dataset}.{name}.jsonl"
            file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
            yield Table(dataset, name, file, mapping_of(dataset, name), folder)
        return
    for path in data_files(folder):
        file = path
        if path.suffix not in SUFFIXES | READ_AS_THEY_ARE:
            file = scratch / f"{dataset}.{path.stem}"
            file.write_bytes(unpacked(path))
        name = path.name.partition(".")[0]
        yield Table(dataset, name, file, mapping_of(dataset, name), folder)


def data_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and SUFFIXES & set(path.suffixes))


def converter_of(dataset: str) -> Any:
    name = f"benchmarks.converters.{dataset}"
    known = dataset.isidentifier() and dataset != "files" and importlib.util.find_spec(name)
    return importlib.import_module(name) if known else None


def mapping_of(dataset: str, table: str) -> Path | None:
    named = (HERE / "mappings" / f"{dataset}.{table}.toml", HERE / "mappings" / f"{dataset}.toml")
    return next((path for path in named if path.is_file()), None)


def call_migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def account_for(table: Table, *, is_rehearsal: bool) -> bool:
    """Import a table twice, print what became of its rows, and say whether each is accounted for."""
    from labeling.models import Comparison, ImportBatch, Judgment
    from labeling.services.imports import import_file, rehearse_import
    from labeling.services.projects import create_project
    from labeling.services.uploads import read_mapping
    from preferences.formats.mapped import NAME

    slug = "".join(letter if letter.isalnum() else "-" for letter in f"{table.dataset}-{table.name}".lower())
    project = create_project(slug=slug[:50].strip("-"))
    mapping = read_mapping(table.mapping.read_bytes()) if table.mapping else None
    if is_rehearsal:
        counts, _refused = rehearse_import(
            project=project, path=table.file, mapping=mapping, pictures_from=table.pictures_from
        )
        print(line_of(table, "rehearsed", counts), flush=True)
        return is_whole(counts)
    kept = []
    for _time in range(2):
        batch = ImportBatch.objects.create(
            project=project, file_name=table.file.name, format=NAME if mapping else "auto"
        )
        kept.append(import_file(batch=batch, path=table.file, mapping=mapping, pictures_from=table.pictures_from))
        batch.refresh_from_db()
    first, again = kept
    print(line_of(table, batch.format, first), flush=True)
    comparisons = Comparison.objects.filter(project=project).count()
    judgments = Judgment.objects.filter(project=project).count()
    print(f"    {comparisons:,} comparisons, {judgments:,} judgments; again: {again.unchanged:,} unchanged", flush=True)
    stays = (again.accepted, again.rejected, again.unchanged) == (0, first.rejected, first.accepted + first.unchanged)
    return is_whole(first) and is_whole(again) and stays


def is_whole(counts: Any) -> bool:
    return counts.rows == counts.accepted + counts.rejected + counts.unchanged


def line_of(table: Table, how: str, counts: Any) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.reasons.items()))
    return (
        f"{table.dataset}/{table.name} ({how}): {counts.rows:,} rows = {counts.accepted:,} accepted + "
        f"{counts.rejected:,} rejected + {counts.unchanged:,} unchanged{f' [{reasons}]' if reasons else ''}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
