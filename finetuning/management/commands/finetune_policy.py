"""manage.py finetune_policy POLICY --method rloo|grpo|dpo|sft [--reward-model champion] [--snapshot ID] [--wait]"""

from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from finetuning.core.finetune_config import METHODS
from finetuning.management.queueing import answer_of, config_argument, read_config
from finetuning.queries import get_policy
from finetuning.services.finetune import queue_finetuning
from rewardmodel.queries import get_reward_model, get_snapshot


class Command(JsonCommand):
    help = "Fine-tune a policy on demonstrations, on pairs, or against a reward model. Without --wait a worker does it."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("policy", help="The policy to start from.")
        parser.add_argument("--method", required=True, choices=METHODS)
        parser.add_argument("--reward-model", default="", help="A name or an alias; the champion where one is needed.")
        parser.add_argument("--snapshot", default="", help="What to learn from; the reward model's by default.")
        parser.add_argument("--reference", default="", help="The frozen policy for KL; the policy itself by default.")
        parser.add_argument("--name", default="", help="Name of the new policy; a number by default.")
        config_argument(parser, "FinetuneConfig")
        parser.add_argument("--wait", action="store_true", help="Fine-tune here and answer with the figures.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        run = queue_finetuning(
            policy=get_policy(options["policy"]),
            method=options["method"],
            reward_model=get_reward_model(options["reward_model"]) if options["reward_model"] else None,
            snapshot=get_snapshot(options["snapshot"]) if options["snapshot"] else None,
            reference=get_policy(options["reference"]) if options["reference"] else None,
            name=options["name"],
            config=read_config(options["config"]),
        )
        return answer_of(self, run, wait=options["wait"])
