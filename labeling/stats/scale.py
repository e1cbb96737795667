"""The units in which strengths are shown."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scale:
    """Points: strength in nats · `points_per_nat` + `centre`, where the mean policy has 0 nats."""

    name: str
    points_per_nat: float
    centre: float

    def points(self, nats: float) -> float:
        return nats * self.points_per_nat + self.centre

    def nats(self, points: Floats) -> Floats:
        return (points - self.centre) / self.points_per_nat


NATS = Scale("nats", 1.0, 0.0)
ELO = Scale("elo", 400 / math.log(10), 1000.0)  # 400 points are odds of ten to one
