"""The contract between a supervisor and the child process that computes: one directory, a few files.

    config.json      written by the supervisor, read once
    metrics.jsonl    appended by the child, one JSON object a line; {"progress": [done, total]} as well
    checkpoints/     step-00000120/ … each complete or absent, never half
    result.json      written once, atomically, on success (exit code 0)
    error.json       {"message": sentence} on failure (exit code 1)
    child.lock       held with flock while a child lives, so that two attempts never write at once

SIGTERM asks the child to save and stop: exit code 75 (EX_TEMPFAIL, "try again later"). Started again in the
same directory, it goes on from its newest checkpoint.
"""

import contextlib
import ctypes
import fcntl
import json
import math
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Self, TypeVar

from preferences.errors import PreferenceError
from rewardmodel.core.errors import DamagedCheckpoint, ExpectedFailure, InvalidConfig, RunDirectoryBusy

EXIT_SUCCESS = 0
EXIT_FAILED = 1
EXIT_STOPPED = 75

T = TypeVar("T")

LOCK = "child.lock"
PR_SET_PDEATHSIG = 1
CHECKPOINT_PREFIX = "step-"
PARTIAL_PREFIX = ".partial-"


class Stopped(Exception):
    """The child was asked to stop and has saved what it had."""


class RunDirectory:
    """One run's files. Use as a context manager: it holds the lock from `__enter__` to `__exit__`.

    Raises: RunDirectoryBusy, or ExpectedFailure if the directory cannot be written, when it is entered.

    Args:
        path: the directory; must hold config.json.
        lock_seconds: how long to wait for an earlier attempt to let go, in seconds.
        writes: False in a process that helps another one, which holds the lock and writes for both.
    """

    def __init__(self, path: Path | str, *, lock_seconds: float = 30.0, writes: bool = True) -> None:
        self.path = Path(path).resolve()
        self.lock_seconds = lock_seconds
        self.writes = writes
        self.should_stop = False
        self._lock_descriptor: int | None = None

    def __enter__(self) -> Self:
        if not self.writes:
            return self
        try:
            self._begin()
        except OSError as error:
            self.__exit__()
            raise ExpectedFailure(f"The run directory {self.path} cannot be written: {error}.") from error
        return self

    def __exit__(self, *exception: object) -> None:
        if self._lock_descriptor is not None:
            os.close(self._lock_descriptor)
            self._lock_descriptor = None

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def read_config(self) -> dict[str, Any]:
        """The run's configuration as the supervisor wrote it.

        Raises: InvalidConfig if config.json is missing, cannot be read, or is not a JSON object.
        """
        file = self.path / "config.json"
        try:
            config = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InvalidConfig(f"{file} does not exist. A run directory needs its config.json.") from None
        except OSError as error:
            raise InvalidConfig(f"{file} cannot be read: {error}.") from None
        except (ValueError, RecursionError) as error:
            raise InvalidConfig(f"{file} is not JSON: {error}.") from None
        if not isinstance(config, dict):
            raise InvalidConfig(f"{file} holds a {type(config).__name__}; it must hold an object.")
        return config

    def append_metrics(self, values: Mapping[str, Any]) -> None:
        """Add one line to metrics.jsonl. Figures that are not finite are written as null."""
        if not self.writes:
            return
        line = json.dumps({name: _finite(value) for name, value in values.items()}, ensure_ascii=False) + "\n"
        descriptor = os.open(self.path / "metrics.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def report_progress(self, done: int, total: int) -> None:
        """Tell how far the run is, in whatever unit it counts (steps, responses)."""
        self.append_metrics({"progress": [done, total]})

    def stop_if_asked(self) -> None:
        """Leave at once when SIGTERM came. Call only where nothing unsaved would be lost.

        Raises: Stopped.
        """
        if self.should_stop:
            raise Stopped

    def interruptible(self, items: Iterable[T]) -> Iterator[T]:
        """The same items, until SIGTERM comes. Raises: Stopped."""
        for item in items:
            self.stop_if_asked()
            yield item

    @contextlib.contextmanager
    def new_checkpoint(self, step: int) -> Iterator[Path]:
        """A directory to write a checkpoint into; it gets its name only when everything is on disk.

        Writing the same step again replaces it.
        """
        final = self.checkpoints / f"{CHECKPOINT_PREFIX}{step:08d}"
        partial = self.checkpoints / f"{PARTIAL_PREFIX}{step:08d}"
        partial.mkdir(parents=True)
        try:
            yield partial
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        move_into_place(partial, final)

    def resumed(self, load: Callable[[Path], T]) -> T | None:
        """What `load` makes of the newest checkpoint that is whole; None before the first.

        Raises: DamagedCheckpoint if none is.
        """
        complete = self._complete_checkpoints()
        for checkpoint in reversed(complete):
            try:
                return load(checkpoint)
            except DamagedCheckpoint as damage:
                sys.stderr.write(f"{damage} Going on from an older one.\n")
        if complete:
            raise DamagedCheckpoint(f"No checkpoint in {self.checkpoints} is whole. Remove the folder to begin anew.")
        return None

    def keep_newest_checkpoints(self, count: int) -> None:
        """Remove all checkpoints but the newest `count` (≥ 1)."""
        for old in self._complete_checkpoints()[:-count]:
            shutil.rmtree(old)

    def write_result(self, result: Mapping[str, Any]) -> None:
        if self.writes:
            write_json_atomically(self.path / "result.json", _finite(dict(result)))

    def write_error(self, message: str) -> None:
        """Say why the run failed; of several processes the first is heard, the others fail of its absence.

        Where the directory cannot be written nothing is said there, and the failure is still the first one.
        """
        with contextlib.suppress(OSError):
            if not (self.path / "error.json").exists():
                write_json_atomically(self.path / "error.json", {"message": message})

    def _begin(self) -> None:
        """Take the lock, and clear away what a killed attempt left half written."""
        if not os.access(self.path, os.W_OK):
            raise PermissionError("it is read-only")
        self._lock_descriptor = _lock(self.path / LOCK, seconds=self.lock_seconds)
        self.checkpoints.mkdir(exist_ok=True)
        for partial in self.checkpoints.glob(f"{PARTIAL_PREFIX}*"):
            shutil.rmtree(partial)
        _end_torn_line(self.path / "metrics.jsonl")

    def _complete_checkpoints(self) -> list[Path]:
        return sorted(self.checkpoints.glob(f"{CHECKPOINT_PREFIX}*"))


def checkpoint_step(checkpoint: Path) -> int:
    """The step in a checkpoint's name: 120 for step-00000120."""
    return int(checkpoint.name.removeprefix(CHECKPOINT_PREFIX))


def run_child(work: Callable[[RunDirectory], Mapping[str, Any]], *, lock_seconds: float = 30.0) -> int:
    """Run `work` on the directory named by the first command-line argument, under the contract above.

    A config file may be named instead (see `config_file`). Where several processes were started together, each runs
    `work`, and the first of them writes.

    Args:
        work: computes and returns the result; raises Stopped after it saved, ExpectedFailure with a sentence.
        lock_seconds: how long to wait for an earlier attempt in the same directory.

    Returns: the process's exit code, 0, 1 or 75. Use as `sys.exit(run_child(train))`.
    """
    from rewardmodel.core.config_file import directory_of  # which writes with this module

    if len(sys.argv) != 2:
        sys.stderr.write(f"Usage: python -m {_module_name()} RUN_DIR | CONFIG.json | CONFIG.toml\n")
        return 2
    try:
        directory = RunDirectory(
            directory_of(sys.argv[1]), lock_seconds=lock_seconds, writes=os.environ.get("RANK", "0") == "0"
        )
    except ExpectedFailure as failure:
        sys.stderr.write(f"{failure}\n")
        return EXIT_FAILED

    def ask_to_stop(signal_number: int, frame: FrameType | None) -> None:
        directory.should_stop = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    stop_when_parent_dies()
    try:
        with directory:
            if directory.writes:
                (directory.path / "error.json").unlink(missing_ok=True)
            directory.write_result(work(directory))
            return EXIT_SUCCESS
    except Stopped:
        return EXIT_STOPPED
    except RunDirectoryBusy as failure:  # the directory tells of the run that is at work in it
        sys.stderr.write(f"{failure}\n")
    except (ExpectedFailure, PreferenceError) as failure:
        directory.write_error(str(failure))
        sys.stderr.write(f"{failure}\n")
    except Exception as error:  # the supervisor shows it; the traceback goes to the log
        directory.write_error(f"{type(error).__name__}: {error}")
        traceback.print_exc()
    return EXIT_FAILED


def stop_when_parent_dies() -> None:
    """Have Linux send this process SIGTERM when the thread that started it ends, so that no orphan computes on.

    Elsewhere than on Linux nothing happens: the lock still keeps a second attempt out. A supervisor that may die
    before this call can name itself in PLUMBLINE_PARENT_PID; a child that finds another parent stops itself.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    except (OSError, AttributeError):
        return
    expected_parent = os.environ.get("PLUMBLINE_PARENT_PID")
    if expected_parent and expected_parent != str(os.getppid()):
        os.kill(os.getpid(), signal.SIGTERM)


def write_json_atomically(file: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, whole."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    with partial.open("w", encoding="utf-8") as stream:
        json.dump(value, stream, ensure_ascii=False, indent=2)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, file)


def move_into_place(partial: Path, final: Path) -> None:
    """Give a finished directory its name; everything in it is on disk before the name exists."""
    for file in partial.rglob("*"):
        if file.is_file():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
    replaced = final.with_name(f"{PARTIAL_PREFIX}replaced-{final.name}")  # never half of it under its own name
    shutil.rmtree(replaced, ignore_errors=True)
    if final.exists():
        os.rename(final, replaced)
    os.rename(partial, final)
    shutil.rmtree(replaced, ignore_errors=True)


def is_held(directory: Path) -> bool:
    """Whether a live process holds the lock of a run directory."""
    try:
        os.close(_lock(directory / LOCK, seconds=0))
    except RunDirectoryBusy:
        return True
    return False


def _lock(file: Path, *, seconds: float) -> int:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise RunDirectoryBusy(
                    f"Another process still works in {file.parent} after {seconds:g} s. "
                    "Wait until it ends, or stop it, and start again."
                ) from None
            time.sleep(0.1)


def _end_torn_line(file: Path) -> None:
    """A killed child may leave half a line; end it, so that the next line stands alone."""
    if file.exists() and (content := file.read_bytes()) and not content.endswith(b"\n"):
        with file.open("ab") as stream:
            stream.write(b"\n")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return value


def _module_name() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name if spec else Path(sys.argv[0]).stem
