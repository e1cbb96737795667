"""The form that starts a sweep: settings and their values, a line each."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from labeling.models import Person, Snapshot
from rewardmodel.core.config.sweep import read_assignment, read_value
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.errors import RewardModelError
from rewardmodel.forms import OnceForm, SnapshotChoice
from rewardmodel.queries import snapshots_visible_to
from rewardmodel.services.sweep import ANNOTATIONS, LONGEST_NAME, MOST_RUNS, read_vary


def lines_like(example: str) -> forms.Textarea:
    """Room for a few lines of settings."""
    attributes = {"rows": 4, "spellcheck": "false", "autocapitalize": "off", "class": "mono", "placeholder": example}
    return forms.Textarea(attrs=attributes)


class SweepForm(OnceForm):
    """What a sweep asks for."""

    snapshot = SnapshotChoice(label=_("Snapshot"), queryset=Snapshot.objects.none())
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        required=False,
        help_text=_("Small letters, digits and hyphens; its models carry it with a number. Left empty, it gets one."),
    )
    vary = forms.CharField(
        label=_("Settings to vary"),
        widget=lines_like("learning_rate=1e-5,1e-4"),
        required=False,
        help_text=_(
            "One a line: “learning_rate=1e-5,1e-4” tries each value; “learning_rate=log:1e-6:1e-3” or "
            "“dropout=uniform:0:0.3” draws from a range."
        ),
    )
    settings = forms.CharField(
        label=_("Settings of all runs"),
        widget=lines_like("epochs=2"),
        required=False,
        help_text=_("One a line: “epochs=2”. What is not named has its default."),
    )
    draws = forms.IntegerField(
        label=_("Draws"),
        required=False,
        min_value=1,
        max_value=MOST_RUNS,
        help_text=_("So many combinations at most, drawn by chance. Left empty: all of them. Ranges need it."),
    )
    seeds = forms.CharField(
        label=_("Seeds"),
        max_length=200,
        initial="0",
        help_text=_("Each combination is trained with each: “0, 1, 2”. Several show how much is luck."),
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["snapshot"].queryset = snapshots_visible_to(person)  # type: ignore[attr-defined]

    def clean_vary(self) -> dict[str, str]:
        """Values by setting, as written; each is read once to be sure that it can be."""
        vary = self._assignments("vary")
        try:
            read_vary(vary)
        except RewardModelError as error:
            raise forms.ValidationError(str(error)) from error
        return vary

    def clean_settings(self) -> dict[str, Any]:
        """A value by setting."""
        try:
            said = self._assignments("settings")
            return {name: read_value(name, text, ANNOTATIONS) for name, text in said.items()}
        except InvalidConfig as error:
            raise forms.ValidationError(str(error)) from error

    def clean_seeds(self) -> list[int]:
        """Whole numbers; the service says which."""
        words = [word.strip() for word in self.cleaned_data["seeds"].split(",")]
        if not all(word.isdecimal() for word in words):
            raise forms.ValidationError(_("Seeds are whole numbers with commas between them."))
        return [int(word) for word in words]

    def place_of(self, problem: RewardModelError) -> str | None:
        """The field beside which an error belongs: that of its own name, or the one that holds the setting."""
        for name in problem.fields:
            if name in self.fields:
                return name
            for field in ("vary", "settings"):
                lines: Mapping[str, Any] = self.cleaned_data.get(field) or {}
                if name in lines:
                    return field
        return None

    def _assignments(self, field: str) -> dict[str, str]:
        lines = [line for line in self.cleaned_data[field].splitlines() if line.strip()]
        found: dict[str, str] = {}
        for line in lines:
            try:
                name, said = read_assignment(line)
            except InvalidConfig as error:
                raise forms.ValidationError(str(error)) from error
            if name in found:
                raise forms.ValidationError(_("%(name)s stands on two lines.") % {"name": name})
            found[name] = said
        return found
