"""Copies of a good point are warmed up a little and cooled again, and every part of it that came out better is kept.

A warm-up that is mild enough changes a sparse landscape in many separate clusters. Each copy finds some that are worth
having and spoils others; crossing them (``kernels.crossover``) keeps the gains of all copies and none of the losses, so
that a large landscape is improved in all its parts at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from qopt.core.arrays import Bits
from qopt.core.watch import Watch
from qopt.solvers.search.annealer import LEAST_LANES, MOST_LANES, Annealer, Block
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.clusters import Merged
from qopt.solvers.search.landscape import Landscape

WARMTH = 0.28, 0.5
"""How warm the copies get, as a share of the hottest temperature: drawn between these for every round."""

SWEEPS = 64, 1024
"""Of a round: drawn evenly in the logarithm, fewer where the turn is too short."""

_FIRST_SWEEPS = 64  # of the round from random points
_LEAST_SWEEPS = 16
_KEPT = 8  # reads returned of the round from random points
_SHARE = 0.8  # of the time left that a round is planned for


@dataclass(eq=False)
class Renewal:
    """Rounds of warming, cooling and crossing, from an entry of the elite or, without any, from random points."""

    landscape: Landscape
    pace: list[float] = field(default_factory=lambda: [1e8])
    """Moves per second of the last round: makes rounds fit into what is left of a turn that ends by time."""

    name: ClassVar[str] = "renewal"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = True
    prior: ClassVar[float] = 0.9

    def spend(self, turn: Turn) -> Ends:
        """Rounds until the turn is over."""
        random = np.random.default_rng([turn.seed, turn.number, 2])
        run = _Run(self, turn)
        hot, cold = self.range
        others: list[Bits] = []
        if turn.elite:
            start = turn.elite[int(len(turn.elite) * random.random() ** 2)].point
        else:
            sweeps = max(1, min(_FIRST_SWEEPS, run.sweeps))
            start, *others = run.anneal(None, np.geomspace(hot, cold, sweeps))
        merged = Merged(self.landscape.couplings, start, turn.seed, turn.number)
        merged.cross(others, turn.watch)
        while run.complete:
            warm = max(cold, hot * random.uniform(*WARMTH))
            drawn = int(np.exp(random.uniform(*np.log(SWEEPS))))
            sweeps = min(drawn, run.sweeps)
            if sweeps < _LEAST_SWEEPS:
                break
            ends = run.anneal(merged.point, np.geomspace(warm, cold, sweeps))
            if run.complete:
                merged.cross(ends, turn.watch)
        points = np.array([merged.point, *others[: _KEPT - 1]])
        energies = [Merged(self.landscape.couplings, p, 0, 0).energy for p in points]
        return Ends(points, np.array(energies), run.moves, run.complete)

    @cached_property
    def range(self) -> tuple[float, float]:
        """Hottest and coldest temperature, in inner energies; the same for all turns."""
        return Annealer(self.landscape.structure, self.landscape.couplings, 0).temperatures(Watch(clock=float))


class _Run:
    """The blocks of reads of one turn, and what they have taken of it."""

    def __init__(self, arm: Renewal, turn: Turn) -> None:
        self.moves, self.complete = 0, True
        self._annealer = Annealer(arm.landscape.structure, arm.landscape.couplings, turn.seed + turn.number)
        self._turn, self._pace = turn, arm.pace
        self._lanes = self._annealer.lanes(MOST_LANES)
        self._read = 0

    @property
    def sweeps(self) -> int:
        """Sweeps that there is room for."""
        turn = self._turn
        if turn.work is not None:
            room = turn.work - self.moves
        else:
            room = int(_SHARE * self._pace[-1] * turn.watch.remaining()) if turn.watch.deadline is not None else 2**62
        return room // (self._lanes * self._annealer.structure.size)

    def anneal(self, start: Bits | None, temperatures: np.ndarray) -> list[Bits]:
        """Reads from copies of a point, or from random points; the lowest first."""
        numbers = range(self._read, self._read + self._lanes)
        starts = [(k, self._annealer.start(k) if start is None else start) for k in numbers]
        before = self._turn.watch.clock()
        (ends,) = self._annealer.run(Block(starts, temperatures, True), self._turn.watch)
        self._pace.append(ends.moves / max(1e-6, self._turn.watch.clock() - before))
        self._read += self._lanes
        self.moves += ends.moves
        self.complete = ends.complete
        return list(ends.points[np.argsort(ends.energies, kind="stable")])


def fit(landscape: Landscape) -> Renewal | None:
    """For sparse pairs of free bits, not too many for the lanes."""
    if not (landscape.plain and landscape.free):
        return None
    annealer = Annealer(landscape.structure, landscape.couplings, 0)
    return Renewal(landscape) if annealer.lanes(MOST_LANES) >= LEAST_LANES else None
