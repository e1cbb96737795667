"""What every management command shares: a readable answer, or one JSON object as the last line."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.errors import PlumblineError


class JsonCommand(BaseCommand):
    """A command whose work is `handle_json(**options) -> dict`. Expected failures exit 1 with their sentence."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object as the last line.")
        self.add_own_arguments(parser)

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments of this command."""

    def handle_json(self, **options: Any) -> dict[str, Any]:
        """Do the work and return the figures that prove it."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = self.handle_json(**options)
        except PlumblineError as error:
            if options["json"]:
                self.stdout.write(json.dumps({"code": error.code, "message": str(error), "fields": error.fields}))
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False, default=str))
            return
        for name, value in self.shown(answer).items():
            self.stdout.write(f"{name}: {value}")

    def shown(self, answer: dict[str, Any]) -> dict[str, Any]:
        """What a person reads of the answer, a line each; everything, unless a command says otherwise."""
        return answer

    def say(self, line: str) -> None:
        """Report progress to a person, on stderr, so that stdout stays parseable."""
        print(line, file=sys.stderr, flush=True)
