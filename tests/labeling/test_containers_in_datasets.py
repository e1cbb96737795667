"""What `datasets`, and so every trainer, sees of an export in each container."""

import pytest

from labeling.services.exports import prepare_export, writable_containers, writable_formats, write_export
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from preferences.pairs import PairRules
from tests.factories import make_project
from tests.labeling.files import import_rows

pytestmark = pytest.mark.django_db

RATED = {"helpfulness": 4, "correctness": 3, "coherence": 4, "complexity": 1, "verbosity": 1}
ROWS = [
    {
        "prompt": [{"role": "user", "content": f"Question {number}? 질문"}],
        "responses": [{"content": f"=A good answer to {number}."}, {"content": f"No {number}."}],
        "judgments": [
            {"annotator": "ann", "ranking": [[0], [1]], "strength": number % 4, "ratings": {"0": RATED, "1": RATED}}
        ],
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
        told = write_export(prepare_export(snapshot=snapshot, format=format, container=container, rules=rules), out)
        found = load_dataset(builder, data_files=str(out), split="train", cache_dir=str(tmp_path / "cache"))
        assert len(found) == told["rows"] > 0
        return found

    return loaded


BUILDERS = {"jsonl": "json", "csv": "csv", "parquet": "parquet"}


@pytest.mark.parametrize("container", [name for name in writable_containers() if not name.startswith("parquet.")])
def test_it_takes_every_format_in_every_container_but_packed_parquet(load, container):
    for format in writable_formats():
        plain = load(format, "jsonl", "json")
        found = load(format, container, BUILDERS[container.partition(".")[0]])
        assert found.num_rows == plain.num_rows
        if not container.startswith("csv"):
            absent = set(found.column_names) - set(plain.column_names)  # a table has a column for what no row holds
            assert found.remove_columns(absent).to_list() == plain.to_list()


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_it_refuses_packed_parquet_as_the_documents_say(load, packing):
    with pytest.raises(Exception, match=r"[Pp]arquet"):
        load("trl", f"parquet.{packing}", "parquet")


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
