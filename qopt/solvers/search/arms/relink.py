"""Paths between members of a population, and tabu search from the middle of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.arms.tabu import suits
from qopt.solvers.search.elite import Elite
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.walk import Walk

PATIENCE = 5
"""Steps without a new best after which a walk gives up, in numbers of bits: many short walks, not few long ones."""

MEMBERS = 10
BARREN = 15
"""Children in a row that are no new members, after which the population is built anew around its best."""

_APART = 1000  # members differ in at least one bit of so many


@dataclass(frozen=True, eq=False)
class Relink:
    """Path relinking: a child of two members is what tabu search finds from the best point between them.

    A turn begins with the elite, or, every second time, with one of it; the population is filled up by tabu search from
    random points. That it is small and short-lived is worth more than what it could still find.
    """

    landscape: Landscape

    name: ClassVar[str] = "relink"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = True

    @property
    def prior(self) -> float:
        """Likely to pay on a dense landscape."""
        return 0.9 if self.landscape.couplings.dense else 0.5

    def spend(self, turn: Turn) -> Ends:
        """Populations until the turn is over."""
        structure = self.landscape.structure
        random = np.random.default_rng([turn.seed, turn.number, 3])
        walk = Walk(self.landscape.couplings, turn.seed, turn.number, turn.watch, turn.work)
        patience = PATIENCE * structure.size
        members = Elite(MEMBERS, structure.size // _APART)
        chosen = random.permutation(len(turn.elite))[: MEMBERS if random.random() < 0.5 else 1]
        for k in chosen:
            members.add(turn.elite[k])
        while True:
            for _ in range(MEMBERS - len(members)):
                walk.to(structure.random_points(random, 1)[0])
                members.add(walk.improve(patience))
                if walk.over:
                    return walk.ends
            barren = 0
            while barren < BARREN and len(members) > 1:
                known = members.snapshot()
                one, other = random.choice(len(known), 2, replace=False)
                walk.between(known[one].point, known[other].point)
                barren = 0 if members.add(walk.improve(patience)) else barren + 1
                if walk.over:
                    return walk.ends
            members.thin(1)


def fit(landscape: Landscape) -> Relink | None:
    """Where tabu search suits."""
    return Relink(landscape) if suits(landscape) else None
