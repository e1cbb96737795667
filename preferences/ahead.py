"""Reading a file's rows in a process of its own, ahead of whoever stores those before them.

`python -m preferences.ahead` is that process: it takes a `Reader` and a path on its standard input, and puts lists of
readings on its standard output, then why the file could not be read any further, or None.
"""

import fcntl
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from preferences.collecting import collecting_rarely
from preferences.containers import open_rows
from preferences.errors import UnreadableFile
from preferences.formats import Format, Reading, format_named, prompts, read_rows
from preferences.formats.mapped import mapped_format

ROWS_TOGETHER = 100
LISTS_AHEAD = 20  # of so many rows: what the two processes hold between them
SMALL_BYTES = 2 * 1024 * 1024  # a smaller file is read before a process has begun
LENGTH_BYTES = 8
PIPE_BYTES = 1024 * 1024  # a list fits in, and whoever sends it need not wait


@dataclass(frozen=True)
class Reader:
    """How a file is read, in words that another process understands.

    Attributes:
        format: a format's name; it does not matter where there is a mapping.
        mapping: which columns hold what, for a table in no format.
        takes_prompts: whether a prompt with one response or none is a row too.
    """

    format: str
    mapping: dict[str, Any] | None = None
    takes_prompts: bool = False

    def read(self, path: Path) -> Iterator[Reading]:
        """What the rows of the file mean, or why they mean nothing. Raises: UnreadableFile."""
        return read_rows(open_rows(path), self.as_format())

    def read_ahead(self, path: Path) -> Iterator[Reading]:
        """The same, read by another process unless the file is small. Close what is not read to its end."""
        if path.stat().st_size < SMALL_BYTES:
            yield from self.read(path)
            return
        with _started(self, path) as process, closing(_kept_ahead(process)) as lists:
            for found in lists:
                if isinstance(found, UnreadableFile):
                    raise found
                yield from found

    def as_format(self) -> Format:
        """Raises: UnknownFormat, InvalidMapping."""
        format = format_named(self.format) if self.mapping is None else mapped_format(self.mapping)
        if not self.takes_prompts:
            return format
        return replace(format, read=lambda row: (prompts.read(row),) if prompts.matches(row) else format.read(row))


def _started(reader: Reader, path: Path) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-m", "preferences.ahead"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert process.stdin  # noqa: S101
    assert process.stdout  # noqa: S101
    with suppress(AttributeError, OSError):  # Linux has it, up to a limit of its own; without it all goes on slower
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    with suppress(BrokenPipeError), process.stdin as file:
        pickle.dump((reader, path), file)
    return process


def _kept_ahead(process: subprocess.Popen[bytes]) -> Generator[list[Reading] | UnreadableFile]:
    """What the process sends, at most `LISTS_AHEAD` at once; it ends when nobody listens any more.

    A thread receives it, so that the process goes on while we are busy.
    """
    received: queue.Queue[bytes] = queue.Queue()
    room = threading.Semaphore(LISTS_AHEAD)
    thread = threading.Thread(target=_receive, args=(process.stdout, received, room), name="reading ahead", daemon=True)
    thread.start()
    try:
        while message := received.get():
            found = pickle.loads(message)  # noqa: S301  from our own process
            if found is None:
                return
            yield found
            room.release()
        raise RuntimeError("The process that reads the file ended before the file did.")
    finally:
        process.kill()
        room.release(LISTS_AHEAD)
        thread.join()


def _receive(stream: BinaryIO, received: queue.Queue[bytes], room: threading.Semaphore) -> None:
    """Pass on each message, and an empty one when the process is gone."""
    message = b"?"
    while message:
        room.acquire()
        size = int.from_bytes(stream.read(LENGTH_BYTES))
        message = stream.read(size)
        received.put(message if len(message) == size else b"")


def _send(message: list[Reading] | UnreadableFile | None) -> None:
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    sys.stdout.buffer.write(len(content).to_bytes(LENGTH_BYTES) + content)
    sys.stdout.buffer.flush()


def _hashed(reading: Reading) -> Reading:
    """The same, with what names its comparisons worked out here; records keep it."""
    for record in reading.records:
        if record.kind == "comparison":
            _ = record.comparison_hash
    return reading


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with the process that started it
    reader, path = pickle.load(sys.stdin.buffer)  # noqa: S301  from the process that started this one
    with suppress(BrokenPipeError), collecting_rarely():
        readings, together = reader.read(path), []
        try:
            for reading in readings:
                together.append(_hashed(reading))
                if len(together) == ROWS_TOGETHER:
                    _send(together)
                    together = []
        except UnreadableFile as error:
            _send(together)
            _send(error)
            return
        _send(together)
        _send(None)


if __name__ == "__main__":
    main()
