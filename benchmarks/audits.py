"""Bias audits of public judgments: `python -m benchmarks.audits FOLDER`.

FOLDER holds the data sets by name, in their upstream files (`READERS` says which); those that are missing are named and
passed over. What is known of how each was collected:

- **ukpconvarg1**: two arguments of one side of a debate, in the order in which they were shown; one order a pair. Times
  are those of a task of several pairs: the dwell time is the task's over those of its pairs that are here, and too long
  where some are not. A prompt is one side of a debate.
- **llmfao_crowd**: left and right as shown, one order a pair; a prompt has outputs of 59 models.
- **pandalm_3annot**: three people; in which order they saw the two is not known.
- **hh_helpful_base, hh_harmless_base**: chosen and rejected, without people or order; the last turn is the response.
- **korean_mtbench_machine_judged**: three models judge each pair in both orders; EXAONE's answers are EXAONE's own.

`python -m benchmarks audits` leaves each audit's headline in benchmarks/results/audits.json.
"""

import argparse
import csv
import gzip
import json
import lzma
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import public_folder
from benchmarks.report import Row, installed
from labeling.stats.audits.effects import Audit, Effect, shares
from labeling.stats.audits.position import position_audit
from labeling.stats.audits.report import LEVEL, adjusted, adjusted_headlines, all_audits, sentence
from labeling.stats.audits.rows import AuditRow, reading_of, seen_in_order
from labeling.stats.text_features import text_features

QUICK_NAMES = ("pandalm_3annot", "hh_harmless_base")
Reader = Callable[[Path], Iterator[AuditRow]]
LEFT, RIGHT = 0, 1
VERDICTS = {"first": [[LEFT], [RIGHT]], "second": [[RIGHT], [LEFT]], "tie": [[LEFT, RIGHT]]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the data sets lie, each in a folder of its name")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(READERS)}; all by default")
    arguments = parser.parse_args()
    for name in arguments.names or READERS:
        if not (arguments.folder / name).is_dir():
            print(f"# {name}: there is no such folder in {arguments.folder}\n")
            continue
        rows = list(READERS[name](arguments.folder / name))
        start = time.perf_counter()
        audits = all_audits(rows)
        seconds = time.perf_counter() - start
        print(f"# {name}: {len(rows):,} judgments, audited in {seconds:.1f} s\n{sentence(audits)}\n")
        for audit in audits:
            show(audit, adjusted_headlines(audits))
        show_people(position_audit(rows))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    public_folder.add_arguments(parser)


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """The headline of each audit of each dataset, with its interval, and the seconds that all audits took."""
    rows: list[Row] = []
    folder = public_folder.folder_of(arguments)
    for name in (QUICK_NAMES if arguments.quick else READERS) if folder else ():
        if folder is None or not (folder / name).is_dir():
            print(f"  {name} left out: there is no such folder", flush=True)
            continue
        judgments = list(READERS[name](folder / name))
        start = time.perf_counter()
        audits = all_audits(judgments)
        seconds = time.perf_counter() - start
        for audit in audits:
            if isinstance(found := audit.headline.effect, Effect):
                question = f"{audit.name}: {audit.headline.key}"
                rows.append(Row(question, name, None, found.estimate, "effect", low=found.low, high=found.high))
        rows.append(Row(f"all audits of {len(judgments):,} judgments", name, None, seconds, "s"))
    return rows, public_folder.versions_with(folder, installed("numpy", "scipy"))


def show(audit: Audit, p_values: dict[str, float]) -> None:
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in audit.left_out.items() if count)
    p_value = f"  Holm's p = {p_values[audit.name]:.2g}" if audit.name in p_values else ""
    print(f"## {audit.name}{p_value}" + (f"  (left out: {left_out})" if left_out else ""))
    for one in audit.findings:
        print(f"{one.key}: {one.sentence}")
    print()


def show_people(audit: Audit) -> None:
    """Who favours a place, after Holm's correction over all annotators with an interval of their own."""
    p_values = adjusted({str(annotator): effect for annotator, effect in audit.by_annotator.items()})
    print(
        f"annotators with a position effect of their own: {len(p_values)} of {len(audit.by_annotator)}; clear of them:"
    )
    for annotator, effect in audit.by_annotator.items():
        if isinstance(effect, Effect) and p_values[str(annotator)] < LEVEL:
            print(f"  {annotator}: {shares(effect)}, n = {effect.n}")
    print()


