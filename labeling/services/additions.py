"""What one row of a file adds to a project: decided before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from labeling.records import verdict_key
from labeling.services.imported_people import ANONYMOUS, imported_pseudonym
from labeling.services.known import Known, name_of
from labeling.services.placing import Placing, Use, placing_of
from preferences.errors import InvalidRow
from preferences.records import ComparisonRecord, JudgmentRecord, Ranking


@dataclass
class Addition:
    """What one accepted row adds: a new comparison or demonstration, or only verdicts and gold to one that is there."""

    record: ComparisonRecord
    known: Known
    is_new: bool
    judgments: list[JudgmentRecord] = field(default_factory=list)
    gold: Ranking | None = None
    placing: Placing = field(default_factory=Placing)

    @property
    def counted(self) -> int:
        """How many of its judgments count towards what the comparison wants."""
        return sum(1 for judgment in self.judgments if not judgment.is_surplus)


def decide_row(records: Sequence[ComparisonRecord], known: Mapping[str, Known]) -> list[Addition]:
    """What the records of one row add to what is known, by name.

    Raises: InvalidRow as `decide` does; what is known is then as it was.
    """
    if len(records) == 1:
        addition = decide(records[0], known[name_of(records[0])])
        return [] if addition is None else [addition]
    before = {name: known[name].copy() for name in map(name_of, records)}
    try:
        decided = [decide(record, known[name_of(record)]) for record in records]
    except InvalidRow:
        for name, kept in before.items():
            known[name].become(kept)
        raise
    return [addition for addition in decided if addition is not None]


def decide(record: ComparisonRecord, known: Known) -> Addition | None:
    """What a record adds to what is known, or None if that is nothing; `known` is brought up to date.

    Raises: InvalidRow if it contradicts an earlier verdict of the same annotator, or the gold answer, or says where it
        belongs in a way that cannot be.
    """
    addition = Addition(record, known, is_new=not known.is_there, placing=placing_of(record))
    said: dict[str, bytes | None] = {}
    for judgment in record.judgments:
        pseudonym = imported_pseudonym(judgment.annotator)
        verdict = verdict_key(judgment)
        if pseudonym not in known.verdicts and pseudonym not in said:
            said[pseudonym] = verdict
            addition.judgments.append(judgment)
        elif said.get(pseudonym, known.verdicts.get(pseudonym)) not in (verdict, None):
            raise InvalidRow(_contradiction(judgment), reason="contradiction")
    if record.gold is not None and known.gold is None:
        addition.gold = record.gold
    elif record.gold not in (None, known.gold):
        raise InvalidRow(
            _("This comparison is here already, with another gold answer. The first one is kept."),
            reason="contradiction",
        )
    if not (addition.is_new or addition.judgments or addition.gold):
        return None
    if addition.judgments and not known.is_work:
        raise InvalidRow(_("This comparison is here for practice or exam, and takes no judgments."))
    known.verdicts.update(said)
    known.gold = known.gold or addition.gold
    if addition.is_new:
        known.is_work = addition.placing.use == Use.WORK
        known.responses = dict.fromkeys(record.response_hashes, 0)
        known.is_promised = True
    return addition


def _contradiction(judgment: JudgmentRecord) -> str:
    if judgment.annotator == ANONYMOUS:
        return _(
            "These responses are here already with another verdict by the same unnamed annotator, so one of the two "
            "rows is wrong or they come from two people. The first one is kept. Name the annotators to keep both."
        )
    return _(
        "These responses are here already with another verdict by the same annotator, “%(annotator)s”. "
        "The first one is kept."
    ) % {"annotator": judgment.annotator}
