"""Tokenized splits on disk: the same as in memory, written once, checked, mended, and pruned."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preferences.errors import DamagedSnapshot
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.snapshot import read_snapshot, write_snapshot
from preferences.targets import TARGET_KINDS
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data import token_store
from rewardmodel.core.data.cache_folder import ABANDONED_SECONDS, MANIFEST, prune
from rewardmodel.core.data.comparison import PackedComparisons, packed
from rewardmodel.core.data.template import EncodedText, Template
from rewardmodel.core.data.token_store import DamagedTokens, cached, open_tokens, write_tokens
from rewardmodel.core.data.token_tables import DTYPES, Packer
from rewardmodel.core.data.training_set import Tokenizing, TrainingSet
from rewardmodel.core.errors import TokenCacheUnwritable
from rewardmodel.core.evaluate_reward import FileRow
from rewardmodel.core.model import load_backbone
from rewardmodel.core.run_directory import RunDirectory, Stopped
from rewardmodel.core.train_reward import train
from tests.engines import ROOT
from tests.preferences.strategies import comparisons
from tests.rewardmodel.builders import make_run, planted_records, record

RULES = PairRules(ties="half", weight="prompt")


@pytest.fixture(scope="module")
def encoder(tiny_bert: Path) -> Template:
    return load_backbone(str(tiny_bert), max_length_tokens=32).template


@pytest.fixture(scope="module")
def decoder(tiny_llama: Path) -> Template:
    return load_backbone(str(tiny_llama), max_length_tokens=48).template


def tokenizing(records: list[ComparisonRecord], template: Template, **options: Any) -> Tokenizing:
    options = {"rules": RULES, "targets": TARGET_KINDS, **options}
    return Tokenizing([FileRow(one) for one in records], template=template, **options)


def never() -> Tokenizing:
    """Rows that nobody may read."""

    def rows() -> Any:
        raise AssertionError("tokenized again")
        yield

    return Tokenizing(rows(), rules=RULES, template=None)  # type: ignore[arg-type]


def tables_of(data: TrainingSet) -> dict[str, bytes]:
    comparisons = data.comparisons
    assert isinstance(comparisons, PackedComparisons)
    return {name: table.tobytes() for name, table in comparisons.tables.items()}


def test_what_comes_from_the_cache_is_bit_for_bit_what_memory_holds(
    tmp_path: Path, encoder: Template, decoder: Template
) -> None:
    records = list(planted_records(prompts=40, responses=4))
    for name, template in (("encoder", encoder), ("decoder", decoder)):
        memory = tokenizing(records, template).in_memory()
        stored = cached(tmp_path, {"for": name}, tokenizing(records, template))
        assert tables_of(stored) == tables_of(memory)
        assert list(stored.comparisons) == list(memory.comparisons)
        assert stored.summary() == memory.summary()
        again = cached(tmp_path, {"for": name}, never())
        assert list(again.comparisons) == list(memory.comparisons)
        assert again.summary() == memory.summary()


@given(records=st.lists(comparisons(max_k=9), max_size=4), long=st.booleans())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)
def test_hostile_comparisons_come_back_as_they_went_in(
    tmp_path: Path, decoder: Template, records: list[ComparisonRecord], long: bool
) -> None:
    folder = tmp_path / "split"
    source = tokenizing(records, decoder, drops_long=long)
    memory = source.in_memory()
    write_tokens(tokenizing(records, decoder, drops_long=long), folder, {})
    stored = open_tokens(folder)
    assert list(stored.comparisons) == list(memory.comparisons)
    assert stored.summary() == memory.summary()
    assert stored.rows == len(stored.comparisons) + sum(stored.left_out.values()) == len(records)
    assert stored.lengths.tolist() == [comparison.longest for comparison in memory.comparisons]
    assert stored.tokens_of_each.tolist() == [comparison.tokens for comparison in memory.comparisons]


def test_a_part_of_the_comparisons_is_a_view_that_counts_for_itself(encoder: Template) -> None:
    data = tokenizing(list(planted_records(prompts=12, responses=3)), encoder).in_memory()
    every = list(data.comparisons)
    part = data.only([7, 2, 2], reason="not chosen")
    assert list(part.comparisons) == [every[7], every[2], every[2]]
    assert part.left_out == {"not chosen": 9}
    assert part.pairs == len(every[7].pairs) + 2 * len(every[2].pairs)
    assert part.lengths.tolist() == [every[7].longest, every[2].longest, every[2].longest]
    assert data.only(range(12), reason="not chosen") is data
    assert list(data.comparisons[3:5]) == every[3:5]
    assert data.comparisons[-1] == every[-1]
    with pytest.raises(IndexError):
        data.comparisons[12]


def test_comparisons_made_by_hand_are_packed_without_a_change(encoder: Template) -> None:
    every = list(tokenizing(list(planted_records(prompts=5, responses=4)), encoder).in_memory().comparisons)
    assert list(packed(every)) == every
    again = packed(every)
    assert packed(again) is again
    assert TrainingSet(tuple(every), 5).summary() == TrainingSet(again, 5).summary()


def test_texts_with_and_without_token_types_do_not_mix(encoder: Template) -> None:
    (one,) = tokenizing([record("how", ["a", "b"], ((0,), (1,)))], encoder).in_memory().comparisons
    odd = type(one)("c", "p", (EncodedText((1,), None, False),))
    with pytest.raises(ValueError, match="token types"):
        Packer().pack([one, odd])


def test_an_empty_split_is_kept_too(tmp_path: Path, encoder: Template) -> None:
    assert len(cached(tmp_path, {}, tokenizing([], encoder)).comparisons) == 0
    found = cached(tmp_path, {}, never())
    assert (len(found.comparisons), found.rows, found.tokens, found.texts) == (0, 0, 0, 0)


@pytest.mark.parametrize("name", [f"{table}.npy" for table in DTYPES] + [MANIFEST])
@pytest.mark.parametrize("harm", ["removed", "cut", "changed", "emptied"])
def test_a_damaged_split_is_noticed_and_written_anew(tmp_path: Path, encoder: Template, name: str, harm: str) -> None:
    records = [record("how", ["good", "bad"], ((0,), (1,)), ((0, 1),))]
    whole = tables_of(cached(tmp_path, {}, tokenizing(records, encoder)))
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    file = folder / name
    content = file.read_bytes()
    if harm == "removed":
        file.unlink()
    else:
        file.write_bytes({"cut": content[:-2], "changed": b"\x00" + content[1:], "emptied": b""}[harm])
    with pytest.raises(DamagedTokens):
        open_tokens(folder)
    assert tables_of(cached(tmp_path, {}, tokenizing(records, encoder))) == whole
    assert tables_of(cached(tmp_path, {}, never())) == whole


def test_a_manifest_of_another_format_is_written_anew(tmp_path: Path, encoder: Template) -> None:
    cached(tmp_path, {}, tokenizing([], encoder))
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    manifest = json.loads((folder / MANIFEST).read_text())
    for changed in [{**manifest, "format_version": 0}, {**manifest, "files": []}, [], {**manifest, "left_out": 3}]:
        (folder / MANIFEST).write_text(json.dumps(changed))
        with pytest.raises(DamagedTokens):
            open_tokens(folder)


def test_tables_hold_no_pickle_and_none_is_read(tmp_path: Path, encoder: Template) -> None:
    cached(tmp_path, {}, tokenizing([record("how", ["good", "bad"], ((0,), (1,)))], encoder))
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    np.save(folder / "pairs.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"]["pairs"] = token_store._described(folder / "pairs.npy")
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DamagedTokens):
        open_tokens(folder)


def test_what_differs_in_a_part_is_another_split(tmp_path: Path, encoder: Template) -> None:
    one = cached(tmp_path, {"split": "train"}, tokenizing([record("how", ["a", "b"], ((0,), (1,)))], encoder))
    other = cached(tmp_path, {"split": "validation"}, tokenizing([], encoder))
    assert (len(one.comparisons), len(other.comparisons)) == (1, 0)


def test_a_template_is_named_by_all_that_changes_token_ids(tiny_llama: Path) -> None:
    def digest(**changes: Any) -> str:
        network = load_backbone(str(tiny_llama), max_length_tokens=changes.pop("window", 48))
        for name, value in changes.items():
            setattr(network.template.tokenizer, name, value)
        return network.template.digest

    digests = [
        digest(),
        digest(window=32),
        digest(eos_token="<s>"),
        digest(bos_token="</s>"),
        digest(chat_template="{{ messages }}"),
    ]
    assert len(set(digests)) == len(digests)
    assert digest() == digests[0]


def test_rows_that_end_early_leave_nothing_behind(tmp_path: Path, encoder: Template) -> None:
    def rows() -> Any:
        yield from (FileRow(one) for one in planted_records(prompts=300, responses=2))
        raise Stopped

    with pytest.raises(Stopped):
        cached(tmp_path, {}, Tokenizing(rows(), rules=RULES, template=encoder))
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_a_damaged_snapshot_is_not_said_to_be_the_caches_fault(tmp_path: Path, encoder: Template) -> None:
    path = tmp_path / "damaged.parquet"
    write_snapshot(planted_records(prompts=60, responses=3), path)
    content = bytearray(path.read_bytes())
    content[4:64] = b"\x55" * 60
    path.write_bytes(content)
    with pytest.raises(DamagedSnapshot, match="cannot be read"):
        cached(tmp_path / "cache", {}, Tokenizing(read_snapshot(path), rules=RULES, template=encoder))


def test_a_folder_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path, encoder: Template) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(TokenCacheUnwritable, match=r"token_cache, or set it to null"):
        cached(tmp_path / "file", {}, tokenizing([], encoder))


HOLD_SCRIPT = """
import fcntl, sys, time
with open(sys.argv[1], "a") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    time.sleep(3600)
"""


def test_who_waits_for_another_process_can_be_stopped_and_goes_on_when_that_dies(
    tmp_path: Path, encoder: Template
) -> None:
    cached(tmp_path, {}, tokenizing([], encoder))
    (lock,) = tmp_path.glob("*.lock")
    holder = subprocess.Popen([sys.executable, "-c", HOLD_SCRIPT, str(lock)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"

        def stop() -> None:
            raise Stopped

        with pytest.raises(Stopped):
            cached(tmp_path, {}, never(), stop_if_asked=stop)
        assert prune(tmp_path, limit_bytes=0) == 0  # it is in use
        waited: list[int] = []

        def end_it() -> None:
            waited.append(1)
            holder.kill()

        assert len(cached(tmp_path, {}, never(), stop_if_asked=end_it).comparisons) == 0
        assert waited
    finally:
        holder.kill()
        holder.communicate()


def aged(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder / MANIFEST if folder.is_dir() else folder, (then, then))


def test_pruning_removes_what_was_used_longest_ago_until_the_rest_fits(tmp_path: Path, encoder: Template) -> None:
    records = list(planted_records(prompts=3, responses=2))
    kept = {}
    for age, name in enumerate("abc"):
        before = set(tmp_path.iterdir())
        kept[name] = cached(tmp_path, {"name": name}, tokenizing(records, encoder))
        (folder,) = (path for path in set(tmp_path.iterdir()) - before if path.is_dir())
        aged(folder, 300 - age * 100)
    size = sum(file.stat().st_size for file in folder.iterdir())
    cached(tmp_path, {"name": "a"}, never())  # used again, so that b is the oldest
    assert prune(tmp_path, limit_bytes=10 * size) == 0
    assert prune(tmp_path, limit_bytes=int(2.5 * size)) == pytest.approx(size, abs=200)
    assert list(kept["b"].comparisons) == list(kept["a"].comparisons)  # what is mapped stays readable
    for name in "ac":
        cached(tmp_path, {"name": name}, never())
    with pytest.raises(AssertionError, match="tokenized again"):
        cached(tmp_path, {"name": "b"}, never())
    assert prune(tmp_path, limit_bytes=0) > size
    assert not any(path.is_dir() for path in tmp_path.iterdir())
    assert prune(tmp_path / "nowhere", limit_bytes=0) == 0


def test_pruning_removes_what_a_killed_process_left_but_not_what_one_is_writing(tmp_path: Path) -> None:
    old, new = tmp_path / ".partial-old-1", tmp_path / ".partial-new-2"
    for folder in (old, new):
        folder.mkdir()
        (folder / "pairs.npy").write_bytes(b"x" * 10)
    then = time.time() - 2 * ABANDONED_SECONDS
    os.utime(old, (then, then))
    assert prune(tmp_path, limit_bytes=1000) == 10
    assert [path.name for path in tmp_path.iterdir()] == [new.name]


def trained(path: Path, snapshot: Path, backbone: Path, **config: Any) -> tuple[dict[str, Any], bytes]:
    run = make_run(path, snapshot=str(snapshot), backbone=str(backbone), max_length_tokens=32, epochs=1, **config)
    with RunDirectory(run) as directory:
        result = train(directory)
    return result, (run / "model" / "model.safetensors").read_bytes()


def test_a_run_from_the_cache_gives_the_weights_of_one_without(
    tmp_path: Path, planted_snapshot: Path, tiny_bert: Path
) -> None:
    plain, weights = trained(tmp_path / "plain", planted_snapshot, tiny_bert)
    cache = tmp_path / "cache"
    for name in ("first", "second"):
        result, same = trained(tmp_path / name, planted_snapshot, tiny_bert, token_cache=str(cache))
        assert same == weights
        assert result["data"] == plain["data"]
    assert len([path for path in cache.iterdir() if path.is_dir()]) == 2  # train and validation
    sidecar = (tmp_path / "first" / "model" / "plumbline.json").read_text()
    assert str(cache) not in sidecar


def test_a_stopped_run_goes_on_without_the_cache_it_began_with(
    tmp_path: Path, planted_snapshot: Path, tiny_bert: Path
) -> None:
    _, weights = trained(tmp_path / "plain", planted_snapshot, tiny_bert)
    cache = tmp_path / "cache"
    options = {"snapshot": str(planted_snapshot), "backbone": str(tiny_bert), "max_length_tokens": 32, "epochs": 1}
    run = make_run(tmp_path / "run", **options, token_cache=str(cache), checkpoint_every_seconds=0)
    with RunDirectory(run) as directory:
        stop_after(directory, checkpoints=2)
        with pytest.raises(Stopped):
            train(directory)
    shutil.rmtree(cache)
    make_run(run, **options, token_cache=None)
    with RunDirectory(run) as directory:
        train(directory)
    assert (run / "model" / "model.safetensors").read_bytes() == weights


def stop_after(directory: RunDirectory, *, checkpoints: int) -> None:
    """Ask the run to stop once it has written so many checkpoints."""
    keep: Callable[[int], None] = directory.keep_newest_checkpoints
    written = 0

    def counted(count: int) -> None:
        nonlocal written
        keep(count)
        written += 1
        directory.should_stop = written >= checkpoints

    directory.keep_newest_checkpoints = counted  # type: ignore[method-assign]


def test_annotators_who_weigh_nothing_are_counted_and_named_by_no_checkpoint(
    tmp_path: Path, planted_snapshot: Path, tiny_bert: Path
) -> None:
    weights = {"annotator-0": 0.5, "somebody-else": 0.0}
    _, weighed = trained(tmp_path / "weighed", planted_snapshot, tiny_bert, annotator_weights=weights)
    _, plain = trained(tmp_path / "plain", planted_snapshot, tiny_bert)
    assert weighed == plain  # one annotator judged all, and a prompt weighs one
    assert "annotator-0" not in (tmp_path / "weighed" / "model" / "plumbline.json").read_text()


MEMORY_SCRIPT = """
import random, sys
from pathlib import Path
from preferences.pairs import PairRules
from rewardmodel.core.data.training_set import Tokenizing
from rewardmodel.core.evaluate_reward import FileRow
from rewardmodel.core.model import load_backbone
from rewardmodel.core.data.token_store import cached
from tests.rewardmodel.builders import planted_records

