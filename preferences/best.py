"""The one answer of a comparison that its judgments find best."""

from collections import defaultdict

from preferences.records import ComparisonRecord


def best_response(record: ComparisonRecord) -> int | None:
    """The index of the answer with the best mean place over all judgments, None if there is no such answer.

    There is none where two share the best mean place, where nobody ranked, and where at least half of the judgments
    say that all are bad. Responses that a ranking leaves out stand below those it names.
    """
    verdicts = [judgment for judgment in record.judgments if judgment.ranking]
    bad = sum(judgment.all_bad for judgment in record.judgments)
    if record.kind != "comparison" or not verdicts or bad * 2 >= len(record.judgments):
        return None
    places: dict[int, float] = defaultdict(float)
    for judgment in verdicts:
        place = {index: position for position, group in enumerate(judgment.ranking) for index in group}
        for index in range(len(record.responses)):
            places[index] += place.get(index, len(judgment.ranking))
    first, second = sorted(range(len(record.responses)), key=lambda index: places[index])[:2]
    return first if places[first] < places[second] else None
