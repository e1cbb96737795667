from django.apps import AppConfig


class LabelingConfig(AppConfig):
    name = "labeling"
    verbose_name = "Labeling"

    def ready(self) -> None:
        from labeling.api import schema  # noqa: F401  registers itself with drf-spectacular
        from labeling.run_kinds import register_kinds

        register_kinds()
