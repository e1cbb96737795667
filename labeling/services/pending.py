"""What an import adds to the database, decided and yet to be written."""

from dataclasses import dataclass, field

from django.db.models import F

from labeling.inserting import Insertion
from labeling.models import Comparison, GoldAnswer
from labeling.services.known import Known

ResponseKey = tuple[int, str, str, bool]  # prompt id, content hash, policy name, is a demonstration


@dataclass
class Pending:
    """What some rows add to the database, ids included, until it is written.

    Attributes:
        insertions: in an order that foreign keys allow.
        counted: by how much comparisons that were there want more, by id, in the order in which they are locked.
        known, prompts, responses: what will be there then, as it is looked for: comparisons by name, ids of prompts by
            hash and of new responses by key.
    """

    insertions: list[Insertion] = field(default_factory=list)
    gold: list[GoldAnswer] = field(default_factory=list)
    counted: list[tuple[int, int]] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)
    prompts: dict[str, int] = field(default_factory=dict)
    responses: dict[ResponseKey, int] = field(default_factory=dict)

    def store(self) -> None:
        """Write all of it. Call inside a transaction. Raises: IntegrityError."""
        for insertion in self.insertions:
            insertion.store()
        GoldAnswer.objects.bulk_create(self.gold)
        for pk, counted in self.counted:
            Comparison.objects.filter(pk=pk).update(target_judgments=F("target_judgments") + counted)
