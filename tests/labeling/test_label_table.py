"""Labels as arrays, and whose labels can be held against each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.stats.label_table import has_item_of_three, has_odd_cycle, label_table, overlap_groups

triples = st.tuples(st.integers(0, 4), st.integers(0, 6), st.sampled_from("xyz"))


def shares_items(*pairs: tuple[str, str]) -> list[tuple[str, int, str]]:
    """One item for each two people who share one."""
    return [(person, item, "x") for item, pair in enumerate(pairs) for person in pair]


def rings(labels: list[tuple[str, int, str]]) -> list[bool]:
    table = label_table(labels)
    return has_odd_cycle(table, overlap_groups(table)).tolist()


@given(st.lists(triples, min_size=1), st.randoms(use_true_random=False))
def test_the_order_in_which_labels_come_is_no_matter(labels, random):
    shuffled = random.sample(labels, len(labels))
    one, other = label_table(labels), label_table(shuffled)
    assert one.annotators == other.annotators
    assert one.items == other.items
    assert one.classes == other.classes
    for column in ("annotator", "item", "label"):
        assert (getattr(one, column) == getattr(other, column)).all()


@given(st.lists(triples, min_size=1))
def test_a_table_holds_what_was_put_in(labels):
    table = label_table(labels)
    rows = zip(table.annotator, table.item, table.label, strict=True)
    assert sorted((table.annotators[a], table.items[i], table.classes[k]) for a, i, k in rows) == sorted(labels)
    assert table.votes().sum() == len(labels)


def test_a_label_is_shared_when_another_person_labelled_the_item_and_not_by_labelling_it_twice():
    table = label_table([("ann", 1, "x"), ("ann", 1, "y"), ("ann", 2, "x"), ("bea", 2, "x")])
    assert table.shared().tolist() == [False, False, True, True]


def test_some_of_the_labels_keep_the_classes_of_all():
    table = label_table([("ann", 1, "x"), ("bea", 2, "y"), ("bea", 3, "x")])
    some = table.only(table.annotator == 1)
    assert some.annotators == ["bea"]
    assert some.items == [2, 3]
    assert some.classes == ["x", "y"]
    assert some.label.tolist() == [1, 0]


def test_people_whom_no_items_connect_are_groups_apart():
    groups = overlap_groups(label_table(shares_items(("ann", "bea"), ("bea", "cem"), ("dov", "eva"))))
    assert groups[0] == groups[1] == groups[2] != groups[3] == groups[4]


def test_three_people_on_one_item_are_seen_and_three_labels_of_two_people_are_not():
    three = label_table([("ann", 1, "x"), ("bea", 1, "x"), ("cem", 1, "x")])
    two = label_table([("ann", 1, "x"), ("ann", 1, "y"), ("bea", 1, "x")])
    assert has_item_of_three(three, overlap_groups(three)).tolist() == [True]
    assert has_item_of_three(two, overlap_groups(two)).tolist() == [False]


def test_only_rings_of_odd_length_tell_people_apart():
    chain = [("ann", "bea"), ("bea", "cem")]
    assert rings(shares_items(*chain)) == [False]
    assert rings(shares_items(*chain, ("cem", "ann"))) == [True]
    assert rings(shares_items(*chain, ("cem", "dov"), ("dov", "ann"))) == [False]
    assert rings(shares_items(*chain, ("cem", "dov"), ("dov", "eva"), ("eva", "ann"))) == [True]
    assert rings([("ann", 1, "x"), ("bea", 1, "x"), ("cem", 1, "y")]) == [True]


def test_more_labels_than_a_byte_counts_do_not_hide_a_connection():
    labels = [("ann", 1, "x")] * 256 + [("bea", 1, "x")] * 256
    assert np.unique(overlap_groups(label_table(labels))).size == 1


def test_what_does_not_sort_together_and_what_is_not_a_number_are_refused():
    with pytest.raises(ValueError, match="one kind"):
        label_table([("ann", 1, "x"), (7, 1, "x")])
    with pytest.raises(ValueError, match="NaN"):
        label_table([("ann", 1, float("nan"))])
