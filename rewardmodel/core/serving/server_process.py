"""`python -m rewardmodel.core.serving.server_process`: become gunicorn with the scorer, where there is no Django.

One process that computes, many threads that read requests and tokenize. SIGTERM stops accepting, answers what is in
hand and ends; a worker that dies is replaced by gunicorn's master, which keeps new connections waiting meanwhile.
"""

import argparse
import ipaddress
import os
import sys
from pathlib import Path

APPLICATION = "rewardmodel.core.serving.serve:create_application()"
WORKER = "rewardmodel.core.serving.worker.ImpatientWorker"
THREADS = 64
GRACE_SECONDS = 30
SILENCE_SECONDS = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the server's process."""
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument(
        "--host", default="127.0.0.1", help="anyone who reaches the port may score, unless a token is set"
    )
    parser.add_argument("--threads", type=int, default=THREADS, help="requests in hand; they are scored together")


def become_server(*, host: str, port: int, threads: int) -> None:
    """Replace this process by gunicorn."""
    if not is_this_machine(host) and not os.environ.get("PLUMBLINE_SCORER_TOKEN"):
        sys.stderr.write(f"Anyone who reaches {host}:{port} may score: PLUMBLINE_SCORER_TOKEN is not set.\n")
    os.chdir(Path(__file__).resolve().parents[3])
    command = [
        sys.executable, "-m", "gunicorn", APPLICATION, "--bind", f"{host}:{port}",
        "--worker-class", WORKER, "--workers", "1", "--threads", str(threads),
        "--timeout", str(SILENCE_SECONDS), "--graceful-timeout", str(GRACE_SECONDS),
        "--no-control-socket", "--log-level", "warning",
    ]  # fmt: skip
    os.execv(sys.executable, command)  # noqa: S606  a fixed command, no shell


def is_this_machine(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m rewardmodel.core.serving.server_process", description=__doc__)
    add_arguments(parser)
    become_server(**vars(parser.parse_args()))
