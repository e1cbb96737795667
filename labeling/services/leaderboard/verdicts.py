"""Which verdicts a leaderboard counts, as rankings of policies."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from labeling.models import Comparison, ComparisonResponse, Judgment, Project, Purpose, Response, Review
from labeling.queries import current_judgments
from labeling.records import ranking_by_index
from labeling.services.leaderboard.request import LeaderboardRequest
from labeling.services.moderation_decisions import EXCLUDED, excluded_among
from labeling.services.snapshots.standing import last_words
from labeling.stats.outcomes import PolicyRanking
from labeling.stats.text_features import TextFeatures, text_features

READ_COMPARISONS = 1000
READ_RESPONSES = 500
WORDS = {"topic": "topic", "domain": "metadata__domain", "language": "prompt__language"}  # where each is kept


@dataclass
class Verdicts:
    """N verdicts on responses of policies, and what was left out.

    Attributes:
        rankings: the unit of each is its prompt.
        annotators: the pseudonym of whoever judged, N.
        responses: the ids of what was judged, in the order of the ranking's policies, N.
        left_out: how many verdicts, by reason (`config.stored_words`).
        words: the topics, domains and languages of what was judged, whether the request takes them or not.
    """

    rankings: list[PolicyRanking] = field(default_factory=list)
    annotators: list[str] = field(default_factory=list)
    responses: list[tuple[int, ...]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    words: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in WORDS})


@dataclass(frozen=True, slots=True)
class _Given:
    """A verdict that nothing supersedes."""

    pk: int
    comparison: int
    annotator: str
    source: str
    purpose: str
    ranking: list[list[int]]


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a leaderboard needs of a comparison."""

    comparison: int
    prompt: int
    words: dict[str, str]


def read_verdicts(
    project: Project, request: LeaderboardRequest, progress: Callable[[int], None] = lambda comparisons: None
) -> Verdicts:
    """Read what stands, some thousand comparisons in memory at a time.

    Args:
        progress: told the number of comparisons read; may raise to stop.
    """
    verdicts, done = Verdicts(), 0
    outcomes = Review.objects.filter(project=project).order_by("pk").values_list("judgment_id", "outcome")
    returned = {judgment for judgment, outcome in dict(outcomes).items() if outcome == Review.Outcome.RETURNED}
    for chunk in _chunks(project):
        given = _given(project, request, chunk)
        members, excluded = _members(list(given)), excluded_among(given)
        for judged in (one for one in chunk if len(members[one.comparison]) > 1):
            for name, word in judged.words.items():
                verdicts.words[name].update([word] if word else [])
            if judged.comparison in excluded:
                verdicts.left_out[EXCLUDED] += len(given[judged.comparison])
            elif _is_asked_for(judged, request):
                counted = _counted(given[judged.comparison], returned, request, verdicts.left_out)
                for verdict in counted:
                    _take(verdicts, judged, members[judged.comparison], verdict)
        done += len(chunk)
        progress(done)
    return verdicts


def _chunks(project: Project) -> Iterator[list[_Judged]]:
    last = 0
    while True:
        rows = (
            Comparison.objects.filter(project=project, pk__gt=last)
            .order_by("pk")
            .values_list("pk", "prompt_id", *WORDS.values())[:READ_COMPARISONS]
        )
        chunk = [_Judged(pk, prompt, _words(said)) for pk, prompt, *said in rows]
        if not chunk:
            return
        last = chunk[-1].comparison
        yield chunk


def _words(said: list[object]) -> dict[str, str]:
    """By name; metadata comes from anywhere, and what is no text there is no word."""
    return {name: word if isinstance(word, str) else "" for name, word in zip(WORDS, said, strict=True)}


def _given(project: Project, request: LeaderboardRequest, chunk: list[_Judged]) -> dict[int, list[_Given]]:
    """The verdicts that stand on some comparisons, by comparison, of the time and the people asked for."""
    asked: dict[str, Any] = {"comparison__gte": chunk[0].comparison, "comparison__lte": chunk[-1].comparison}
    if request.since:
        asked["judged_at__gte"] = request.since
    if request.until:
        asked["judged_at__lte"] = request.until
    if request.annotators:
        asked["annotator__pseudonym__in"] = request.annotators
    standing = current_judgments(project, (Purpose.WORK, Purpose.ADJUDICATION)).filter(**asked).order_by("pk")
    given: dict[int, list[_Given]] = defaultdict(list)
    for row in standing.values_list("pk", "comparison_id", "annotator__pseudonym", "source", "purpose", "ranking"):
        verdict = _Given(*row)
        given[verdict.comparison].append(verdict)
    return given


def _counted(
    given: list[_Given], returned: set[int], request: LeaderboardRequest, left_out: Counter[str]
) -> list[_Given]:
    """Those of a comparison's verdicts that the request takes."""
    kept = []
    for verdict in given:
        if reason := _why_left_out(verdict, returned, request):
            left_out[reason] += 1
        else:
            kept.append(verdict)
    return last_words(kept, request.adjudication, left_out)


def _why_left_out(verdict: _Given, returned: set[int], request: LeaderboardRequest) -> str:
    """The first reason that applies, in the words of `config.stored_words`; "" for none."""
    reasons = {
        "judgment that ranks none": not verdict.ranking,
        "annotator left out": verdict.annotator in request.exclude_annotators,
        "imported": verdict.source == Judgment.Source.IMPORTED and not request.imported,
        "simulated": verdict.source == Judgment.Source.SIMULATED and not request.simulated,
        "returned and not redone": verdict.pk in returned,
        "adjudication left out": verdict.purpose == Purpose.ADJUDICATION and request.adjudication == "ignore",
    }
    return next((reason for reason, applies in reasons.items() if applies), "")


def _members(comparisons: list[int]) -> dict[int, dict[int, str]]:
    """{comparison: {response: its policy}}."""
    members: dict[int, dict[int, str]] = defaultdict(dict)
    rows = ComparisonResponse.objects.filter(comparison__in=comparisons).order_by("pk")
    for comparison, response, policy in rows.values_list("comparison_id", "response_id", "response__policy_name"):
        members[comparison][response] = policy
    return members


def _is_asked_for(judged: _Judged, request: LeaderboardRequest) -> bool:
    return all(getattr(request, name) in ("", word) for name, word in judged.words.items())


def _take(verdicts: Verdicts, judged: _Judged, members: dict[int, str], verdict: _Given) -> None:
    if len(set(members.values()) - {""}) < 2:
        verdicts.left_out["judgment of responses that are not of two known policies"] += 1
        return
    index_of = {response: index for index, response in enumerate(members)}
    policies = tuple(policy or None for policy in members.values())
    verdicts.rankings.append(PolicyRanking(policies, ranking_by_index(verdict.ranking, index_of), judged.prompt))
    verdicts.annotators.append(verdict.annotator)
    verdicts.responses.append(tuple(members))


def features_of(verdicts: Verdicts) -> list[list[TextFeatures | None]]:
    """How the texts that were judged look, in the order of the rankings; None for what is no plain text."""
    wanted = sorted({response for shown in verdicts.responses for response in shown})
    features: dict[int, TextFeatures] = {}
    for begin in range(0, len(wanted), READ_RESPONSES):
        texts = Response.objects.filter(pk__in=wanted[begin : begin + READ_RESPONSES], kind=Response.Kind.TEXT)
        for response, content in texts.values_list("pk", "content"):
            features[response] = text_features(content)
    return [[features.get(response) for response in shown] for shown in verdicts.responses]