def json_lines(path: Path) -> Iterator[Any]:
    """The objects of a gzip- or xz-compressed file of JSON lines."""
    with (lzma.open if path.suffix == ".xz" else gzip.open)(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def pair_row(texts: tuple[str, str], verdict: str, *, prompt_text: str = "", **what: Any) -> AuditRow:
    """A judgment of two texts in the order shown, with all there was to read."""
    features = {LEFT: text_features(texts[0]), RIGHT: text_features(texts[1])}
    return AuditRow(
        seen=seen_in_order(VERDICTS[verdict], (LEFT, RIGHT), features=features),
        reading=reading_of((prompt_text, *texts)),
        **what,
    )


def ukpconvarg1(folder: Path) -> Iterator[AuditRow]:
    pairs = [pair for part in ("train", "test") for pair in json_lines(folder / f"{part}.jsonl.gz")]
    sizes = Counter(task_of(judgment) for pair in pairs for judgment in pair["judgments"])
    verdicts = {"a1": "first", "a2": "second", "equal": "tie"}
    for pair in pairs:
        for judgment in pair["judgments"]:
            sent, accepted = when(judgment["submit_time"]), when(judgment["accept_time"])
            yield pair_row(
                (pair["arg1"], pair["arg2"]),
                verdicts[judgment["value"]],
                comparison=pair["id"],
                prompt=pair["debate"],
                annotator=judgment["worker"],
                judged_at=sent,
                dwell_ms=round((sent - accepted).total_seconds() * 1000 / sizes[task_of(judgment)]),
            )


def task_of(judgment: dict[str, Any]) -> tuple[str, str, str]:
    return judgment["worker"], judgment["accept_time"], judgment["submit_time"]


def when(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC)


def llmfao_crowd(folder: Path) -> Iterator[AuditRow]:
    pairs = {str(pair["id"]): pair for pair in json_lines(folder / "pairs-crowd.jsonl.gz")}
    verdicts = {"left": "first", "right": "second", "tie": "tie"}
    with gzip.open(folder / "crowd-comparisons.csv.gz", "rt", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            pair = pairs[line["id"]]
            yield pair_row(
                (pair["result_x"], pair["result_y"]),
                verdicts[line["winner"]],
                prompt_text=pair["text"],
                comparison=line["id"],
                prompt=line["prompt"],
                annotator=line["worker"],
            )


def pandalm_3annot(folder: Path) -> Iterator[AuditRow]:
    with gzip.open(folder / "dev.json.gz", "rt", encoding="utf-8") as file:
        pairs = json.load(file)
    for number, pair in enumerate(pairs):
        for annotator in ("annotator1", "annotator2", "annotator3"):
            yield pair_row(
                (pair["response1"], pair["response2"]),
                ("tie", "first", "second")[int(pair[annotator])],
                comparison=number,
                prompt=(pair["instruction"], pair["input"]),
                annotator=annotator,
                order_is_known=False,
            )


def hh(folder: Path) -> Iterator[AuditRow]:
    turn = "\n\nAssistant:"
    for part in ("train", "test"):
        for number, pair in enumerate(json_lines(folder / f"{part}.jsonl.gz")):
            chosen, rejected = pair["chosen"].rpartition(turn), pair["rejected"].rpartition(turn)
            yield pair_row(
                (chosen[2], rejected[2]),
                "first",
                prompt_text=chosen[0],
                comparison=(part, number),
                prompt=chosen[0].split(turn)[0],
                annotator=None,
                order_is_known=False,
            )


def korean_mtbench(folder: Path) -> Iterator[AuditRow]:
    answers = {
        (answer["question_id"], path.name.removesuffix(".jsonl.xz")): answer["choices"][0]["turns"][1]
        for path in sorted((folder / "answers").iterdir())
        for answer in json_lines(path)
    }
    verdicts = {"A": "first", "B": "second", "tie": "tie"}
    for path in sorted((folder / "judgments_pairwise").iterdir()):
        for line in json_lines(path):
            question, family = line["question_id"], line["judge_id"].split("-")[0].lower()
            for order, shown in (("ab", ("model_a", "model_b")), ("ba", ("model_b", "model_a"))):
                models = [line[name] for name in shown]
                texts = {model: text_features(answers[question, model]) for model in models}
                groups = VERDICTS[verdicts[line[f"winner_{order}"]]]
                yield AuditRow(
                    comparison=(question, *sorted(models)),
                    prompt=question,
                    annotator=line["judge_id"],
                    seen=seen_in_order(
                        [[models[at] for at in group] for group in groups],
                        models,
                        features=texts,
                        own={model for model in models if model.lower().startswith(family)},
                    ),
                )


READERS: dict[str, Reader] = {
    "ukpconvarg1": ukpconvarg1,
    "llmfao_crowd": llmfao_crowd,
    "pandalm_3annot": pandalm_3annot,
    "hh_helpful_base": hh,
    "hh_harmless_base": hh,
    "korean_mtbench_machine_judged": korean_mtbench,
}

if __name__ == "__main__":
    main()
