"""Tabu search from random points and from the elite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.walk import Walk

PATIENCE = 20
"""Steps without a new best after which a walk gives up, in numbers of bits."""

MOST_BITS = 8192
"""Of a sparse landscape: a step looks at every bit, however few of them have changed."""


@dataclass(frozen=True, eq=False)
class Tabu:
    """Walks one after the other: every second one from the elite, where there is one, the others from random points."""

    landscape: Landscape

    name: ClassVar[str] = "tabu"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = False
    prior: ClassVar[float] = 0.4

    def spend(self, turn: Turn) -> Ends:
        """Walks until the turn is over."""
        structure = self.landscape.structure
        random = np.random.default_rng([turn.seed, turn.number, 2])
        walk = Walk(self.landscape.couplings, turn.seed, turn.number, turn.watch, turn.work)
        while True:
            if turn.elite and random.random() < 0.5:
                start = turn.elite[int(len(turn.elite) * random.random() ** 2)].point
            else:
                start = structure.random_points(random, 1)[0]
            walk.to(start)
            walk.improve(PATIENCE * structure.size)
            if walk.over:
                return walk.ends


def suits(landscape: Landscape) -> bool:
    """Whether walks can search a landscape, and it pays to look at every bit at every step."""
    small = landscape.couplings.dense or landscape.structure.size <= MOST_BITS
    return landscape.plain and landscape.free and landscape.structure.size > 0 and small


def fit(landscape: Landscape) -> Tabu | None:
    """For free bits and pairs, in a matrix or not too many."""
    return Tabu(landscape) if suits(landscape) else None
