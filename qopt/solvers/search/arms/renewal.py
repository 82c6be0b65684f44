"""Copies of a good point are warmed up a little and cooled again, and every part of it that came out better is kept.

A warm-up that is mild enough changes a sparse landscape in many separate clusters. Each copy finds some that are worth
having and spoils others; crossing them (``kernels.crossover``) keeps the gains of all copies and none of the losses, so
that a large landscape is improved in all its parts at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from qopt.solvers.search.annealer import Annealer
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.beside import annealed, side_by_side
from qopt.solvers.search.clusters import Merged
from qopt.solvers.search.landscape import Landscape

WARM = 0.1, 0.7
"""Where in the schedule a round begins: drawn between these."""

SWEEPS = 32, 512
"""Of a round: drawn evenly in the logarithm, fewer where the turn is too short."""

FRESH = 0.3
"""How often a turn begins at random points though there is an elite: crosses need points that differ."""

_LEAST_SWEEPS = 16
_CROSSED = 128  # ends of a round at most, the lowest
_SHARE = 0.8  # of the time left that a round is planned for
_MOST_SECONDS = 1.0  # of a round where nothing says when the time is up


@dataclass(eq=False)
class Renewal:
    """Rounds of annealed copies, each crossed with what the copies were made of."""

    landscape: Landscape
    pace: list[float] = field(default_factory=lambda: [1e9])
    """Moves per second of the last round, the one entry: makes rounds fit into a turn that ends by time."""

    name: ClassVar[str] = "renewal"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = True
    prior: ClassVar[float] = 0.9

    def spend(self, turn: Turn) -> Ends:
        """Rounds until the turn is over; at least one."""
        random = np.random.default_rng([turn.seed, turn.number, 2])
        schedule = self.landscape.arranged.schedule(turn.watch)
        annealer, seed = Annealer.of(self.landscape, int(random.integers(2**63))), int(random.integers(2**63))
        copies = side_by_side(annealer)
        size = copies * self.landscape.structure.size
        merged: Merged | None = None
        if turn.elite and random.random() >= FRESH:
            entry = turn.elite[int(len(turn.elite) * random.random() ** 2)]
            merged = Merged(self.landscape.couplings, entry.point, seed)
        moves, read, complete = 0, 0, True
        while complete:
            begin = random.uniform(*WARM) if merged else 0.0
            sweeps = min(int(np.exp(random.uniform(*np.log(SWEEPS)))), self._room(turn, moves) // size)
            if read and sweeps < _LEAST_SWEEPS:
                break
            reads, before = range(read, read + copies), turn.watch.clock()
            temperatures = schedule.sweeps(max(1, sweeps), begin)
            point = merged.point if merged else None
            ends = annealed(annealer, point, reads, temperatures, turn.watch, lowest=_CROSSED)
            self.pace[0] = ends.moves / max(1e-6, turn.watch.clock() - before)
            moves, read, complete = moves + ends.moves, read + copies, ends.complete
            merged = merged or Merged(self.landscape.couplings, ends.points[0], seed)
            merged.cross(ends.points, turn.watch)
        assert merged is not None
        return Ends(merged.point[None], np.array([merged.energy]), moves, complete)

    def _room(self, turn: Turn, moves: int) -> int:
        """Moves that the turn has room for."""
        if turn.work is not None:
            return turn.work - moves
        return int(_SHARE * self.pace[0] * min(_MOST_SECONDS, turn.watch.remaining()))


def fit(landscape: Landscape) -> Renewal | None:
    """For sparse pairs of free bits that can be annealed side by side."""
    return Renewal(landscape) if landscape.plain and side_by_side(Annealer.of(landscape, 0)) else None
