"""What `datasets`, and so every trainer, sees of an export in each container."""

import pytest

from labeling.services.exports import prepare_export, write_export
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from preferences.pairs import PairRules
from tests.factories import make_project
from tests.labeling.files import import_rows

pytestmark = pytest.mark.django_db

ROWS = [
    {
        "prompt": [{"role": "user", "content": f"Question {number}? 질문"}],
        "responses": [{"content": f"=A good answer to {number}."}, {"content": f"No {number}."}],
        "judgments": [{"annotator": "ann", "ranking": [[0], [1]], "strength": number % 4}],
        "metadata": {"topic": ["t", number]},
    }
    for number in range(24)
]


@pytest.fixture
def load(tmp_path):
    from datasets import load_dataset

    project = make_project()
    import_rows(project, tmp_path, ROWS)
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest(validation=0, test=0)).snapshot

    def loaded(format, container, builder):
        out = tmp_path / f"{format}.{container}"
        rules = PairRules(margin="large")
        write_export(prepare_export(snapshot=snapshot, format=format, container=container, rules=rules), out)
        return load_dataset(builder, data_files=str(out), split="train", cache_dir=str(tmp_path / "cache"))

    return loaded


@pytest.mark.parametrize(
    ("container", "builder"),
    [("jsonl.gz", "json"), ("jsonl.zst", "json"), ("parquet", "parquet")],
)
def test_it_sees_the_same_rows_and_types_in_each(load, container, builder):
    found = load("trl", container, builder)
    expected = load("trl", "jsonl", "json")
    assert found.to_list() == expected.to_list()
    assert found.features["prompt"] == expected.features["prompt"]
    assert found.features["margin"].dtype == "float64"


def test_it_sees_a_column_of_json_as_what_it_holds(load):
    found = load("plumbline", "parquet", "parquet")
    assert len(found) == 24
    assert {row["metadata"]["topic"][0] for row in found} == {"t"}
    assert {len(row["responses"]) for row in found} == {2}


def test_it_sees_the_columns_of_a_spreadsheet(load):
    found = load("trl-standard", "csv", "csv")
    assert found.column_names == ["prompt", "chosen", "rejected", "margin"]
    assert found.features["margin"].dtype == "float64"
    assert found[0]["chosen"].startswith(" =A good answer")
