"""What reward-model training is measured on: comparisons of K answers to public prompts, or to the demo's.

Lengths are real, orders are planted: the longer answer is better, so that there is something to learn. A prompt with
fewer than K answers gets answers to other prompts of its dataset besides.
"""

import random
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.public_data import tables
from preferences.ahead import Reader
from preferences.containers import open_rows
from preferences.formats import detect, plumbline
from preferences.formats.mapped import NAME as MAPPED
from preferences.records import ComparisonRecord, JudgmentRecord, ResponseRecord

DEMO = Path(__file__).resolve().parent.parent / "labeling/demo/responses.jsonl"
DETECTION_ROWS = 20
LEAST_PROMPTS = 2


@dataclass(frozen=True)
class Workload:
    """Comparisons of `k` answers of one dataset, cut into `steps` optimizer steps."""

    dataset: str
    k: int
    comparisons_per_step: int
    steps: int

    @property
    def name(self) -> str:
        return f"{self.dataset}, K = {self.k}"

    @property
    def comparisons(self) -> int:
        return self.comparisons_per_step * self.steps

    @property
    def pairs_per_step(self) -> int:
        return self.comparisons_per_step * self.k * (self.k - 1) // 2


OF_PUBLIC_DATA = (
    Workload("hh_harmless_base", 2, 8, 6),
    Workload("hh_helpful_base", 2, 8, 6),
    Workload("ukpconvarg1", 2, 8, 3),
    Workload("oasst_trees", 4, 4, 4),
    Workload("qa_feedback_k4", 4, 4, 4),
    Workload("oasst_trees", 9, 2, 3),
)
OF_THE_DEMO = (Workload("demo", 2, 8, 4), Workload("demo", 4, 4, 3), Workload("demo", 9, 2, 2))


def records_of(workload: Workload, public_data: Path | None) -> list[ComparisonRecord]:
    """The comparisons of a workload, always the same ones."""
    draw = random.Random(f"{workload.dataset}/{workload.k}")
    found = list(_demo() if public_data is None else public_comparisons(public_data / workload.dataset))
    assert len(found) >= LEAST_PROMPTS, f"{workload.dataset} holds {len(found)} comparisons"
    draw.shuffle(found)
    found.sort(key=lambda record: -min(len(_distinct(record.responses)), workload.k))
    others = [response for record in found for response in record.responses]
    return [_ranked(record, others, workload.k, draw) for record in islice(_once(found), workload.comparisons)]


def _ranked(record: ComparisonRecord, others: list[ResponseRecord], k: int, draw: random.Random) -> ComparisonRecord:
    """The record with K distinct answers, each longer one better."""
    own = _distinct(record.responses)[:k]
    while len(own) < k:
        own = _distinct([*own, draw.choice(others)])
    longest_first = sorted(range(k), key=lambda place: (-len(own[place].content), own[place].content))
    judgment = JudgmentRecord(
        annotator="planted", ranking=tuple((place,) for place in longest_first), source="simulated"
    )
    return ComparisonRecord(prompt=record.prompt, responses=tuple(own), judgments=(judgment,))


def _distinct(responses: Iterable[ResponseRecord]) -> list[ResponseRecord]:
    """Each text once, without what else is known of it."""
    return [ResponseRecord(content=text) for text in dict.fromkeys(response.content for response in responses)]


def _once(records: Iterable[ComparisonRecord]) -> Iterator[ComparisonRecord]:
    """The first record of each prompt."""
    seen = set()
    for record in records:
        if record.prompt_hash not in seen:
            seen.add(record.prompt_hash)
            yield record


def _demo() -> Iterator[ComparisonRecord]:
    return (record for reading in Reader(plumbline.NAME).read(DEMO) for record in reading.records)


def public_comparisons(folder: Path) -> Iterator[ComparisonRecord]:
    """All comparisons of a public dataset, by its format or its mapping."""
    with tempfile.TemporaryDirectory() as scratch:
        for table in tables(folder, Path(scratch)):
            yield from comparisons_in(table.file, table.mapping)


def comparisons_in(file: Path, mapping: Path | None) -> Iterator[ComparisonRecord]:
    """The comparisons of one file, by the mapping or else by the format of its first rows."""
    known = tomllib.loads(mapping.read_text()) if mapping else None
    first = [row for _number, row in islice(open_rows(file), DETECTION_ROWS)]
    for reading in Reader(detect(first) if known is None else MAPPED, known).read(file):
        yield from (record for record in reading.records if record.kind == "comparison")
