"""Python processes of their own that a benchmark starts and waits for."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run_child(module: str, argument: str) -> str:
    """What a module with one argument prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, argument],
        cwd=ROOT, env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def child_environment() -> dict[str, str]:
    """One thread, and nothing downloaded."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
