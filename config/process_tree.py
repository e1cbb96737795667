"""Leaving no orphan: who descends from this process, and what happens to them when it dies. Linux does the most."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that it can be found and ended."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Have the kernel send this process SIGTERM when its parent dies. Called in a child before it becomes a program."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def descendants(ancestor: int) -> set[int]:
    """Every process below `ancestor`, zombies left out."""
    children: dict[int, list[int]] = defaultdict(list)
    for pid, parent in _parents().items():
        children[parent].append(pid)
    found: set[int] = set()
    waiting = [ancestor]
    while waiting:
        for child in children[waiting.pop()]:
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def reap_adopted(own: Collection[int]) -> None:
    """Collect the exit of adopted processes, so that they do not stay as zombies; those in `own` are left alone."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if ended.si_pid in own:
                return
            os.waitpid(ended.si_pid, os.WNOHANG)


def kill_all(pids: Collection[int], *, seconds: float = 1.0) -> None:
    """SIGKILL, and a moment for the kernel to carry it out."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(map(_lives, pids)):
        reap_adopted(())
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    return pid in _parents()


def _parents() -> dict[int, int]:
    """The parent of every living process."""
    if Path("/proc/self/stat").exists():
        return dict(row for entry in os.listdir("/proc") if entry.isdigit() and (row := _from_proc(entry)) is not None)
    listing = subprocess.run(["ps", "-axo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listing.splitlines())
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def _from_proc(entry: str) -> tuple[int, int] | None:
    try:
        # "pid (name, which may hold anything) state ppid …"
        state, parent = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[:2]
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else (int(entry), int(parent))


def _prctl(option: int, argument: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(option, argument, 0, 0, 0)
