"""How people do on each comparison whose answer is known, so that a bad gold is noticed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from labeling.asked import letter_of
from labeling.models import Comparison, ComparisonResponse, Judgment, Project
from labeling.queries import current_judgments
from labeling.stats.gold import agrees_with_gold
from labeling.stats.intervals import Share, wilson_share

# Fewer right than wrong, by enough people: it is more likely the gold that is wrong.
DOUBTED_FROM = 4
DOUBTED_BELOW = 0.5


@dataclass(frozen=True, slots=True)
class GoldLine:
    """One comparison with its expected order, in letters, and how many people gave it."""

    comparison: Comparison
    expected: str
    right: Share | None

    @property
    def is_doubtful(self) -> bool:
        return self.right is not None and self.right.n >= DOUBTED_FROM and self.right.share < DOUBTED_BELOW


def gold_comparisons(project: Project, use: str) -> QuerySet[Comparison]:
    """The comparisons of one use whose answer is known, newest first."""
    comparisons = Comparison.objects.filter(project=project, gold_answer__isnull=False, use=use)
    return comparisons.select_related("gold_answer", "prompt").order_by("-pk")


def gold_lines(comparisons: Sequence[Comparison]) -> list[GoldLine]:
    """The lines of some comparisons of one project, in a fixed number of queries."""
    if not comparisons:
        return []
    outcomes: dict[int, list[bool]] = defaultdict(list)
    by_id = {comparison.pk: comparison for comparison in comparisons}
    uses = {comparison.use for comparison in comparisons}
    judgments = current_judgments(purposes=uses).filter(comparison__in=by_id)
    for pk, ranking in judgments.exclude(source=Judgment.Source.IMPORTED).values_list("comparison_id", "ranking"):
        outcomes[pk].append(agrees_with_gold(ranking, by_id[pk].gold_answer.ranking))
    members: dict[int, list[int]] = defaultdict(list)
    through = ComparisonResponse.objects.filter(comparison__in=by_id).order_by("response_id")
    for comparison, response in through.values_list("comparison_id", "response_id"):
        members[comparison].append(response)
    return [
        GoldLine(
            comparison=comparison,
            expected=in_letters(comparison.gold_answer.ranking, members[comparison.pk]),
            right=_share(outcomes[comparison.pk]),
        )
        for comparison in comparisons
    ]


def in_letters(ranking: Sequence[Sequence[int]], responses: Sequence[int]) -> str:
    """A ranking as people write it, `A > B = C`, the letters given in the order of `responses`."""
    letters = {response: letter_of(index) for index, response in enumerate(responses)}
    return " > ".join(" = ".join(sorted(letters.get(one, "?") for one in group)) for group in ranking)


def _share(outcomes: Sequence[bool]) -> Share | None:
    return wilson_share(sum(outcomes) / len(outcomes), len(outcomes)) if outcomes else None
