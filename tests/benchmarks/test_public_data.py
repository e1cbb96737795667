"""Importing public data: mappings are sound, converters put rows together, and every row is accounted for."""

import gzip
import json
import lzma
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.converters.files import rows_in
from benchmarks.public_data import HERE, converter_of, datasets, tables
from preferences.containers import open_rows
from preferences.formats import detect, format_named, read_rows
from preferences.formats.mapped import mapped_format
from preferences.formats.mapping import parse_mapping
from preferences.pairs import PairRules, derive_pairs

ROOT = Path(__file__).parents[2]
PAIR = {"input": "Which way?", "output_1": "Left.", "output_2": "Right.", "label": 2}


def readings(table):
    """A table read by its mapping, or by the format its rows look like."""
    rows = list(open_rows(table.file))
    if table.mapping:
        return list(read_rows(rows, mapped_format(parse_mapping(table.mapping.read_bytes()))))
    return list(read_rows(rows, format_named(detect(row for _number, row in rows[:20]))))


def counts(folder, scratch):
    """By table: rows, comparisons, judgments, gold answers, verdicts with a tie, strict pairs, refused rows."""
    found = {}
    for table in tables(folder, scratch):
        count = Counter()
        for reading in readings(table):
            count["rows"] += len(reading.rows)
            count["refused"] += 0 if reading.records else len(reading.rows)
            for record in reading.records:
                count[record.kind] += 1
                count["judgments"] += len(record.judgments)
                count["gold"] += record.gold is not None
                count["ties"] += sum(judgment.has_tie for judgment in record.judgments)
                count["pairs"] += sum(1 for _pair in derive_pairs(record, PairRules()))
        found[table.name] = +count
    return found


@pytest.mark.parametrize("path", sorted((HERE / "mappings").iterdir()), ids=lambda path: path.stem)
def test_every_mapping_is_sound(path):
    assert mapped_format(parse_mapping(path.read_bytes())).name == "mapping"


@pytest.mark.parametrize("path", sorted((HERE / "converters").glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_every_converter_is_found_by_its_dataset(path):
    assert (converter_of(path.stem) is None) == (path.stem == "files")
    assert converter_of("no-such.data") is None


def test_files_are_read_however_they_are_packed(tmp_path):
    rows = [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]
    (tmp_path / "rows.json.xz").write_bytes(lzma.compress(json.dumps(rows).encode()))
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    (tmp_path / "rows.csv").write_text("a,b\n1,x\n2,y\n")
    assert all(rows_in(path) == rows for path in tmp_path.iterdir())


def write_folders(root):
    """Two datasets: one known here by its mapping, packed with xz; one told by its rows."""
    (root / "llmbar").mkdir()
    (root / "llmbar" / "own.json.xz").write_bytes(lzma.compress(json.dumps([PAIR, {**PAIR, "label": 3}]).encode()))
    (root / "own").mkdir()
    (root / "own" / "rows.jsonl").write_text('{"prompt": "Which way?", "chosen": "Right.", "rejected": "Left."}\n' * 2)


def test_a_folder_holds_one_dataset_or_several(tmp_path):
    write_folders(tmp_path)
    assert [folder.name for folder in datasets([tmp_path])] == ["llmbar", "own"]
    assert [folder.name for folder in datasets([tmp_path / "own"])] == ["own"]
    (table,) = tables(tmp_path / "llmbar", tmp_path)
    assert [len(reading.records) for reading in readings(table)] == [1, 0]


def test_the_command_accounts_for_every_row_and_finds_nothing_new_the_second_time(tmp_path):
    write_folders(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.public_data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "llmbar/own (mapping): 2 rows = 1 accepted + 1 rejected + 0 unchanged [bad-judgment 1]",
        "    1 comparisons, 1 judgments; again: 1 unchanged",
        "own/rows (trl): 2 rows = 1 accepted + 0 rejected + 1 unchanged",
        "    1 comparisons, 1 judgments; again: 2 unchanged",
    ]


# What the datasets' own descriptions say of them, where they say it.
@pytest.mark.parametrize(
    ("dataset", "table", "known"),
    [
        ("imagereward_kwise", "rankings", {"rows": 301, "judgments": 301, "ties": 223, "pairs": 4155}),
        ("instructions_dolly3k", "dev", {"rows": 2325, "demonstration": 2325}),
        ("korean_mtbench_machine_judged", "gpt_judge_gpt4omini", {"rows": 900, "judgments": 900, "ties": 198}),
        ("llmbar", "Natural", {"rows": 61, "pairs": 61}),
        ("llmfao_crowd", "crowd-comparisons", {"rows": 6216, "refused": 850}),  # pairs with an empty output
        ("oasst_trees", "trees", {"rows": 69, "comparison": 146, "judgments": 144, "pairs": 526 + 3}),
        ("oracles", "evalica_food", {"rows": 30, "judgments": 30, "ties": 2}),
        ("pandalm_3annot", "dev", {"rows": 679, "refused": 54, "judgments": 3 * (679 - 54)}),
        ("qa_feedback_k4", "pair choices", {"rows": 2046, "judgments": 2046, "ties": 256}),
        ("selfinstruct_user_tasks", "tasks", {"rows": 175, "comparison": 175}),
        ("square_ko", "questions with answers", {"rows": 178, "refused": 23, "judgments": 918}),
        ("ukpconvarg1", "test", {"rows": 2313, "refused": 1, "judgments": 11539}),
    ],
)
def test_public_data_comes_in_with_the_figures_known_of_it(data_folder, tmp_path, dataset, table, known):
    found = counts(data_folder / dataset, tmp_path)[table]
    assert {name: found[name] for name in known} == known
