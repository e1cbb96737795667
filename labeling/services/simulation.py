"""Simulated annotators at work: they lease and submit like people, through the same services."""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from labeling.asked import best_part, bounds_of, places_asked, reason_is_required, required_ratings
from labeling.errors import NoPlantedQuality
from labeling.models import Assignment, Instrument, Membership, Person, Project
from labeling.queries import responses_as_shown
from labeling.services.assignments import lease_next
from labeling.services.judgments import submit_judgment
from labeling.services.people import set_membership
from labeling.stats.simulated import SimulatedAnnotator
from labeling.verdicts import Verdict

SIMULATED_REASON = "simulated"


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

    Raises: NoPlantedQuality when a comparison they are handed has none, or when the project asks for texts of theirs.
    """
    if project.instrument.kind == Instrument.Kind.DEMONSTRATION:
        raise NoPlantedQuality(_("Simulated annotators judge responses. They cannot write the answers asked for here."))
    annotators = [_simulated_person(project, number) for number in range(1, count + 1)]
    step = (highest_competence - lowest_competence) / max(1, count - 1)
    minds = {
        person.pk: SimulatedAnnotator(competence=lowest_competence + step * index, first_bias_nats=0.1)
        for index, person in enumerate(annotators)
    }
    people = [(person, minds[person.pk]) for person in annotators]
    stored = _work(project=project, people=people, seed=seed, limit=limit, progress=progress)
    return SimulationReport(
        annotators=count,
        judgments=stored,
        competence={person.pseudonym: round(minds[person.pk].competence, 3) for person in annotators},
    )


def simulate_minds(
    *, project: Project, minds: Sequence[SimulatedAnnotator], seed: int, each: int | None = None
) -> list[Person]:
    """Let one person for each of these minds judge, until nothing is left for them or each has judged `each` times.

    Returns: the people, in the order of the minds.
    Raises: as `simulate_annotators`.
    """
    people = [_simulated_person(project, number) for number in range(1, len(minds) + 1)]
    _work(project=project, people=list(zip(people, minds, strict=True)), seed=seed, each=each)
    return people


def _work(
    *,
    project: Project,
    people: Sequence[tuple[Person, SimulatedAnnotator]],
    seed: int,
    limit: int | None = None,
    each: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Let people take turns in a random order; returns how many judgments they stored."""
    draw = random.Random(seed)  # noqa: S311  reproducible, not secret
    stored = 0
    done = Counter[int]()
    waiting = list(people)
    while waiting and (limit is None or stored < limit):
        turn = draw.randrange(len(waiting))
        person, mind = waiting[turn]
        assignment = lease_next(project=project, annotator=person) if done[person.pk] != each else None
        if assignment is None:
            del waiting[turn]
            continue
        _judge(assignment, mind, draw)
        done[person.pk] += 1
        stored += 1
        progress(stored)
    return stored


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
    if instrument.kind == Instrument.Kind.RATING:
        groups = []
    asked = best_part(groups, places_asked(instrument, len(responses)))
    said = strength if instrument.asks_strength else None
    verdict = Verdict(
        ranking=tuple(tuple(responses[position].pk for position in group) for group in asked),
        strength=said,
        ratings={
            response.pk: ratings
            for response, quality in zip(responses, qualities, strict=True)
            if (ratings := _ratings(instrument, quality))
        },
        reason=SIMULATED_REASON if reason_is_required(instrument, said) else "",
        dwell_ms=mind.dwell_ms(sum(len(response.content) for response in responses), draw),
    )
    submit_judgment(assignment=assignment, verdict=verdict, client_id=UUID(int=draw.getrandbits(128), version=4))


def _ratings(instrument: Instrument, quality_nats: float) -> dict[str, float]:
    """The ratings an instrument requires, as the planted quality would have them: the middle of the scale at 0 nats."""
    share = 1 / (1 + math.exp(-quality_nats))
    bounds = {attribute["name"]: bounds_of(attribute) for attribute in required_ratings(instrument)}
    return {name: lowest + round(share * (highest - lowest)) for name, (lowest, highest) in bounds.items()}
