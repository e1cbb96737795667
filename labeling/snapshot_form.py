"""The form that says what goes into a snapshot."""

from dataclasses import fields
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from labeling.errors import InvalidSnapshot
from labeling.services.snapshots import SnapshotRequest, keep_benchmark, pair_rules
from preferences.pairs import PairRules

RULES = tuple(field.name for field in fields(PairRules))


class ShareField(forms.FloatField):
    """A share, 0 to 1, or nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=1, required=False, **options)


class NumbersField(forms.CharField):
    """Whole numbers, with spaces or commas between them."""

    def clean(self, value: Any) -> tuple[int, ...]:
        try:
            return tuple(int(part) for part in super().clean(value).replace(",", " ").split())
        except ValueError:
            raise forms.ValidationError(_("Whole numbers, with spaces between them.")) from None


class WordsField(forms.CharField):
    """Words without spaces in them, with spaces or commas between them."""

    def clean(self, value: Any) -> tuple[str, ...]:
        return tuple(super().clean(value).replace(",", " ").split())


class NamesField(forms.CharField):
    """Names, which may hold spaces, with commas between them."""

    def clean(self, value: Any) -> tuple[str, ...]:
        return tuple(name.strip() for name in super().clean(value).split(",") if name.strip())


class SnapshotForm(forms.Form):
    """What goes into a snapshot, how it is split and how pairs are derived from it."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False, help_text=_("For people; may stay empty."))
    exclude_imported = forms.BooleanField(label=_("Leave imported judgments out"), required=False)
    exclude_simulated = forms.BooleanField(label=_("Leave simulated judgments out"), required=False)
    exclude_suspicious = forms.BooleanField(
        label=_("Leave suspicious judgments out"),
        required=False,
        help_text=_("Those with a sign of haste or carelessness that no reviewer has accepted."),
    )
    include_unjudged = forms.BooleanField(label=_("Keep comparisons nobody has judged"), required=False)
    since = forms.DateTimeField(
        label=_("Judged from"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    until = forms.DateTimeField(
        label=_("Judged until"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    only_annotators = WordsField(label=_("Only these annotators"), required=False)
    exclude_annotators = WordsField(
        label=_("Leave out these annotators"), required=False, help_text=_("Pseudonyms, with spaces between them.")
    )
    only_policies = NamesField(label=_("Only these policies"), required=False)
    exclude_policies = NamesField(
        label=_("Leave out these policies"),
        required=False,
        help_text=_("Names, with commas between them. A comparison stays if at least two of its responses do."),
    )
    guideline_versions = NumbersField(
        label=_("Under these guidelines"), required=False, help_text=_("Numbers of their versions; empty for any.")
    )
    least_gold_agreement = ShareField(
        label=_("Agreement with gold, at least"),
        help_text=_("0 to 1: the lower end of an annotator's 95 % interval. Under five gold answers nobody passes."),
    )
    least_agreement = ShareField(
        label=_("Agreement on a comparison, at least"),
        help_text=_("0 to 1. Comparisons with one verdict alone do not pass; what a reviewer settled does."),
    )
    benchmark_file = forms.FileField(
        label=_("Benchmark prompts"),
        required=False,
        help_text=_("JSONL. Prompts that hold one of these are counted and named."),
    )
    benchmark = forms.CharField(required=False, widget=forms.HiddenInput, max_length=64)  # one that is here already
    benchmark_overlap = forms.ChoiceField(
        label=_("Prompts of the benchmark"),
        choices=[("count", _("counted")), ("drop", _("left out"))],
        initial="count",
        required=False,
    )
    adjudication = forms.ChoiceField(
        label=_("A reviewer's own verdict"),
        choices=[
            ("replaces", _("replaces the others")),
            ("beside", _("counts beside the others")),
            ("ignore", _("is left out")),
        ],
        initial="replaces",
        required=False,
    )
    returned = forms.ChoiceField(
        label=_("Returned and not redone"),
        choices=[("drop", _("left out")), ("keep", _("kept"))],
        initial="drop",
        required=False,
    )
    seed = forms.IntegerField(label=_("Seed of the split"), initial=0, min_value=-(2**31), max_value=2**31 - 1)
    validation = forms.FloatField(label=_("Share for validation"), initial=0.1, min_value=0, max_value=1)
    test = forms.FloatField(label=_("Share for the test"), initial=0.1, min_value=0, max_value=1)
    group_near_duplicates = forms.BooleanField(
        label=_("Keep prompts that are nearly the same in one split"), required=False
    )
    margin = forms.ChoiceField(
        label=_("Margin from “how much better”"),
        choices=[("none", _("none")), ("small", _("small: 0, ⅓, ⅔, 1")), ("large", _("large: 0, 1, 2, 3"))],
        initial="none",
    )
    ties = forms.ChoiceField(
        label=_("Ties"), choices=[("drop", _("make no pair")), ("half", _("count half for each"))], initial="drop"
    )
    votes = forms.ChoiceField(
        label=_("Several judgments of two responses"),
        choices=[
            ("each", _("each makes a pair")),
            ("share", _("one pair with the share of votes")),
            ("majority", _("one pair as most say")),
        ],
        initial="each",
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """Keep a file that was sent, and let the form name it from then on: a browser does not send it twice."""
        sent = self.cleaned_data.pop("benchmark_file", None)
        if sent:
            try:
                self.cleaned_data["benchmark"] = keep_benchmark(sent.chunks())
            except InvalidSnapshot as problem:
                self.add_error("benchmark_file", str(problem))
            else:
                shown_again: Any = self.data
                self.data = shown_again.copy()
                self.data["benchmark"] = self.cleaned_data["benchmark"]  # type: ignore[index]
        return self.cleaned_data

    def request(self) -> SnapshotRequest:
        """What the form asks for. Raises: InvalidSnapshot."""
        given = {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}
        rules = pair_rules({name: given.pop(name) for name in RULES if name in given})
        return SnapshotRequest(**given, rules=rules)
