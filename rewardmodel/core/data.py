"""Comparisons as a model reads them: token ids of K responses, and pairs that point at them by index."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol, TypeVar

from preferences.pairs import Pair, PairRules, pairs_by_prompt
from preferences.records import ComparisonRecord
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
        texts: the responses that occur in a pair, each with its prompt, shape (K,).
        pairs: who beat whom, as indices into `texts`.
    """

    comparison_hash: str
    prompt_hash: str
    texts: tuple[EncodedText, ...]
    pairs: tuple[Pair, ...]

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
        comparisons: those with at least one pair, in order.
        rows: rows of the split.
        left_out: reason → rows that give no pair.
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


def tokenize(rows: Iterable[HasRecord], *, rules: PairRules, template: Template) -> TrainingSet:
    """Turn rows into token ids and pairs, in the order given; nothing vanishes uncounted.

    Args:
        rows: records with their judgments, those of one prompt one after the other, as in a snapshot.
        rules: how judgments become pairs and what they weigh.
        template: how a prompt and a response are laid out.
    """
    comparisons: list[TokenizedComparison] = []
    left_out: Counter[str] = Counter()
    count = 0
    for chunk in _chunks(pairs_by_prompt(rows, rules), COMPARISONS_AT_ONCE):
        count += len(chunk)
        usable = []
        for row, pairs in chunk:
            if reason := _reason_to_leave_out(row.record, pairs):
                left_out[reason] += 1
            else:
                usable.append((row.record, pairs))
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


def _reason_to_leave_out(record: ComparisonRecord, pairs: Sequence[Pair]) -> str | None:
    if record.kind != "comparison":
        return "a demonstration instead of a comparison"
    if any(response.kind == "picture" for response in record.responses):
        return "pictures, which this model cannot read"
    if not record.judgments:
        return "no judgment"
    return None if pairs else "no pair in their judgments"


def _tokenize_chunk(
    usable: Sequence[tuple[ComparisonRecord, Sequence[Pair]]], template: Template
) -> Iterator[TokenizedComparison]:
    items: list[tuple[Prompt, str]] = []
    used: list[list[int]] = []
    for record, pairs in usable:
        indices = sorted({index for pair in pairs for index in (pair.better, pair.worse)})
        texts = texts_of(record)
        items.extend(texts[index] for index in indices)
        used.append(indices)
    encoded = iter(template.encode(items))
    for (record, pairs), indices in zip(usable, used, strict=True):
        place = {index: position for position, index in enumerate(indices)}
        yield TokenizedComparison(
            comparison_hash=record.comparison_hash,
            prompt_hash=record.prompt_hash,
            texts=tuple(islice(encoded, len(indices))),
            pairs=tuple(replace(pair, better=place[pair.better], worse=place[pair.worse]) for pair in pairs),
        )


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
