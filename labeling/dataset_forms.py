"""The forms of a project's data page: a file to import, a snapshot to freeze."""

from dataclasses import fields
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from labeling.errors import UnreadableUpload
from labeling.services.imports import AUTO, readable_formats
from labeling.services.snapshots import SnapshotRequest, pair_rules
from labeling.services.uploads import MAPPING_BYTES, read_mapping
from preferences.pairs import PairRules

RULES = tuple(field.name for field in fields(PairRules))


def format_choices() -> list[tuple[str, Any]]:
    return [(name, _("Recognise it") if name == AUTO else name) for name in readable_formats()]


class ImportForm(forms.Form):
    """A file of responses or preferences."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "JSONL, a JSON array, CSV, TSV or Parquet, as it is or packed with gzip or Zstandard. "
            "Rows that are here already stay as they are."
        ),
    )
    mapping = forms.FileField(
        label=_("Field mapping"),
        required=False,
        help_text=_("For a table in no known format: a TOML or JSON file that says which columns hold what."),
    )
    format = forms.ChoiceField(label=_("Format"), choices=format_choices, initial=AUTO)
    people_judge_again = forms.BooleanField(
        label=_("Put rows that bring a judgment before people as well"),
        initial=True,
        required=False,
        help_text=_("Imported judgments stay apart from those made here and can be left out of snapshots."),
    )

    def clean_mapping(self) -> dict[str, Any] | None:
        """What the mapping says, or None without one."""
        sent = self.cleaned_data["mapping"]
        try:
            return read_mapping(sent.read(MAPPING_BYTES + 1)) if sent else None
        except UnreadableUpload as problem:
            raise forms.ValidationError(str(problem)) from None


class SnapshotForm(forms.Form):
    """What goes into a snapshot, how it is split and how pairs are derived from it."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False, help_text=_("For people; may stay empty."))
    exclude_imported = forms.BooleanField(label=_("Leave imported judgments out"), required=False)
    exclude_simulated = forms.BooleanField(label=_("Leave simulated judgments out"), required=False)
    include_unjudged = forms.BooleanField(label=_("Keep comparisons nobody has judged"), required=False)
    since = forms.DateTimeField(
        label=_("Judged from"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    until = forms.DateTimeField(
        label=_("Judged until"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    exclude_annotators = forms.CharField(
        label=_("Leave out these annotators"), required=False, help_text=_("Pseudonyms, with spaces between them.")
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
    margin = forms.ChoiceField(
        label=_("Margin from “how much better”"),
        choices=[("none", _("none")), ("small", _("small: 0, ⅓, ⅔, 1")), ("large", _("large: 0, 1, 2, 3"))],
        initial="none",
    )
    ties = forms.ChoiceField(
        label=_("Ties"), choices=[("drop", _("make no pair")), ("half", _("count half for each"))], initial="drop"
    )

    def request(self) -> SnapshotRequest:
        """What the form asks for. Raises: InvalidSnapshot."""
        given = self.cleaned_data
        return SnapshotRequest(
            name=given["name"],
            exclude_imported=given["exclude_imported"],
            exclude_simulated=given["exclude_simulated"],
            exclude_annotators=tuple(given["exclude_annotators"].replace(",", " ").split()),
            include_unjudged=given["include_unjudged"],
            since=given["since"],
            until=given["until"],
            adjudication=given["adjudication"] or "replaces",
            returned=given["returned"] or "drop",
            seed=given["seed"],
            validation=given["validation"],
            test=given["test"],
            rules=pair_rules({name: given[name] for name in RULES if given.get(name)}),
        )
