"""Annealed reads from random points, as many sweeps as fit into the turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from qopt.solvers.search.annealer import MOST_LANES, Annealer, Block
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.landscape import Landscape

_BESIDE = 8  # reads of a turn where they go one after the other
_LEAST_SWEEPS = 128


@dataclass(eq=False)
class Replicas:
    """A block of reads per turn, from the hottest to the coldest temperature of the landscape."""

    landscape: Landscape
    pace: list[float] = field(default_factory=lambda: [3e7])
    """Moves per second of the turns so far, the last one last; how long a turn by time may anneal."""

    name: ClassVar[str] = "replicas"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = True
    prior: ClassVar[float] = 0.5

    @cached_property
    def annealer(self) -> Annealer:
        """For the temperatures, which every turn shares."""
        return Annealer(self.landscape.structure, self.landscape.couplings, 0)

    def spend(self, turn: Turn) -> Ends:
        """Anneal one block."""
        annealer = Annealer(self.landscape.structure, self.landscape.couplings, turn.seed + turn.number)
        hot, cold = self.range
        lanes = annealer.lanes(MOST_LANES)
        reads = lanes or _BESIDE
        moves = max(1, self.landscape.structure.moves)
        work = turn.work if turn.work is not None else int(0.8 * self.pace[-1] * turn.watch.remaining())
        reads = max(1, min(reads, work // (moves * _LEAST_SWEEPS)))
        sweeps = max(1, min(work // (moves * reads), 10**6))
        starts = [(read, annealer.start(read)) for read in range(reads)]
        before = turn.watch.clock()
        done = list(annealer.run(Block(starts, np.geomspace(hot, cold, sweeps), lanes > 0), turn.watch))
        ends = Ends(
            np.concatenate([e.points for e in done]),
            np.concatenate([e.energies for e in done]),
            sum(e.moves for e in done),
            all(e.complete for e in done),
        )
        self.pace.append(ends.moves / max(1e-6, turn.watch.clock() - before))
        return ends

    @cached_property
    def range(self) -> tuple[float, float]:
        """Hottest and coldest temperature, in inner energies."""
        import time

        from qopt.core.watch import Watch

        return self.annealer.temperatures(Watch(clock=time.perf_counter))


def fit(landscape: Landscape) -> Replicas | None:
    """For everything that pairs say."""
    return Replicas(landscape) if landscape.plain else None
