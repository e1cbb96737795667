"""The form of a project's data page that takes a file in."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from labeling.errors import UnreadableUpload
from labeling.services.imports import AUTO, readable_formats
from labeling.services.sources import check_source
from labeling.services.uploads import MAPPING_BYTES, read_mapping


def format_choices() -> list[tuple[str, Any]]:
    return [(name, _("Recognise it") if name == AUTO else name) for name in readable_formats()]


class ImportForm(forms.Form):
    """A file of responses or preferences."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_(
            "JSONL, a JSON array, CSV, TSV or Parquet, as it is or packed with gzip or Zstandard. "
            "Rows that are here already stay as they are."
        ),
    )
    source = forms.CharField(
        label=_("Or where it lies"),
        required=False,
        max_length=500,
        help_text=_("hub:owner/name for a dataset of the Hugging Face hub, or storage:path/of/a/file."),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}),
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
    all_or_nothing = forms.BooleanField(
        label=_("All rows or none"),
        required=False,
        help_text=_("If one row cannot be taken, nothing is imported. Otherwise such rows are left out and kept."),
    )

    def clean_source(self) -> str:
        """The source, if it is one that a project may name."""
        source: str = self.cleaned_data["source"].strip()
        try:
            return check_source(source) if source else ""
        except UnreadableUpload as problem:
            raise forms.ValidationError(str(problem)) from None

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if "source" in told and bool(told.get("file")) == bool(told["source"]) and "file" not in self.errors:
            self.add_error("file", _("Choose a file, or say where it lies."))
        return told

    def clean_mapping(self) -> dict[str, Any] | None:
        """What the mapping says, or None without one."""
        sent = self.cleaned_data["mapping"]
        try:
            return read_mapping(sent.read(MAPPING_BYTES + 1)) if sent else None
        except UnreadableUpload as problem:
            raise forms.ValidationError(str(problem)) from None
