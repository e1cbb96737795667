"""Weights of annotators in training."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.stats.dawid_skene import fit_dawid_skene
from labeling.stats.mace import fit_mace
from labeling.stats.noisy_bradley_terry import fit_noisy_bradley_terry
from labeling.stats.reliability import reliabilities, reliability_weights
from labeling.stats.undefined import Undefined
from tests.labeling.crowds import always, judged_pairs, labelled, symmetric

UNKNOWN = Undefined("only 2 of their labels are shared")


def test_weights_are_in_proportion_to_reliability_and_their_mean_over_judgments_is_one():
    assert reliability_weights({"ann": 0.9, "bea": 0.3}, {"ann": 10, "bea": 10}) == pytest.approx(
        {"ann": 1.5, "bea": 0.5}
    )
    assert reliability_weights({"ann": 0.9, "bea": 0.3}, {"ann": 10, "bea": 30}) == pytest.approx(
        {"ann": 2.0, "bea": 2 / 3}
    )


def test_worse_than_chance_counts_nothing_and_unknown_counts_as_the_mean():
    weights = reliability_weights({"ann": 0.8, "bea": -0.4, "cem": UNKNOWN}, {"ann": 5, "bea": 5, "cem": 7, "dov": 1})
    assert weights == pytest.approx({"ann": 2.0, "bea": 0.0, "cem": 1.0, "dov": 1.0})


@given(st.dictionaries(st.integers(), st.tuples(st.floats(-1, 1), st.integers(1, 1000)), min_size=1, max_size=20))
def test_the_mean_over_judgments_is_one_and_nobody_counts_below_nothing(people):
    reliability = {name: value for name, (value, _) in people.items()}
    judgments = {name: count for name, (_, count) in people.items()}
    weights = reliability_weights(reliability, judgments)
    if max(reliability.values()) <= 0:
        assert isinstance(weights, Undefined)
        return
    assert min(weights.values()) >= 0
    mean = sum(weights[name] * judgments[name] for name in people) / sum(judgments.values())
    assert mean == pytest.approx(1)


def test_equal_people_count_equally():
    assert reliability_weights(dict.fromkeys("abc", 0.37), {"a": 1, "b": 20, "c": 300}) == pytest.approx(
        dict.fromkeys("abc", 1.0)
    )


def test_without_anybody_reliable_there_are_no_weights():
    assert "is known" in reliability_weights({"ann": UNKNOWN}, {"ann": 3}).because
    assert "more than chance" in reliability_weights({"ann": 0.0, "bea": -1.0}, {"ann": 3, "bea": 1}).because


def test_no_judgments_and_more_than_perfect_are_refused():
    with pytest.raises(ValueError, match="one judgment"):
        reliability_weights({}, {})
    with pytest.raises(ValueError, match="one judgment"):
        reliability_weights({"ann": 1.0}, {"ann": 0})
    with pytest.raises(ValueError, match="reliable than 1"):
        reliability_weights({"ann": 1.2}, {"ann": 1})


def test_every_model_says_how_reliable_people_are_and_none_trusts_a_clicker():
    labels, _ = labelled([symmetric(0.9, 2)] * 4 + [always(0, 2)], items=150, per_item=4)
    pairs = judged_pairs([2.0, 1.0, 0.0, -2.0], [(0.9, (0.5, 0.5))] * 4 + [(0.0, (0.99, 0.01))], judgments=900)
    for fit in (fit_dawid_skene(labels), fit_mace(labels), fit_noisy_bradley_terry(pairs)):
        weights = reliability_weights(reliabilities(fit), dict.fromkeys(range(5), 100))
        assert weights[4] < 0.15
        assert min(weights[person] for person in range(4)) > 1


def test_who_is_left_out_of_a_fit_has_no_reliability():
    labels, _ = labelled([symmetric(0.9, 2)] * 4, items=40, per_item=4)
    found = reliabilities(fit_dawid_skene([*labels, *((9, 1000 + item, 0) for item in range(9))]))
    assert isinstance(found[9], Undefined)
