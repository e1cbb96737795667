"""The form that starts a training: a snapshot and a name, and whatever settings should differ from their defaults."""

import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from labeling.models import Person, Snapshot
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.config.data import DROP, TRUNCATE
from rewardmodel.core.config.ensemble import COMBINATIONS
from rewardmodel.core.config.objective import LEARNS_FROM
from rewardmodel.core.config.optimizer import SCHEDULES
from rewardmodel.core.config.sweep import read_value
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.settings import kinds_of
from rewardmodel.errors import RewardModelError
from rewardmodel.forms import OnceForm, SnapshotChoice
from rewardmodel.offered_settings import ALWAYS, GROUPS, meaning_of, offered
from rewardmodel.queries import snapshots_visible_to
from rewardmodel.services.sweep import ANNOTATIONS, LARGEST_SEED
from rewardmodel.services.train import NO_RELIABILITY, RELIABILITY

DEFAULTS = {"reliability": NO_RELIABILITY, **TrainConfig(snapshot="-").to_dict()}
LABELS = {
    "backbone": _("Backbone"),
    "max_length_tokens": _("Longest text, in tokens"),
    "loss": _("Loss"),
    "label_smoothing": _("Label smoothing"),
    "centering": _("Centering"),
    "reliability": _("Weights of annotators"),
    "long_rows": _("Texts that are too long"),
    "frozen_layers": _("Frozen layers"),
    "lora_rank": _("Rank of adapters (LoRA)"),
    "heads": _("Heads"),
    "members": _("Networks of an ensemble"),
    "combine": _("Combined by"),
    "uncertainty_penalty": _("Penalty for uncertainty"),
    "epochs": _("Epochs"),
    "learning_rate": _("Learning rate"),
    "head_learning_rate": _("Learning rate of the head"),
    "schedule": _("Schedule"),
    "layer_decay": _("Decay by layer"),
    "early_stopping": _("Early stopping"),
    "seed": _("Seed"),
}
NOTHING = {"epochs": _("by size"), "lora_rank": _("none"), "early_stopping": _("none")}
CHOICES: dict[str, tuple[str, ...]] = {
    "loss": tuple(LEARNS_FROM),
    "reliability": RELIABILITY,
    "long_rows": (TRUNCATE, DROP),
    "combine": COMBINATIONS,
    "schedule": SCHEDULES,
}
LARGEST = {"epochs": 100, "seed": LARGEST_SEED, "heads": 64, "members": 16}


class TrainingForm(OnceForm):
    """What a training needs; empty fields take the default."""

    snapshot = SnapshotChoice(label=_("Snapshot"), queryset=Snapshot.objects.none())
    name = forms.CharField(
        label=_("Name"),
        max_length=119,
        required=False,
        help_text=_("Small letters, digits and hyphens. Left empty: the project and a number."),
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["snapshot"].queryset = snapshots_visible_to(person)  # type: ignore[attr-defined]
        for name in offered():
            self.fields[name] = _field(name)

    def clean(self) -> dict[str, Any]:
        """Refuse settings that no training can have, each beside its field."""
        if not self.errors:
            settings = {
                name: value for name, value in self.config().items() if name in TrainConfig.__dataclass_fields__
            }
            try:
                TrainConfig.from_dict({**settings, "snapshot": "-"})
            except InvalidConfig as error:
                self.add_error(error.field if error.field in self.fields else None, str(error))
        return self.cleaned_data

    def config(self) -> dict[str, Any]:
        """The settings that were filled in."""
        filled = {name: self.cleaned_data.get(name) for name in offered()}
        return {name: value for name, value in filled.items() if value not in (None, "")}

    def place_of(self, problem: RewardModelError) -> str | None:
        """The field beside which an error belongs."""
        return next((name for name in problem.fields if name in self.fields), None)

    def always(self) -> Iterator[forms.BoundField]:
        """The settings that are asked for at once."""
        return (self[name] for name in ALWAYS)

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The other settings below their headings."""
        return [(gettext(heading), [self[name] for name in names]) for heading, names in GROUPS]

    def has_errors_below(self) -> bool:
        """Whether a field that is folded away has an error."""
        return any(name in self.errors for _heading, names in GROUPS for name in names)


class WordField(forms.CharField):
    """A setting that may be a number or a word, as its type says."""

    def __init__(self, setting: str, **kwargs: Any) -> None:
        super().__init__(max_length=255, **kwargs)
        self.setting = setting

    def clean(self, value: Any) -> Any:
        """Raises: ValidationError for a word that the setting cannot be."""
        text = super().clean(value)
        try:
            return read_value(self.setting, text, ANNOTATIONS) if text else ""
        except InvalidConfig as error:
            raise forms.ValidationError(str(error)) from error


def explained(name: str) -> SafeString:
    """What a setting means, in the reader's language, with `names` as code."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(gettext(meaning_of(name)))))  # noqa: S308  escaped


def _field(name: str) -> forms.Field:
    told: dict[str, Any] = {"label": LABELS[name], "help_text": explained(name), "required": False}
    default = DEFAULTS[name]
    if name in CHOICES:
        options = [(value, value) for value in CHOICES[name] if value != default]
        usual = format_html("{} ({})", default, gettext("default"))
        words = forms.Select(attrs={"class": "mono"})  # as they stand in a config, in any language
        return forms.ChoiceField(choices=[("", usual), *options], widget=words, **told)
    kinds = set(kinds_of(ANNOTATIONS[name]))
    field: forms.Field
    if str in kinds:
        field = WordField(name, **told)
    elif float in kinds:
        field = forms.FloatField(**told)
    else:
        field = forms.IntegerField(max_value=LARGEST.get(name), **told)
    field.widget.attrs["placeholder"] = (
        NOTHING[name] if default is None else f"{default:g}" if float in kinds else default
    )
    return field
