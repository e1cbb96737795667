"""`python -m config.processes`: everything in the Procfile, in one foreground process group.

Ctrl-C or SIGTERM ends all of it within ten seconds, children of children too. A process that dies is started again;
one that keeps dying ends everything, with a sentence. `--only web,worker` starts a part.
"""

import argparse
import contextlib
import fcntl
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from config import settings
from config.process_group import Group
from config.procfile import CannotStart, read_procfile

ALONE = ("worker", "beat")  # at most one of each for one PLUMBLINE_HOME; web and scorer are kept apart by their ports


def prepare_environment() -> tuple[int, int]:
    """Set what the commands of the Procfile read; returns the ports of web and scorer."""
    port = int(os.environ.setdefault("PORT", "8000"))
    if "PLUMBLINE_SCORER_URL" not in os.environ:
        os.environ["PLUMBLINE_SCORER_URL"] = f"http://127.0.0.1:{port + 1}"
    scorer_port = urlsplit(os.environ["PLUMBLINE_SCORER_URL"]).port or 8001
    os.environ["SCORER_PORT"] = str(scorer_port)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    os.environ.setdefault("C_FORCE_ROOT", "1")  # in a container Celery is root; it reads JSON only
    os.environ.setdefault("PYTHONWARNINGS", "ignore:You're running the worker with superuser privileges")
    return port, scorer_port


def refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CannotStart(
                f"Port {port} is taken, perhaps by another Plumbline: stop that one, or choose another port, "
                f"for example make run PORT={port + 10}."
            ) from None


@contextlib.contextmanager
def hold_alone(names: Sequence[str]) -> Iterator[None]:
    """Hold the lock of each process of which this home may have only one."""
    folder = settings.PLUMBLINE_HOME / "processes"
    folder.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        for name in names:
            lock = stack.enter_context((folder / f"{name}.lock").open("a"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotStart(
                    f"A {name} already runs on {settings.PLUMBLINE_HOME}: stop it, or name another PLUMBLINE_HOME."
                ) from None
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.processes", description=__doc__)
    parser.add_argument("--only", default="", help="names from the Procfile, separated by commas")
    parser.add_argument("--procfile", type=Path, default=settings.BASE_DIR / "Procfile", help="another Procfile")
    arguments = parser.parse_args()
    port, scorer_port = prepare_environment()
    try:
        processes = read_procfile(arguments.procfile, list(filter(None, arguments.only.split(","))))
        names = [process.name for process in processes]
        for name, its_port in (("web", port), ("scorer", scorer_port)):
            if name in names:
                refuse_taken_port(its_port)
        with hold_alone([name for name in names if name in ALONE]):
            return Group(processes, url=f"http://127.0.0.1:{port}" if "web" in names else "").run()
    except CannotStart as reason:
        sys.stderr.write(f"{reason}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
