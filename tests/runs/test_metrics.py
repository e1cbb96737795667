"""metrics.jsonl in the database: each line once, whoever copies, whenever."""

import json
from pathlib import Path

import pytest

from runs.models import Run
from runs.services.metrics import BATCH_LINES, MetricsTail
from runs.services.queueing import queue_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    return queue_run(kind="trial_child", config={}, title="A trial")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def tail(run: Run, file: Path, attempt: int = 1) -> MetricsTail:
    return MetricsTail(run_id=run.pk, attempt=attempt, file=file)


def write(file: Path, *lines: object) -> None:
    with file.open("a") as stream:
        stream.writelines(json.dumps(line) + "\n" for line in lines)


def sequences(run: Run) -> list[int]:
    return list(run.metrics.values_list("sequence", flat=True))


def test_a_file_that_is_not_there_yet_holds_nothing(run, file):
    assert tail(run, file).copy() == 0


def test_only_whole_lines_are_copied_and_the_rest_later(run, file):
    follower = tail(run, file)
    write(file, {"step": 1, "loss": 0.7})
    with file.open("a") as stream:
        stream.write('{"step": 2, "lo')
    assert follower.copy() == 1
    with file.open("a") as stream:
        stream.write('ss": 0.6}\n')
    assert follower.copy() == 1
    assert list(run.metrics.values_list("step", "values__loss")) == [(1, 0.7), (2, 0.6)]


def test_progress_is_noted_and_not_stored(run, file):
    follower = tail(run, file)
    write(file, {"progress": [3, 10]}, {"step": 4, "loss": 1.0, "progress": [4, 10]})
    assert follower.copy() == 1
    assert follower.progress == (4, 10)
    assert run.metrics.get().values == {"loss": 1.0}


def test_torn_and_foreign_lines_are_passed_over_and_keep_their_number(run, file):
    file.write_text('{"step": 1, "loss": 1.0}\n{"step": 2, "lo\n[1, 2]\n{"step": 3, "loss": null}\n')
    tail(run, file).copy()
    assert sequences(run) == [1, 4]


def test_a_second_attempt_goes_on_after_the_last_line_stored(run, file):
    write(file, *[{"step": step, "loss": 1.0} for step in range(1, 6)])
    tail(run, file).copy()
    write(file, {"step": 4, "loss": 0.9})
    assert tail(run, file, attempt=2).copy() == 1
    assert sequences(run) == [1, 2, 3, 4, 5, 6]
    assert run.metrics.get(sequence=6).attempt == 2


def test_two_that_copy_at_once_store_each_line_once(run, file):
    first, second = tail(run, file), tail(run, file, attempt=2)
    write(file, *[{"step": step, "loss": 1.0} for step in range(1, 6)])
    first.copy()
    second.copy()
    assert sequences(run) == [1, 2, 3, 4, 5]


def test_many_lines_are_copied_in_batches(run, file):
    write(file, *[{"step": step, "loss": 1.0} for step in range(1, 2 * BATCH_LINES + 10)])
    assert tail(run, file).copy() == 2 * BATCH_LINES + 9
