from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.errors import InvalidRanking, InvalidRecord
from preferences.hashing import canonical_json
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord, validate_ranking
from preferences.rows import SnapshotRow, content_of
from tests.preferences.strategies import comparisons

PROMPT = (Message(role="user", content="Which way?"),)
LEFT, RIGHT = ResponseRecord("Left."), ResponseRecord("Right.")


@pytest.mark.parametrize(
    ("ranking", "sentence"),
    [
        ([], "The ranking is empty"),
        ([[0], []], "Group 2 of the ranking is empty"),
        ([[0], [0]], "names response 0 twice"),
        ([[0, 0]], "names response 0 twice"),
        ([[2]], r"names response 2, but there are only 2 \(0 to 1\)"),
        ([[-1]], "names response -1"),
        ([[True]], "holds True"),
        ([["0"]], "holds '0'"),
    ],
)
def test_a_broken_ranking_is_refused_with_a_sentence(ranking, sentence):
    with pytest.raises(InvalidRanking, match=sentence):
        validate_ranking(ranking, 2)


def test_a_ranking_may_leave_responses_out_and_comes_back_with_sorted_groups():
    assert validate_ranking([[3, 1], [0]], 5) == ((1, 3), (0,))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: ComparisonRecord((), (LEFT, RIGHT)), "no message"),
        (lambda: ComparisonRecord(PROMPT, (LEFT,)), "two responses or more; this has 1"),
        (lambda: ComparisonRecord(PROMPT, (LEFT, ResponseRecord("Left.", "other"))), "identical"),
        (lambda: ComparisonRecord(PROMPT, (LEFT, RIGHT), kind="demonstration"), "one response; this has 2"),
        (lambda: ComparisonRecord(PROMPT, (LEFT,), gold=((0,),), kind="demonstration"), "carries no judgment"),
        (lambda: judged(strength=4), "between 0 and 3"),
        (lambda: judged(ratings={2: {}}), "names response 2"),
        (lambda: judged(shown_order=(1, 1)), "twice"),
        (lambda: judged(dwell_ms=-1), "negative"),
        (lambda: judged(judged_at=datetime(2026, 1, 1)), "no time zone"),
    ],
)
def test_a_record_that_contradicts_itself_cannot_be_made(build, sentence):
    with pytest.raises(InvalidRecord, match=sentence):
        build()


def judged(**fields):
    return ComparisonRecord(PROMPT, (LEFT, RIGHT), (JudgmentRecord("p", ((0,), (1,)), **fields),))


def test_a_verdict_without_a_ranking_must_say_something_else():
    with pytest.raises(InvalidRanking):
        ComparisonRecord(PROMPT, (LEFT, RIGHT), (JudgmentRecord("p", ()),))
    ComparisonRecord(PROMPT, (LEFT, RIGHT), (JudgmentRecord("p", (), all_bad=True),))


def test_policies_are_no_part_of_what_was_said():
    named = ResponseRecord("Left.", "policy-1", {"temperature": 1.0})
    assert ComparisonRecord(PROMPT, (named, RIGHT)).comparison_hash == (
        ComparisonRecord(PROMPT, (RIGHT, LEFT)).comparison_hash
    )


def test_a_time_is_the_same_in_any_zone():
    seoul = datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    assert judged(judged_at=seoul).canonical() == judged(judged_at=datetime(2026, 1, 1, tzinfo=UTC)).canonical()


@given(comparisons(), st.randoms(use_true_random=False))
def test_the_order_in_which_data_came_leaves_no_trace(record, random):
    order = list(range(len(record.responses)))
    random.shuffle(order)
    new_index = {old: new for new, old in enumerate(order)}
    verdicts = [judgment.renumbered(new_index) for judgment in record.judgments]
    random.shuffle(verdicts)
    gold = record.gold and tuple(tuple(new_index[i] for i in group) for group in record.gold)
    shuffled = ComparisonRecord(
        record.prompt, tuple(record.responses[i] for i in order), tuple(verdicts), gold, record.metadata
    )
    assert bytes_of(shuffled) == bytes_of(record)
    assert shuffled.canonical().canonical() == shuffled.canonical()


def bytes_of(record):
    canonical = record.canonical()
    times = [str(judgment.judged_at) for judgment in canonical.judgments]
    row = SnapshotRow(canonical, "train", canonical.comparison_hash, canonical.prompt_hash)
    return canonical_json(content_of(row)), times
