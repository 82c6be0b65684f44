"""Paths between members of a population, and tabu search from the middle of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qopt.solvers.search.annealer import Annealer, Block
from qopt.solvers.search.arm import Ends, Entry, Turn
from qopt.solvers.search.arms.tabu import suits
from qopt.solvers.search.elite import Elite
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.walk import Walk

SWEEPS = 100
"""Of the short anneal that a newcomer comes from."""

PATIENCE = 3
"""Steps without a new best after which a walk gives up, in numbers of bits: many short walks, not few long ones."""

MEMBERS = 10
BARREN = 15
"""Children in a row that are no new members, after which the population is built anew around its best."""

_APART = 1000  # members differ in at least one bit of so many


@dataclass(frozen=True, eq=False)
class Relink:
    """Path relinking: a child of two members is what tabu search finds from the best point between them.

    A turn begins with the elite or, once that is large, every second time with one of it; newcomers make up the number.
    That a population is small and short-lived is worth more than what it could still find.
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
        members = Elite(MEMBERS, structure.size // _APART)
        again = len(turn.elite) < MEMBERS or random.random() < 0.5
        for k in random.permutation(len(turn.elite))[: MEMBERS if again else 1]:
            members.add(turn.elite[k])
        while True:
            for _ in range(MEMBERS - len(members)):
                members.add(self._newcomer(walk, random, turn))
                if walk.over:
                    return walk.ends
            barren = 0
            while barren < BARREN and len(members) > 1:
                known = members.snapshot()
                one, other = random.choice(len(known), 2, replace=False)
                walk.between(known[one].point, known[other].point)
                barren = 0 if members.add(walk.improve(PATIENCE * structure.size)) else barren + 1
                if walk.over:
                    return walk.ends
            members.thin(1)

    def _newcomer(self, walk: Walk, random: np.random.Generator, turn: Turn) -> Entry:
        """What tabu search finds from where a short anneal ends."""
        annealer = Annealer.of(self.landscape, int(random.integers(2**63)))
        sweeps = SWEEPS if walk.left is None else min(SWEEPS, walk.left)
        temperatures = self.landscape.arranged.schedule(turn.watch).sweeps(sweeps)
        (ends,) = annealer.run(Block([(0, annealer.start(0))], temperatures, False), turn.watch)
        walk.count(ends.moves)
        walk.to(ends.points[0])
        return walk.improve(PATIENCE * self.landscape.structure.size)


def fit(landscape: Landscape) -> Relink | None:
    """Where tabu search suits."""
    return Relink(landscape) if suits(landscape) else None
