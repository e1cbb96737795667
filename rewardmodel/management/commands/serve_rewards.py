"""manage.py serve_rewards [--port 8001]"""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, ProgrammingError

from rewardmodel.services.files import write_alias_files

APPLICATION = "rewardmodel.core.serve:create_application()"


class Command(BaseCommand):
    help = "Serve rewards over HTTP. Becomes gunicorn; the champion is loaded, and followed when another is promoted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8001)
        parser.add_argument("--host", default="127.0.0.1", help="Anyone who reaches the port may score.")
        parser.add_argument("--threads", type=int, default=4, help="Requests in hand; they take turns to compute.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            write_alias_files()
        except (OperationalError, ProgrammingError) as error:
            self.stderr.write(f"The database is not there yet ({error}); serving what the alias files say.")
        os.environ["PLUMBLINE_HOME"] = str(settings.PLUMBLINE_HOME)
        os.environ["PLUMBLINE_TORCH_THREADS"] = str(settings.PLUMBLINE_TORCH_THREADS)
        os.chdir(settings.BASE_DIR)
        command = [
            sys.executable, "-m", "gunicorn", APPLICATION,
            "--bind", f"{options['host']}:{options['port']}",
            "--workers", "1", "--threads", str(options["threads"]),
            "--timeout", "120", "--graceful-timeout", "5", "--no-control-socket", "--log-level", "warning",
        ]  # fmt: skip
        os.execv(sys.executable, command)  # noqa: S606  a fixed command, no shell
