"""Many requests, one model: what waits is scored by one thread, in batches of neighbours.

Each batch begins with a text of the request whose turn it is and is filled with its neighbours, whoever sent them. So a
request of a thousand texts lets a single one in after the batch at hand. Where rows are padded, neighbours are alike in
length, so that little is padding; where they are not, alike in their beginning, so that a prompt is computed once.
"""

import logging
import threading
import time
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from rewardmodel.core.config.compute import PADDED
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.routes.scoring import added_tokens
from rewardmodel.core.scorer import Reward
from rewardmodel.core.serving.metrics import ServingMetrics

IDLE_SECONDS = 1.0
MOST_PADDING = 0.2

log = logging.getLogger(__name__)


class QueueFull(ExpectedFailure):
    """More texts wait than the server is ready to hold."""


class TooSlow(ExpectedFailure):
    """A request was not scored within its time."""


class ScoringFailed(Exception):
    """The model could not score a batch; the cause says why."""


class EncodedScorer(Protocol):
    """What a batcher asks of a model; `RewardScorer` is one."""

    tokens_per_batch: int

    @property
    def route(self) -> str: ...

    def cost(self, texts: Sequence[EncodedText]) -> int: ...

    def score_encoded(self, texts: Sequence[EncodedText]) -> list[Reward]: ...


@dataclass(frozen=True)
class Limits:
    """How much waits, and how long.

    Args:
        waiting_texts: a request is refused if more than so many would wait; one alone is always let in.
        request_seconds: from a request's items to the last reward.
        encoded_at_once: requests whose texts become tokens at the same time; each may hold many times its size.
        gathering_seconds: how long a busy model waits for a batch to fill; an idle one never does.
    """

    waiting_texts: int = 8192
    request_seconds: float = 120.0
    gathering_seconds: float = 0.002
    encoded_at_once: int = 4

    def too_slow(self, texts: int) -> TooSlow:
        return TooSlow(
            f"{texts} texts were not scored within {self.request_seconds:g} s. Send fewer at a time, "
            "or raise PLUMBLINE_SCORER_REQUEST_SECONDS."
        )


@dataclass(eq=False)
class _Request:
    """The texts of one request, what is known of them, and what waits, longest first."""

    texts: Sequence[EncodedText]
    rewards: list[Reward | None]
    left: int
    waiting: "dict[int, _Place]" = field(default_factory=dict)
    failure: Exception | None = None
    is_done: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, order=True, slots=True)
class _Place:
    """One waiting text: among its neighbours, then in the order of arrival."""

    neighbourhood: tuple[int, ...]  # its length where rows are padded, else its tokens
    number: int
    request: _Request = field(compare=False)
    index: int = field(compare=False)

    @property
    def text(self) -> EncodedText:
        return self.request.texts[self.index]

    @property
    def length(self) -> int:
        return len(self.text.token_ids)


