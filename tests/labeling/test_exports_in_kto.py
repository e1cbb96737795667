"""The unpaired export is taken by the tool it is for: TRL's KTOTrainer takes a step on it."""

import json
import math
import os

import pytest

from labeling.services.exports import prepare_export, write_export
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from tests.engines import run_python
from tests.factories import make_project
from tests.labeling.files import import_rows

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

VERDICTS = ({"ranking": [[0], [1, 2]]}, {"ranking": [], "all_bad": True}, {"ranking": [[0, 1, 2]]})
ROWS = [
    {
        "prompt": [{"role": "user", "content": f"Question {number}? 질문"}],
        "responses": [{"content": f"A good answer to {number}."}, {"content": f"No {number}."}, {"content": "Maybe."}],
        "judgments": [{"annotator": "ann", **VERDICTS[number % 3]}],
    }
    for number in range(24)
]


def test_trl_takes_a_real_step_on_labels_of_single_responses(tmp_path):
    project = make_project()
    import_rows(project, tmp_path, ROWS)
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest(validation=0, test=0)).snapshot
    files = [tmp_path / "kto.jsonl", tmp_path / "kto-standard.jsonl"]
    for file in files:
        told = write_export(prepare_export(snapshot=snapshot, format=file.stem), file)
        assert told["rows"] == 48
        assert told["dropped"] == {"response said to be neither desirable nor undesirable": 24}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    output = run_python(["-m", "tests.labeling.trl_kto_step", str(tmp_path), *map(str, files)], environment)
    for step in json.loads(output.splitlines()[-1]).values():
        assert (step["rows"], step["columns"], step["desirable"]) == (48, ["completion", "label", "prompt"], 8)
        assert math.isfinite(step["loss"])
        assert step["moved"] > 1e-4
