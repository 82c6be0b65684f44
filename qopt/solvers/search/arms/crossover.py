"""Bits that some points never part are turned over together: what is left to choose is a much smaller problem.

Its points are the parents, all their crosses and more, so that good parts of many parents come together in one child
(the genetic renormalisation of Houdayer & Martin, 1999). A population of poor points, a few hundred sweeps in all, so
becomes one that on grids and the like hardly anything else reaches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from qopt.core.arrays import Bits
from qopt.core.watch import Watch
from qopt.solvers.search.annealer import Annealer, Block
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.beside import annealed, side_by_side
from qopt.solvers.search.clusters import Contracted
from qopt.solvers.search.landscape import Landscape

PARENTS = 3, 8
"""Of a child: drawn between these."""

POPULATION = 8, 64
"""Least and most members; in between, as many as a turn has time to bring together."""

READS, SWEEPS = 8, 100
"""Of the problem that the parents leave."""

FRESH = 0.5
"""How often the population is annealed from random points though the elite would do as one."""

_FIRST_SWEEPS = 64  # of a population
_FIRST_SHARE = 0.25  # of a turn, at most, for them
_CHILDREN = 7  # per member until all are alike
_STALE = 3  # children per member that change nothing, after which all are alike
_HOTTER = 1.2  # than the hottest temperature of the landscape: a cluster has more neighbours than a bit
_GRID = 5.0  # mean number of neighbours up to which landscapes fall apart into clusters
_MOST_SECONDS = 5.0  # of a turn where nothing says when the time is up


@dataclass(eq=False)
class Crossover:
    """A population whose members give way to their children until all are alike."""

    landscape: Landscape
    pace: list[float] = field(default_factory=lambda: [1e8])
    """Moves per second of the children, the one entry: how large a population a turn by time has room for."""

    name: ClassVar[str] = "crossover"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = True

    @property
    def prior(self) -> float:
        """High for grids and what is as thin."""
        couplings = self.landscape.couplings
        return 0.9 if len(couplings.col) <= _GRID * len(couplings.linear) else 0.4

    def spend(self, turn: Turn) -> Ends:
        """Children until the turn is over or the population has become one."""
        random = np.random.default_rng([turn.seed, turn.number, 4])
        if len(turn.elite) >= POPULATION[0] and random.random() >= FRESH:
            points = np.array([entry.point for entry in turn.elite])
            energies = np.array([entry.energy for entry in turn.elite])
            moves = points.size
        else:
            first = self._population(turn, random)
            points, energies, moves = first.points, first.energies, first.moves
        began, before, stale = turn.watch.clock(), moves, 0
        while stale < _STALE * len(points) and not self._over(turn, moves):
            count = min(len(points), int(random.integers(PARENTS[0], PARENTS[1] + 1)))
            chosen = random.choice(len(points), count, replace=False)
            chosen = chosen[np.argsort(energies[chosen], kind="stable")]
            child, energy, done = self._child(points[chosen], random, turn.watch)
            moves, stale, worst = moves + done, stale + 1, chosen[-1]
            if energy < energies[worst]:
                stale = 0
            if energy <= energies[worst]:
                points[worst], energies[worst] = child, energy
        if moves > before:
            self.pace[0] = (moves - before) / max(1e-6, turn.watch.clock() - began)
        order = np.argsort(energies, kind="stable")
        return Ends(points[order], energies[order], moves, not turn.watch.expired())

    def _over(self, turn: Turn, moves: int) -> bool:
        return turn.watch.expired() or (turn.work is not None and moves >= turn.work)

    def _population(self, turn: Turn, random: np.random.Generator) -> Ends:
        """Ends of short reads, as many as there is time to bring together."""
        annealer = Annealer.of(self.landscape, int(random.integers(2**63)))
        size, reads = self.landscape.structure.size, side_by_side(annealer)
        room = turn.work
        if room is None:
            room = int(self.pace[0] * min(_MOST_SECONDS, turn.watch.remaining()))
        children = (1 - _FIRST_SHARE) * room / (size * (READS * SWEEPS / 8 + PARENTS[1]))
        members = int(min(max(POPULATION[0], children / _CHILDREN), POPULATION[1]))
        sweeps = _FIRST_SWEEPS
        if turn.work is not None:
            sweeps = int(min(sweeps, max(1, _FIRST_SHARE * turn.work / (size * reads))))
        temperatures = self.landscape.arranged.schedule(turn.watch).sweeps(sweeps)
        return annealed(annealer, None, range(reads), temperatures, turn.watch, lowest=members)

    def _child(self, parents: Bits, random: np.random.Generator, watch: Watch) -> tuple[Bits, float, int]:
        """A child of parents, its energy, and the moves that it took."""
        shared = Contracted.of(self.landscape.couplings, parents)
        hot, cold = self.landscape.arranged.temperatures(watch)
        annealer = Annealer(shared.structure, shared.couplings, int(random.integers(2**63)))
        block = Block(range(READS), np.geomspace(_HOTTER * hot, cold, SWEEPS), False)
        ends = list(annealer.run(block, watch))
        best = min(ends, key=lambda end: float(end.energies[0]))
        energy = shared.energy + float(best.energies[0])
        return shared.restore(best.points[0]), energy, parents.size + sum(end.moves for end in ends)


def fit(landscape: Landscape) -> Crossover | None:
    """For sparse pairs of free bits that can be annealed side by side."""
    return Crossover(landscape) if landscape.plain and side_by_side(Annealer.of(landscape, 0)) else None
