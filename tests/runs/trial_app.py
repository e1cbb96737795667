"""The trial kinds as an app, so that a real worker knows them."""

from django.apps import AppConfig


class TrialConfig(AppConfig):
    name = "tests.runs"
    label = "trial"

    def ready(self) -> None:
        from tests.runs.trial import register_kinds

        register_kinds()
