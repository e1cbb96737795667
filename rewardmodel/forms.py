"""The forms of the pages about reward models."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from labeling.models import Person, Project, Snapshot
from labeling.queries import projects_visible_to
from rewardmodel.core.config import TrainConfig
from rewardmodel.models import RewardModelAlias
from rewardmodel.queries import snapshots_visible_to

DEFAULTS = TrainConfig(snapshot="-")


class SnapshotChoice(forms.ModelChoiceField):
    """Snapshots by project, first characters of their hash, and size."""

    def label_from_instance(self, obj: Any) -> str:
        counts = obj.manifest.get("counts", {})
        return _("%(project)s · %(sha)s · %(count)s comparisons") % {
            "project": obj.project.name,
            "sha": obj.content_sha256[:12],
            "count": counts.get("comparisons", "?"),
        }


class TrainingForm(forms.Form):
    """What a training needs; empty fields take the default."""

    snapshot = SnapshotChoice(label=_("Snapshot"), queryset=Snapshot.objects.none())
    name = forms.CharField(
        label=_("Name"),
        max_length=119,
        required=False,
        help_text=_("Small letters, digits and hyphens. Left empty: the project and a number."),
    )
    backbone = forms.CharField(
        label=_("Backbone"),
        required=False,
        max_length=255,
        help_text=_("“minilm”, or a folder on the worker with a Hugging Face model in safetensors."),
    )
    epochs = forms.IntegerField(label=_("Epochs"), required=False, min_value=1, max_value=100)
    learning_rate = forms.FloatField(label=_("Learning rate"), required=False, min_value=1e-9, max_value=1)
    max_length_tokens = forms.IntegerField(
        label=_("Longest text, in tokens"), required=False, min_value=16, max_value=131_072
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["snapshot"].queryset = snapshots_visible_to(person)  # type: ignore[attr-defined]
        for name in ("backbone", "epochs", "learning_rate", "max_length_tokens"):
            default = getattr(DEFAULTS, name)
            self.fields[name].widget.attrs["placeholder"] = _("by size") if default is None else str(default)

    def config(self) -> dict[str, Any]:
        """The settings that were filled in."""
        names = ("backbone", "epochs", "learning_rate", "max_length_tokens")
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name] not in (None, "")}


class PromotionForm(forms.Form):
    """Which alias should point at the model."""

    alias = forms.ChoiceField(choices=RewardModelAlias.Name.choices)


class ScoringForm(forms.Form):
    """Whose responses the model should score."""

    project = forms.ModelChoiceField(label=_("Project"), queryset=Project.objects.none(), to_field_name="slug")

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = projects_visible_to(person)  # type: ignore[attr-defined]
