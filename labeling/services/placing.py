"""What a row's metadata says about the place of its comparison: use, topic, wanted judgments, explanation of its gold.

Metadata comes from anywhere, so a word that means nothing here stays metadata and is no error; what would be stored
wrongly is one.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from labeling.models import Comparison
from labeling.services.gold import MAX_EXPLANATION_CHARACTERS
from preferences.errors import InvalidRow
from preferences.records import ComparisonRecord

MAX_TOPIC_CHARACTERS = 60
Use = Comparison.Use
_USES = tuple(Use.values)


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a new comparison goes.

    Attributes:
        target: how many judgments it wants from people, 1 to 100; None: as many as the project says.
    """

    use: str = Use.WORK
    topic: str = ""
    target: int | None = None
    explanation: str = ""


_NOWHERE_IN_PARTICULAR = Placing()


def placing_of(record: ComparisonRecord) -> Placing:
    """Read a record's `use`, `topic`, `target` and `explanation`.

    Raises: InvalidRow for practice or an exam without a gold answer, or with judgments, and for gold of unknown use.
    """
    said = record.metadata
    if not said:
        return _NOWHERE_IN_PARTICULAR
    use = said.get("use", Use.WORK)
    if use not in _USES:
        if record.gold is not None:
            raise InvalidRow(
                _("A gold comparison is used for “work”, “practice” or “exam”, not for “%(use)s”.") % {"use": use}
            )
        use = Use.WORK
    if use != Use.WORK and record.gold is None:
        raise InvalidRow(_("A comparison for practice or exam needs its expected order as “gold”."))
    if use != Use.WORK and record.judgments:
        raise InvalidRow(_("A comparison for practice or exam brings no judgments. Leave them out."))
    topic, target, explanation = said.get("topic", ""), said.get("target"), said.get("explanation", "")
    return Placing(
        use=str(use),
        topic=topic if isinstance(topic, str) and len(topic) <= MAX_TOPIC_CHARACTERS else "",
        target=target if type(target) is int and 1 <= target <= 100 else None,
        explanation=explanation[:MAX_EXPLANATION_CHARACTERS] if isinstance(explanation, str) else "",
    )
