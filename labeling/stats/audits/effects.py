"""What an audit answers: how large an effect is, how sure that is, and a sentence that says so."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from labeling.stats.undefined import Undefined


@dataclass(frozen=True, slots=True)
class Clustering:
    """What an interval generalises over: `count` units, of which unequal sizes leave `effective` many."""

    unit: str
    count: int
    effective: float


@dataclass(frozen=True, slots=True)
class Effect:
    """How large something is, with its 95 % interval.

    Attributes:
        estimate, low, high: in the unit that the audit states; `low` ≤ `estimate` ≤ `high`.
        null: the value without any bias; None for a plain description, of which nothing says what it should be.
        p_value: of the null, two-sided, by the distribution that the interval comes from; None without a null.
        n: how many outcomes were counted: judgments, or pairs of responses.
        clusters: what varies from sample to sample: prompts, and annotators where there are enough of them.
    """

    estimate: float
    low: float
    high: float
    null: float | None
    p_value: float | None
    n: int
    clusters: tuple[Clustering, ...]

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves the null out."""
        return self.null is not None and not self.low <= self.null <= self.high


@dataclass(frozen=True, slots=True)
class Finding:
    """One question with its answer. `key` names it for good; `sentence` is for a page."""

    key: str
    question: str
    effect: Effect | Undefined
    sentence: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found of one bias.

    Attributes:
        findings: the first is the headline; it alone enters the correction across audits.
        left_out: how many outcomes did not count, by reason.
        by_annotator: the headline's effect for each annotator by themselves, where the audit has one.
    """

    name: str
    findings: tuple[Finding, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    by_annotator: Mapping[Hashable, Effect | Undefined] = field(default_factory=dict)

    @property
    def headline(self) -> Finding:
        return self.findings[0]


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the chance of any false alarm among all of them stays below the level used on each.

    Returns: in the order given; the smallest times their number, the next times one less, never falling, at most 1.
    Raises: ValueError for a value outside 0 to 1.
    Source: Holm 1979, Scandinavian Journal of Statistics 6(2), 65.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError("A p-value lies between 0 and 1.")
    adjusted = [0.0] * len(p_values)
    floor = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = floor
    return adjusted


def finding(key: str, question: str, effect: Effect | Undefined, tell: Callable[[Effect], str]) -> Finding:
    """A finding in words: what `tell` says of the effect and what its interval rests on, or why there is none."""
    if isinstance(effect, Undefined):
        return Finding(key, question, effect, f"Undefined, because {effect.because}.")
    return Finding(key, question, effect, f"{tell(effect)} {basis(effect)}")


def odds_finding(key: str, what: str, condition: str, effect: Effect | Undefined) -> Finding:
    """A finding on log-odds, told as what multiplies the odds. `condition` begins with a space, or is empty."""
    return finding(
        key,
        f"Does {what} raise the odds of winning{condition}?",
        effect,
        lambda found: (
            f"{what[0].upper()}{what[1:]} multiplies the odds of winning{condition} by {math.exp(found.estimate):.2f} "
            f"({math.exp(found.low):.2f} to {math.exp(found.high):.2f}); log-odds {numbers(found)}."
        ),
    )


def basis(effect: Effect) -> str:
    """What an interval rests on, in a sentence: how many outcomes, and over what it generalises."""
    units = " and ".join(f"{one.count:,} {one.unit}" for one in effect.clusters)
    caveat = "" if len(effect.clusters) > 1 else " It says nothing of other annotators."
    return f"95 % interval over {units}, n = {effect.n:,}.{caveat}"


def shares(effect: Effect) -> str:
    """For example `61.2 % (58.0 to 64.3 %)`."""
    return f"{100 * effect.estimate:.1f} % ({100 * effect.low:.1f} to {100 * effect.high:.1f} %)"


def points(effect: Effect) -> str:
    """A difference of shares, for example `+3.1 percentage points (-0.4 to +6.6)`."""
    return f"{100 * effect.estimate:+.1f} percentage points ({100 * effect.low:+.1f} to {100 * effect.high:+.1f})"


def numbers(effect: Effect) -> str:
    """For example `+0.41 (+0.22 to +0.60)`."""
    return f"{effect.estimate:+.2f} ({effect.low:+.2f} to {effect.high:+.2f})"
