"""The form of a project's moderation: whether imports are checked, which checks run, and their settings."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from labeling.models import Moderation
from labeling.moderation.registry import CHECKS, MOST, settings_of
from labeling.moderation_words import CHECK_NAMES, SETTING_NAMES


class ModerationForm(forms.Form):
    """One box a check, with its settings below it."""

    at_import = forms.BooleanField(
        label=_("Check what is imported"),
        required=False,
        help_text=_("After each import, what it brought is looked through."),
    )

    def __init__(self, data: Any = None, *, moderation: Moderation) -> None:
        super().__init__(data)
        self.fields["at_import"].initial = moderation.at_import
        checks = moderation.checks
        for name in CHECKS:
            self.fields[name] = forms.BooleanField(
                label=CHECK_NAMES[name], required=False, initial=checks is None or name in checks
            )
            for setting, default in settings_of(name).items():
                field = forms.FloatField if isinstance(default, float) else forms.IntegerField
                self.fields[f"{name}-{setting}"] = field(
                    label=SETTING_NAMES[setting],
                    min_value=0,
                    max_value=1 if isinstance(default, float) else MOST,
                    initial=(checks or {}).get(name, {}).get(setting, default),
                )
                if isinstance(default, float):
                    self.fields[f"{name}-{setting}"].widget.attrs["step"] = "any"

    def groups(self) -> Iterator[tuple[forms.BoundField, list[forms.BoundField]]]:
        """Each check's box, and the fields of its settings."""
        for name in CHECKS:
            yield self[name], [self[f"{name}-{setting}"] for setting in settings_of(name)]

    def checks(self) -> dict[str, dict[str, Any]]:
        """The checks that are to run, each with what differs from its own settings."""
        said = self.cleaned_data
        return {
            name: {
                setting: said[f"{name}-{setting}"]
                for setting, default in settings_of(name).items()
                if said[f"{name}-{setting}"] != default
            }
            for name in CHECKS
            if said[name]
        }
