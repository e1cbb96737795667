"""manage.py serve_rewards [--port 8001]"""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, ProgrammingError

from rewardmodel.core.serving.server_process import add_arguments, become_server
from rewardmodel.services.files import write_alias_files


class Command(BaseCommand):
    help = "Serve rewards over HTTP. Becomes gunicorn; the champion is loaded, and followed when another is promoted."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            write_alias_files()
        except (OperationalError, ProgrammingError) as error:
            self.stderr.write(f"The database is not there yet ({error}); serving what the alias files say.")
        os.environ["PLUMBLINE_HOME"] = str(settings.PLUMBLINE_HOME)
        os.environ["PLUMBLINE_TORCH_THREADS"] = str(settings.PLUMBLINE_TORCH_THREADS)
        os.environ["PLUMBLINE_SCORER_TOKEN"] = settings.PLUMBLINE_SCORER_TOKEN
        become_server(host=options["host"], port=options["port"], threads=options["threads"])
