"""Which annotators agree too seldom with gold answers for their verdicts to be taken."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from labeling.models import Comparison, GoldAnswer, Judgment, Project, Purpose
from labeling.services.examination import standing_of
from labeling.services.snapshots.request import SnapshotRequest
from labeling.stats.gold import agrees_with_gold
from labeling.stats.intervals import wilson_share

LEAST_GOLD_ANSWERS = 5  # five of five agree by 0.57 at least; of fewer nothing can be said
TOO_FEW = "annotator with too few gold answers"
TOO_SELDOM = "annotator who agrees too seldom with gold"


class GoldPassed:
    """Whose verdicts the gold answers speak for, as far as they judged by `until`.

    Gold is what stands among the work; practice and exam are another matter, and so is a reviewer's own verdict.
    """

    def __init__(self, reasons: Mapping[int, str], *, is_asked: bool) -> None:
        self._reasons, self._is_asked = reasons, is_asked

    def reason_against(self, judgment: Judgment) -> str:
        """Why this judgment's annotator is left out; "" if they are not."""
        if not self._is_asked or judgment.purpose == Purpose.ADJUDICATION:
            return ""
        return self._reasons.get(judgment.annotator_id, TOO_FEW)


def gold_passed(project: Project, request: SnapshotRequest, *, newest: int) -> GoldPassed:
    """Look once through all verdicts on gold, if the request asks for it.

    Args:
        newest: the last judgment to be taken, by its key.
    """
    least = request.least_gold_agreement
    if least is None:
        return GoldPassed({}, is_asked=False)
    reasons = {}
    for annotator, right in _answers_by_annotator(project, request, newest).items():
        if len(right) < LEAST_GOLD_ANSWERS:
            reasons[annotator] = TOO_FEW
        else:
            low = wilson_share(sum(right) / len(right), len(right)).low
            reasons[annotator] = TOO_SELDOM if low < least else ""
    return GoldPassed(reasons, is_asked=True)


def _answers_by_annotator(project: Project, request: SnapshotRequest, newest: int) -> dict[int, list[bool]]:
    golds = GoldAnswer.objects.filter(comparison__project=project, comparison__use=Comparison.Use.WORK)
    expected = dict(golds.values_list("comparison_id", "ranking"))
    judgments = Judgment.objects.filter(
        project=project,
        comparison__gold_answer__isnull=False,
        comparison__use=Comparison.Use.WORK,
        purpose=Purpose.WORK,
        pk__lte=newest,
    ).only("comparison_id", "annotator_id", "ranking", "supersedes_id", "is_retraction", "judged_at")
    if request.until is not None:
        judgments = judgments.filter(judged_at__lte=request.until)
    answers: dict[int, list[bool]] = defaultdict(list)
    stood: Iterable[Judgment] = standing_of(judgments.iterator())
    for judgment in stood:
        right = agrees_with_gold(judgment.ranking, expected[judgment.comparison_id])
        answers[judgment.annotator_id].append(right)
    return answers
