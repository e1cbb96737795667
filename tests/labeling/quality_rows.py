"""A project that people of planted competence and side bias have judged, made without the queue."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from labeling.models import Comparison, Judgment, Person, Project
from labeling.stats.simulated import SimulatedAnnotator
from tests.factories import make_comparison, make_gold, make_member

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def make_pairs(project: Project, count: int, *, gold: int = 0) -> list[Comparison]:
    """Pairs whose first response is by 1.5 nats the better one; the first `gold` of them are gold."""
    return [make_gold(project) if number < gold else make_comparison(project, open_slots=0) for number in range(count)]


def judge_pairs(
    project: Project,
    comparisons: list[Comparison],
    minds: Mapping[str, SimulatedAnnotator],
    *,
    seed: int = 7,
    source: str = "person",
) -> dict[str, Person]:
    """Everybody judges every pair, shown in an order drawn anew, one a minute.

    Args:
        minds: what people are like, by a name of theirs.
    """
    draw = random.Random(seed)
    people = {name: make_member(project, name=name) for name in minds}
    judgments = []
    for name, mind in minds.items():
        for number, comparison in enumerate(comparisons):
            shown = sorted(comparison.responses.values_list("pk", flat=True))
            better = shown[0]
            draw.shuffle(shown)
            groups, strength = mind.rank([1.5 if one == better else 0.0 for one in shown], draw)
            judgments.append(
                Judgment(
                    project=project,
                    comparison=comparison,
                    annotator=people[name],
                    ranking=[[shown[index] for index in group] for group in groups],
                    strength=strength,
                    shown_order=shown,
                    dwell_ms=mind.dwell_ms(400, draw),
                    judged_at=START + timedelta(minutes=number),
                    source=source,
                    is_surplus=True,
                    verdict_hash="",
                )
            )
    Judgment.objects.bulk_create(judgments)
    return people
