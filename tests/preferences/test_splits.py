from collections import Counter

import pytest

from preferences.hashing import response_hash
from preferences.splits import check_fractions, split_of

HASHES = [response_hash(f"prompt {number}") for number in range(10_000)]


def test_shares_are_what_was_asked_for_within_sampling_error():
    counts = Counter(split_of(name, seed=3, validation=0.1, test=0.2) for name in HASHES)
    assert abs(counts["validation"] - 1000) < 4 * 30  # four standard errors of 10,000 draws at 0.1
    assert abs(counts["test"] - 2000) < 4 * 40


def test_a_prompt_never_moves_and_another_seed_is_another_split():
    first = [split_of(name, seed=1) for name in HASHES]
    assert first == [split_of(name, seed=1) for name in HASHES]
    agree = sum(a == b for a, b in zip(first, (split_of(name, seed=2) for name in HASHES), strict=True))
    assert abs(agree - 6600) < 250  # independent: 0.8² + 0.1² + 0.1²


def test_a_larger_test_set_contains_the_smaller_one():
    small = {name for name in HASHES if split_of(name, seed=0, test=0.1) == "test"}
    large = {name for name in HASHES if split_of(name, seed=0, test=0.3) == "test"}
    assert small < large


def test_everything_can_be_train_or_test():
    assert {split_of(name, seed=0, validation=0, test=0) for name in HASHES} == {"train"}
    assert {split_of(name, seed=0, validation=0, test=1) for name in HASHES} == {"test"}


@pytest.mark.parametrize("fractions", [(-0.1, 0.1), (0.6, 0.6), (0.0, 1.5)])
def test_fractions_that_cannot_be_are_refused_at_freezing(fractions):
    with pytest.raises(ValueError, match="sum to at most 1"):
        check_fractions(validation=fractions[0], test=fractions[1])


def test_the_split_of_known_prompts_never_changes_between_versions():
    known = {6: "validation", 8: "test", 11: "validation"}
    assert [split_of(name, seed=0) for name in HASHES[:12]] == [known.get(place, "train") for place in range(12)]
