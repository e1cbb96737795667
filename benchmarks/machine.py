"""What processes cost: CPU seconds of a tree, of PostgreSQL, of everybody else; memory; and a free port."""

import re
import socket
from collections.abc import Iterable
from contextlib import suppress

import psutil
import psycopg

CLIENT_BACKEND = re.compile(r"(?P<database>\S+) [\d.:a-fA-F]+\(\d+\)|(?P<local>\S+) \[local\]")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tree(root: psutil.Process) -> list[psutil.Process]:
    """A process with its children and theirs."""
    return [root, *root.children(recursive=True)]


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """User and system time so far, that of children which ended included."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def proportional_memory(processes: Iterable[psutil.Process]) -> int:
    """Bytes, pages shared by n processes counted as 1/n (PSS)."""
    return sum(process.memory_full_info().pss for process in processes)


class Postgres:
    """The CPU time of a local PostgreSQL server on behalf of one database.

    Backends end with their connections, so the server's own processes and ended children are counted as well, and only
    live backends of other databases are left out: on a machine that does nothing else the figure is exact.
    """

    def __init__(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            backend = connection.info.backend_pid
        process = psutil.Process(backend) if psutil.pid_exists(backend) else None
        self.postmaster = process.parent() if process and "postgres" in process.name() else None

    def cpu_seconds(self, database: str) -> float | None:
        """None when the server runs on another machine."""
        if self.postmaster is None:
            return None
        children = self.postmaster.children()
        return cpu_seconds([self.postmaster, *(child for child in children if _serves(child, database))])


def _serves(process: psutil.Process, database: str) -> bool:
    try:
        named = CLIENT_BACKEND.search(" ".join(process.cmdline()))
    except psutil.NoSuchProcess:
        return False
    return named is None or (named["database"] or named["local"]) == database


def busy_seconds() -> float:
    """CPU seconds that anything on this machine has used so far."""
    times = psutil.cpu_times()
    return sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq"))
