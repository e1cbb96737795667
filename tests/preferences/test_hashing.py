import hashlib
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.errors import InvalidText, PreferenceError
from preferences.hashing import canonical_json, comparison_hash, prompt_hash, response_hash
from tests.preferences.strategies import json_objects


def test_canonical_json_is_sorted_dense_utf8():
    assert canonical_json({"b": [1, 2.5, None, True], "a": "한\n"}) == '{"a":"한\\n","b":[1,2.5,null,true]}'.encode()


def test_a_prompt_hash_is_the_sha256_of_its_canonical_messages():
    expected = hashlib.sha256(b'[{"content":"hi","role":"user"}]').hexdigest()
    assert prompt_hash([{"role": "user", "content": "hi"}]) == expected


def test_a_response_hash_is_the_sha256_of_its_text():
    assert response_hash("é") == hashlib.sha256("é".encode()).hexdigest()


def test_composed_and_decomposed_letters_are_different_responses():
    assert response_hash("é") != response_hash("e\u0301")


def test_a_comparison_hash_forgets_the_order_of_its_responses():
    assert comparison_hash("p", ["a", "b"]) == comparison_hash("p", ["b", "a"])
    assert comparison_hash("p", ["a", "b"]) != comparison_hash("p", ["a", "c"])


def test_whole_numbers_are_one_value_however_an_engine_writes_them():
    as_jsonb_gives_them_back = {"a": 1, "b": 10**16, "c": 10**300, "d": 0, "e": 1e-7}
    assert canonical_json({"a": 1.0, "b": 1e16, "c": 1e300, "d": -0.0, "e": 0.0000001}) == canonical_json(
        as_jsonb_gives_them_back
    )


@given(json_objects)
def test_canonical_json_survives_a_round_trip(value):
    written = canonical_json(value)
    assert canonical_json(json.loads(written)) == written


@given(json_objects)
def test_canonical_json_is_what_the_standard_encoder_writes_once_whole_numbers_are_integers(value):
    def number(digits):
        return int(Decimal(digits)) if float(digits).is_integer() else float(digits)

    plain = json.loads(json.dumps(value), parse_float=number)
    expected = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    assert canonical_json(value) == expected.encode()


def test_keys_that_are_no_texts_become_texts_before_they_are_sorted():
    assert canonical_json({10: "ten", 9: "nine", "1": True}) == b'{"1":true,"10":"ten","9":"nine"}'


@given(st.permutations([("a", 1), ("b", 2), ("c", 3), ("ㄱ", 4)]))
def test_the_order_of_keys_does_not_matter(items):
    assert canonical_json(dict(items)) == b'{"a":1,"b":2,"c":3,"\xe3\x84\xb1":4}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {"a": {1, object()}}])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(PreferenceError):
        canonical_json(value)


def test_a_lone_surrogate_is_refused_by_name():
    with pytest.raises(InvalidText, match=r"U\+D800"):
        canonical_json({"a": "\ud800"})
    with pytest.raises(InvalidText, match=r"U\+DFFF"):
        response_hash("a\udfff")


def test_endless_nesting_is_refused():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(PreferenceError, match="nested too deeply"):
        canonical_json(deep)
