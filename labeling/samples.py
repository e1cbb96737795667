"""A comparison that nobody stored: what the preview of an instrument shows."""

from uuid import UUID

from django.utils.translation import gettext as _

from labeling.answers import Answer
from labeling.models import Assignment, Comparison, Instrument, Project, Prompt, Response
from labeling.screens import Screen, screen_of

NOBODYS = UUID(int=0)
CODE = "\n\n```python\nlist(dict.fromkeys(items))\n```"
LEAST_SHOWN = 4


def sample_screen(instrument: Instrument, project: Project) -> Screen:
    """The screen of this instrument with sample responses; nothing of it is in the database."""
    texts = [
        _("Use a dictionary: since Python 3.7 its keys keep the order in which they came.") + CODE,
        _("Convert the list to a set and back. Note that sets may change the order."),
        _("Loop over the list and keep each item that you have not seen yet."),
        _("I cannot help with that."),
    ]
    k = _shown(instrument)
    prompt = Prompt(
        project=project,
        messages=[{"role": "user", "content": _("How do I remove duplicates from a Python list but keep the order?")}],
    )
    assignment = Assignment(pk=NOBODYS, project=project, comparison=Comparison(prompt=prompt))
    responses = [Response(pk=index + 1, content=texts[index % len(texts)]) for index in range(k)]
    return screen_of(assignment, responses, instrument=instrument, answer=Answer())


def _shown(instrument: Instrument) -> int:
    """None for a demonstration, two for a pair; of a ranking four, or one more than the places it asks for."""
    if instrument.kind == Instrument.Kind.DEMONSTRATION:
        return 0
    if instrument.kind in (Instrument.Kind.PAIR, Instrument.Kind.RATING):
        return 2
    return max(LEAST_SHOWN, (instrument.places_asked or 0) + 1)
