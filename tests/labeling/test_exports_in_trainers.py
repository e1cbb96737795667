"""Exports are taken by the tools they are for: `datasets` loads them, TRL's RewardTrainer takes a step on them."""

import json
import math
import os

import pytest

from labeling.services.exports import prepare_export, write_export
from labeling.services.imports import import_file
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from preferences.pairs import PairRules
from tests.engines import run_python
from tests.factories import make_project
from tests.labeling.files import import_rows, make_batch

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

ROWS = [
    {
        "prompt": [{"role": "user", "content": f"Question {number}? 질문"}]
        + [{"role": "assistant", "content": "Which?"}, {"role": "user", "content": "This."}] * (number % 2),
        "responses": [{"content": f"A good answer to {number}."}, {"content": f"No {number}."}, {"content": "Maybe."}],
        "judgments": [{"annotator": "ann", "ranking": [[0], [1, 2]], "strength": number % 4}],
        "metadata": {"topic": "t"},
    }
    for number in range(24)
]


@pytest.fixture
def snapshot(tmp_path):
    project = make_project()
    import_rows(project, tmp_path, ROWS)
    return freeze_snapshot(project=project, request=SnapshotRequest(validation=0, test=0)).snapshot


def take_steps(folder, *files):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf")}
    told = run_python(["-m", "tests.labeling.trl_step", str(folder), *map(str, files)], environment)
    return json.loads(told.splitlines()[-1])


def test_trl_takes_a_real_step_on_each_export(snapshot, tmp_path):
    columns = {
        "trl": ["chosen", "prompt", "rejected"],
        "trl-implicit": ["chosen", "margin", "rejected"],
        "hh-rlhf": ["chosen", "rejected"],
    }
    files = []
    for name, expected in columns.items():
        rules = PairRules(margin="large" if "margin" in expected else "none")
        files.append(tmp_path / f"{name}.jsonl")
        assert write_export(prepare_export(snapshot=snapshot, format=name, rules=rules), files[-1])["rows"] == 48
    told = take_steps(tmp_path, *files)
    for name, expected in columns.items():
        assert (told[name]["rows"], told[name]["kept"], told[name]["columns"]) == (48, 48, expected)
        assert math.isfinite(told[name]["loss"])
        assert told[name]["moved"] > 1e-4


@pytest.mark.parametrize(
    ("name", "rows"), [("plumbline", 24), ("responses", 24), ("trl-standard", 48), ("trl-implicit-standard", 48)]
)
def test_datasets_loads_an_export(snapshot, tmp_path, name, rows):
    from datasets import load_dataset

    out = tmp_path / f"{name}.jsonl"
    write_export(prepare_export(snapshot=snapshot, format=name), out)
    loaded = load_dataset("json", data_files=str(out), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(loaded) == rows


def test_trl_takes_the_public_file_after_its_way_through_the_platform(data_folder, tmp_path):
    project = make_project()
    import_file(batch=make_batch(project), path=data_folder / "hh_harmless_base/train.jsonl.gz")
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest()).snapshot
    out = tmp_path / "trl.jsonl"
    assert write_export(prepare_export(snapshot=snapshot, format="trl"), out)["rows"] == 1456
    told = take_steps(tmp_path, out)["trl"]
    assert told["rows"] == 1456
    assert told["kept"] > 1200
    assert told["moved"] > 1e-4
