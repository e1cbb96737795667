from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RewardModelConfig(AppConfig):
    """Registers this app's kinds of run. Nothing here imports torch."""

    name = "rewardmodel"
    verbose_name = _("Reward models")

    def ready(self) -> None:
        from rewardmodel.services import evaluate, from_api, score, train
        from runs.kinds import RunKind, register

        register(
            RunKind(
                name=train.KIND,
                title=_("train a reward model"),
                child_module="rewardmodel.core.train_reward",
                prepare=train.prepare_training,
                finish=train.finish_training,
                queue_from_api=from_api.train,
            )
        )
        register(
            RunKind(
                name=evaluate.KIND,
                title=_("evaluate a reward model"),
                child_module="rewardmodel.core.evaluate_reward",
                prepare=evaluate.prepare_evaluation,
                finish=evaluate.finish_evaluation,
                queue_from_api=from_api.evaluate,
            )
        )
        register(
            RunKind(
                name=score.KIND,
                title=_("score responses"),
                child_module="rewardmodel.core.score_responses",
                prepare=score.prepare_scoring,
                finish=score.finish_scoring,
                queue_from_api=from_api.score,
            )
        )
