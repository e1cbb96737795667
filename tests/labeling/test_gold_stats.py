import pytest

from labeling.stats.gold import agrees_with_gold, share_of_gold
from labeling.stats.intervals import wilson_share


@pytest.mark.parametrize(
    ("ranking", "right"),
    [([[1], [2]], True), ([[2], [1]], False), ([[1, 2]], False), ([], False)],
)
def test_a_pair_is_right_with_the_same_winner_alone(ranking: list[list[int]], right: bool) -> None:
    assert agrees_with_gold(ranking, [[1], [2]]) is right


def test_a_tie_is_right_where_a_tie_was_expected() -> None:
    assert agrees_with_gold([[2, 1]], [[1, 2]])
    assert not agrees_with_gold([[1], [2]], [[1, 2]])


def test_one_swap_of_neighbours_among_four_is_forgiven_and_among_three_is_not() -> None:
    assert share_of_gold([[1], [3], [2], [4]], [[1], [2], [3], [4]]) == pytest.approx(5 / 6)
    assert agrees_with_gold([[1], [3], [2], [4]], [[1], [2], [3], [4]])
    assert share_of_gold([[2], [1], [3]], [[1], [2], [3]]) == pytest.approx(2 / 3)
    assert not agrees_with_gold([[2], [1], [3]], [[1], [2], [3]])
    assert agrees_with_gold([[2], [1], [3]], [[1], [2], [3]], least_pair_share=0.6)


def test_the_reverse_order_shares_nothing() -> None:
    assert share_of_gold([[3], [2], [1]], [[1], [2], [3]]) == 0.0


def test_the_best_of_four_is_compared_by_what_it_says() -> None:
    # {1} over the three left out: three pairs, each as the gold answer has them; of the other three it says nothing.
    assert share_of_gold([[1]], [[1], [2], [3], [4]]) == 1.0
    assert share_of_gold([[2]], [[1], [2], [3], [4]]) == pytest.approx(2 / 3)


def test_nothing_in_common_is_no_share() -> None:
    assert share_of_gold([], [[1], [2]]) is None
    assert share_of_gold([], []) is None


def test_names_of_responses_do_not_matter() -> None:
    assert share_of_gold([[7, 9], [8]], [[7], [9], [8]]) == share_of_gold([[1, 3], [2]], [[1], [3], [2]])


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    [(0.8, 10, 0.4902, 0.9433), (0.0, 5, 0.0, 0.4345), (1.0, 5, 0.5655, 1.0), (0.5, 100, 0.4038, 0.5962)],
)
def test_the_interval_is_wilsons(share: float, n: int, low: float, high: float) -> None:
    interval = wilson_share(share, n)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-4)
    assert (interval.share, interval.n) == (share, n)


@pytest.mark.parametrize(("share", "n"), [(0.5, 0), (1.2, 3), (-0.1, 3)])
def test_a_share_of_nothing_has_no_interval(share: float, n: int) -> None:
    with pytest.raises(ValueError, match="one trial or more"):
        wilson_share(share, n)
