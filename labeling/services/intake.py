"""Storing records as comparisons: what a row changes is decided first, then written, some hundred rows at a time."""

from collections.abc import Sequence
from typing import Any, Literal, cast
from uuid import uuid4

from django.db.models import Model
from django.utils import timezone

from labeling.finding import stored_prompts
from labeling.inserting import Insertion, Row, prepare_rows
from labeling.models import (
    Comparison,
    ComparisonResponse,
    GoldAnswer,
    ImportBatch,
    Judgment,
    Person,
    Project,
    Prompt,
    Response,
)
from labeling.models.comparisons import random_places
from labeling.services.additions import Addition, decide_row
from labeling.services.imported_people import ensure_imported_people
from labeling.services.known import Known, load_known, name_of
from labeling.services.pending import Pending, ResponseKey
from labeling.verdicts import Verdict
from preferences.errors import InvalidRow
from preferences.records import ComparisonRecord, JudgmentRecord, Ranking, ResponseRecord

PROMPT_COLUMNS = ("project_id", "content_hash", "messages", "documents", "language")
RESPONSE_COLUMNS = ("prompt_id", "content_hash", "policy_name", "is_demonstration", "kind", "content", "sampling")
COMPARISON_COLUMNS = (
    "project_id",
    "prompt_id",
    "content_hash",
    "target_judgments",
    "open_slots",
    "use",
    "topic",
    "shuffle",
    "metadata",
    "import_batch_id",
)
JUDGMENT_COLUMNS = (
    "client_id",
    "project_id",
    "comparison_id",
    "annotator_id",
    "source",
    "is_surplus",
    "ranking",
    "strength",
    "all_bad",
    "ratings",
    "flags",
    "reason",
    "dwell_ms",
    "shown_order",
    "verdict_hash",
    "judged_at",
)
Outcome = Literal["accepted", "unchanged"] | InvalidRow


