"""The web process stays light."""

import os
import subprocess
import sys

from tests.engines import ROOT

HEAVY = ("torch", "transformers", "trl", "accelerate", "peft", "datasets", "sentence_transformers", "pyarrow")


def test_the_web_process_starts_without_torch(tmp_path):
    script = (
        "import sys; from config.wsgi import application; "
        "from django.urls import get_resolver; get_resolver().url_patterns; "
        "from django.test import RequestFactory; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PLUMBLINE_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"
