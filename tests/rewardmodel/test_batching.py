"""Many requests before one model: who is scored when, and beside whom."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from rewardmodel.core.config.compute import PACKED, PADDED, SHARED
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.scorer import Reward
from rewardmodel.core.serving.batching import MOST_PADDING, Batcher, Limits, QueueFull, ScoringFailed, TooSlow
from rewardmodel.core.serving.metrics import ServingMetrics
from tests.rewardmodel.serving import wait_until


@dataclass
class WaitingScorer:
    """Rewards a text by its first token, once it is let go on; remembers each batch as lists of first tokens."""

    tokens_per_batch: int = 40
    route: str = PADDED
    may_go_on: threading.Event = field(default_factory=threading.Event)
    batches: list[list[int]] = field(default_factory=list)

    def cost(self, texts: Sequence[EncodedText]) -> int:
        return sum(len(text.token_ids) for text in texts)

    def score_encoded(self, texts: Sequence[EncodedText]) -> list[Reward]:
        self.batches.append([text.token_ids[0] for text in texts])
        assert self.may_go_on.wait(30)
        if any(text.token_ids[0] == 666 for text in texts):
            raise RuntimeError("broken")
        return [Reward(float(text.token_ids[0]), 0.0) for text in texts]


def text(name: int, length: int) -> EncodedText:
    return EncodedText((name, *[0] * (length - 1)), None, False)


def batcher_of(scorer: WaitingScorer, **limits: float) -> Batcher:
    return Batcher(scorer, limits=Limits(**limits), metrics=ServingMetrics())  # type: ignore[arg-type]


class Client(threading.Thread):
    """One request in a thread of its own."""

    def __init__(self, batcher: Batcher, texts: Sequence[EncodedText]) -> None:
        super().__init__(daemon=True)
        self.batcher, self.texts = batcher, texts
        self.rewards: list[float] = []
        self.failure: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.rewards = [reward.reward for reward in self.batcher.score(self.texts)]
        except Exception as error:
            self.failure = error


def occupy(batcher: Batcher, scorer: WaitingScorer) -> Client:
    """A request that is being scored, so that what comes next has to wait."""
    client = Client(batcher, [text(1, 8)])
    wait_until(lambda: scorer.batches)
    return client


def test_rewards_come_back_in_the_order_of_the_texts() -> None:
    scorer = WaitingScorer()
    scorer.may_go_on.set()
    texts = [text(name, 1 + name % 7) for name in range(1, 60)]
    assert [reward.reward for reward in batcher_of(scorer).score(texts)] == [float(name) for name in range(1, 60)]
    assert batcher_of(scorer).score([]) == []


def test_a_batch_holds_neighbours_in_length_within_its_tokens_and_little_padding() -> None:
    scorer = WaitingScorer(tokens_per_batch=64)
    scorer.may_go_on.set()
    lengths = {name: 1 + name * 7 % 31 for name in range(1, 100)}
    batcher_of(scorer).score([text(name, length) for name, length in lengths.items()])
    assert sorted(name for batch in scorer.batches for name in batch) == list(lengths)
    for batch in scorer.batches:
        padded = len(batch) * max(lengths[name] for name in batch)
        assert padded <= 64
        assert sum(lengths[name] for name in batch) >= (1 - MOST_PADDING) * padded
    assert len(scorer.batches) < 40


def test_a_text_longer_than_a_batch_is_scored_alone() -> None:
    scorer = WaitingScorer(tokens_per_batch=10)
    scorer.may_go_on.set()
    assert [reward.reward for reward in batcher_of(scorer).score([text(5, 100), text(6, 100)])] == [5.0, 6.0]
    assert scorer.batches == [[5], [6]]


def test_without_padding_a_batch_is_filled_whatever_the_lengths() -> None:
    scorer = WaitingScorer(tokens_per_batch=30, route=PACKED)
    scorer.may_go_on.set()
    lengths = {1: 20, 2: 1, 3: 9, 4: 20, 5: 5, 6: 5}
    rewards = batcher_of(scorer).score([text(name, length) for name, length in lengths.items()])
    assert [reward.reward for reward in rewards] == list(lengths)
    assert len(scorer.batches) == 2
    assert all(sum(lengths[name] for name in batch) <= 30 for batch in scorer.batches)


def test_answers_to_one_prompt_are_scored_together_where_it_is_computed_once() -> None:
    scorer = WaitingScorer(tokens_per_batch=60, route=SHARED)
    scorer.may_go_on.set()
    prompts = {name: (name, *range(40)) for name in (1, 2, 3)}
    texts = [EncodedText((*prompts[name], 100 + answer), None, False) for answer in range(8) for name in prompts]
    rewards = batcher_of(scorer).score(texts)
    assert [reward.reward for reward in rewards] == [1.0, 2.0, 3.0] * 8
    assert sorted(scorer.batches) == [[1] * 8, [2] * 8, [3] * 8]


def test_requests_that_wait_share_a_batch() -> None:
    scorer = WaitingScorer()
    batcher = batcher_of(scorer)
    clients = [occupy(batcher, scorer), *(Client(batcher, [text(name, 4)]) for name in (2, 3, 4))]
    wait_until(lambda: batcher.waiting_texts == 3)
    scorer.may_go_on.set()
    for client in clients:
        client.join(30)
    assert [client.rewards for client in clients] == [[1.0], [2.0], [3.0], [4.0]]
    assert sorted(scorer.batches[1]) == [2, 3, 4]


def test_a_long_request_lets_a_single_text_in_after_the_batch_at_hand() -> None:
    scorer = WaitingScorer(tokens_per_batch=8)
    batcher = batcher_of(scorer)
    occupant = occupy(batcher, scorer)
    long = Client(batcher, [text(100 + name, 8) for name in range(50)])
    wait_until(lambda: batcher.waiting_texts == 50)
    single = Client(batcher, [text(7, 2)])
    wait_until(lambda: batcher.waiting_texts == 51)
    scorer.may_go_on.set()
    for client in (occupant, long, single):
        client.join(30)
    assert [7] in scorer.batches[1:4]
    assert long.rewards == [100.0 + name for name in range(50)]


def test_more_than_may_wait_is_refused_at_once_but_one_request_alone_never() -> None:
    scorer = WaitingScorer()
    batcher = batcher_of(scorer, waiting_texts=3)
    occupant = occupy(batcher, scorer)
    waiting = Client(batcher, [text(name, 3) for name in range(2, 9)])
    wait_until(lambda: batcher.waiting_texts == 7)
    with pytest.raises(QueueFull, match="7 texts wait"):
        batcher.score([text(9, 3)])
    scorer.may_go_on.set()
    for client in (occupant, waiting):
        client.join(30)
    assert len(waiting.rewards) == 7


def test_a_request_that_takes_too_long_leaves_the_line() -> None:
    scorer = WaitingScorer()
    batcher = batcher_of(scorer, request_seconds=0.2)
    occupant = occupy(batcher, scorer)
    with pytest.raises(TooSlow, match=r"2 texts were not scored within 0\.2 s"):
        batcher.score([text(2, 3), text(3, 3)])
    assert batcher.waiting_texts == 0
    occupant.join(30)
    assert isinstance(occupant.failure, TooSlow)
    scorer.may_go_on.set()
    assert [reward.reward for reward in batcher.score([text(4, 3)])] == [4.0]
    assert scorer.batches == [[1], [4]]


def test_a_batch_that_fails_fails_its_requests_and_no_other() -> None:
    scorer = WaitingScorer(tokens_per_batch=8)
    batcher = batcher_of(scorer)
    occupant = occupy(batcher, scorer)
    broken = Client(batcher, [text(666, 8), *(text(2, 4) for _ in range(5))])
    healthy = Client(batcher, [text(3, 2)])
    wait_until(lambda: batcher.waiting_texts == 7)
    scorer.may_go_on.set()
    for client in (occupant, broken, healthy):
        client.join(30)
    assert isinstance(broken.failure, ScoringFailed)
    assert str(broken.failure.__cause__) == "broken"
    assert (occupant.rewards, healthy.rewards) == ([1.0], [3.0])
    assert batcher.waiting_texts == 0


def test_the_thread_ends_when_idle_and_a_later_request_starts_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewardmodel.core.serving.batching.IDLE_SECONDS", 0.05)
    scorer = WaitingScorer()
    scorer.may_go_on.set()
    batcher = batcher_of(scorer)
    batcher.score([text(1, 3)])
    wait_until(lambda: batcher._thread is None)
    assert [reward.reward for reward in batcher.score([text(2, 3)])] == [2.0]


def test_hundreds_of_requests_of_many_threads_all_get_their_own_rewards() -> None:
    scorer = WaitingScorer(tokens_per_batch=100)
    scorer.may_go_on.set()
    batcher = batcher_of(scorer, gathering_seconds=0.0005)
    wrong: list[int] = []

    def ask(start: int) -> None:
        for round_number in range(20):
            names = [start * 1000 + round_number * 10 + at for at in range(1 + round_number % 5)]
            time.sleep(0.0002 * (start % 3))
            rewards = batcher.score([text(name, 1 + name % 23) for name in names])
            wrong.extend(name for name, reward in zip(names, rewards, strict=True) if reward.reward != name)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []
    assert batcher.waiting_texts == batcher._waiting_tokens == 0
    assert not batcher._turns
