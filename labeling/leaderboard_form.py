"""The form of a leaderboard's page: method, weights, and which verdicts count."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from labeling.services.leaderboard import CHOICES, LeaderboardRequest

METHODS = {
    "davidson": _("Bradley–Terry, ties by Davidson"),
    "half": _("Bradley–Terry, a tie is half a win"),
    "rao-kupper": _("Bradley–Terry, ties by Rao and Kupper"),
    "plackett-luce": _("Plackett–Luce, whole rankings"),
    "elo": _("Elo, the mean over shuffled orders"),
}
WEIGHTS = {
    "unit": _("a prompt counts once"),
    "judgment": _("a judgment counts once"),
    "pair": _("a pair counts once"),
}
ADJUDICATIONS = {
    "ignore": _("is left out"),
    "replaces": _("replaces the others"),
    "beside": _("counts beside the others"),
}
MOMENT = {"type": "datetime-local"}


class LeaderboardForm(forms.Form):
    """What of a `LeaderboardRequest` a person chooses; whatever is not sent is as by default."""

    method = forms.ChoiceField(label=_("Method"), choices=list(METHODS.items()), required=False)
    equal_style = forms.BooleanField(label=_("Show it at equal length and Markdown too"), required=False)
    weight = forms.ChoiceField(label=_("Weight"), choices=list(WEIGHTS.items()), required=False)
    imported = forms.BooleanField(label=_("Count imported judgments"), required=False)
    simulated = forms.BooleanField(label=_("Count simulated judgments"), required=False)
    adjudication = forms.ChoiceField(
        label=_("A reviewer's own verdict"), choices=list(ADJUDICATIONS.items()), required=False
    )
    topic = forms.CharField(label=_("Topic"), max_length=200, required=False)
    domain = forms.CharField(label=_("Domain"), max_length=200, required=False)
    language = forms.CharField(label=_("Language"), max_length=12, required=False)
    since = forms.DateTimeField(
        label=_("Judged from"), required=False, widget=forms.DateTimeInput(attrs=MOMENT, format="%Y-%m-%dT%H:%M")
    )
    until = forms.DateTimeField(
        label=_("Judged until"), required=False, widget=forms.DateTimeInput(attrs=MOMENT, format="%Y-%m-%dT%H:%M")
    )
    annotators = forms.CharField(
        label=_("Only these annotators"), required=False, help_text=_("Pseudonyms, with spaces between them.")
    )
    exclude_annotators = forms.CharField(
        label=_("Leave out these annotators"), required=False, help_text=_("Pseudonyms, with spaces between them.")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, allowed in CHOICES.items():
            self.fields[name].initial = allowed[0]
        for name in ("topic", "domain", "language"):
            self.fields[name].widget.attrs["list"] = f"known-{name}"

    def request(self) -> LeaderboardRequest:
        """What the form asks for. Raises: InvalidLeaderboard."""
        given = {name: value for name, value in self.cleaned_data.items() if value}
        for name in ("annotators", "exclude_annotators"):
            given[name] = tuple(given.get(name, "").replace(",", " ").split())
        return LeaderboardRequest(**given)
