"""Moving an alias to a reward model."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.models import Person
from rewardmodel.errors import ChangedModel
from rewardmodel.models import RewardModel, RewardModelAlias
from rewardmodel.services.files import is_whole, model_directory, write_alias_files


@transaction.atomic
def promote(
    *, reward_model: RewardModel, alias: str = RewardModelAlias.Name.CHAMPION, changed_by: Person | None = None
) -> RewardModelAlias:
    """Point an alias at a model. Doing it twice changes nothing; scoring servers follow within seconds.

    Raises: ChangedModel if the model's files are gone or are others than its row names.
    """
    current = RewardModelAlias.objects.filter(alias=alias, reward_model=reward_model).first()
    if not is_whole(model_directory(reward_model), reward_model.digest):
        raise ChangedModel(
            _("The files of “%(name)s” are not those that were trained. Restore them, or train again.")
            % {"name": reward_model.name}
        )
    if current is None:
        current, _created = RewardModelAlias.objects.update_or_create(
            alias=alias,
            defaults={"reward_model": reward_model, "changed_by": changed_by, "changed_at": timezone.now()},
        )
    transaction.on_commit(write_alias_files)
    return current
