"""The comparisons of one split as a model reads them, and how rows become them."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby, islice
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.targets import PAIRS_ALONE, TARGET_KINDS, TargetKind, Targets, shared_targets, targets_of
from preferences.weights import AnnotatorWeights, weight_of
from rewardmodel.core.data.comparison import PackedComparisons, TokenizedComparison, packed
from rewardmodel.core.data.template import EncodedText, Template
from rewardmodel.core.data.texts import Prompt, response_text
from rewardmodel.core.data.token_tables import Packer, joined
from rewardmodel.core.errors import InvalidData, RefusedConversation

__all__ = [
    "REFUSED",
    "HasRecord",
    "TokenizedComparison",
    "Tokenizing",
    "TrainingSet",
    "require_pairs",
    "texts_of",
    "tokenize",
]

REFUSED = "a conversation that the chat template refuses"
COMPARISONS_AT_ONCE = 256
CHUNKS_AT_ONCE = 2  # one is laid out by Python while the tokenizer's own threads encode the other


ItemT = TypeVar("ItemT")
FoundT = TypeVar("FoundT")


class HasRecord(Protocol):
    """A row of a snapshot or of a file."""

    @property
    def record(self) -> ComparisonRecord: ...


@dataclass(frozen=True)
class TrainingSet:
    """The comparisons of one split, and what became of each row: comparisons + sum(left_out) = rows.

    Args:
        comparisons: those that something is said of, in order. Packed ones are built whenever they are asked for.
        rows: rows of the split.
        left_out: reason → rows that nothing can be learned from.
        truncated: texts that were cut to fit the window.
    """

    comparisons: Sequence[TokenizedComparison]
    rows: int
    left_out: dict[str, int] = field(default_factory=dict)
    truncated: int = 0

    @cached_property
    def packed(self) -> PackedComparisons:
        """The same comparisons in tables, whose columns are read without building one."""
        return packed(self.comparisons)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each comparison's longest text, shape (C,), without building one."""
        return self.packed.lengths()

    @cached_property
    def tokens_of_each(self) -> NDArray[np.int64]:
        """Tokens of all texts of each comparison, shape (C,), without building one."""
        return self.packed.tokens()

    @property
    def texts(self) -> int:
        return self.packed.counted("texts")

    @property
    def tokens(self) -> int:
        return int(self.tokens_of_each.sum())

    @property
    def pairs(self) -> int:
        return self.packed.counted("pairs")

    def only(self, places: Sequence[int] | NDArray[np.int64], *, reason: str) -> "TrainingSet":
        """Some of its comparisons; the others are counted among those left out, with this reason."""
        lost = len(self.comparisons) - len(places)
        if not lost:
            return self
        left_out = {**self.left_out, reason: self.left_out.get(reason, 0) + lost}
        return replace(self, comparisons=self.packed.only(places), left_out=left_out)

    def summary(self) -> dict[str, object]:
        return {
            "rows": self.rows,
            "comparisons": len(self.comparisons),
            "responses": self.texts,
            "pairs": self.pairs,
            "orders": self.packed.counted("orders"),
            "ratings": self.packed.counted("ratings"),
            "tokens": self.tokens,
            "truncated": self.truncated,
            "left_out": self.left_out,
        }


