"""The order of the queue as others see it: a downstream app writes priorities, higher first."""

import math
from collections.abc import Iterator, Mapping
from itertools import groupby, islice

import numpy as np
from django.db import connection, transaction

from labeling.models import Comparison, ComparisonResponse, Project
from labeling.services.leaderboard.request import LeaderboardRequest
from labeling.services.leaderboard.verdicts import read_verdicts
from labeling.stats.information import Strengths, expected_information, fit_strengths
from labeling.stats.outcomes import outcomes_of

CHUNK = 2000
ROWS_AT_ONCE = 10_000


def set_priorities(*, project: Project, priorities: Mapping[int, float]) -> int:
    """Give comparisons of a project the priorities by which its queue goes, the highest first; others keep theirs.

    Written some thousand at a time, each of them at once: somebody who asks for work meanwhile skips those being
    written.

    Args:
        priorities: {comparison id: priority}; ids of other projects are left out.

    Returns: how many changed.
    Raises: ValueError for a priority that is no finite number, and then none is written.
    """
    if broken := [pk for pk, priority in priorities.items() if not math.isfinite(priority)]:
        raise ValueError(f"The priority of comparison {broken[0]} is no finite number.")
    changed = 0
    ids = iter(sorted(priorities))
    while chunk := list(islice(ids, CHUNK)):
        changed += _write(project, {pk: float(priorities[pk]) for pk in chunk})
    return changed


@transaction.atomic
def _write(project: Project, priorities: Mapping[int, float]) -> int:
    """Change the rows that differ, locked in the order of their ids as everybody locks them."""
    rows = Comparison.objects.filter(project=project, pk__in=list(priorities)).order_by("pk")
    differ = [
        (priorities[pk], pk)
        for pk, priority in rows.select_for_update(of=("self",), no_key=True).values_list("pk", "priority")
        if priority != priorities[pk]
    ]
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE labeling_comparison SET priority = %s WHERE id = %s", differ)
    return len(differ)


def prioritize_by_information(*, project: Project) -> int:
    """Put first what is expected to tell most about the ranking of the project's policies; returns how many changed."""
    strengths, index = policy_strengths(project)
    told: dict[tuple[int, ...], float] = {}
    priorities = {}
    for comparison, policies in _policies_of_open(project):
        shown = tuple(sorted(index[policy] for policy in policies if policy in index))
        if shown not in told:
            told[shown] = expected_information(strengths, shown)
        priorities[comparison] = told[shown]
    return set_priorities(project=project, priorities=priorities)


def policy_strengths(project: Project) -> tuple[Strengths, dict[str, int]]:
    """How strong the project's policies are by the judgments that stand, and which index each has.

    Whoever gave them: people, imported and simulated annotators. A judgment counts once, whatever the number of
    responses it ranks; those that it leaves out stand below.
    """
    members = ComparisonResponse.objects.filter(comparison__project=project).exclude(response__policy_name="")
    names = sorted(members.values_list("response__policy_name", flat=True).distinct())
    index = {name: number for number, name in enumerate(names)}
    given = read_verdicts(project, LeaderboardRequest(imported=True, simulated=True))
    outcomes = outcomes_of(given.rankings, weight="judgment")
    won, tied = outcomes.tallies()
    places = [index[name] for name in outcomes.policies]
    wins = np.zeros((len(names), len(names)))  # with those that nobody has judged yet
    wins[np.ix_(places, places)] = won + tied / 2
    return fit_strengths(wins), index


def _policies_of_open(project: Project) -> Iterator[tuple[int, list[str]]]:
    """Each comparison that still wants somebody, with the policies of its responses."""
    members = (
        ComparisonResponse.objects.filter(comparison__project=project, comparison__open_slots__gt=0)
        .order_by("comparison_id")
        .values_list("comparison_id", "response__policy_name")
    )
    for comparison, rows in groupby(members.iterator(chunk_size=ROWS_AT_ONCE), key=lambda row: row[0]):
        yield comparison, [policy for _comparison, policy in rows]
