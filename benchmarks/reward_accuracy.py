"""How well small reward models do on public preferences: ways of training MiniLM beside TRL and beside words alone.

Each set is trained on its train file, a tenth of its prompts held out for validation and calibration, and evaluated on
its test file; of ukpconvarg1 on 3,000 pairs. Where a way does not say otherwise it reads 128 tokens of prompt and
answer, in batches of 16 comparisons, for one epoch. All begin with one pretrained encoder. Figures are means over
seeds; `low` and `high` are the least and the most of them, but of an accuracy above TRL's the ends of the 95 % interval
over seeds. Sampling of the test pairs moves an accuracy by about four points, which is wider.

On ukpconvarg1 accuracy is against its gold labels, which are estimated from five judgments a pair. What a probability
claims is how one person judges, so that log loss and calibration error are over the single judgments on the same pairs,
where people are compared with each other too.

Each outcome is a line of `benchmarks/results/reward_accuracy.jsonl` once it is there. A run goes on after those, most
important ways first, and `--minutes` says when it begins no more: all of it takes two cores three hours.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import public_folder
from benchmarks.children import run_child
from benchmarks.outcomes import Outcomes
from benchmarks.public_data import mapping_of
from benchmarks.report import RESULTS, Row, installed
from benchmarks.reward_accuracy_report import chart, rows_of
from benchmarks.reward_accuracy_ways import COMMON, HARMLESS, MANY_SEEDS, SETS, UKP, UKP_PAIRS, WAYS, Done, Way
from benchmarks.reward_backbones import ENCODER, make_backbone
from benchmarks.reward_workloads import comparisons_in
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.snapshot import write_snapshot

WORK = Path(os.environ.get("PLUMBLINE_HOME", "var")) / "benchmarks/reward_accuracy"
OUTCOMES = RESULTS / "reward_accuracy.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    public_folder.add_arguments(parser)
    parser.add_argument("--outcomes", type=Path, default=OUTCOMES, help="where outcomes are kept and found again")
    parser.add_argument("--work", type=Path, default=WORK, help="for what can be made anew: test files, encoders")
    parser.add_argument("--minutes", type=float, help="begin no training after so long")
    parser.add_argument("--workers", type=int, default=2, help="trainings at a time, of one thread each")
    parser.add_argument("--only", default="", help="only ways of training whose name holds this")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="only these sets")


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """Train all that has not been trained before, most important first, and report all that is there."""
    public = public_folder.folder_of(arguments)
    versions = public_folder.versions_with(public, installed("torch", "transformers", "trl"))
    if public is None:
        return [], versions
    arguments.work.mkdir(parents=True, exist_ok=True)
    outcomes = arguments.work / "quick.jsonl" if arguments.quick else arguments.outcomes
    study = Study(public, arguments.work.resolve(), Outcomes(outcomes), is_quick=arguments.quick)
    end = time.monotonic() + 60 * arguments.minutes if arguments.minutes else None
    ways = [way for way in WAYS if arguments.only in way.name]
    jobs = [
        (way, name, seed)
        for way in ways
        for seed in MANY_SEEDS
        for name in way.sets
        if name in arguments.sets and seed in way.seeds_on(name)
    ]
    if arguments.quick:
        jobs = [(way, name, seed) for way, name, seed in jobs if name == HARMLESS and seed == 0][:3]
    with ThreadPoolExecutor(arguments.workers) as pool:
        found = [done for done in pool.map(lambda job: study.outcome(*job, end=end), jobs) if done is not None]
    if not arguments.quick and (curves := chart(found)):
        (RESULTS / "reward_accuracy.svg").write_text(curves)
    return list(rows_of(found)), versions


class Study:
    """Trains and evaluates, and keeps what came of it."""

    def __init__(self, public: Path, work: Path, outcomes: Outcomes, *, is_quick: bool) -> None:
        self.public, self.work, self.outcomes, self.is_quick = public, work, outcomes, is_quick
        self.backbone = work / "encoder"
        if not self.backbone.exists():
            make_backbone(ENCODER, self.backbone, ())
        self.test = {name: self._test(name) for name in SETS}
        self.judged = {UKP: self._test(UKP, of_people=True)}

    def outcome(self, way: Way, dataset: str, seed: int, *, end: float | None) -> Done | None:
        """The evaluation of one training, kept or new; None if it would begin after the end."""
        named = {"way": way.name, "dataset": dataset, "seed": seed}
        report = self.outcomes.of(named)
        if report is None:
            if end is not None and time.monotonic() > end:
                return None
            backbone = self._started_elsewhere(way, dataset) if way.starts_from else self.backbone
            report = self._run(way, dataset, seed, str(backbone))
            self.outcomes.add(named, report)
            print(f"  {way.name}; {dataset}; {seed}: {report['accuracy']:.3f} ({report['seconds']:.0f} s)", flush=True)
        return Done(way, dataset, seed, report)

    def _run(self, way: Way, dataset: str, seed: int, backbone: str) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            train = self._train(way, dataset, folder / "train.parquet")
            config = {**COMMON, **way.settings, "seed": seed, "backbone": backbone}
            if way.reliability:
                config["annotator_weights"] = weights_of(train, way.reliability)
            job = {
                "trainer": way.trainer,
                "config": config,
                "train": str(train),
                "test": str(self.test[dataset]),
                "judged": str(self.judged.get(dataset, "")),
                "folder": temporary,
            }
            answer = run_child("benchmarks.reward_accuracy_subject", json.dumps(job))
        return dict(json.loads(answer.splitlines()[-1]))

    def _train(self, way: Way, dataset: str, path: Path) -> Path:
        records = list(records_of(self.public / dataset, "train"))
        records.sort(key=lambda record: record.comparison_hash)
        if dataset == UKP and not way.takes_all:
            records = records[:UKP_PAIRS]
        share = 0.05 if self.is_quick else way.share
        records = records[: round(len(records) * share)]
        rules = PairRules(weight="pair", votes=way.votes)
        write_snapshot(records, path, validation=0.1, test=0, rules=rules)
        return path

    def _test(self, dataset: str, *, of_people: bool = False) -> Path:
        """What is evaluated on: where rows have gold labels, those rows alone, by their labels or by their judgments;
        else the judgments."""
        path = self.work / f"{dataset}.{'judged' if of_people else 'held-out'}.parquet"
        if not path.exists():
            records = list(records_of(self.public / dataset, "test"))
            golden = [record for record in records if record.gold is not None]
            without = {"gold": None} if of_people else {"judgments": ()}
            write_snapshot([replace(record, **without) for record in golden] or records, path, validation=0, test=0)
        return path

    def _started_elsewhere(self, way: Way, dataset: str) -> Path:
        """A model trained in the same way on the train files of the other two sets."""
        place = self.work / f"{way.name}, {dataset}"
        if not (place / "model").exists():
            others = [record for name in SETS if name != dataset for record in self._some(name)]
            place.mkdir(exist_ok=True)
            snapshot, rules = place / "train.parquet", PairRules(weight="pair", votes="majority")
            write_snapshot(others, snapshot, validation=0.1, test=0, rules=rules)
            config = {**COMMON, **way.settings, "backbone": str(self.backbone), "snapshot": str(snapshot)}
            (place / "config.json").write_text(json.dumps(config))
            run_child("rewardmodel.core.train_reward", str(place))
        return place / "model"

    def _some(self, dataset: str) -> list[ComparisonRecord]:
        records = sorted(records_of(self.public / dataset, "train"), key=lambda record: record.comparison_hash)
        return records[:UKP_PAIRS] if dataset == UKP else records


def records_of(folder: Path, part: str) -> Iterator[ComparisonRecord]:
    """The comparisons of the train or the test file of a set."""
    return comparisons_in(folder / f"{part}.jsonl.gz", mapping_of(folder.name, part))


def weights_of(snapshot: Path, method: str) -> dict[str, float]:
    """How much each annotator counts, as a training run of the platform would weigh them."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from rewardmodel.services.reliability import reliability_of

    return dict(reliability_of(snapshot, method=method, rules=PairRules(weight="pair")).weights)
