"""How much each annotator's judgments count in a training, by how far they follow what others found."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from labeling.reasons import say_reason
from labeling.stats.dawid_skene import DawidSkene, fit_dawid_skene
from labeling.stats.judged import winner
from labeling.stats.label_table import Key
from labeling.stats.noisy_bradley_terry import NoisyBradleyTerry, fit_noisy_bradley_terry
from labeling.stats.pair_table import ShownPair, Verdict
from labeling.stats.reliability import reliabilities, reliability_weights
from labeling.stats.undefined import Undefined
from preferences.pairs import PairRules, counts_towards_pairs
from preferences.records import ComparisonRecord, JudgmentRecord
from preferences.snapshot import read_snapshot
from preferences.weights import LEAST_WEIGHT
from rewardmodel.errors import UnknownReliability

DAWID_SKENE = "dawid-skene"
NOISY_BRADLEY_TERRY = "noisy-bradley-terry"
LABELS_AT_MOST = 2_000_000  # a few hundred MB; prompts stand in the order of their hashes, so the first are a fair part

RESPONSES, POLICIES = "responses", "policies"
OUTCOMES: dict[str, Verdict] = {"left": "left", "right": "right", "tie": "tie"}
TURNED = {"left": "right", "right": "left", "tie": "tie"}


@dataclass(frozen=True)
class Reliability:
    """What a fit says of the annotators of a train split.

    Attributes:
        method: "dawid-skene" or "noisy-bradley-terry".
        labels: how many verdicts on two responses were fitted.
        is_whole: whether these are all there are.
        strengths_of: what noisy Bradley–Terry gave a strength: "responses" or "policies"; None for Dawid–Skene.
        reliability: of each annotator, or why it is unknown.
        judgments: of each annotator, in the train split.
        weights: what each annotator's judgments count; their mean over judgments is 1, and the least above 0 is 1e-6.
    """

    method: str
    labels: int
    is_whole: bool
    strengths_of: str | None
    reliability: Mapping[Key, float | Undefined]
    judgments: Mapping[str, int]
    weights: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        annotators = {}
        for name, judgments in sorted(self.judgments.items()):
            known = self.reliability.get(name, Undefined("none of their verdicts is on what others judged"))
            annotators[name] = {
                "judgments": judgments,
                "reliability": None if isinstance(known, Undefined) else known,
                "unknown": known.because if isinstance(known, Undefined) else None,
                "weight": self.weights[name],
            }
        return {
            "method": self.method,
            "formula": "weight = max(0, reliability), unknown = the mean; divided by the mean over judgments",
            "labels": self.labels,
            "is_whole": self.is_whole,
            "strengths_of": self.strengths_of,
            "annotators": annotators,
        }


@dataclass
class _Said:
    """Verdicts on each two responses of each comparison: (annotator, comparison and two places, what they said)."""

    labels: list[tuple[str, tuple[str, int, int], str]] = field(default_factory=list)
    by_response: list[ShownPair] = field(default_factory=list)
    by_policy: list[ShownPair] = field(default_factory=list)
    judgments: Counter[str] = field(default_factory=Counter)
    verdicts: int = 0

    @property
    def is_full(self) -> bool:
        return self.verdicts >= LABELS_AT_MOST


def reliability_of(snapshot: Path, *, method: str, rules: PairRules) -> Reliability:
    """Fit annotators' reliability on the train split of a snapshot, and turn it into weights.

    Dawid–Skene is fitted to who is better of each two responses, noisy Bradley–Terry to the same with the sides on
    which they were shown; its strengths are of responses, or of policies where the responses were not judged often
    enough. Validation and test are not looked at. At most two million verdicts are fitted.

    Args:
        snapshot: its Parquet file.
        method: "dawid-skene" or "noisy-bradley-terry".
        rules: which judgments count.

    Returns: weights by `labeling.stats.reliability.reliability_weights`, which has the formula and its sources.
    Raises: UnknownReliability if no annotator's reliability can be told from these judgments.
    """
    said = _read(snapshot, rules, wants_sides=method == NOISY_BRADLEY_TERRY)
    strengths_of = None
    found: Mapping[Key, float | Undefined] | Undefined
    if method == DAWID_SKENE:
        found = _reliabilities(fit_dawid_skene(said.labels))
    else:
        strengths_of = RESPONSES
        found = _reliabilities(fit_noisy_bradley_terry(said.by_response))
        if not _is_known(found):
            by_policy = _reliabilities(fit_noisy_bradley_terry(said.by_policy))
            if _is_known(by_policy):
                strengths_of, found = POLICIES, by_policy
    if isinstance(found, Undefined):
        raise _unknown(found)
    weights = reliability_weights(found, said.judgments) if said.judgments else Undefined("nobody has judged anything")
    if isinstance(weights, Undefined):
        raise _unknown(weights)
    return Reliability(
        method=method,
        labels=said.verdicts,
        is_whole=not said.is_full,
        strengths_of=strengths_of,
        reliability=found,
        judgments=dict(said.judgments),
        weights={name: weight if weight >= LEAST_WEIGHT else 0.0 for name, weight in weights.items()},
    )


def _unknown(why: Undefined) -> UnknownReliability:
    return UnknownReliability(
        _("How reliable annotators are cannot be told from the train split: %(reason)s. Train without reliability.")
        % {"reason": say_reason(why.because)}
    )


def _read(snapshot: Path, rules: PairRules, *, wants_sides: bool) -> _Said:
    said = _Said()
    for row in read_snapshot(snapshot, split="train", kind="comparison"):
        for judgment in row.record.judgments:
            if not counts_towards_pairs(judgment, rules):
                continue
            said.judgments[judgment.annotator] += 1
            if said.is_full:
                continue
            for verdict in _verdicts(row.record, judgment):
                said.verdicts += 1
                if wants_sides:
                    _add_sides(said, row.record, judgment, verdict)
                else:
                    left, right, outcome = verdict
                    said.labels.append((judgment.annotator, (row.comparison_hash, left, right), outcome))
    return said


def _verdicts(record: ComparisonRecord, judgment: JudgmentRecord) -> Iterator[tuple[int, int, str]]:
    """What a judgment says of each two responses, these in their canonical order."""
    for left, right in combinations(range(len(record.responses)), 2):
        if said := winner(judgment, left, right):
            yield left, right, said


def _add_sides(said: _Said, record: ComparisonRecord, judgment: JudgmentRecord, verdict: tuple[int, int, str]) -> None:
    """Add a verdict by the sides on which the responses were shown; where that is not known, in their canonical order.

    "Both bad" orders nothing and is no tie of the strong: it is left out.
    """
    one, other, outcome = verdict
    if outcome not in OUTCOMES:
        return
    shown = judgment.shown_order
    if one in shown and other in shown and shown.index(one) > shown.index(other):
        one, other, outcome = other, one, TURNED[outcome]
    first, second = record.responses[one], record.responses[other]
    names = (f"{record.prompt_hash}:{first.hash}", f"{record.prompt_hash}:{second.hash}")
    said.by_response.append(ShownPair(judgment.annotator, *names, OUTCOMES[outcome]))
    if first.policy and second.policy and first.policy != second.policy:
        said.by_policy.append(ShownPair(judgment.annotator, first.policy, second.policy, OUTCOMES[outcome]))


def _reliabilities(fit: DawidSkene | NoisyBradleyTerry | Undefined) -> Mapping[Key, float | Undefined] | Undefined:
    return fit if isinstance(fit, Undefined) else reliabilities(fit)


def _is_known(found: Mapping[Key, float | Undefined] | Undefined) -> bool:
    return not isinstance(found, Undefined) and any(not isinstance(value, Undefined) for value in found.values())
