"""From rankings to pairs. The one place where ties, strength, "all bad" and surplus turn into training signal.

Notation: a comparison has K responses; a judgment is an ordered list of tie groups; a pair says that one response is
better than another, by one judgment or by the votes of all.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Literal

from preferences.records import ComparisonRecord, JudgmentRecord, Ranking
from preferences.votes import Vote, polls
from preferences.weights import AnnotatorWeights, summing_to_one, weight_of

# Llama 2 (arXiv:2307.09288, appendix A.3.3): four grades of "how much better", as a margin in nats.
MARGINS: dict[str, tuple[float, float, float, float]] = {
    "none": (0.0, 0.0, 0.0, 0.0),
    "small": (0.0, 1 / 3, 2 / 3, 1.0),
    "large": (0.0, 1.0, 2.0, 3.0),
}


@dataclass(frozen=True)
class PairRules:
    """How judgments become pairs. A snapshot's manifest names the rules its users share.

    Attributes:
        margin: how preference strength 0–3 becomes a margin in nats: none (0), small (0, 1/3, 2/3, 1),
            large (0, 1, 2, 3). A judgment without strength has margin 0.
        ties: `drop` leaves tied responses unpaired; `half` makes a pair of them with target 0.5.
        all_bad: whether the ranking inside an "all bad" judgment still makes pairs.
        surplus: whether judgments above a comparison's target make pairs.
        weight: `prompt` lets all pairs of a prompt sum to 1; `pair` lets each pair count 1, or as many votes as it
            stands for.
        votes: `each` makes a pair of each judgment; `share` one pair of each two responses, whose target is the share
            of votes; `majority` one pair as most judgments have it, a draw being a tie.
    """

    margin: Literal["none", "small", "large"] = "none"
    ties: Literal["drop", "half"] = "drop"
    all_bad: Literal["drop", "keep"] = "keep"
    surplus: Literal["drop", "keep"] = "drop"
    weight: Literal["prompt", "pair"] = "prompt"
    votes: Literal["each", "share", "majority"] = "each"

    def __post_init__(self) -> None:
        allowed = {
            "margin": tuple(MARGINS),
            "ties": ("drop", "half"),
            "all_bad": ("drop", "keep"),
            "surplus": ("drop", "keep"),
            "weight": ("prompt", "pair"),
            "votes": ("each", "share", "majority"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name}={getattr(self, name)!r} is not one of {', '.join(values)}.")

    def to_dict(self) -> dict[str, str]:
        """As manifests name them. A rule that came later is left out at its default: snapshots keep their hashes."""
        return {name: value for name, value in asdict(self).items() if (name, value) != ("votes", "each")}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "PairRules":
        """Raises: ValueError for a rule or a value that does not exist."""
        unknown = sorted(set(values) - set(cls.__dataclass_fields__))
        if unknown:
            raise ValueError(f"There is no pair rule named {', '.join(unknown)}.")
        return cls(**values)


@dataclass(frozen=True)
class Pair:
    """Response `better` beats response `worse` (indices into the comparison), as one judgment or most votes say.

    margin: by how much at least, in nats. weight: how much the pair counts. target: the probability that `better`
    wins: 1 by one judgment, ½ to 1 by votes, 0.5 for a tie or a draw.
    """

    better: int
    worse: int
    margin: float
    weight: float
    target: float = 1.0


def pairs_in_ranking(ranking: Ranking, k: int) -> Iterator[tuple[int, int, bool]]:
    """What one ranking says of each two of K responses: (better, worse, False), then (one, other, True) for each tie.

    Responses that a non-empty ranking leaves out stand below all that it names, and it says nothing of their order.
    """
    below = left_out(ranking, k)
    for upper, lower in combinations((*ranking, below) if below else ranking, 2):
        for better in upper:
            for worse in lower:
                yield better, worse, False
    for group in ranking:
        for one, other in combinations(group, 2):
            yield one, other, True


def left_out(ranking: Ranking, k: int) -> tuple[int, ...]:
    """The responses of K that a ranking leaves out, and so puts below all that it names; none if it names none."""
    named = {index for group in ranking for index in group}
    return tuple(index for index in range(k) if index not in named) if named else ()


def counts_towards_pairs(judgment: JudgmentRecord, rules: PairRules) -> bool:
    """Whether the rules let this judgment make pairs at all."""
    if judgment.is_surplus and rules.surplus == "drop":
        return False
    return not (judgment.all_bad and rules.all_bad == "drop")


def derive_pairs(
    record: ComparisonRecord, rules: PairRules, *, annotator_weights: AnnotatorWeights | None = None
) -> list[Pair]:
    """Turn the judgments of a comparison into pairs: all non-tied ones, and what is left out stands below.

    Args:
        record: the comparison; K = 4 without ties gives six pairs a judgment, or six by votes.
        rules: see PairRules. Without margins `share` costs rewards what `each` costs them: cross-entropy is linear in
            the target.
        annotator_weights: how much one judgment of an annotator counts, 0 or more; 1 for whom it does not name. A
            judgment that weighs 0 makes no pair and casts no vote.

    Returns: pairs in the order of the judgments, or of the responses by votes. Weights sum to 1 under the `prompt` rule
        (a prompt with several comparisons divides that: `preferences.targets`); under `pair` each is its annotator's
        weight, or the sum of the votes, or 1 by majority.
    Source: all K-choose-2 pairs of a prompt as one element: Ouyang et al. 2022, arXiv:2203.02155, section 3.5.
    """
    votes = _votes(record, rules, annotator_weights)
    pairs = list(_pairs_of_each(votes, rules) if rules.votes == "each" else _pairs_of_polls(votes, rules))
    return pairs if rules.weight == "pair" else summing_to_one(pairs)


def _votes(record: ComparisonRecord, rules: PairRules, annotator_weights: AnnotatorWeights | None) -> Iterator[Vote]:
    k = len(record.responses)
    for judgment in record.judgments:
        weight = weight_of(judgment.annotator, annotator_weights)
        if weight > 0 and counts_towards_pairs(judgment, rules):
            margin = MARGINS[rules.margin][judgment.strength or 0]
            for better, worse, is_tie in pairs_in_ranking(judgment.ranking, k):
                yield Vote(better, worse, is_tie, weight, 0.0 if is_tie else margin)


def _pairs_of_each(votes: Iterable[Vote], rules: PairRules) -> Iterator[Pair]:
    for better, worse, is_tie, weight, margin in votes:
        if not is_tie:
            yield Pair(better, worse, margin, weight)
        elif rules.ties == "half":
            yield Pair(better, worse, 0.0, weight, 0.5)


def _pairs_of_polls(votes: Iterable[Vote], rules: PairRules) -> Iterator[Pair]:
    counts_ties = rules.ties == "half"
    for (one, other), poll in polls(votes).items():
        better, worse = (other, one) if poll.leader < 0 else (one, other)
        margin = poll.margin(counts_ties=counts_ties)
        if rules.votes == "majority":
            if poll.leader or counts_ties:
                yield Pair(better, worse, margin, 1.0, 1.0 if poll.leader else 0.5)
        elif (target := poll.share(counts_ties=counts_ties)) is not None:
            yield Pair(better, worse, margin, poll.decided + counts_ties * poll.for_neither, target)
