"""What annotator models make of crowds: `python -m benchmarks.annotators [FOLDER]`.

Without a folder, of simulated people: seconds for 100,000 labels of 100 of them, and how often 95 % intervals hold what
was planted, for several numbers of imagined labels in Dawid–Skene and for noisy Bradley–Terry. FOLDER holds
`ukpconvarg1/` (UKPConvArg1-full as JSON lines: pairs of arguments, judgments by workers, gold) or `llmfao_crowd/`
(crowd-comparisons.csv.gz: pairs of language models' answers, judgments by workers), or both:

- **gold**: how often each consensus is the gold label, of all items (a draw is wrong) and of those where the majority
  is no draw. The gold of UKPConvArg1 was itself estimated by MACE over the whole corpus: it favours MACE, and small
  differences mean nothing.
- **held out**: one judgment of each item is put aside, and the consensus of the others is asked for it; this owes
  nothing to any gold.
- **people**: how reliable they are, how many may hardly be better than guessing, and how many take a side.

Intervals are Wilson's 95 % with items as trials. `python -m benchmarks annotators` leaves the main figures in
benchmarks/results/annotators.json.
"""

import argparse
import csv
import gzip
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import public_folder
from benchmarks.annotators_simulated import (
    Labels,
    dawid_skene_coverage,
    noisy_coverage,
    simulated_labels,
    simulated_pairs,
)
from benchmarks.report import Row, installed
from labeling.stats.consensus import Consensus, majority
from labeling.stats.dawid_skene import fit_dawid_skene
from labeling.stats.intervals import wilson_share
from labeling.stats.label_table import label_table
from labeling.stats.mace import fit_mace
from labeling.stats.noisy_bradley_terry import fit_noisy_bradley_terry
from labeling.stats.pair_table import ShownPair
from labeling.stats.undefined import Undefined

SEED = 7
WORLDS = 12
POOLED = 4.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.annotators", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="holds ukpconvarg1/ or llmfao_crowd/")
    folder = parser.parse_args().folder
    if folder is None:
        report_on_speed()
        report_on_intervals()
        return
    if (debates := folder / "ukpconvarg1").is_dir():
        report_on_debates(debates)
    if (answers := folder / "llmfao_crowd").is_dir():
        report_on_answers(answers)


def report_on_speed() -> None:
    labels, _ = simulated_labels(np.random.default_rng(SEED), people=100, items=20_000, per_item=5)
    print(f"simulated: {len(labels)} labels of 100 people, 3 classes")
    for name, _consensus, people, seconds in fits(labels):
        print(f"  {name:24} {seconds:5.1f} s{people}", flush=True)
    started = time.perf_counter()
    fit_noisy_bradley_terry(simulated_pairs(np.random.default_rng(SEED), people=100, judgments=100_000)[0])
    print(
        f"  {'noisy Bradley–Terry':24} {time.perf_counter() - started:5.1f} s   100000 pairs of 30 responses",
        flush=True,
    )


