"""What the moderation checks find in preference data: `python -m benchmarks.moderation FOLDER … [--sample N]`.

A folder holds one dataset, or datasets in folders, read as `benchmarks.public_data` reads them. Printed are findings by
dataset, check and reason, each text counted once, and how long each check took. `--sample 20` also prints findings
of each check drawn at random, always the same ones, with the words around them, to be read by a person: how many of
them are what they are called is the precision in docs/moderation.md, on the data that the checks were bettered on.

`python -m benchmarks moderation` leaves counts and times in benchmarks/results/moderation.json.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from benchmarks import public_folder
from benchmarks.public_data import Table, datasets, tables
from benchmarks.report import Row, installed
from labeling.moderation.findings import Check, Finding
from labeling.moderation.moderating import prompts_of_responses
from labeling.moderation.registry import CHECKS, build_checks
from labeling.moderation.subjects import Subject, Surroundings, subject_of
from preferences.containers import open_rows
from preferences.errors import PreferenceError
from preferences.formats import FORMATS, detect, read_rows
from preferences.formats.mapped import mapped_format
from preferences.formats.mapping import parse_mapping
from preferences.records import ComparisonRecord

SEED = 20_260
DETECTION_ROWS = 20
AROUND = 110
QUICK_NAMES = ("pandalm_3annot",)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moderation", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--check", action="append", choices=list(CHECKS), help="only this one; may be given again")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="print so many findings of each check")
    arguments = parser.parse_args(words)
    checks = build_checks({}, arguments.check)
    found: dict[str, list[tuple[str, Subject, Finding]]] = defaultdict(list)
    seconds: Counter[str] = Counter()
    responses = 0
    for name, records in records_by_dataset(arguments.folders):
        responses += sum(len(record.responses) for record in records)
        show_dataset(name, records, look_through(name, records, checks, found, seconds))
    print(f"\n{responses:,} responses; microseconds a response:")
    for name, spent in seconds.most_common():
        print(f"  {name:14} {1e6 * spent / max(1, responses):8.1f}")
    for name, hits in found.items() if arguments.sample else ():
        show_sample(name, hits, arguments.sample)
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    public_folder.add_arguments(parser)


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """Findings by check and dataset, each text once, and what a check costs a response."""
    checks = build_checks({}, None)
    found: dict[str, list[tuple[str, Subject, Finding]]] = defaultdict(list)
    seconds: Counter[str] = Counter()
    rows: list[Row] = []
    responses = 0
    folder = public_folder.folder_of(arguments)
    for name, records in records_by_dataset([folder] if folder else []):
        if arguments.quick and name not in QUICK_NAMES:
            continue
        here = sum(len(record.responses) for record in records)
        responses += here
        counts: Counter[str] = Counter()
        for (check, _reason), count in look_through(name, records, checks, found, seconds).items():
            counts[check] += count
        rows += [Row(f"{check.name}: findings", name, None, counts[check.name], f"of {here}") for check in checks]
    rows += [
        Row(
            f"{check.name}: time",
            f"{responses:,} responses",
            None,
            1e6 * seconds[check.name] / responses,
            "µs/response",
        )
        for check in checks
        if responses
    ]
    return rows, public_folder.versions_with(folder, installed("detect-secrets", "phonenumbers"))


def records_by_dataset(folders: list[Path]) -> Iterator[tuple[str, list[ComparisonRecord]]]:
    with tempfile.TemporaryDirectory() as scratch:
        for folder in datasets(folders):
            yield (
                folder.name,
                unique([record for table in tables(folder, Path(scratch)) for record in records_of(table)]),
            )


def records_of(table: Table) -> Iterator[ComparisonRecord]:
    """What a table's rows mean; rows that an import would reject are left out."""
    if table.mapping:
        format = mapped_format(parse_mapping(table.mapping.read_bytes()))
    else:
        first = [row for _number, (_at, row) in zip(range(DETECTION_ROWS), open_rows(table.file), strict=False)]
        try:
            format = FORMATS[detect(first)]
        except PreferenceError as unknown:
            print(f"# {table.dataset}/{table.name}: passed over. {unknown}")
            return
    for reading in read_rows(open_rows(table.file), format):
        yield from reading.records


def unique(records: list[ComparisonRecord]) -> list[ComparisonRecord]:
    """Each comparison once, as a project keeps it: crowds judge the same one in many rows."""
    return list({record.comparison_hash: record for record in records}.values())


def look_through(
    dataset: str,
    records: list[ComparisonRecord],
    checks: tuple[Check, ...],
    found: dict[str, list[tuple[str, Subject, Finding]]],
    seconds: Counter[str],
) -> Counter[tuple[str, str]]:
    """Run the checks and count what they find, by check and reason."""
    around = Surroundings(prompts_of=prompts_of_responses(records))
    counts: Counter[tuple[str, str]] = Counter()
    seen: set[tuple[str, str, str, int]] = set()
    for record in records:
        subject = subject_of(record, around)
        for check in checks:
            start = time.perf_counter()
            findings = list(check.find(subject))
            seconds[check.name] += time.perf_counter() - start
            for finding in findings:
                key = (check.name, finding.reason, finding.text.content, finding.start)
                if key not in seen:
                    seen.add(key)
                    found[check.name].append((dataset, subject, finding))
                    counts[check.name, finding.reason] += 1
    return counts


def show_dataset(name: str, records: list[ComparisonRecord], counts: Counter[tuple[str, str]]) -> None:
    responses = sum(len(record.responses) for record in records)
    said = ", ".join(f"{check}:{reason} {count}" for (check, reason), count in sorted(counts.items()))
    print(f"{name}: {len(records):,} prompts and comparisons, {responses:,} responses: {said or 'nothing'}")


def show_sample(name: str, hits: list[tuple[str, Subject, Finding]], wanted: int) -> None:
    print(f"\n## {name}: {len(hits):,} findings")
    for dataset, subject, finding in random.Random(SEED).sample(hits, min(wanted, len(hits))):
        content = finding.text.content
        before = content[max(0, finding.start - AROUND) : finding.start]
        after = content[finding.end : finding.end + AROUND]
        marked = f"{before}⟦{content[finding.start : finding.end][:300]}⟧{after}".replace("\n", "⏎")
        print(f"- {dataset} · {finding.reason} · {dict(finding.figures)}")
        print(f"    {subject.question[-160:]!r}\n    {marked}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
