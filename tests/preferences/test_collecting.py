"""Garbage is looked for less often for a while, and as before afterwards, whatever happened in between."""

import gc

import pytest

from preferences.collecting import OBJECTS_BETWEEN, collecting_rarely


def test_the_collector_is_as_it_was_afterwards():
    before = gc.get_threshold()

    @collecting_rarely()
    def fail():
        assert gc.get_threshold()[0] == OBJECTS_BETWEEN
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert gc.get_threshold() == before


def test_a_collector_that_is_off_stays_off():
    before = gc.get_threshold()
    gc.set_threshold(0)
    try:
        with collecting_rarely():
            assert gc.get_threshold()[0] == 0
    finally:
        gc.set_threshold(*before)