def report_on_intervals() -> None:
    for people, items in ((10, 60), (30, 180), (20, 400)):
        print(f"simulated: {people} people, {5 * items} labels, accuracies from 0.4 to 0.95, {WORLDS} times")
        for pooled_labels in (0.5, 1.0, 2.0, 4.0, 8.0):
            inside = dawid_skene_coverage(people=people, items=items, pooled_labels=pooled_labels, worlds=WORLDS)
            print(f"  {pooled_labels:4} imagined labels: planted accuracy inside {interval(inside)}", flush=True)
    for people, judgments in ((20, 2000), (100, 30_000)):
        inside, off = noisy_coverage(people=people, judgments=judgments, worlds=WORLDS // 3)
        print(
            f"noisy Bradley–Terry, {people} people, {judgments} judgments: planted accuracy inside {interval(inside)}; "
            f"mean error of competence {off[0]:+.3f}, of accuracy {off[1]:+.3f}",
            flush=True,
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    public_folder.add_arguments(parser)


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """Seconds for 100,000 labels, how often intervals hold what was planted, and how often each consensus is gold."""
    items, worlds = (400, 2) if arguments.quick else (20_000, WORLDS)
    labels, _ = simulated_labels(np.random.default_rng(SEED), people=100, items=items, per_item=5)
    subject = f"{len(labels):,} labels of 100 people"
    rows = [Row(f"{name}: time", subject, None, seconds, "s") for name, _of, _people, seconds in fits(labels)]
    started = time.perf_counter()
    fit_noisy_bradley_terry(simulated_pairs(np.random.default_rng(SEED), people=100, judgments=5 * items)[0])
    seconds = time.perf_counter() - started
    rows.append(Row("noisy Bradley–Terry: time", f"{5 * items:,} pairs of 30 responses", None, seconds, "s"))
    inside = dawid_skene_coverage(people=20, items=400, pooled_labels=POOLED, worlds=worlds)
    rows.append(share_row("Dawid–Skene: planted accuracy inside", "20 people, 2,000 labels", inside))
    inside, _off = noisy_coverage(people=20, judgments=2000, worlds=max(1, worlds // 3))
    rows.append(share_row("noisy Bradley–Terry: planted accuracy inside", "20 people, 2,000 judgments", inside))
    folder = public_folder.folder_of(arguments)
    if folder and (debates := folder / "ukpconvarg1").is_dir() and not arguments.quick:
        labels, gold = labels_of_debates(debates)
        kept, aside = put_aside(labels)
        for expected, given, name in ((gold, labels, "is gold"), (aside, kept, "is the judgment put aside")):
            for model, consensus, _people, _seconds in fits(given):
                hits = [consensus_label(consensus[item]) == label for item, label in expected.items()]
                rows.append(share_row(f"{model}: consensus {name}", "ukpconvarg1", hits))
    return rows, public_folder.versions_with(folder, installed("numpy", "scipy"))


def share_row(name: str, subject: str, hits: Sequence[bool]) -> Row:
    found = wilson_share(sum(hits) / len(hits), len(hits))
    return Row(name, subject, None, found.share, f"share of {found.n:,}", low=found.low, high=found.high)


def report_on_debates(folder: Path) -> None:
    labels, gold = labels_of_debates(folder)
    people, items = len({one for one, _, _ in labels}), len({item for _, item, _ in labels})
    print(f"ukpconvarg1: {items} pairs, {len(labels)} judgments, {people} people")
    compare(labels, gold)


def labels_of_debates(folder: Path) -> tuple[Labels, dict[str, str]]:
    """Each judgment, and what each pair's gold label is if it has one."""
    pairs = [pair for path in sorted(folder.glob("*.jsonl.gz")) for pair in lines_of(path)]
    labels = [
        (judgment["worker"], str(number), judgment["value"])
        for number, pair in enumerate(pairs)
        for judgment in pair["judgments"]
    ]
    gold = {str(number): pair["gold"] for number, pair in enumerate(pairs) if pair["gold"]}
    return labels, gold


def report_on_answers(folder: Path) -> None:
    with gzip.open(folder / "crowd-comparisons.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    labels = [(row["worker"], row["id"], row["winner"]) for row in rows]
    print(f"llmfao_crowd: {len({i for _, i, _ in labels})} pairs, {len(rows)} judgments, no gold")
    compare(labels, {})
    started = time.perf_counter()
    fit = fit_noisy_bradley_terry(ShownPair(row["worker"], row["left"], row["right"], row["winner"]) for row in rows)
    assert not isinstance(fit, Undefined), fit.because
    known = [one for one in fit.annotators.values() if not isinstance(one.side_bias, Undefined)]
    left = sum(one.side_bias.low > 0.5 for one in known)
    right = sum(one.side_bias.high < 0.5 for one in known)
    guessing = sum(one.accuracy.low < 0.55 for one in known)
    print(
        f"  noisy Bradley–Terry over models ({time.perf_counter() - started:.1f} s): {len(known)} of "
        f"{len(fit.annotators)} people with figures; {left} take the left and {right} the right, {guessing} may take "
        "the stronger less than 55 times of 100 (95 % intervals)"
    )
    if not isinstance(fit.strengths, Undefined):
        best = sorted(fit.strengths, key=lambda model: -fit.strengths[model])[:5]
        print(f"  strongest: {', '.join(best)}")


def compare(labels: Labels, gold: Mapping[str, str]) -> None:
    kept, aside = put_aside(labels)
    by_majority = majority(label_table(labels))
    for name, consensus, people, seconds in fits(labels):
        line = f"  {name:24} {seconds:5.1f} s"
        if gold:
            line += f"   gold {share_line(consensus, gold, by_majority)}"
        draws = sum(consensus_label(one) is None for one in consensus.values())
        print(f"{line}   without consensus {draws}{people}", flush=True)
    by_majority = majority(label_table(kept))
    for name, consensus, _people, _seconds in fits(kept):
        print(f"  {name:24} held out {share_line(consensus, aside, by_majority)}", flush=True)


def fits(labels: Labels) -> Iterator[tuple[str, Mapping[str, Consensus | Undefined], str, float]]:
    """Each model's name, consensus, what it says of people, and seconds."""
    started = time.perf_counter()
    yield "majority", majority(label_table(labels)), "", time.perf_counter() - started
    for name, pooled_labels in (("Dawid–Skene, published", 0.0), ("Dawid–Skene, pooled", POOLED)):
        started = time.perf_counter()
        skene = fit_dawid_skene(labels, pooled_labels=pooled_labels)
        assert not isinstance(skene, Undefined), skene.because
        people = people_line([one if isinstance(one, Undefined) else one.kappa for one in skene.annotators.values()])
        yield name, skene.items, people, time.perf_counter() - started
    started = time.perf_counter()
    mace = fit_mace(labels)
    assert not isinstance(mace, Undefined), mace.because
    people = people_line([one if isinstance(one, Undefined) else one.reliability for one in mace.annotators.values()])
    yield "MACE", mace.items, people, time.perf_counter() - started


def put_aside(labels: Labels) -> tuple[Labels, dict[str, str]]:
    """All but one judgment of each item that has three or more, and that one's label."""
    by_item = defaultdict(list)
    for label in labels:
        by_item[label[1]].append(label)
    draw = random.Random(SEED)
    kept: Labels = []
    aside = {}
    for item, given in sorted(by_item.items()):
        if len(given) >= 3:
            out = given.pop(draw.randrange(len(given)))
            aside[item] = out[2]
        kept += given
    return kept, aside


def share_line(
    consensus: Mapping[str, Consensus | Undefined],
    expected: Mapping[str, str],
    by_majority: Mapping[str, Consensus | Undefined],
) -> str:
    """How often the consensus is what was expected, of all items and of those on which the majority decides."""
    hits = {item: consensus_label(consensus[item]) == label for item, label in expected.items()}
    decided = [hit for item, hit in hits.items() if consensus_label(by_majority[item]) is not None]
    return f"{interval(list(hits.values()))}, no draw {interval(decided)}"


def consensus_label(consensus: Consensus | Undefined) -> str | None:
    if isinstance(consensus, Undefined) or isinstance(consensus.label, Undefined):
        return None
    return str(consensus.label)


def interval(hits: Sequence[bool]) -> str:
    found = wilson_share(sum(hits) / len(hits), len(hits))
    return f"{found.share:.4f} [{found.low:.4f}, {found.high:.4f}] of {found.n}"


def people_line(reliabilities: Sequence[float | Undefined]) -> str:
    known = sorted(one for one in reliabilities if not isinstance(one, Undefined))
    quarters = [known[round(q * (len(known) - 1))] for q in (0.25, 0.5, 0.75)]
    return (
        f"   reliability of {len(known)} of {len(reliabilities)} people, "
        f"quartiles {', '.join(f'{one:.2f}' for one in quarters)}"
    )


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


if __name__ == "__main__":
    main()
