"""manage.py promote_reward_model MODEL [--alias champion]"""

from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from rewardmodel.models import RewardModelAlias
from rewardmodel.queries import get_reward_model
from rewardmodel.services.promote import promote


class Command(JsonCommand):
    help = "Point an alias at a reward model; scoring servers follow within seconds."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model")
        parser.add_argument("--alias", default="champion", choices=RewardModelAlias.Name.values)

    def handle_json(self, **options: Any) -> dict[str, Any]:
        alias = promote(reward_model=get_reward_model(options["model"]), alias=options["alias"])
        return {"model": alias.reward_model.name, "alias": alias.alias}
