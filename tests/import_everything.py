"""Import every module of ours, so that a broken import is found before a person meets it."""

import importlib
import os
import pkgutil
import sys
import tempfile

os.environ.setdefault("PLUMBLINE_HOME", tempfile.mkdtemp(prefix="plumbline-imports-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
PACKAGES = ("preferences", "config", "runs", "labeling", "rewardmodel", "finetuning")


def main() -> int:
    import django

    django.setup()
    failures = []
    for package in PACKAGES:
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, prefix=f"{package}."):
            try:
                importlib.import_module(module.name)
            except Exception as error:
                failures.append(f"{module.name}: {error!r}")
    for failure in failures:
        sys.stderr.write(failure + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
