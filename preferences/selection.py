"""A comparison of some of its responses only."""

from collections.abc import Container
from dataclasses import replace

from preferences.records import ComparisonRecord, JudgmentRecord


def with_responses(record: ComparisonRecord, kept: Container[int]) -> ComparisonRecord | None:
    """The comparison as it stands between some of its responses, the others taken out of every verdict.

    The order of those that stay is as it was judged. A verdict that loses a response loses its strength as well, for
    nobody can tell which two it spoke of; one that says nothing of those that stay is left out.

    Args:
        kept: the indices of the responses that stay.

    Returns: the record itself if all stay; None if fewer than two do.
    """
    staying = [index for index in range(len(record.responses)) if index in kept]
    if len(staying) == len(record.responses):
        return record
    if len(staying) < 2:
        return None
    new_index = {old: new for new, old in enumerate(staying)}
    judgments = (_between(judgment, new_index) for judgment in record.judgments)
    return replace(
        record,
        responses=tuple(record.responses[index] for index in staying),
        judgments=tuple(judgment for judgment in judgments if _says_something(judgment)),
        gold=(_groups(record.gold, new_index) or None) if record.gold is not None else None,
    )


def _between(judgment: JudgmentRecord, new_index: dict[int, int]) -> JudgmentRecord:
    return replace(
        judgment,
        ranking=_groups(judgment.ranking, new_index),
        strength=None,
        ratings={new_index[index]: values for index, values in judgment.ratings.items() if index in new_index},
        shown_order=tuple(new_index[index] for index in judgment.shown_order if index in new_index),
    )


def _groups(ranking: tuple[tuple[int, ...], ...], new_index: dict[int, int]) -> tuple[tuple[int, ...], ...]:
    groups = (tuple(sorted(new_index[index] for index in group if index in new_index)) for group in ranking)
    return tuple(group for group in groups if group)


def _says_something(judgment: JudgmentRecord) -> bool:
    return bool(judgment.ranking or judgment.all_bad or judgment.ratings or judgment.flags)