class Tokenizing:
    """Rows on their way to token ids and targets: a stream to go through once, whose counts are then complete.

    A few hundred comparisons are in memory at a time (and all of one prompt, which weigh together). The tokenizer
    encodes in threads of its own, one for each core unless TOKENIZERS_PARALLELISM says otherwise.

    Args:
        rows: records with their judgments, those of one prompt one after the other, as in a snapshot.
        rules: how judgments become pairs and what they weigh.
        template: how a prompt and a response are laid out.
        targets: which kinds a comparison must have at least one of; the kinds not named are not derived at all, and a
            response that only they speak of costs no forward pass.
        annotator_weights: how much one judgment of an annotator counts (`preferences.pairs.derive_pairs`).
        drops_long: leave a comparison out where a text is longer than the window, instead of cutting the text.

    Attributes:
        rows_read, left_out, truncated: as TrainingSet has them.
    """

    def __init__(
        self,
        rows: Iterable[HasRecord],
        *,
        rules: PairRules,
        template: Template,
        targets: Collection[TargetKind] = PAIRS_ALONE,
        annotator_weights: AnnotatorWeights | None = None,
        drops_long: bool = False,
    ) -> None:
        self.rows, self.rules, self.template = rows, rules, template
        self.targets, self.annotator_weights, self.drops_long = targets, annotator_weights, drops_long
        self.rows_read = self.truncated = 0
        self.left_out: Counter[str] = Counter()

    def __iter__(self) -> Iterator[list[TokenizedComparison]]:
        """The comparisons, chunk by chunk, in the order of the rows."""
        for encoded in _ahead(self._encode, self._chunks()):
            chunk: list[TokenizedComparison] = []
            laid_out = [(record, found, texts) for record, found, texts in encoded if texts is not None]
            if len(laid_out) < len(encoded):
                self.left_out[REFUSED] += len(encoded) - len(laid_out)
            for _, prompt in groupby(laid_out, key=lambda one: one[0].prompt_hash):
                chunk.extend(self._weigh(list(prompt)))
            self.truncated += sum(text.is_truncated for comparison in chunk for text in comparison.texts)
            yield chunk

    def in_memory(self) -> TrainingSet:
        """All of it at once."""
        packer = Packer()
        tables = joined([packer.pack(chunk) for chunk in self])
        return self.training_set(PackedComparisons(tables, packer.attributes))

    def training_set(self, comparisons: PackedComparisons) -> TrainingSet:
        """The comparisons that came of it, with its counts."""
        return TrainingSet(comparisons, self.rows_read, dict(self.left_out), self.truncated)

    def _chunks(self) -> Iterator[list[tuple[ComparisonRecord, Targets]]]:
        """What is to be encoded, some hundreds at a time, a prompt never divided."""
        chunk: list[tuple[ComparisonRecord, Targets]] = []
        for _, rows in groupby(self.rows, key=lambda row: row.record.prompt_hash):
            for row in rows:
                self.rows_read += 1
                found = targets_of(row.record, self.rules, kinds=self.targets, annotator_weights=self.annotator_weights)
                if reason := self._reason_to_leave_out(row.record, found):
                    self.left_out[reason] += 1
                else:
                    chunk.append((row.record, found))
            if len(chunk) >= COMPARISONS_AT_ONCE:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _reason_to_leave_out(self, record: ComparisonRecord, found: Targets) -> str | None:
        if record.kind != "comparison":
            return "a demonstration instead of a comparison"
        if any(response.kind == "picture" for response in record.responses):
            return "pictures, which this model cannot read"
        if not record.judgments:
            return "no judgment"
        if found:
            return None
        if not any(weight_of(judgment.annotator, self.annotator_weights) for judgment in record.judgments):
            return "only judgments that weigh nothing"
        wanted = " or ".join(kind.removesuffix("s") for kind in TARGET_KINDS if kind in self.targets)
        return f"no {wanted} in their judgments"

    def _encode(
        self, chunk: Sequence[tuple[ComparisonRecord, Targets]]
    ) -> list[tuple[ComparisonRecord, Targets, tuple[EncodedText, ...] | None]]:
        """Each comparison with its texts; without where the template refuses their conversation."""
        items: list[tuple[Prompt, str]] = []
        for record, found in chunk:
            texts = texts_of(record)
            items.extend(texts[index] for index in found.responses)
        try:
            encoded = iter(self.template.encode(items))
        except RefusedConversation:
            if len(chunk) == 1:
                return [(*chunk[0], None)]
            return [part for one in chunk for part in self._encode([one])]
        return [(record, found, tuple(islice(encoded, len(found.responses)))) for record, found in chunk]

    def _weigh(
        self, prompt: list[tuple[ComparisonRecord, Targets, tuple[EncodedText, ...]]]
    ) -> Iterator[TokenizedComparison]:
        """The comparisons of one prompt, which share its weight among those of them that stay."""
        kept = [one for one in prompt if not (self.drops_long and any(text.is_truncated for text in one[2]))]
        if len(kept) < len(prompt):
            self.left_out["longer than max_length_tokens"] += len(prompt) - len(kept)
        weighed = shared_targets([found for _, found, _ in kept], self.rules)
        for (record, _, texts), found in zip(kept, weighed, strict=True):
            said = found.renumbered()
            yield TokenizedComparison(
                record.comparison_hash, record.prompt_hash, texts, said.pairs, said.orders, said.ratings
            )


def _ahead(function: Callable[[ItemT], FoundT], items: Iterable[ItemT]) -> Iterator[FoundT]:
    """`function` of each item, in order, a few of them computed at once in threads."""
    waiting: deque[Future[FoundT]] = deque()
    with ThreadPoolExecutor(CHUNKS_AT_ONCE) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > CHUNKS_AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def tokenize(
    rows: Iterable[HasRecord],
    *,
    rules: PairRules,
    template: Template,
    targets: Collection[TargetKind] = PAIRS_ALONE,
    annotator_weights: AnnotatorWeights | None = None,
    drops_long: bool = False,
) -> TrainingSet:
    """Turn rows into token ids and targets, in the order given; nothing vanishes uncounted. Arguments: `Tokenizing`."""
    return Tokenizing(
        rows,
        rules=rules,
        template=template,
        targets=targets,
        annotator_weights=annotator_weights,
        drops_long=drops_long,
    ).in_memory()


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
