"""Who takes an export: docs/formats.md says it in two tables, and each of their cells is tried here.

TRL's trainers take one real optimizer step each on what `datasets` loads; OpenRLHF's reading is told again in
`openrlhf_reading`.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from labeling.services.exports import prepare_export, writable_formats, write_export
from labeling.services.imports import import_file
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from preferences.pairs import PairRules
from tests.engines import ROOT
from tests.factories import make_project
from tests.labeling.files import import_rows, make_batch
from tests.labeling.openrlhf_reading import Flags, read_demonstration, read_pair, token_ids

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DOC = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
TRAINERS = ("Reward", "DPO", "KTO", "SFT")
RATINGS = {"helpfulness": 4, "correctness": 3, "coherence": 4, "complexity": 1, "verbosity": 1}
VERDICTS = ({"ranking": [[0], [1, 2]]}, {"ranking": [[1], [0], [2]]}, {"ranking": [], "all_bad": True})
ROWS = [
    {
        "prompt": [{"role": "user", "content": f"Question {number}? 질문"}]
        + [{"role": "assistant", "content": "Which?"}, {"role": "user", "content": "This."}] * (number % 2),
        "responses": [{"content": f"A good answer to {number}."}, {"content": f"No {number}."}, {"content": "Maybe."}],
        "judgments": [
            {
                "annotator": "ann",
                "strength": number % 4,
                "ratings": {str(index): RATINGS for index in range(3)},
                **VERDICTS[number % 3],
            }
        ],
    }
    for number in range(24)
]


def table_after(heading):
    """The rows of the first table after a heading, by their first cell: {column: cell}."""
    lines = DOC.partition(f"## {heading}\n")[2].splitlines()
    table = [
        line for line in lines[: next(i for i, line in enumerate(lines) if line.startswith("#"))] if line[:1] == "|"
    ]
    head, _rule, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return [dict(zip(head, row, strict=True)) for row in rows]


def cells():
    """(format, trainer, cell) for every cell of the table of trainers."""
    for row in table_after("Who takes what"):
        for format in re.findall(r"`([\w-]+)`", row["format"]):
            yield from ((format, trainer, row[f"{trainer}Trainer"]) for trainer in TRAINERS)


def job_of(file, trainer, cell):
    """What a cell asks to be done before the trainer takes the file."""
    renamed = re.search(r"`(\w+)` as `(\w+)`", cell)
    template = re.search(r"by `(\{.+\})`", cell)
    return {
        "trainer": trainer,
        "file": str(file),
        "rename": {renamed[1]: renamed[2]} if renamed else {},
        "without": re.findall(r"without `(\w+)`", cell),
        "template": template[1].replace(r"\n", "\n") if template else "",
    }


def take_steps(folder, jobs):
    done = subprocess.run(
        [sys.executable, "-m", "tests.labeling.trainer_steps", str(folder)],
        cwd=ROOT,
        input=json.dumps(jobs),
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def snapshot(tmp_path):
    project = make_project()
    import_rows(project, tmp_path, ROWS)
    return freeze_snapshot(project=project, request=SnapshotRequest(validation=0, test=0)).snapshot


@pytest.fixture
def exported(snapshot, tmp_path):
    """Writes an export once; gives its path and what was told of it."""

    def export(format, *, margin="none"):
        out = tmp_path / f"{format}-{margin}.jsonl"
        return out, write_export(prepare_export(snapshot=snapshot, format=format, rules=PairRules(margin=margin)), out)

    return export


def test_the_table_names_every_format_that_is_written():
    assert sorted({format for format, _trainer, _cell in cells()}) == sorted(writable_formats())
    assert {cell[0] for _format, _trainer, cell in cells()} == {"✓", "–", "✗"}


def test_each_trainer_takes_a_real_step_on_what_the_table_says_it_takes_and_on_nothing_else(exported, tmp_path):
    asked = list(cells())
    files = {format: exported(format) for format in writable_formats()}
    jobs = [job_of(files[format][0], trainer, cell) for format, trainer, cell in asked]
    for (format, trainer, cell), told in zip(asked, take_steps(tmp_path, jobs), strict=True):
        where = (format, trainer, cell, told)
        if cell.startswith("–"):
            assert "refused" in told, where
            continue
        assert "refused" not in told, where
        assert told["rows"] == files[format][1]["rows"], where
        assert told["is_finite"], where
        assert told["moved"] > 1e-4, where
        if cell.startswith("✓"):
            assert told["kept"] == told["rows"] * (2 if "two" in cell else 1), where
            lost = [text for text in told["texts"] if "Question" not in text]
            assert bool(lost) == ("single turns" in cell), where
        elif "prompts" in cell:
            assert not any("Question" in text for text in told["texts"]), where
        else:
            assert any("Maybe." in text for text in told["texts"]), where


def test_reward_and_preference_training_see_the_margin(exported, tmp_path):
    formats = ("trl", "trl-implicit", "trl-standard", "trl-implicit-standard")
    jobs = [job_of(exported(format, margin="large")[0], "Reward", "✓") for format in formats]
    for told in take_steps(tmp_path, jobs):
        assert "margin" in told["columns"]
        assert "margin" in told["prepared"]
        assert told["moved"] > 1e-4


def test_trl_takes_a_public_file_after_its_way_through_the_platform(data_folder, tmp_path):
    project = make_project()
    import_file(batch=make_batch(project), path=data_folder / "hh_harmless_base/train.jsonl.gz")
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest()).snapshot
    out = tmp_path / "trl.jsonl"
    assert write_export(prepare_export(snapshot=snapshot, format="trl"), out)["rows"] == 1456
    (told,) = take_steps(tmp_path, [job_of(out, "Reward", "✓")])
    assert told["rows"] == 1456
    assert told["kept"] > 1000  # TRL leaves out what is longer than its max_length, here in bytes
    assert told["moved"] > 1e-4


@pytest.mark.parametrize("row", [row for row in table_after("OpenRLHF's readers") if row["module"] != "none"], ids=str)
def test_openrlhf_reads_each_row_whole_with_the_flags_that_are_documented(exported, tmp_path, row):
    from datasets import load_dataset

    from tests.labeling.trainer_steps import make_tokenizer

    tokenizer, flags = make_tokenizer(), Flags.of(row["flags"].strip("`").split())
    out, told = exported(row["format"].strip("`"), margin="large")
    data = load_dataset("json", data_files=str(out), split="train", cache_dir=str(tmp_path / "cache"))
    for one in data:
        if "sft" in row["module"]:
            prompt, answer = read_demonstration(one, flags, tokenizer)
            texts, sides = [prompt + answer], [answer]
        else:
            prompt, *sides, margin = read_pair(one, flags, tokenizer, is_dpo="dpo" in row["module"])
            assert margin in (0, 1, 2, 3)
            assert sides[0].strip() != sides[1].strip()
            texts = [prompt + side for side in sides]
        if "dpo" in row["module"] or "prompt_key" in row["flags"]:
            assert "Question" in prompt
            assert not any("Question" in side for side in sides)
        for text, side in zip(texts, sides, strict=True):
            assert "Question" in text
            assert side.replace(tokenizer.eos_token, "").strip()
            ids = token_ids(text, flags, tokenizer)
            assert ids[-1] == tokenizer.eos_token_id
            assert ids.count(tokenizer.eos_token_id) == text.count(tokenizer.eos_token) + (
                not text.rstrip("\n").endswith(tokenizer.eos_token)
            )
    assert len(data) == told["rows"]
