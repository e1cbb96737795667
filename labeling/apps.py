from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LabelingConfig(AppConfig):
    name = "labeling"
    verbose_name = _("Labeling")

    def ready(self) -> None:
        from labeling.api import schema  # noqa: F401  registers itself with drf-spectacular
        from labeling.run_kinds import register_kinds

        register_kinds()