backbone, cache, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])

def anonymous_kb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

def watched(rows):
    global peak
    for number, row in enumerate(rows):
        if number % 50 == 0:
            peak = max(peak, anonymous_kb())
        yield row

template = load_backbone(backbone, max_length_tokens=64).template
list(Tokenizing(map(FileRow, planted_records(prompts=2000, responses=2)), rules=PairRules(), template=template))
before = peak = anonymous_kb()
rows = watched(map(FileRow, planted_records(prompts=count, responses=2)))
data = cached(cache, {"count": count}, Tokenizing(rows, rules=PairRules(), template=template))
order = random.Random(0).sample(range(len(data.comparisons)), len(data.comparisons))
tokens = 0
for number, place in enumerate(order):
    tokens += data.comparisons[place].tokens
    if number % 200 == 0:
        peak = max(peak, anonymous_kb())
assert tokens == data.tokens
print(len(order), peak - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc, which this system lacks")
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, tiny_bert: Path) -> None:
    """What a process holds for itself; pages of the mapped files are the kernel's to take back."""

    def grown_kb(count: int) -> int:
        done = subprocess.run(
            [sys.executable, "-c", MEMORY_SCRIPT, str(tiny_bert), str(tmp_path / "cache"), str(count)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "MALLOC_ARENA_MAX": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        read, kilobytes = map(int, done.stdout.split()[-2:])
        assert read > 0.7 * count
        return kilobytes

    few, many = grown_kb(2_000), grown_kb(20_000)
    assert many < few + 6_000  # tables in memory take more than twice that for 18,000 comparisons, objects six times


def test_the_settings_say_what_is_wrong() -> None:
    for values, message in [
        ({"long_rows": "shorten"}, "long_rows must be one of truncate, drop"),
        ({"token_cache": ""}, "token_cache must be a folder or null"),
        ({"annotator_weights": {"p-1": -1}}, "annotator_weights: The weight of annotator 'p-1' is -1"),
        ({"annotator_weights": {"p-1": "much"}}, "annotator_weights: The weight of annotator 'p-1' is 'much'"),
    ]:
        with pytest.raises(ValueError, match=message):
            TrainConfig.from_dict({"snapshot": "a.parquet", **values})
