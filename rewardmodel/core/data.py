"""Comparisons as a model reads them: token ids of K responses, and what people said of them by index."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol, TypeVar

from preferences.orders import Order
from preferences.pairs import Pair, PairRules
from preferences.ratings import Rating
from preferences.records import ComparisonRecord
from preferences.targets import PAIRS_ALONE, TARGET_KINDS, TargetKind, Targets, targets_by_prompt
from preferences.weights import AnnotatorWeights
from rewardmodel.core.errors import InvalidData
from rewardmodel.core.template import EncodedText, Template
from rewardmodel.core.texts import Prompt, response_text

COMPARISONS_AT_ONCE = 1024

T = TypeVar("T")


class HasRecord(Protocol):
    """A row of a snapshot or of a file."""

    @property
    def record(self) -> ComparisonRecord: ...


@dataclass(frozen=True)
class TokenizedComparison:
    """One comparison, ready for a forward pass.

    Args:
        comparison_hash, prompt_hash: where it comes from.
        texts: the responses that something is said of, each with its prompt, shape (K,).
        pairs: who beat whom, as indices into `texts`, as all below.
        orders: each judgment's tie groups, best first (`preferences.orders`).
        ratings: each judgment's values of attributes (`preferences.ratings`).
    """

    comparison_hash: str
    prompt_hash: str
    texts: tuple[EncodedText, ...]
    pairs: tuple[Pair, ...] = ()
    orders: tuple[Order, ...] = ()
    ratings: tuple[Rating, ...] = ()

    @property
    def longest(self) -> int:
        """Tokens of its longest text."""
        return max(len(text.token_ids) for text in self.texts)

    @property
    def tokens(self) -> int:
        return sum(len(text.token_ids) for text in self.texts)


@dataclass(frozen=True)
class TrainingSet:
    """The comparisons of one split, and what became of each row: comparisons + sum(left_out) = rows.

    Args:
        comparisons: those that something is said of, in order.
        rows: rows of the split.
        left_out: reason → rows that nothing can be learned from.
        truncated: texts that were cut to fit the window.
    """

    comparisons: tuple[TokenizedComparison, ...]
    rows: int
    left_out: dict[str, int] = field(default_factory=dict)
    truncated: int = 0

    @property
    def texts(self) -> int:
        return sum(len(comparison.texts) for comparison in self.comparisons)

    @property
    def tokens(self) -> int:
        return sum(comparison.tokens for comparison in self.comparisons)

    @property
    def pairs(self) -> int:
        return sum(len(comparison.pairs) for comparison in self.comparisons)

    def summary(self) -> dict[str, object]:
        return {
            "rows": self.rows,
            "comparisons": len(self.comparisons),
            "responses": self.texts,
            "pairs": self.pairs,
            "tokens": self.tokens,
            "truncated": self.truncated,
            "left_out": self.left_out,
        }


def tokenize(
    rows: Iterable[HasRecord],
    *,
    rules: PairRules,
    template: Template,
    targets: Collection[TargetKind] = PAIRS_ALONE,
    annotator_weights: AnnotatorWeights | None = None,
) -> TrainingSet:
    """Turn rows into token ids and targets, in the order given; nothing vanishes uncounted.

    Args:
        rows: records with their judgments, those of one prompt one after the other, as in a snapshot.
        rules: how judgments become pairs and what they weigh.
        template: how a prompt and a response are laid out.
        targets: which kinds a comparison must have at least one of; the kinds not named are not derived at all, and a
            response that only they speak of costs no forward pass.
        annotator_weights: how much one judgment of an annotator counts (`preferences.pairs.derive_pairs`).
    """
    comparisons: list[TokenizedComparison] = []
    left_out: Counter[str] = Counter()
    count = 0
    said = targets_by_prompt(rows, rules, kinds=targets, annotator_weights=annotator_weights)
    for chunk in _chunks(said, COMPARISONS_AT_ONCE):
        count += len(chunk)
        usable = []
        for row, found in chunk:
            if reason := _reason_to_leave_out(row.record, found, targets):
                left_out[reason] += 1
            else:
                usable.append((row.record, found))
        comparisons.extend(_tokenize_chunk(usable, template))
    truncated = sum(text.is_truncated for comparison in comparisons for text in comparison.texts)
    return TrainingSet(tuple(comparisons), count, dict(left_out), truncated)


def require_pairs(data: TrainingSet, *, split: str) -> None:
    """Raises: InvalidData, with what was left out and why, if the split holds no pair."""
    if data.comparisons:
        return
    reasons = ", ".join(f"{count} with {reason}" for reason, count in data.left_out.items())
    raise InvalidData(
        f"The {split} split holds no pair to learn from: {data.rows} rows{', of them ' + reasons if reasons else ''}. "
        "Collect judgments that prefer one response, or freeze a larger snapshot."
    )


def texts_of(record: ComparisonRecord) -> list[tuple[Prompt, str]]:
    """Each response of a record with its prompt, as text."""
    return [(record.prompt, response_text(response.content, response.kind)) for response in record.responses]


def _reason_to_leave_out(record: ComparisonRecord, found: Targets, targets: Collection[TargetKind]) -> str | None:
    if record.kind != "comparison":
        return "a demonstration instead of a comparison"
    if any(response.kind == "picture" for response in record.responses):
        return "pictures, which this model cannot read"
    if not record.judgments:
        return "no judgment"
    if found:
        return None
    return f"no {' or '.join(kind.removesuffix('s') for kind in TARGET_KINDS if kind in targets)} in their judgments"


def _tokenize_chunk(
    usable: Sequence[tuple[ComparisonRecord, Targets]], template: Template
) -> Iterator[TokenizedComparison]:
    items: list[tuple[Prompt, str]] = []
    for record, found in usable:
        texts = texts_of(record)
        items.extend(texts[index] for index in found.responses)
    encoded = iter(template.encode(items))
    for record, found in usable:
        kept = found.renumbered()
        yield TokenizedComparison(
            comparison_hash=record.comparison_hash,
            prompt_hash=record.prompt_hash,
            texts=tuple(islice(encoded, len(found.responses))),
            pairs=kept.pairs,
            orders=kept.orders,
            ratings=kept.ratings,
        )


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
