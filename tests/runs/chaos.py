"""Kill workers, pool processes, children and the beat with -9 at random while runs work; then count what became of it.

    DATABASE_URL=… PLUMBLINE_HOME=… python -m tests.runs.chaos KILLS SEED

expects a migrated, empty database and prints one JSON object: every run must have succeeded or failed with a reason,
none may have ended twice, and no metric line may be missing or doubled.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

os.environ.update(
    DJANGO_SETTINGS_MODULE="tests.runs.worker_settings",
    PLUMBLINE_TEST_QUEUE=os.environ.get("PLUMBLINE_TEST_QUEUE", "chaos"),
    PLUMBLINE_RUN_SILENCE_SECONDS="4",
    PLUMBLINE_COMPUTE_SLOTS="2",
)

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db.models import Count, F, Max  # noqa: E402

from config.process_tree import descendants  # noqa: E402
from config.procfile import QUICK_DEATH_SECONDS  # noqa: E402
from runs.models import Run  # noqa: E402
from runs.services.queueing import queue_run  # noqa: E402

STEPS = 30
LONGEST_SECONDS = 600


def start() -> subprocess.Popen[bytes]:
    """Worker and beat, started again as often as they die."""
    procfile = Path(settings.PLUMBLINE_HOME) / "Procfile"
    worker = "celery -q -A config worker --concurrency 3 --without-gossip --without-mingle --loglevel WARNING"
    procfile.write_text(f"worker: {worker}\nbeat: celery -q -A config beat --pidfile= --loglevel WARNING\n")
    log = (Path(settings.PLUMBLINE_HOME) / "chaos.log").open("ab")
    return subprocess.Popen(
        [sys.executable, "-m", "config.processes", "--procfile", str(procfile)],
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def kill_at_random(group: subprocess.Popen[bytes], kills: int, draw: random.Random) -> Counter[str]:
    """Kill one process after the other; returns how many of which sort."""
    killed: Counter[str] = Counter()
    while sum(killed.values()) < kills and Run.objects.filter(state__in=["queued", "running"]).exists():
        time.sleep(draw.uniform(0.2, 1.2))
        below = [pid for pid in sorted(descendants(group.pid)) if may_die(pid, group)]
        if not below:
            continue
        pid = draw.choice(below)
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
            os.kill(pid, signal.SIGKILL)
            sort = next((word for word in ("trial_child", "worker", "beat") if word in command), "other")
            killed[sort] += 1
    return killed


def may_die(pid: int, group: subprocess.Popen[bytes]) -> bool:
    """Whether its death proves something: the group rightly gives up on what keeps dying as soon as it has started."""
    with suppress(OSError):
        age = time.time() - os.stat(f"/proc/{pid}").st_ctime
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        return age > (QUICK_DEATH_SECONDS + 1 if parent == group.pid else 1)
    return False


def main(kills: int, seed: int) -> None:
    draw = random.Random(seed)
    kinds = ["trial_child", "trial_child", "trial_count"]
    for number in range(max(6, kills)):
        queue_run(kind=kinds[number % 3], config={"steps": STEPS, "seconds_per_step": 0.05}, title=f"run {number}")
    group = start()
    try:
        killed = kill_at_random(group, kills, draw)
        deadline = time.monotonic() + LONGEST_SECONDS
        while Run.objects.filter(state__in=["queued", "running"]).exists() and time.monotonic() < deadline:
            time.sleep(0.5)
        below = descendants(group.pid)
    finally:
        group.terminate()
        group.wait(timeout=20)
    ended = Run.objects.filter(state="succeeded")
    lines = ended.filter(kind="trial_child").annotate(lines=Count("metrics"), last=Max("metrics__sequence"))
    outcome = {
        "killed": dict(killed),
        "runs": Run.objects.count(),
        "states": dict(Counter(Run.objects.values_list("state", flat=True))),
        "attempts": dict(Counter(Run.objects.values_list("attempt", flat=True))),
        "failed_without_a_reason": Run.objects.filter(state="failed", error="").count(),
        "wrong_results": ended.exclude(result__steps=STEPS).exclude(result__counted=STEPS).count(),
        "metric_lines_missing": lines.filter(lines__lt=F("last")).count(),
        "orphans": sum(Path(f"/proc/{pid}").exists() for pid in below),
    }
    sys.stdout.write(json.dumps(outcome) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