class Batcher:
    """Scores the texts of many threads with one model. Its thread lives while there is work and a moment longer.

    Args:
        scorer: the model.
        limits: how much waits, and how long.
        metrics: where batches are counted.
    """

    def __init__(self, scorer: EncodedScorer, *, limits: Limits, metrics: ServingMetrics) -> None:
        self._scorer = scorer
        self._limits = limits
        self._metrics = metrics
        self._changed = threading.Condition()
        self._line: list[_Place] = []  # everything that waits, neighbours beside each other
        self._turns: deque[_Request] = deque()
        self._numbers = count()
        self._waiting_tokens = 0
        self._thread: threading.Thread | None = None

    @property
    def waiting_texts(self) -> int:
        return len(self._line)

    def score(self, texts: Sequence[EncodedText], *, until: float | None = None) -> list[Reward]:
        """The reward of each text, in the order given, once the last of them is scored.

        Args:
            until: when it is too late, by time.monotonic(); by default after the limit.

        Raises: QueueFull at once; TooSlow when it is too late; ScoringFailed if the model could not score one of them.
        """
        if not texts:
            return []
        request = _Request(texts, rewards=[None] * len(texts), left=len(texts))
        with self._changed:
            self._enqueue(request)
        seconds = self._limits.request_seconds if until is None else max(0.0, until - time.monotonic())
        if not request.is_done.wait(seconds):
            with self._changed:
                self._drop(request)
            raise self._limits.too_slow(len(texts))
        if request.failure is not None:
            raise ScoringFailed("The model could not score a batch.") from request.failure
        return [reward for reward in request.rewards if reward is not None]

    def _enqueue(self, request: _Request) -> None:
        if self._line and len(self._line) + len(request.texts) > self._limits.waiting_texts:
            raise QueueFull(f"{len(self._line)} texts wait already. Ask again in a moment.")
        is_padded = self._scorer.route == PADDED
        lengths = [len(text.token_ids) for text in request.texts]
        for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
            neighbourhood = (lengths[index],) if is_padded else request.texts[index].token_ids
            place = _Place(neighbourhood, next(self._numbers), request, index)
            request.waiting[place.number] = place
            insort(self._line, place)
        self._waiting_tokens += sum(lengths)
        self._turns.append(request)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="score", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _work(self) -> None:
        is_busy = False
        while True:
            with self._changed:
                if not self._line:
                    self._changed.wait(IDLE_SECONDS)
                    is_busy = False
                if not self._line:
                    self._thread = None
                    return
                if is_busy:
                    self._gather()
                batch = self._next_batch() if self._line else []
            if batch:
                self._score(batch)
            is_busy = True

    def _gather(self) -> None:
        """Wait a little for a batch that is not full: whoever just got an answer may ask again."""
        until = time.monotonic() + self._limits.gathering_seconds
        while self._waiting_tokens < self._scorer.tokens_per_batch and (left := until - time.monotonic()) > 0:
            self._changed.wait(left)

    def _next_batch(self) -> list[_Place]:
        """The next request's longest text and its neighbours as long as they fit; takes them out of line."""
        request = self._turns[0]
        self._turns.rotate(-1)
        at = bisect_left(self._line, next(iter(request.waiting.values())))
        low, high = (self._alike_in_length if self._scorer.route == PADDED else self._alike_in_beginning)(at)
        batch = self._line[low:high]
        del self._line[low:high]
        for place in batch:
            self._waiting_tokens -= place.length
            del place.request.waiting[place.number]
            if not place.request.waiting:
                self._turns.remove(place.request)
        return batch

    def _alike_in_length(self, at: int) -> tuple[int, int]:
        """Where in line a batch begins and ends that holds the place `at`: the nearest in length, little padding."""
        low, high = at, at + 1
        first = longest = tokens = self._line[at].length
        while high - low < len(self._line):
            below = first - self._line[low - 1].length if low else None
            above = self._line[high].length - first if high < len(self._line) else None
            takes_longer = below is None or (above is not None and above <= below)
            length = self._line[high if takes_longer else low - 1].length
            grown = (high - low + 1) * max(longest, length)
            if grown > self._scorer.tokens_per_batch or (tokens + length) < (1 - MOST_PADDING) * grown:
                break
            longest, tokens = max(longest, length), tokens + length
            low, high = (low, high + 1) if takes_longer else (low - 1, high)
        return low, high

    def _alike_in_beginning(self, at: int) -> tuple[int, int]:
        """The same without padding: whichever neighbour adds fewer tokens to those that are there."""
        low, high = at, at + 1
        room = self._scorer.tokens_per_batch - self._line[at].length
        while high - low < len(self._line):
            below = self._added(low - 1, low) if low else None
            above = self._added(high, high - 1) if high < len(self._line) else None
            takes_next = below is None or (above is not None and above <= below)
            room -= (above if takes_next else below) or 0
            if room < 0:
                break
            low, high = (low, high + 1) if takes_next else (low - 1, high)
        return low, high

    def _added(self, at: int, beside: int) -> int:
        return added_tokens(self._line[at].text, self._line[beside].text, route=self._scorer.route)

    def _score(self, batch: list[_Place]) -> None:
        texts = [place.text for place in batch]
        failure: Exception | None = None
        rewards: list[Reward] = []
        try:
            rewards = self._scorer.score_encoded(texts)
        except Exception as error:
            log.exception("a batch of %d texts could not be scored", len(batch))
            failure = error
        tokens = sum(place.length for place in batch)
        self._metrics.count_batch(texts=len(batch), tokens=tokens, computed_tokens=self._scorer.cost(texts))
        with self._changed:
            if failure is not None:
                for request in {id(place.request): place.request for place in batch}.values():
                    request.failure = failure
                    self._drop(request)
                    request.is_done.set()
                return
            for place, reward in zip(batch, rewards, strict=True):
                place.request.rewards[place.index] = reward
                place.request.left -= 1
                if place.request.left == 0:
                    place.request.is_done.set()

    def _drop(self, request: _Request) -> None:
        """Take what still waits of a request out of line."""
        for place in request.waiting.values():
            del self._line[bisect_left(self._line, place)]
            self._waiting_tokens -= place.length
        if request.waiting:
            request.waiting.clear()
            self._turns.remove(request)
