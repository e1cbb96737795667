from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FinetuningConfig(AppConfig):
    """Registers this app's kinds of run. Nothing here imports torch."""

    name = "finetuning"
    verbose_name = _("Policies")

    def ready(self) -> None:
        from finetuning.services import base, finetune, from_api, generate, playground
        from runs.kinds import RunKind, register

        register(
            RunKind(
                name=base.KIND,
                title=_("make a base policy"),
                child_module="finetuning.core.make_base",
                prepare=base.prepare_base,
                finish=base.finish_base,
                queue_from_api=from_api.base,
            )
        )
        register(
            RunKind(
                name=finetune.KIND,
                title=_("fine-tune a policy"),
                child_module="finetuning.core.finetune",
                prepare=finetune.prepare_finetuning,
                finish=finetune.finish_finetuning,
                queue_from_api=from_api.finetune,
            )
        )
        register(
            RunKind(
                name=generate.KIND,
                title=_("generate responses"),
                child_module="finetuning.core.generate",
                prepare=generate.prepare_generation,
                finish=generate.finish_generation,
                queue_from_api=from_api.generate,
            )
        )
        register(
            RunKind(
                name=playground.KIND,
                title=_("try a policy"),
                child_module="finetuning.core.generate",
                prepare=playground.prepare_trial,
                finish=playground.finish_trial,
            )
        )
