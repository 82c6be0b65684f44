"""Bits that some of the elite never part are turned over together: what is left to choose is a much smaller problem.

Its points are the parents, all their crosses and more, so that good parts of many parents come together in one child
(the genetic renormalisation of Houdayer & Martin, 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qopt.core.arrays import Bits
from qopt.solvers.search.annealer import Annealer, Block
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.clusters import Contracted
from qopt.solvers.search.landscape import Landscape

PARENTS = 3, 8
"""Of a child: drawn between these, as far as the elite reaches."""

READS, SWEEPS = 8, 100
"""Of the smaller problem."""

_HOTTER = 1.2  # than the hottest temperature of the landscape: a cluster has more neighbours than a bit


@dataclass(frozen=True, eq=False)
class Crossover:
    """Children of random parents, one after the other."""

    landscape: Landscape

    name: ClassVar[str] = "crossover"
    needs: ClassVar[int] = PARENTS[0]
    patient: ClassVar[bool] = False
    prior: ClassVar[float] = 0.5

    def spend(self, turn: Turn) -> Ends:
        """Children until the turn is over; at least one."""
        random = np.random.default_rng([turn.seed, turn.number, 4])
        points: list[Bits] = []
        energies: list[float] = []
        moves = 0
        while not points or not (turn.watch.expired() or (turn.work is not None and moves >= turn.work)):
            count = min(len(turn.elite), int(random.integers(PARENTS[0], PARENTS[1] + 1)))
            chosen = np.sort(random.choice(len(turn.elite), count, replace=False))
            parents = np.array([turn.elite[k].point for k in chosen])
            child = Contracted.of(self.landscape.couplings, parents)
            hot, cold = self.landscape.arranged.temperatures(turn.watch)
            annealer = Annealer(child.structure, child.couplings, int(random.integers(2**63)))
            block = Block(range(READS), np.geomspace(_HOTTER * hot, cold, SWEEPS), False)
            moves += parents.size
            for ends in annealer.run(block, turn.watch):
                points.append(child.restore(ends.points[0]))
                energies.append(child.energy + float(ends.energies[0]))
                moves += ends.moves
        return Ends(np.array(points), np.array(energies), moves, not turn.watch.expired())


def fit(landscape: Landscape) -> Crossover | None:
    """For sparse pairs of free bits."""
    return Crossover(landscape) if landscape.plain and landscape.arranged.sparse else None
