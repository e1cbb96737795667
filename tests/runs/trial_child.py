"""A child process that computes nothing but follows the child protocol to the letter.

Its config.json: {"steps": n, "seconds_per_step": s} and, to misbehave, "fail_with": sentence, "exit_code": n,
"deaf": true (ignores SIGTERM), "no_result": true. It counts steps and goes on from its checkpoint.
"""

import ctypes
import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path

directory = Path(sys.argv[1])
config = json.loads((directory / "config.json").read_text())
checkpoint = directory / "checkpoints" / "step.json"
asked_to_stop = False


def stop(signal_number: int, frame: object) -> None:
    global asked_to_stop  # noqa: PLW0603
    asked_to_stop = True


def write(name: str, value: object) -> None:
    file = directory / name
    partial = file.with_name(f".{file.name}")
    partial.write_text(json.dumps(value))
    partial.replace(file)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def append(line: dict[str, object]) -> None:
    with (directory / "metrics.jsonl").open("a") as metrics:
        metrics.write(json.dumps(line) + "\n")


if sys.platform.startswith("linux"):
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)  # PR_SET_PDEATHSIG: end with the supervisor
signal.signal(signal.SIGTERM, signal.SIG_IGN if config.get("deaf") else stop)
lock = (directory / "child.lock").open("a")
fcntl.flock(lock, fcntl.LOCK_EX)
checkpoint.parent.mkdir(exist_ok=True)
first = json.loads(checkpoint.read_text())["step"] if checkpoint.exists() else 0
with (directory / "starts.jsonl").open("a") as starts:
    secrets = sorted(name for name in os.environ if "DATABASE" in name or "SECRET" in name or "BROKER" in name)
    starts.write(json.dumps({"pid": os.getpid(), "from": first, "at": time.time(), "secrets": secrets}) + "\n")
say(f"starting at step {first}")
if sentence := config.get("fail_with"):
    write("error.json", {"message": sentence})
    sys.exit(1)
steps = config.get("steps", 3)
for step in range(first + 1, steps + 1):
    time.sleep(config.get("seconds_per_step", 0.01))
    append({"step": step, "split": "train", "loss": 1.0 / step, "progress": [step, steps]})
    if step % 5 == 0 or asked_to_stop:
        write("checkpoints/step.json", {"step": step})
    if asked_to_stop:
        say(f"stopped at step {step}")
        sys.exit(75)
if "exit_code" in config:
    say("last words")
    sys.exit(config["exit_code"])
if not config.get("no_result"):
    write("result.json", {"steps": steps, "started_from": first})
