"""Simulated annotators at work: they lease and submit like people, through the same services."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from labeling.errors import NoPlantedQuality
from labeling.models import Assignment, Membership, Person, Project
from labeling.queries import responses_as_shown
from labeling.services.assignments import lease_next
from labeling.services.judgments import submit_judgment
from labeling.services.people import set_membership
from labeling.stats.simulated import SimulatedAnnotator
from labeling.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """What simulated annotators did: how many of them, how many judgments they stored, and with which competence."""

    annotators: int
    judgments: int
    competence: dict[str, float]


def simulate_annotators(
    *,
    project: Project,
    count: int,
    seed: int,
    lowest_competence: float = 0.6,
    highest_competence: float = 2.0,
    limit: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> SimulationReport:
    """Let `count` people of planted competence judge until nothing is left for them, or `limit` judgments are stored.

    They judge by the quality planted in the comparisons' metadata: {"planted_quality": {response hash: nats}}, of each
    hash the first 16 digits.

    Args:
        lowest_competence, highest_competence: the people's competences are spread evenly between the two.

    Raises: NoPlantedQuality when a comparison they are handed has none.
    """
    annotators = [_simulated_person(project, number) for number in range(1, count + 1)]
    step = (highest_competence - lowest_competence) / max(1, count - 1)
    minds = {
        person.pk: SimulatedAnnotator(competence=lowest_competence + step * index, first_bias_nats=0.1)
        for index, person in enumerate(annotators)
    }
    draw = random.Random(seed)  # noqa: S311  reproducible, not secret
    stored = 0
    waiting = list(annotators)
    while waiting and (limit is None or stored < limit):
        person = waiting[draw.randrange(len(waiting))]
        assignment = lease_next(project=project, annotator=person)
        if assignment is None:
            waiting.remove(person)
            continue
        _judge(assignment, minds[person.pk], draw)
        stored += 1
        progress(stored)
    return SimulationReport(
        annotators=count,
        judgments=stored,
        competence={person.pseudonym: round(minds[person.pk].competence, 3) for person in annotators},
    )


def _simulated_person(project: Project, number: int) -> Person:
    email = f"simulated-{number}@{project.slug}.example.org"
    person = Person.objects.filter(email=email).first() or Person.objects.create_user(
        email, kind=Person.Kind.SIMULATED, name=f"Simulated {number}"
    )
    set_membership(project=project, person=person, role=Membership.Role.ANNOTATOR)
    return person


def _judge(assignment: Assignment, mind: SimulatedAnnotator, draw: random.Random) -> None:
    responses = responses_as_shown(assignment)
    planted = assignment.comparison.metadata.get("planted_quality", {})
    try:
        qualities = [float(planted[response.content_hash[:16]]) for response in responses]
    except KeyError:
        raise NoPlantedQuality(
            _("Comparison %(id)d has no planted quality for each response, so nobody can be simulated on it.")
            % {"id": assignment.comparison_id}
        ) from None
    groups, strength = mind.rank(qualities, draw)
    instrument = assignment.project.instrument
    if not instrument.allows_ties:
        groups = [[position] for group in groups for position in group]
    verdict = Verdict(
        ranking=tuple(tuple(responses[position].pk for position in group) for group in groups),
        strength=strength if instrument.asks_strength else None,
        dwell_ms=mind.dwell_ms(sum(len(response.content) for response in responses), draw),
    )
    submit_judgment(assignment=assignment, verdict=verdict, client_id=UUID(int=draw.getrandbits(128), version=4))
