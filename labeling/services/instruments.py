"""What a project asks: checked before it is stored, and changed without making what was judged unreadable."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from labeling.asked import bounds_of, is_tick
from labeling.errors import InvalidProject
from labeling.models import Comparison, Instrument, Judgment, Project
from labeling.verdicts import MAX_FLAG_CHARACTERS, MAX_FLAGS

MOST_ATTRIBUTES = 20
MOST_VALUES = 11  # 0 to 10
MAX_NAME_CHARACTERS = 60
Kind = Instrument.Kind


class InstrumentFields(TypedDict, total=False):
    """What may be said of an instrument; see the model for what each means."""

    kind: str
    allows_ties: bool
    places_asked: int | None
    asks_strength: bool
    strength_steps: int
    allows_all_bad: bool
    asks_reason: bool
    reason_from_strength: int | None
    asks_improvement: bool
    requires_ratings: bool
    attributes: list[dict[str, Any]]
    flags: list[Any]


@transaction.atomic
def update_instrument(*, project: Project, **changes: Unpack[InstrumentFields]) -> Instrument:
    """Change what a project asks from now on; judgments stay as they were given.

    Raises: InvalidProject when a value does not fit, or when another kind would make what was judged unreadable.
    """
    Project.objects.select_for_update(no_key=True).filter(pk=project.pk).values("pk").get()
    instrument = Instrument.objects.get(project=project)
    before = instrument.kind
    for name, value in changes.items():
        setattr(instrument, name, value)
    check_instrument(instrument)
    if instrument.kind != before:
        _check_change_of_kind(project, before, instrument.kind)
    instrument.save()
    project.instrument = instrument
    return instrument


def _check_change_of_kind(project: Project, before: str, after: str) -> None:
    if Judgment.objects.filter(project=project).exists():
        raise InvalidProject(
            _(
                "This project holds judgments of another kind, which must stay readable. Make a new project to ask "
                "for something else."
            ),
            fields={"kind": after},
        )
    if before == Kind.DEMONSTRATION:
        comparisons = Comparison.objects.filter(project=project).annotate(k=Count("members"))
        if comparisons.filter(k__lt=2).exists():
            raise InvalidProject(
                _("This project holds prompts with fewer than two responses, which nobody could compare."),
                fields={"kind": after},
            )


def check_instrument(instrument: Instrument) -> None:
    """Refuse an instrument that nobody could answer. Raises: InvalidProject, naming the field."""
    if instrument.kind not in Kind.values:
        raise InvalidProject(
            _("There is no instrument “%(kind)s”.") % {"kind": instrument.kind}, fields={"kind": instrument.kind}
        )
    if instrument.places_asked is not None and not 1 <= instrument.places_asked <= 9:
        raise InvalidProject(_("Ask for 1 to 9 places, or for all of them."), fields={"places_asked": "range"})
    if instrument.strength_steps not in (3, 4):
        raise InvalidProject(_("Strength has three steps or four."), fields={"strength_steps": "range"})
    if instrument.reason_from_strength not in (None, 0, 1, 2, 3):
        raise InvalidProject(
            _("A reason is required never, always, or from strength 1, 2 or 3 on."),
            fields={"reason_from_strength": "range"},
        )
    _check_attributes(instrument.attributes)
    _check_flags(instrument.flags)
    asks_for_a_rating = any(not is_tick(attribute) for attribute in instrument.attributes)
    if not asks_for_a_rating and instrument.kind == Kind.RATING:
        raise InvalidProject(_("Name at least one attribute with a scale to rate."), fields={"attributes": "missing"})


def _check_attributes(attributes: Any) -> None:
    if not isinstance(attributes, list) or len(attributes) > MOST_ATTRIBUTES:
        raise InvalidProject(
            _("Give at most %(most)d attributes.") % {"most": MOST_ATTRIBUTES}, fields={"attributes": "too many"}
        )
    names = set()
    for attribute in attributes:
        name = attribute.get("name") if isinstance(attribute, Mapping) else None
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_CHARACTERS or name in names:
            raise InvalidProject(
                _("Each attribute needs a name of its own, of at most 60 characters."), fields={"attributes": name}
            )
        names.add(name)
        lowest, highest = bounds_of(attribute)
        if not 0 <= lowest < highest < lowest + MOST_VALUES or highest > 100:
            raise InvalidProject(
                _("“%(name)s” goes from %(lowest)d to %(highest)d. Take whole numbers from 0 on, at most 11 of them.")
                % {"name": name, "lowest": lowest, "highest": highest},
                fields={"attributes": name},
            )


def _check_flags(flags: Any) -> None:
    names = [flag.get("name") if isinstance(flag, Mapping) else flag for flag in flags]
    is_sound = all(isinstance(name, str) and 0 < len(name) <= MAX_FLAG_CHARACTERS for name in names)
    if not is_sound or len(set(names)) != len(names) or len(names) > MAX_FLAGS:
        raise InvalidProject(
            _("Give at most 20 flags, each with a name of its own of at most 60 characters."), fields={"flags": names}
        )
