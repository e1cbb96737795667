"""What a project holds already of the comparisons that a file brings."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from labeling.finding import stored_comparisons, stored_prompts
from labeling.models import Comparison, ComparisonResponse, GoldAnswer, Judgment, Person, Project, Response
from labeling.records import judgment_record, ranking_by_index, verdict_key
from preferences.records import ComparisonRecord, Ranking


@dataclass
class Known:
    """What the project holds of one comparison, or what earlier rows of the file will have put there.

    Attributes:
        pk: the stored comparison's id, 0 for one that is yet to be written.
        responses: response hash → id.
        verdicts: imported pseudonym → what that annotator said (`verdict_key`), None if it was withdrawn.
        gold: the expected ranking by index in the canonical record, or None.
        is_promised: an earlier row of the file brings it; a prompt without a response shows it by nothing else.
        is_work: False for practice and exam, which want no judgments.
    """

    pk: int = 0
    responses: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, bytes | None] = field(default_factory=dict)
    gold: Ranking | None = None
    is_work: bool = True
    is_promised: bool = False

    @property
    def is_there(self) -> bool:
        return bool(self.pk or self.is_promised)

    def copy(self) -> "Known":
        return replace(self, responses=dict(self.responses), verdicts=dict(self.verdicts))

    def become(self, other: "Known") -> None:
        """Hold what another holds, as the same object: earlier rows refer to it."""
        vars(self).update(vars(other))


def name_of(record: ComparisonRecord) -> str:
    """What a record is known by within its project."""
    if record.kind == "demonstration":
        return f"{record.prompt_hash} {record.responses[0].hash}"
    return record.comparison_hash


def load_known(project: Project, records: Sequence[ComparisonRecord]) -> dict[str, Known]:
    """Find what is stored of some records, by name, in a fixed number of queries."""
    known = {name_of(record): Known() for record in records}
    comparisons = [record for record in records if record.kind != "demonstration"]
    _load_comparisons(project, known, comparisons)
    _load_demonstrations(project, known, [record for record in records if record.kind == "demonstration"])
    return known


def _load_comparisons(project: Project, known: dict[str, Known], records: list[ComparisonRecord]) -> None:
    stored = stored_comparisons(project, {record.comparison_hash: record.prompt_hash for record in records})
    names = {pk: name for name, pk in stored.items()}
    if not names:
        return
    for pk, use in Comparison.objects.filter(pk__in=names).values_list("pk", "use"):
        known[names[pk]].pk, known[names[pk]].is_work = pk, use == Comparison.Use.WORK
    members = ComparisonResponse.objects.filter(comparison__in=names)
    for pk, response_id, content_hash in members.values_list("comparison_id", "response_id", "response__content_hash"):
        known[names[pk]].responses[content_hash] = response_id
    indices = {pk: _indices(known[name]) for pk, name in names.items()}
    for gold in GoldAnswer.objects.filter(comparison__in=names):
        known[names[gold.comparison_id]].gold = ranking_by_index(gold.ranking, indices[gold.comparison_id])
    imported = Judgment.objects.filter(comparison__in=names, annotator__kind=Person.Kind.IMPORTED)
    for judgment in imported.select_related("annotator", "guideline_version").order_by("revision"):
        said = judgment_record(judgment, indices[judgment.comparison_id])
        verdict = None if judgment.is_retraction else verdict_key(said)
        known[names[judgment.comparison_id]].verdicts[said.annotator] = verdict


def _load_demonstrations(project: Project, known: dict[str, Known], records: list[ComparisonRecord]) -> None:
    if not records:
        return
    prompts = {pk: name for name, pk in stored_prompts(project, [record.prompt_hash for record in records]).items()}
    stored = Response.objects.filter(is_demonstration=True, prompt__in=prompts)
    for pk, prompt, response in stored.values_list("pk", "prompt", "content_hash"):
        if (name := f"{prompts[prompt]} {response}") in known:
            known[name].pk = pk


def _indices(known: Known) -> dict[int, int]:
    """Response id → index in the canonical record, where responses stand in the order of their hashes."""
    return {pk: index for index, (_hash, pk) in enumerate(sorted(known.responses.items()))}
