import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.differences import differences


def marked(before: str, after: str) -> str:
    signs = {"same": "{}", "added": "[+{}]", "removed": "[-{}]"}
    return "".join(signs[piece.kind].format(piece.text) for piece in differences(before, after))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("Prefer the longer answer.", "Prefer the shorter answer.", "Prefer the [-longer][+shorter] answer."),
        ("Be kind.", "Be kind and short.", "Be kind[+ and short]."),
        ("One.\nTwo.", "One.", "One.[-\nTwo.]"),
        ("짧은 답이 좋다", "긴 답이 좋다", "[-짧은][+긴] 답이 좋다"),
        ("참 좋은 답이다", "참 좋을 답이다", "참 좋[-은][+을] 답이다"),
        ("", "New.", "[+New.]"),
        (
            "It is as long as it must be.",
            "It is short. It is kind.",
            "It is [-as long as it must be][+short. It is kind].",
        ),
        ("Same.", "Same.", "Same."),
    ],
)
def test_words_are_compared_and_korean_by_character(before: str, after: str, expected: str) -> None:
    assert marked(before, after) == expected


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_is_left_after_leaving_out_either_kind_is_the_other_text(before: str, after: str) -> None:
    pieces = differences(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after
