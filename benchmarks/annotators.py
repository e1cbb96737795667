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

Intervals are Wilson's 95 % with items as trials.
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

from labeling.stats.consensus import Consensus, majority
from labeling.stats.dawid_skene import fit_dawid_skene
from labeling.stats.intervals import wilson_share
from labeling.stats.label_table import label_table
from labeling.stats.mace import fit_mace
from labeling.stats.noisy_bradley_terry import fit_noisy_bradley_terry
from labeling.stats.pair_table import ShownPair
from labeling.stats.undefined import Undefined

Labels = list[tuple[str, str, str]]
SEED = 7
WORLDS = 12


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
            inside = []
            for world in range(WORLDS):
                draw = np.random.default_rng(world)
                labels, accuracies = simulated_labels(draw, people=people, items=items, per_item=5)
                fit = fit_dawid_skene(labels, pooled_labels=pooled_labels)
                assert not isinstance(fit, Undefined), fit.because
                for name, planted in accuracies.items():
                    found = fit.annotators[name]
                    assert not isinstance(found, Undefined)
                    if not isinstance(found.accuracy, Undefined):
                        inside.append(found.accuracy.low <= planted <= found.accuracy.high)
            print(f"  {pooled_labels:4} imagined labels: planted accuracy inside {interval(inside)}", flush=True)

    for people, judgments in ((20, 2000), (100, 30_000)):
        inside, errors = [], []
        for world in range(WORLDS // 3):
            pairs, competences, accuracies = simulated_pairs(
                np.random.default_rng(world), people=people, judgments=judgments
            )
            noisy = fit_noisy_bradley_terry(pairs)
            assert not isinstance(noisy, Undefined), noisy.because
            for name, found_pair in noisy.annotators.items():
                if isinstance(found_pair.accuracy, Undefined) or isinstance(found_pair.competence, Undefined):
                    continue
                accuracy = found_pair.accuracy
                inside.append(accuracy.low <= accuracies[name] <= accuracy.high)
                errors.append((found_pair.competence - competences[name], accuracy.share - accuracies[name]))
        off = np.mean(errors, axis=0)
        print(
            f"noisy Bradley–Terry, {people} people, {judgments} judgments: planted accuracy inside {interval(inside)}; "
            f"mean error of competence {off[0]:+.3f}, of accuracy {off[1]:+.3f}",
            flush=True,
        )


def simulated_pairs(
    draw: np.random.Generator, *, people: int, judgments: int
) -> tuple[list[ShownPair], dict[int, float], dict[int, float]]:
    """Judgments of 30 responses by people with habits of either side, their competences, and their accuracies."""
    strengths = draw.normal(0, 1.5, 30)
    competence, leftward = draw.uniform(0.1, 0.98, people), draw.random(people)
    who = draw.integers(people, size=judgments)
    left, right = draw.permuted(np.tile(np.arange(30), (judgments, 1)), axis=1)[:, :2].T
    by_strength = 1 / (1 + np.exp(strengths[right] - strengths[left]))
    chance = competence[who] * by_strength + (1 - competence[who]) * leftward[who]
    takes_left = draw.random(judgments) < chance
    stronger = float(np.maximum(by_strength, 1 - by_strength).mean())
    return (
        [
            ShownPair(int(a), int(one), int(other), "left" if is_left else "right")
            for a, one, other, is_left in zip(who, left, right, takes_left, strict=True)
        ],
        dict(enumerate(competence.tolist())),
        dict(enumerate((competence * stronger + (1 - competence) / 2).tolist())),
    )


def simulated_labels(
    draw: np.random.Generator, *, people: int, items: int, per_item: int
) -> tuple[Labels, dict[str, float]]:
    """Labels of 3 classes by people who err evenly, and how often each is right."""
    accuracies = draw.uniform(0.4, 0.95, people)
    labels = []
    for item in range(items):
        truth = int(draw.integers(3))
        for person in draw.choice(people, per_item, replace=False):
            label = truth if draw.random() < accuracies[person] else (truth + int(draw.integers(1, 3))) % 3
            labels.append((str(person), str(item), str(label)))
    return labels, {str(person): float(accuracy) for person, accuracy in enumerate(accuracies)}


def report_on_debates(folder: Path) -> None:
    pairs = [pair for path in sorted(folder.glob("*.jsonl.gz")) for pair in lines_of(path)]
    labels = [
        (judgment["worker"], str(number), judgment["value"])
        for number, pair in enumerate(pairs)
        for judgment in pair["judgments"]
    ]
    gold = {str(number): pair["gold"] for number, pair in enumerate(pairs) if pair["gold"]}
    print(f"ukpconvarg1: {len(pairs)} pairs, {len(labels)} judgments, {len({a for a, _, _ in labels})} people")
    compare(labels, gold)


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
    for name, pooled_labels in (("Dawid–Skene, published", 0.0), ("Dawid–Skene, pooled", 4.0)):
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
