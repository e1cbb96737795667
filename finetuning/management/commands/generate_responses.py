"""manage.py generate_responses PROJECT --policy P [--against OLD] [--prompts FILE] [--limit N] [--first] [--wait]"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from finetuning.management.queueing import answer_of, config_argument, read_config
from finetuning.queries import get_policy
from finetuning.services.generate import DEFAULT_LIMIT, queue_generation
from labeling.queries import get_project


class Command(JsonCommand):
    help = "Let a policy answer prompts, and queue its answers beside another's for people. Without --wait a worker."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="A project's slug.")
        parser.add_argument("--policy", required=True)
        parser.add_argument("--against", default="", help="Whose answers stand beside; its own by default.")
        parser.add_argument("--prompts", help="A JSONL file with “prompt” in each row; the project's own by default.")
        parser.add_argument("--limit", type=int, default=DEFAULT_LIMIT, help="At most so many prompts.")
        parser.add_argument("--first", action="store_true", help="Hand the new comparisons out before what waits.")
        config_argument(parser, "sampling: temperature, top_p, max_response_tokens, samples_per_prompt, seed")
        parser.add_argument("--wait", action="store_true", help="Generate here and answer with the counts.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        run = queue_generation(
            project=get_project(options["project"]),
            policy=get_policy(options["policy"]),
            against=get_policy(options["against"]) if options["against"] else None,
            prompts=Path(options["prompts"]) if options["prompts"] else None,
            limit=options["limit"],
            sampling=read_config(options["config"]),
            before_old_work=options["first"],
        )
        return answer_of(self, run, wait=options["wait"])
