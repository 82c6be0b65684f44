"""Annealed reads under rows: running activities with prices that adapt, no slack bits; products and groups as well."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from qopt.core.clock import now
from qopt.core.watch import Watch
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.arms import products
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.priced import Priced, Prices, Read

READS = 4
"""Of a turn by work; of one by time, about."""

_LEAST_SWEEPS, _MOST_SWEEPS = 32, 10**6
_PILOT = (6, 60, 2**21)  # reads, sweeps and most moves of the run that finds the prices of a run by work


@dataclass(eq=False)
class Activities:
    """A few reads per turn, from random points and from the elite.

    Prices go on from turn to turn in a run by time; in one by work every turn starts with those of the same pilot run.
    """

    landscape: Landscape
    latest: list[Prices] = field(default_factory=list)
    pace: list[float] = field(default_factory=lambda: [3e6])
    """Moves per second of the turns so far, the last one last."""

    name: ClassVar[str] = "activities"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = True
    prior: ClassVar[float] = 0.9

    @cached_property
    def annealer(self) -> Priced:
        """The arrays."""
        return Priced(self.landscape)

    @cached_property
    def piloted(self) -> Prices:
        """Prices after some short reads."""

        watch = Watch(clock=now)
        reads, sweeps, most = _PILOT
        prices = self.annealer.first_prices
        sweeps = max(4, min(sweeps, most // (reads * max(1, self.landscape.structure.moves))))
        hot, cold = self.annealer.temperatures(prices, watch)
        for k in range(reads):
            temperatures = np.geomspace(hot, cold, sweeps)
            prices = self.annealer.read(None, temperatures, prices, seed=0, stream=k, watch=watch).prices
        return prices

    def spend(self, turn: Turn) -> Ends:
        """Anneal ``READS`` times, or until the watch ends; at least once."""
        moves = max(1, self.landscape.structure.moves)
        if turn.work is None:
            prices = self.latest[-1] if self.latest else self.annealer.first_prices
            work = int(0.9 * self.pace[-1] * min(turn.watch.remaining(), 60.0))
        else:
            prices, work = self.piloted, turn.work
        sweeps = max(_LEAST_SWEEPS, min(work // (READS * moves), _MOST_SWEEPS))
        hot, cold = self.annealer.temperatures(prices, turn.watch)
        random = np.random.default_rng([turn.seed & (2**64 - 1), turn.number, 3])
        before, reads, spent = turn.watch.clock(), list[Read](), 0
        while not reads or (spent + sweeps * moves <= work and reads[-1].complete):
            k = len(reads)
            known = turn.elite[int(random.integers(len(turn.elite)))].point if turn.elite and k % 2 else None
            temperatures = np.geomspace(hot if known is None else (hot * cold) ** 0.5, cold, sweeps)
            stream = turn.number * 64 + k
            reads.append(
                self.annealer.read(known, temperatures, prices, seed=turn.seed, stream=stream, watch=turn.watch)
            )
            prices = reads[-1].prices
            spent += reads[-1].moves
        self.latest.append(prices)
        self.pace.append(max(1e4, spent / max(1e-6, turn.watch.clock() - before)))
        return Ends(
            np.array([read.point for read in reads]),
            np.array([read.energy for read in reads]),
            spent,
            reads[-1].complete,
            np.array([read.violation for read in reads]) if len(self.landscape.compiled.rows) else None,
        )


def fit(landscape: Landscape) -> Activities | None:
    """For rows and products, with groups or without; products that arm ``products`` can search alone are left to it."""
    return None if landscape.plain or products.fit(landscape) is not None else Activities(landscape)
