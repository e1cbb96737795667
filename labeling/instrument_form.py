"""The form that says what people are asked: the same on a new project's page and on its settings."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from labeling.models import Instrument
from labeling.presets import PRESETS
from labeling.screens import name_and_label
from labeling.services.instruments import MAX_NAME_CHARACTERS, MOST_ATTRIBUTES, InstrumentFields

BEST = "best"  # a ranking of which one place is asked
KINDS = [
    ("pair", _("Pairs: which of two responses is better, and by how much")),
    ("ranking", _("Rankings: put the responses of a prompt in order")),
    (BEST, _("Best of several: choose one response")),
    ("rating", _("Ratings: rate each response, compare nothing")),
    ("demonstration", _("Demonstrations: write the ideal answer, or improve one")),
]
REASONS = [
    ("", _("never")),
    ("0", _("always")),
    ("1", _("from “slightly” on")),
    ("2", _("from “better” on")),
    ("3", _("for “much”")),
]
SPARE_ROWS = 2
ROWS = "attributes"
NO_ROWS = {f"{ROWS}-TOTAL_FORMS": "0", f"{ROWS}-INITIAL_FORMS": "0"}


class AttributeForm(forms.Form):
    """One attribute that each response is rated on; a row without a label is left out."""

    name = forms.CharField(required=False, widget=forms.HiddenInput)
    label = forms.CharField(label=_("Attribute"), required=False, max_length=MAX_NAME_CHARACTERS)
    lowest = forms.IntegerField(label=_("from"), min_value=0, max_value=100, initial=1, required=False)
    highest = forms.IntegerField(label=_("to"), min_value=1, max_value=100, initial=5, required=False)
    lowest_label = forms.CharField(label=_("low end"), required=False, max_length=40)
    highest_label = forms.CharField(label=_("high end"), required=False, max_length=40)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = self.cleaned_data
        lowest, highest = given.get("lowest"), given.get("highest")
        if given.get("label") and not self.errors and (lowest is None or highest is None or lowest >= highest):
            self.add_error("highest", _now("Say from which number to which higher one."))
        return given

    def attribute(self) -> dict[str, Any] | None:
        """The attribute as it is stored. Its name stays when its label changes, so that ratings stay together."""
        given = self.cleaned_data
        if not given.get("label"):
            return None
        name = given["name"] or _name_from(given["label"])
        attribute = {name_: given[name_] for name_ in ("label", "lowest", "highest")}
        ends = {name_: given[name_] for name_ in ("lowest_label", "highest_label") if given[name_]}
        return {"name": name, **attribute, **ends}


AttributeFormSet = forms.formset_factory(AttributeForm, extra=SPARE_ROWS, max_num=MOST_ATTRIBUTES, validate_max=True)


class InstrumentForm(forms.Form):
    """What people are asked. `attributes` are rows of their own: see `AttributeForm`."""

    kind = forms.ChoiceField(label=_("What people are asked"), choices=KINDS, widget=forms.RadioSelect, initial="pair")
    places_asked = forms.IntegerField(
        label=_("Places to give"),
        min_value=2,
        max_value=9,
        required=False,
        help_text=_("How many of the best are put in order; the rest stands below. Empty: all of them."),
    )
    allows_ties = forms.BooleanField(label=_("Allow ties"), initial=True, required=False)
    asks_strength = forms.BooleanField(label=_("Ask how much better"), initial=True, required=False)
    strength_steps = forms.TypedChoiceField(
        label=_("Steps of strength"),
        coerce=int,
        choices=[(3, _("slightly, better, much")), (4, _("barely, slightly, better, much"))],
        initial=3,
        required=False,
    )
    allows_all_bad = forms.BooleanField(label=_("Offer “all bad”"), initial=True, required=False)
    asks_reason = forms.BooleanField(label=_("Offer a field for the reason"), initial=True, required=False)
    reason_from_strength = forms.TypedChoiceField(
        label=_("Require a reason"), coerce=int, empty_value=None, choices=REASONS, required=False
    )
    asks_improvement = forms.BooleanField(
        label=_("Open the chosen response for improvement"),
        required=False,
        help_text=_("What people make of it is kept as a demonstration."),
    )
    requires_ratings = forms.BooleanField(label=_("Require every rating"), required=False)
    flags = forms.CharField(
        label=_("Flags"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line: what a person may tick about the whole comparison, for example: harmful."),
    )

    def __init__(self, data: Any = None, *, instrument: Mapping[str, Any] | None = None) -> None:
        """Args:
        instrument: fields of an instrument that the form begins with.
        """
        asked = dict(instrument or {})
        known = [flag for preset in PRESETS.values() for flag in preset.instrument.get("flags", [])]
        self.flag_names = {label: name for name, label in map(name_and_label, [*known, *asked.get("flags", [])])}
        super().__init__(data, initial=_initial(asked))
        rows = data if data is None or f"{ROWS}-TOTAL_FORMS" in data else NO_ROWS
        self.attributes = AttributeFormSet(rows, prefix=ROWS, initial=list(asked.get("attributes", [])))

    def is_valid(self) -> bool:
        rows_are_valid = self.attributes.is_valid()
        return super().is_valid() and rows_are_valid

    def instrument(self) -> InstrumentFields:
        """The fields of the instrument that this form sets."""
        given = self.cleaned_data
        kind = given["kind"]
        rows = [row.attribute() for row in self.attributes]
        fields: InstrumentFields = {
            "kind": "ranking" if kind == BEST else kind,
            "places_asked": 1 if kind == BEST else given["places_asked"] if kind == "ranking" else None,
            "allows_ties": given["allows_ties"],
            "asks_strength": given["asks_strength"],
            "strength_steps": given["strength_steps"] or 3,
            "allows_all_bad": given["allows_all_bad"],
            "asks_reason": given["asks_reason"],
            "reason_from_strength": given["reason_from_strength"],
            "asks_improvement": given["asks_improvement"],
            "requires_ratings": given["requires_ratings"],
            "attributes": [row for row in rows if row is not None],
            "flags": self._flags(),
        }
        return fields

    def _flags(self) -> list[Any]:
        labels = dict.fromkeys(line.strip() for line in self.cleaned_data["flags"].splitlines() if line.strip())
        return [{"name": self.flag_names.get(label) or _name_from(label), "label": label} for label in labels]


def fields_of(instrument: Instrument) -> dict[str, Any]:
    """A stored instrument as the form takes it."""
    return {name: getattr(instrument, name) for name in InstrumentFields.__annotations__}


def _name_from(label: str) -> str:
    """The name under which a label is stored and exported: `Harmful advice` is `harmful_advice`."""
    return (slugify(label, allow_unicode=True).replace("-", "_") or label)[:MAX_NAME_CHARACTERS]


def _initial(asked: Mapping[str, Any]) -> dict[str, Any]:
    initial = {name: asked[name] for name in InstrumentForm.base_fields if name in asked}
    if asked.get("kind") == "ranking" and asked.get("places_asked") == 1:
        initial |= {"kind": BEST, "places_asked": None}
    if "flags" in asked:
        initial["flags"] = "\n".join(label for _name, label in map(name_and_label, asked["flags"]))
    return initial
