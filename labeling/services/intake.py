"""Storing records as comparisons: what a row changes is decided first, then written, some hundred rows at a time."""

from collections.abc import Sequence
from typing import Literal

from django.db.models import F

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
from labeling.services.additions import Addition, decide
from labeling.services.imported_people import ensure_imported_people
from labeling.services.known import Known, load_known, name_of
from labeling.verdicts import Verdict
from preferences.errors import InvalidRow
from preferences.records import ComparisonRecord, JudgmentRecord, Ranking

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
        self._remembered: dict[str, Known] = {}

    def take(self, records: Sequence[ComparisonRecord]) -> list[Outcome]:
        """Decide on each record and store what is new; call inside a transaction, with the project's row locked.

        Returns: per record `accepted` (something of it is new), `unchanged` (all of it was there), or why it
            contradicts what is there; a row is taken whole or not at all.
        """
        known = load_known(self.project, records)
        known.update((name, kept) for name, kept in self._remembered.items() if name in known)
        outcomes: list[Outcome] = []
        additions: list[Addition] = []
        for record in records:
            try:
                addition = decide(record, known[name_of(record)])
            except InvalidRow as contradiction:
                outcomes.append(contradiction)
                continue
            outcomes.append("unchanged" if addition is None else "accepted")
            if addition is not None:
                additions.append(addition)
        if self.is_rehearsal:
            self._remembered.update((name_of(addition.record), addition.known) for addition in additions)
        else:
            self._write(additions)
        return outcomes

    def _write(self, additions: list[Addition]) -> None:
        if not additions:
            return
        prompts = self._write_prompts([addition.record for addition in additions if addition.is_new])
        self._write_responses([addition for addition in additions if addition.is_new], prompts)
        self._write_comparisons([a for a in additions if a.is_new and a.record.kind == "comparison"], prompts)
        names = {judgment.annotator for addition in additions for judgment in addition.judgments}
        people = ensure_imported_people(names) if names else {}
        Judgment.objects.bulk_create(
            [self._judgment(a, judgment, people) for a in additions for judgment in a.judgments]
        )
        GoldAnswer.objects.bulk_create(
            [
                GoldAnswer(comparison_id=a.known.pk, ranking=_ids(a.gold, _ids_by_index(a.record, a.known)))
                for a in additions
                if a.gold is not None
            ]
        )
        for addition in sorted((a for a in additions if not a.is_new), key=lambda a: a.known.pk):
            if counted := addition.counted:
                Comparison.objects.filter(pk=addition.known.pk).update(target_judgments=F("target_judgments") + counted)

    def _write_prompts(self, records: list[ComparisonRecord]) -> dict[str, int]:
        by_hash = {record.prompt_hash: record for record in records}
        stored = dict(
            Prompt.objects.filter(project=self.project, content_hash__in=by_hash).values_list("content_hash", "pk")
        )
        new = [
            Prompt(
                project=self.project,
                content_hash=name,
                messages=list(record.prompt),
                language=_language(record),
            )
            for name, record in by_hash.items()
            if name not in stored
        ]
        Prompt.objects.bulk_create(new)
        return {**stored, **{prompt.content_hash: prompt.pk for prompt in new}}

    def _write_responses(self, additions: list[Addition], prompts: dict[str, int]) -> None:
        wanted = {}
        for addition in additions:
            is_demonstration = addition.record.kind == "demonstration"
            prompt_id = prompts[addition.record.prompt_hash]
            for response in addition.record.responses:
                key = (prompt_id, response.hash, response.policy or "", is_demonstration)
                wanted[key] = response
        stored = Response.objects.filter(
            prompt__in=set(prompts.values()), content_hash__in={key[1] for key in wanted}
        ).values_list("prompt_id", "content_hash", "policy_name", "is_demonstration", "pk")
        ids = {tuple(key): pk for *key, pk in stored}
        new = [
            Response(
                prompt_id=prompt_id,
                content_hash=content_hash,
                kind=response.kind,
                content=response.content,
                policy_name=policy_name,
                sampling=response.sampling or {},
                is_demonstration=is_demonstration,
            )
            for (prompt_id, content_hash, policy_name, is_demonstration), response in wanted.items()
            if (prompt_id, content_hash, policy_name, is_demonstration) not in ids
        ]
        Response.objects.bulk_create(new)
        ids.update(((r.prompt_id, r.content_hash, r.policy_name, r.is_demonstration), r.pk) for r in new)
        for addition in additions:
            is_demonstration = addition.record.kind == "demonstration"
            prompt_id = prompts[addition.record.prompt_hash]
            for response in addition.record.responses:
                key = (prompt_id, response.hash, response.policy or "", is_demonstration)
                addition.known.responses[response.hash] = ids[key]

    def _write_comparisons(self, additions: list[Addition], prompts: dict[str, int]) -> None:
        rows = []
        for addition in additions:
            target, open_slots = self._slots(addition)
            rows.append(
                Comparison(
                    project=self.project,
                    prompt_id=prompts[addition.record.prompt_hash],
                    content_hash=addition.record.comparison_hash,
                    target_judgments=target,
                    open_slots=open_slots,
                    metadata=addition.record.metadata,
                    import_batch=self.batch,
                )
            )
        Comparison.objects.bulk_create(rows)
        for addition, row in zip(additions, rows, strict=True):
            addition.known.pk = row.pk
        ComparisonResponse.objects.bulk_create(
            [
                ComparisonResponse(comparison_id=addition.known.pk, response_id=addition.known.responses[response.hash])
                for addition in additions
                for response in addition.record.responses
            ]
        )

    def _slots(self, addition: Addition) -> tuple[int, int]:
        """How many judgments a new comparison wants in all, and how many of them people still have to give."""
        counted = addition.counted
        overlap = self.project.judgments_per_comparison
        if counted and not self.people_judge_again:
            return counted, 0
        return counted + overlap, overlap

    def _judgment(self, addition: Addition, said: JudgmentRecord, people: dict[str, Person]) -> Judgment:
        ids = _ids_by_index(addition.record, addition.known)
        verdict = Verdict(
            ranking=tuple(tuple(group) for group in _ids(said.ranking, ids)),
            strength=said.strength,
            all_bad=said.all_bad,
            ratings={ids[index]: values for index, values in said.ratings.items()},
            flags=said.flags,
            reason=said.reason,
        )
        optional = {"judged_at": said.judged_at} if said.judged_at else {}
        return Judgment(
            project=self.project,
            comparison_id=addition.known.pk,
            annotator=people[said.annotator],
            source=_source(said),
            is_surplus=said.is_surplus,
            ranking=[list(group) for group in verdict.ranking],
            strength=said.strength,
            all_bad=said.all_bad,
            ratings={str(pk): values for pk, values in verdict.ratings.items()},
            flags=list(said.flags),
            reason=said.reason,
            dwell_ms=said.dwell_ms,
            shown_order=[ids[index] for index in said.shown_order],
            verdict_hash=verdict.fingerprint(),
            **optional,
        )


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
