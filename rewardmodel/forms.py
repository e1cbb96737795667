"""The forms of the pages about reward models."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from labeling.models import Person, Project
from labeling.queries import projects_visible_to
from rewardmodel.models import RewardModelAlias


class SnapshotChoice(forms.ModelChoiceField):
    """Snapshots by project, first characters of their hash, and size."""

    def label_from_instance(self, obj: Any) -> str:
        counts = obj.manifest.get("counts", {})
        return _("%(project)s · %(sha)s · %(count)s comparisons") % {
            "project": obj.project.name,
            "sha": obj.content_sha256[:12],
            "count": counts.get("comparisons", "?"),
        }


class OnceForm(forms.Form):
    """A form that starts something once, however often its page is sent."""

    client_id = forms.UUIDField(widget=forms.HiddenInput({"id": False}), required=False, initial=uuid4)


class PromotionForm(forms.Form):
    """Which alias should point at the model."""

    alias = forms.ChoiceField(choices=RewardModelAlias.Name.choices)


class ScoringForm(OnceForm):
    """Whose responses the model should score."""

    project = forms.ModelChoiceField(label=_("Project"), queryset=Project.objects.none(), to_field_name="slug")

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = projects_visible_to(person)  # type: ignore[attr-defined]
