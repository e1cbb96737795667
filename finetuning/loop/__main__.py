"""python -m finetuning.loop [--data FILE]: goes once around and proves each stage."""

import argparse
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    """A port that nobody listens on, so that a running installation is not disturbed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="make loop", description=__doc__)
    parser.add_argument("--data", type=Path, help="A preference file; its preferences are then the judgments.")
    parser.add_argument("--kill", action="store_true", help="SIGKILL the training child and the worker on the way.")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.data is not None and not arguments.data.is_file():
        sys.stderr.write(f"There is no file {arguments.data}. Name one with make loop DATA=path/to/file.\n")
        return 2
    home = Path(os.environ.get("PLUMBLINE_HOME", ROOT / "var")).resolve() / "loop"
    shutil.rmtree(home, ignore_errors=True)
    os.environ["PLUMBLINE_HOME"] = str(home)
    os.environ["PLUMBLINE_LOG_LEVEL"] = os.environ.get("PLUMBLINE_LOG_LEVEL", "WARNING")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["PLUMBLINE_COMPUTE_SLOTS"] = "2"  # the base policy pretrains while the reward model trains
    os.environ["PLUMBLINE_SCORER_URL"] = f"http://127.0.0.1:{free_port()}"
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the processes are stopped too

    import django

    django.setup()
    from finetuning.loop.circle import go_around

    return go_around(home=home, data=arguments.data, seed=arguments.seed, kill=arguments.kill)


if __name__ == "__main__":
    sys.exit(main())