class Intake:
    """Takes records into one project, each comparison and each verdict once.

    Args:
        people_judge_again: whether comparisons that bring judgments are put before people as well. If so, a new
            comparison wants the project's number of judgments besides those it brings; if not, it wants only those.
        is_rehearsal: decide and count, but write nothing. What earlier rows would have stored is remembered, about
            a third of a kilobyte for each new row.
    """

    def __init__(
        self,
        *,
        project: Project,
        batch: ImportBatch | None = None,
        people_judge_again: bool = True,
        is_rehearsal: bool = False,
    ) -> None:
        self.project = project
        self.batch = batch
        self.people_judge_again = people_judge_again
        self.is_rehearsal = is_rehearsal
        self.now = timezone.now()
        self._remembered: dict[str, Known] = {}
        self._expected = Pending()
        self._looks = True

    def take(self, records: Sequence[ComparisonRecord]) -> list[Outcome]:
        """Take records that come one by one; otherwise like `take_rows`."""
        return self.take_rows([(record,) for record in records])

    def take_rows(self, rows: Sequence[Sequence[ComparisonRecord]]) -> list[Outcome]:
        """Decide on each row's records and store what is new; call inside a transaction, with the project's row locked.

        Returns: per row `accepted` (something of it is new), `unchanged` (all of it was there), or why it contradicts
            what is there; a row is taken whole or not at all.
        """
        outcomes, pending = self.decide_rows(rows)
        pending.store()
        return outcomes

    def decide_rows(self, rows: Sequence[Sequence[ComparisonRecord]]) -> tuple[list[Outcome], Pending]:
        """What becomes of each row, as `take_rows` says it, and what is to be written then.

        Who decides on more rows before that is written says so by `expecting`. Who looks for nothing in an empty
        project (`look_if_there_is_something`) and brings a prompt again, or meets somebody else's, is refused by the
        database, and has to look from then on.
        """
        records = [record for row in rows for record in row]
        known = load_known(self.project, records) if self._looks else {name_of(record): Known() for record in records}
        for expected in (self._remembered, self._expected.known):
            known.update((name, kept) for name, kept in expected.items() if name in known)
        outcomes: list[Outcome] = []
        additions: list[Addition] = []
        for row in rows:
            try:
                added = decide_row(row, known)
            except InvalidRow as contradiction:
                outcomes.append(contradiction)
                continue
            outcomes.append("accepted" if added else "unchanged")
            additions += added
        if self.is_rehearsal:
            self._remembered.update((name_of(addition.record), addition.known) for addition in additions)
            return outcomes, Pending()
        return outcomes, self._writing_of(additions)

    def look(self) -> None:
        """From now on see what the database holds before anything is decided, as at first."""
        self._looks = True

    def look_if_there_is_something(self) -> None:
        """Look for nothing in a project without a prompt, until `look` is called."""
        self._looks = Prompt.objects.filter(project=self.project).exists()

    def expecting(self, pending: Pending | None) -> None:
        """From now on decide as if this, and nothing else that is not yet there, were written; None for nothing."""
        self._expected = pending or Pending()

    def _writing_of(self, additions: list[Addition]) -> Pending:
        pending = Pending()
        if not additions:
            return pending
        new = [addition for addition in additions if addition.is_new]
        old_prompts = self._add_prompts(pending, [addition.record for addition in new])
        self._add_responses(pending, new, old_prompts)
        self._add_comparisons(pending, [addition for addition in new if addition.record.kind != "demonstration"])
        names = {judgment.annotator for addition in additions for judgment in addition.judgments}
        people = ensure_imported_people(names) if names else {}
        given = [self._judgment(a, judgment, people) for a in additions for judgment in a.judgments]
        pending.insertions.append(self._prepared(Judgment, JUDGMENT_COLUMNS, given))
        pending.gold = [
            GoldAnswer(
                comparison_id=a.known.pk,
                ranking=_ids(a.gold, _ids_by_index(a.record, a.known)),
                explanation=a.placing.explanation,
            )
            for a in additions
            if a.gold is not None
        ]
        pending.counted = sorted((a.known.pk, a.counted) for a in additions if not a.is_new and a.counted)
        pending.known = {name_of(addition.record): addition.known for addition in additions}
        return pending

    def _add_prompts(self, pending: Pending, records: list[ComparisonRecord]) -> set[int]:
        """See that each prompt has an id; returns those that were there before."""
        by_hash = {record.prompt_hash: record for record in records}
        expected = {name: pk for name, pk in self._expected.prompts.items() if name in by_hash}
        stored = {**(stored_prompts(self.project, by_hash) if self._looks else {}), **expected}
        missing = [name for name in by_hash if name not in stored]
        rows = [
            (self.project.pk, name, list(record.prompt), record.documents, _language(record))
            for name, record in ((name, by_hash[name]) for name in missing)
        ]
        insertion = self._prepared(Prompt, PROMPT_COLUMNS, rows)
        pending.insertions.append(insertion)
        pending.prompts = {**stored, **dict(zip(missing, insertion.ids, strict=True))}
        return set(stored.values())

    def _add_responses(self, pending: Pending, additions: list[Addition], old_prompts: set[int]) -> None:
        """Add what is new; only a prompt that was there before can have responses already."""
        wanted: dict[ResponseKey, ResponseRecord] = {}
        keys_of = [_response_keys(addition, pending.prompts) for addition in additions]
        for addition, keys in zip(additions, keys_of, strict=True):
            wanted.update(zip(keys, addition.record.responses, strict=True))
        ids = _stored_responses(old_prompts)
        ids.update((key, pk) for key, pk in self._expected.responses.items() if key in wanted)
        missing = [key for key in wanted if key not in ids]
        said = [(wanted[key].kind, wanted[key].content, wanted[key].sampling or {}) for key in missing]
        rows = [(*key, *response) for key, response in zip(missing, said, strict=True)]
        insertion = self._prepared(Response, RESPONSE_COLUMNS, rows)
        pending.insertions.append(insertion)
        pending.responses = dict(zip(missing, insertion.ids, strict=True))
        ids.update(pending.responses)
        for addition, keys in zip(additions, keys_of, strict=True):
            addition.known.responses = {key[1]: ids[key] for key in keys}

    def _add_comparisons(self, pending: Pending, additions: list[Addition]) -> None:
        batch_id = self.batch.pk if self.batch else None
        places = random_places(len(additions))
        rows = [
            (
                self.project.pk,
                pending.prompts[addition.record.prompt_hash],
                addition.record.comparison_hash,
                *self._slots(addition),
                addition.placing.use,
                addition.placing.topic,
                place,
                _metadata(addition.record),
                batch_id,
            )
            for addition, place in zip(additions, places, strict=True)
        ]
        insertion = self._prepared(Comparison, COMPARISON_COLUMNS, rows)
        for addition, pk in zip(additions, insertion.ids, strict=True):
            addition.known.pk = pk
        members = [(a.known.pk, response_id) for a in additions for response_id in a.known.responses.values()]
        pending.insertions += [
            insertion,
            self._prepared(ComparisonResponse, ("comparison_id", "response_id"), members),
        ]

    def _prepared(self, model: type[Model], names: Sequence[str], rows: Sequence[Row]) -> Insertion:
        return prepare_rows(model, names, rows, after=self._expected.insertions)

    def _slots(self, addition: Addition) -> tuple[int, int]:
        """How many judgments a new comparison wants in all, and how many of them people still have to give."""
        counted, placing = addition.counted, addition.placing
        if placing.use != Comparison.Use.WORK:
            return 0, 0
        overlap = placing.target or self.project.judgments_per_comparison
        if counted and not self.people_judge_again:
            return counted, 0
        return counted + overlap, overlap

    def _judgment(self, addition: Addition, said: JudgmentRecord, people: dict[str, Person]) -> tuple[Any, ...]:
        """One judgment as a row of JUDGMENT_COLUMNS."""
        ids = _ids_by_index(addition.record, addition.known)
        ranking = _ids(said.ranking, ids)
        verdict = Verdict(
            ranking=tuple(tuple(group) for group in ranking),
            strength=said.strength,
            all_bad=said.all_bad,
            ratings={ids[index]: values for index, values in said.ratings.items()},
            flags=said.flags,
            reason=said.reason,
        )
        return (
            uuid4(),
            self.project.pk,
            addition.known.pk,
            people[said.annotator].pk,
            _source(said),
            said.is_surplus,
            ranking,
            said.strength,
            said.all_bad,
            {str(pk): values for pk, values in verdict.ratings.items()},
            list(said.flags),
            said.reason,
            said.dwell_ms,
            [ids[index] for index in said.shown_order],
            verdict.fingerprint(),
            said.judged_at or self.now,
        )


