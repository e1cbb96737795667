"""The forms of the pages about projects, members and tokens. The workbench's own form is `labeling.answers`."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from labeling.models import Membership


class ProjectForm(forms.Form):
    """What a new project needs besides its instrument; the rest has sensible defaults and can be changed later."""

    name = forms.CharField(label=_("Name"), max_length=120)
    slug = forms.SlugField(
        label=_("Address"),
        max_length=60,
        help_text=_("Part of the address: letters, digits and hyphens. It cannot be changed later."),
    )
    judgments_per_comparison = forms.IntegerField(
        label=_("Judgments per comparison"),
        min_value=1,
        max_value=100,
        initial=1,
        help_text=_("How many different people judge each comparison. Two or more let you see how well they agree."),
    )
    daily_quota = forms.IntegerField(
        label=_("Comparisons a day for each annotator"),
        min_value=1,
        required=False,
        help_text=_("Shown as a goal. Leave it empty for none."),
    )
    guidelines = forms.CharField(
        label=_("Guidelines"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("What makes a response better here. Markdown works. Each change later becomes a new version."),
    )

    def project(self) -> dict[str, Any]:
        """The fields of the project that this form sets."""
        names = ("name", "slug", "judgments_per_comparison", "daily_quota", "guidelines")
        return {name: self.cleaned_data[name] for name in names}


class GuidelinesForm(forms.Form):
    """A new wording of the guidelines."""

    text = forms.CharField(label=_("Guidelines"), widget=forms.Textarea(attrs={"rows": 18}), required=False)


class MemberForm(forms.Form):
    """A person by e-mail address, and what they may do in the project."""

    email = forms.EmailField(label=_("E-mail address"))
    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices, initial=Membership.Role.ANNOTATOR)


class RoleForm(forms.Form):
    """Another role for somebody who is a member."""

    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices)


class TokenForm(forms.Form):
    """A label that says later what the token was for."""

    label = forms.CharField(
        label=_("What it is for"), max_length=80, help_text=_("For example: nightly import from the lab cluster.")
    )
