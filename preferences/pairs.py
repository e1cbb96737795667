"""From rankings to pairs. The one place where ties, strength, "all bad" and surplus turn into training signal.

Notation: a comparison has K responses; a judgment is an ordered list of tie groups; a pair says that one response is
better than another by one judgment.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations, groupby
from typing import Any, Literal, Protocol, TypeVar

from preferences.records import ComparisonRecord, JudgmentRecord, Ranking

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
        weight: `prompt` lets all pairs of a prompt sum to 1; `pair` lets each pair count 1.
    """

    margin: Literal["none", "small", "large"] = "none"
    ties: Literal["drop", "half"] = "drop"
    all_bad: Literal["drop", "keep"] = "keep"
    surplus: Literal["drop", "keep"] = "drop"
    weight: Literal["prompt", "pair"] = "prompt"

    def __post_init__(self) -> None:
        allowed = {
            "margin": tuple(MARGINS),
            "ties": ("drop", "half"),
            "all_bad": ("drop", "keep"),
            "surplus": ("drop", "keep"),
            "weight": ("prompt", "pair"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name}={getattr(self, name)!r} is not one of {', '.join(values)}.")

    def to_dict(self) -> dict[str, str]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "PairRules":
        """Raises: ValueError for a rule or a value that does not exist."""
        unknown = sorted(set(values) - set(cls.__dataclass_fields__))
        if unknown:
            raise ValueError(f"There is no pair rule named {', '.join(unknown)}.")
        return cls(**values)


@dataclass(frozen=True)
class Pair:
    """Response `better` beats response `worse` (indices into the comparison), as one judgment says.

    margin: by how much at least, in nats. weight: how much the pair counts. target: the probability that `better`
    wins, 0.5 for a tie.
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
    named = {index for group in ranking for index in group}
    below = tuple(index for index in range(k) if index not in named)
    for upper, lower in combinations((*ranking, below) if ranking and below else ranking, 2):
        for better in upper:
            for worse in lower:
                yield better, worse, False
    for group in ranking:
        for one, other in combinations(group, 2):
            yield one, other, True


def _pairs_of_judgment(judgment: JudgmentRecord, k: int, rules: PairRules) -> Iterator[Pair]:
    margin = MARGINS[rules.margin][judgment.strength or 0]
    for better, worse, is_tie in pairs_in_ranking(judgment.ranking, k):
        if not is_tie:
            yield Pair(better, worse, margin, 1.0)
        elif rules.ties == "half":
            yield Pair(better, worse, 0.0, 1.0, 0.5)


def counts_towards_pairs(judgment: JudgmentRecord, rules: PairRules) -> bool:
    """Whether the rules let this judgment make pairs at all."""
    if judgment.is_surplus and rules.surplus == "drop":
        return False
    return not (judgment.all_bad and rules.all_bad == "drop")


def derive_pairs(record: ComparisonRecord, rules: PairRules, *, share: float = 1.0) -> list[Pair]:
    """Turn every judgment of a comparison into pairs: all non-tied ones, and what is left out stands below.

    Args:
        record: the comparison; K = 4 without ties gives six pairs a judgment.
        rules: see PairRules.
        share: what the comparison's pairs sum to under the `prompt` weight; 1 for a prompt's only comparison
            (`pairs_by_prompt` divides it among several).

    Returns: pairs in the order of the judgments; weights sum to `share` (or each is 1 under the `pair` weight).
    Source: all K-choose-2 pairs of a prompt as one element: Ouyang et al. 2022, arXiv:2203.02155, section 3.5.
    """
    k = len(record.responses)
    pairs = [
        pair
        for judgment in record.judgments
        if counts_towards_pairs(judgment, rules)
        for pair in _pairs_of_judgment(judgment, k, rules)
    ]
    if rules.weight == "pair" or not pairs:
        return pairs
    weight = share / len(pairs)
    return [replace(pair, weight=weight) for pair in pairs]


class _HasRecord(Protocol):
    @property
    def record(self) -> ComparisonRecord: ...


RowT = TypeVar("RowT", bound=_HasRecord)


def pairs_by_prompt(rows: Iterable[RowT], rules: PairRules) -> Iterator[tuple[RowT, list[Pair]]]:
    """Derive pairs so that a prompt weighs 1 however many comparisons, judgments and responses it has.

    Rows of one prompt must follow each other, as they do in a snapshot. Each of a prompt's comparisons that makes
    any pair gets an equal share. Rows without pairs come too, with an empty list.
    """
    for _, group in groupby(rows, key=lambda row: row.record.prompt_hash):
        derived = [(row, derive_pairs(row.record, rules)) for row in group]
        speaking = sum(1 for _, pairs in derived if pairs)
        for row, pairs in derived:
            if rules.weight == "prompt" and speaking > 1:
                yield row, [replace(pair, weight=pair.weight / speaking) for pair in pairs]
            else:
                yield row, pairs