def _stored_responses(prompts: set[int]) -> dict[ResponseKey, int]:
    """The ids of all responses to some prompts."""
    if not prompts:
        return {}
    columns = ("prompt_id", "content_hash", "policy_name", "is_demonstration", "pk")
    stored = Response.objects.filter(prompt__in=prompts).values_list(*columns)
    return {cast(ResponseKey, tuple(parts)): pk for *parts, pk in stored}


def _response_keys(addition: Addition, prompts: dict[str, int]) -> list[ResponseKey]:
    """What each of a record's responses is known by in the database."""
    prompt_id = prompts[addition.record.prompt_hash]
    is_demonstration = addition.record.kind == "demonstration"
    return [
        (prompt_id, response.hash, response.policy or "", is_demonstration) for response in addition.record.responses
    ]


def _metadata(record: ComparisonRecord) -> dict[str, Any]:
    """What a comparison keeps beside what is shown; the documents are the prompt's."""
    return {name: value for name, value in record.metadata.items() if name != "documents" or not record.documents}


def _language(record: ComparisonRecord) -> str:
    """The prompt's language, where the row says it."""
    language = record.metadata.get("language", "")
    return language if isinstance(language, str) and len(language) <= 12 else ""


def _source(said: JudgmentRecord) -> str:
    """A simulated verdict stays one; whatever else a file says of itself, it is imported."""
    return Judgment.Source.SIMULATED if said.source == "simulated" else Judgment.Source.IMPORTED


def _ids_by_index(record: ComparisonRecord, known: Known) -> list[int]:
    return [known.responses[response.hash] for response in record.responses]


def _ids(ranking: Ranking, ids: Sequence[int]) -> list[list[int]]:
    return [sorted(ids[index] for index in group) for group in ranking]
