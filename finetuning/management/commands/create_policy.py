"""manage.py create_policy NAME --corpus demo|FILE|SNAPSHOT | --path DIR [--config F] [--wait]"""

from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from finetuning.management.queueing import answer_of, config_argument, read_config
from finetuning.services.base import queue_base


class Command(JsonCommand):
    help = "Make a base policy from a corpus, or adopt a language model. Without --wait a worker does it."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="Name of the policy; a number by default.")
        parser.add_argument("--corpus", default="", help="“demo”, a file in any format, or a snapshot's id.")
        parser.add_argument("--path", default="", help="A directory with a Hugging Face language model instead.")
        config_argument(parser, "BaseConfig")
        parser.add_argument("--wait", action="store_true", help="Make it here and answer with the figures.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        run = queue_base(
            name=options["name"],
            corpus=options["corpus"],
            path=options["path"],
            config=read_config(options["config"]),
        )
        return answer_of(self, run, wait=options["wait"])
