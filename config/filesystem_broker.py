"""Celery's messages in a folder, for an installation without a broker server.

kombu's own filesystem transport writes a message into the file that a reader may already be moving away, and rewrites
its routing tables in place. Both tear under a kill or a race. Here every file appears whole, by rename, and a message
that cannot be read is dropped with a warning instead of ending the worker: rows are the truth, messages are nudges.
"""

import fcntl
import logging
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)

POLLING_INTERVAL_SECONDS = 0.05


def broker_folders(folder: Path) -> dict[str, Any]:
    """Make the broker's folders and return the transport options that web, worker and beat must share."""
    for name in ("queue", "processed", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "processed_folder": str(folder / "processed"),
        "control_folder": str(folder / "control"),
        "store_processed": False,
        "polling_interval": POLLING_INTERVAL_SECONDS,
    }


def forget_dead_workers(folder: Path) -> None:
    """Remove what killed workers left: messages taken but not begun, and mailboxes for remote control nobody reads.

    Call only while no worker runs. Tasks stay in the queue.
    """
    for pattern in ("processed/*", "control/*pidbox*", "queue/*pidbox*.msg"):
        for file in folder.glob(pattern):
            file.unlink(missing_ok=True)


class Channel(filesystem.Channel):
    """kombu's channel with atomic files."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        name = f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        _write_whole(Path(self.data_folder_out), name, dumps(payload))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.startswith(".") or name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = Path(self.processed_folder) / name
            try:
                os.rename(Path(self.data_folder_in) / name, taken)
            except FileNotFoundError:  # another worker took it
                continue
            try:
                return loads(taken.read_text(encoding="utf-8"))
            except ValueError:
                logger.warning("Message %s cannot be read and is dropped.", name)
            finally:
                if not self.store_processed:
                    taken.unlink(missing_ok=True)
        raise Empty

    def get_table(self, exchange: str) -> list[filesystem.exchange_queue_t]:
        return self._read_table(Path(self._exchange_file(exchange)))

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        binding = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        file = Path(self._exchange_file(exchange))
        with self._table_locked(file):
            table = self._read_table(file)
            if binding not in table:
                _write_whole(file.parent, file.name, dumps([binding, *table]))

    def _delete(self, queue: str, exchange: str, routing_key: str, pattern: str, *args: Any, **kwargs: Any) -> None:
        self._purge(queue)
        binding = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        file = Path(self._exchange_file(exchange))
        with self._table_locked(file):
            table = self._read_table(file)
            if binding in table:
                _write_whole(file.parent, file.name, dumps([other for other in table if other != binding]))

    def _read_table(self, file: Path) -> list[filesystem.exchange_queue_t]:
        try:
            return [filesystem.exchange_queue_t(*row) for row in loads(file.read_text(encoding="utf-8"))]
        except (FileNotFoundError, ValueError):
            return []

    @contextmanager
    def _table_locked(self, file: Path) -> Iterator[None]:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.with_name(f"{file.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    """`filesystem://` as Plumbline uses it."""

    Channel = Channel


def use_atomic_files() -> None:
    """Make `filesystem://` mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"


def _write_whole(folder: Path, name: str, text: str) -> None:
    partial = folder / f".{uuid.uuid4()}"
    partial.write_text(text, encoding="utf-8")
    os.rename(partial, folder / name)
