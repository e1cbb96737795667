"""What goes into audits: rows from rankings, agreement, amounts to read, sessions, features of texts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.stats.audits.pairs import pairs_of
from labeling.stats.audits.rows import AuditRow, Reading, Seen, reading_of, seen_in_order, with_agreement
from labeling.stats.audits.sessions import moments
from labeling.stats.gold import share_of_gold
from labeling.stats.text_features import TextFeatures, text_features

NINE = datetime(2025, 3, 3, 9, tzinfo=UTC)


def row(ranking, *, shown=(1, 2), annotator="ann", comparison=1, **fields):
    return AuditRow(comparison, comparison, annotator, seen_in_order(ranking, shown), **fields)


def test_responses_stand_in_the_order_shown_with_the_place_they_were_given():
    seen = seen_in_order([[3], [1, 2]], (2, 3, 1, 4), own=[4], features={2: TextFeatures(7)})
    assert [one.response for one in seen] == [2, 3, 1, 4]
    assert [one.place for one in seen] == [1, 0, 1, 2]  # what is left out stands below
    assert [one.is_own for one in seen] == [False, False, False, True]
    assert [one.features for one in seen] == [TextFeatures(7), None, None, None]


def test_an_empty_ranking_ties_everything():
    assert {one.place for one in seen_in_order([], (1, 2, 3))} == {0}


@pytest.mark.parametrize("ranking", [[[5], [1]], [[1], [1]], [[1, 1]]])
def test_a_ranking_of_what_was_not_shown_or_of_one_response_twice_is_refused(ranking):
    with pytest.raises(ValueError, match="was not shown, or is named twice"):
        seen_in_order(ranking, (1, 2))


def test_a_judgment_of_one_response_or_at_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="two responses or more"):
        AuditRow(1, 1, "ann", (Seen(1, 0),))
    with pytest.raises(ValueError, match="time zone"):
        row([[1], [2]], judged_at=datetime(2025, 3, 3, 9))


def test_the_winner_is_the_one_best_response_and_nobody_when_several_are():
    assert row([[3], [1], [2]], shown=(1, 2, 3)).winner_at == 2
    assert row([[1, 3], [2]], shown=(1, 2, 3)).winner_at is None


def test_pairs_of_a_ranking_weigh_one_judgment_and_leave_ties_out():
    pairs = pairs_of([row([[3], [1, 2]], shown=(1, 2, 3)), row([[1], [2]], comparison=2)])
    assert [(one.response, two.response) for one, two in zip(pairs.first, pairs.second, strict=True)] == [
        (1, 3),
        (2, 3),
        (1, 2),
    ]
    assert pairs.first_wins.tolist() == [0, 0, 1]
    assert pairs.weight.tolist() == [0.5, 0.5, 1]
    assert pairs.ties == 1


def test_agreement_is_with_the_others_alone():
    rows = with_agreement(
        [
            row([[1], [2]], annotator="a"),
            row([[1], [2]], annotator="b"),
            row([[2], [1]], annotator="c"),
            row([[1, 2]], annotator="d"),
            row([[1], [2]], annotator="a"),  # a's own second judgment says nothing of a
            row([[1], [2]], annotator="a", comparison=2),
            row([[1], [2]], annotator="a", comparison=3, agreement=1.0),  # with gold
        ]
    )
    assert [one.agreement for one in rows] == [1 / 3, 1 / 2, 0, 0, 1 / 3, None, 1.0]


def test_judgments_of_unknown_people_are_all_held_against_each_other():
    rows = with_agreement([row([[1], [2]], annotator=None), row([[1], [2]], annotator=None)])
    assert [one.agreement for one in rows] == [1.0, 1.0]


@given(st.lists(st.permutations([1, 2, 3, 4]), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_agreement_is_the_mean_share_of_gold_with_every_other_ranking_in_whatever_order_shown(orders, draw):
    rankings = [[[one] for one in order] for order in orders]
    shown = [draw.sample([1, 2, 3, 4], 4) for _ in orders]
    rows = [
        row(ranking, shown=seen, annotator=index)
        for index, (ranking, seen) in enumerate(zip(rankings, shown, strict=True))
    ]
    for index, one in enumerate(with_agreement(rows)):
        others = [share_of_gold(rankings[index], other) for at, other in enumerate(rankings) if at != index]
        assert one.agreement == pytest.approx(sum(others) / len(others))


def test_words_and_wide_characters_are_counted_apart():
    assert reading_of(["안녕 hello, world 漢字"]) == Reading(words=2, wide_characters=4)
    assert reading_of(["one – two", "three"]) == Reading(words=3, wide_characters=0)  # a dash is no word
    assert reading_of([]) == Reading(0, 0)


def test_a_session_ends_with_a_gap_of_more_than_half_an_hour():
    minutes = [0, 10, 40, 71, 72]
    rows = [row([[1], [2]], judged_at=NINE + timedelta(minutes=one)) for one in minutes]
    other = row([[1], [2]], annotator="bob", judged_at=NINE + timedelta(minutes=5))
    found = moments([*reversed(rows), other, row([[1], [2]]), row([[1], [2]], annotator=None, judged_at=NINE)])
    assert [one.number for one in reversed(found[:5])] == [0, 1, 2, 0, 1]
    assert [one.session for one in reversed(found[:5])] == [("ann", 0)] * 3 + [("ann", 1)] * 2
    assert found[2].hours == pytest.approx(40 / 60)
    assert (found[5].session, found[5].number) == (("bob", 0), 0)
    assert found[6:] == [None, None]  # neither without a time nor without a person


def test_judgments_sent_at_the_same_time_have_the_same_number():
    rows = [row([[1], [2]], judged_at=NINE + timedelta(minutes=one)) for one in (0, 0, 1, 1, 2)]
    assert [one.number for one in moments(rows)] == [0, 0, 2, 2, 4]


MARKDOWN = """# Head

Some **bold** and __more bold__, `code`, 2 * 3 * 4.

- one
* two
  1. nested
3) three

| a | b |
|---|:-:|
| 1 | 2 |

```python
# no header
- no item
**no bold**
```
#hashtag -5 degrees
"""


def test_markdown_is_counted_by_kind_and_not_inside_code():
    found = text_features(MARKDOWN)
    assert (found.headers, found.list_items, found.bold, found.code, found.tables) == (1, 4, 2, 2, 1)
    assert found.marks == 10


@pytest.mark.parametrize("text", ["", "  \n ", "plain words, no marks.", "a - b", "a ** b ** c", "-----", "a | b"])
def test_plain_text_has_no_marks(text):
    assert text_features(text).marks == 0
    assert text_features(text).characters == len(text.strip())


def test_a_hangul_syllable_is_one_character_however_it_is_encoded():
    assert text_features("한글").characters == text_features("\u1112\u1161\u11ab\u1100\u1173\u11af").characters == 2


@pytest.mark.parametrize("hostile", ["**a ", "`a ``", "|-" * 2, "# ", "```\n", " ", "__a **"])
def test_a_hostile_text_is_counted_in_time(hostile):
    assert text_features(hostile * 20_000).characters >= 0


@given(st.text(max_size=200), st.text(max_size=200))
def test_another_paragraph_never_takes_plain_marks_away(one, other):
    safe = one.replace("`", "").replace("~", "")
    both = text_features(f"{safe}\n\n{other.replace('`', '').replace('~', '')}")
    assert both.list_items >= text_features(safe).list_items
    assert both.headers >= text_features(safe).headers
