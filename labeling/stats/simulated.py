"""Annotators of planted quality: what a person with known skill, bias and speed would answer."""

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

STRENGTH_STEPS_NATS = (0.5, 1.5, 3.0)  # perceived gaps from which strength 1, 2 and 3 are said


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAnnotator:
    """One annotator's planted qualities.

    Attributes:
        competence: how much of the planted quality they perceive: 0 guesses, 1 answers as Bradley–Terry says, more is
            steadier, and a negative one prefers what is worse.
        first_bias_nats: how much better whatever is shown first seems to them.
        tie_threshold_nats: perceived gaps below it are called a tie.
        seconds_per_character: reading speed, from which the dwell time comes.
    """

    competence: float = 1.0
    first_bias_nats: float = 0.0
    tie_threshold_nats: float = 0.25
    seconds_per_character: float = 0.02

    def perceive(self, qualities: Sequence[float], draw: random.Random) -> list[float]:
        """What each shown response seems worth, in nats, shape (K,): competence · quality + Gumbel noise + bias.

        With competence 1 and no bias, response i seems better than j with probability sigmoid(q_i − q_j), which is the
        Bradley–Terry model; over K responses the order is Plackett–Luce.

        Source: Luce 1959; Yellott 1977 (Gumbel noise gives the Luce choice rule).
        """
        seen = [self.competence * quality - math.log(-math.log(draw.random() or 1e-300)) for quality in qualities]
        seen[0] += self.first_bias_nats
        return seen

    def rank(self, qualities: Sequence[float], draw: random.Random) -> tuple[list[list[int]], int]:
        """Rank responses shown in this order.

        Returns: tie groups of positions, best first, and the strength 0–3 with which the best beats the next.
        """
        seen = self.perceive(qualities, draw)
        order = sorted(range(len(seen)), key=lambda position: -seen[position])
        groups = [[order[0]]]
        for previous, position in itertools.pairwise(order):
            if seen[previous] - seen[position] < self.tie_threshold_nats:
                groups[-1].append(position)
            else:
                groups.append([position])
        gap = seen[order[0]] - seen[order[1]]
        strength = 0 if len(groups[0]) > 1 else sum(gap >= step for step in STRENGTH_STEPS_NATS)
        return groups, strength

    def dwell_ms(self, characters: int, draw: random.Random) -> int:
        """How long they look at that much text, in milliseconds, never under 1.5 s."""
        seconds = characters * self.seconds_per_character * draw.lognormvariate(0.0, 0.4)
        return round(1000 * max(1.5, seconds))


# What goes wrong with annotators, beside people who do their best: a cast for trying whether it is found.
GOOD = SimulatedAnnotator(competence=1.5, first_bias_nats=0.1)
BAD: dict[str, SimulatedAnnotator] = {
    "random clicker": SimulatedAnnotator(competence=0.0),
    "side-biased": SimulatedAnnotator(competence=0.5, first_bias_nats=4.0),
    "lazy": SimulatedAnnotator(competence=0.4, seconds_per_character=0.002),
    "careless": SimulatedAnnotator(competence=0.1),
    "adversarial": SimulatedAnnotator(competence=-1.5),
}
