"""Parallel tempering of quadratic assignments: a ladder of replicas that swap rows, priced by flow times distance."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats
from qopt.core.watch import run_in_chunks
from qopt.kernels import swap_tempering
from qopt.kernels.rng import streams
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.assignment import Assignment
from qopt.solvers.search.landscape import Landscape

REPLICAS = 6
_GO_ON = 0.75  # share of the turns by time that take up parked replicas
_HOT, _COLD = 0.025, 0.003  # shares of the swaps that are accepted at both ends of the ladder
_STEP, _STEPS = 0.8, 48  # by which factor, and how often at most, the temperature falls while the ends are looked for
_PROPOSED = 4096  # swaps that a rate is told from, at least, and at least so many sweeps:
_SWEEPS = 24
_TABLE = -np.log((np.arange(4096) + 0.5) / 4096).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Tempering:
    """Replicas on a ladder of temperatures; see ``kernels.swap_tempering``.

    A turn by work starts from the elite or from anywhere. A turn by time mostly goes on where one before it ended: a
    ladder pays the longer it stands.
    """

    assignment: Assignment
    parked: list[swap_tempering.Replicas] = field(default_factory=list)
    """Replicas of turns by time that have ended; whoever goes on takes them out."""

    name: ClassVar[str] = "permutation"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = True
    prior: ClassVar[float] = 0.9

    def replicas(self, places: NDArray[np.int64], seed: int, number: int) -> swap_tempering.Replicas:
        """Replicas that start at the given permutations (replicas, side), in the order of the ladder."""
        square, (count, side) = self.assignment.square, places.shape
        field = np.empty((count, side, side), dtype=square.linear.dtype)
        energy = np.array([swap_tempering.load(square, places[k], field[k]) for k in range(count)])
        random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(seed & (2**64 - 1)), number, random)
        order, at = np.arange(count), np.zeros(2, dtype=np.int64)
        accepted = np.zeros(count, dtype=np.int64)
        return swap_tempering.Replicas(field, places, energy, places.copy(), energy.copy(), order, accepted, at, random)

    @cached_property
    def ladder(self) -> Floats:
        """Temperatures, coldest first: between those at which 0.3 % and 2.5 % of the swaps are accepted."""
        a = self.assignment
        replica = self.replicas(np.random.default_rng(0).permutation(a.side)[None], 0, 0)
        sizes = [
            abs(swap_tempering.swap_cost(a.square, replica.field[0], replica.place[0], r, s))
            for r, s in zip(*np.triu_indices(a.side, 1))
        ]
        temperature = max(float(np.mean(sizes)), 1e-9)
        units = max(_PROPOSED, _SWEEPS * a.swaps)
        hot = cold = temperature
        for _ in range(_STEPS):
            replica.accepted[:] = 0
            done = swap_tempering.temper(units, a.square, np.array([temperature]), _TABLE, replica)
            rate = replica.accepted[0] / done
            cold = temperature
            if rate > _HOT:
                hot = temperature
            if rate <= _COLD:
                break
            temperature *= _STEP
        return np.geomspace(cold, hot, REPLICAS)

    def start(self, turn: Turn) -> swap_tempering.Replicas:
        """The replicas of a turn: parked ones, or new ones from the elite in random choice, or from anywhere."""
        a = self.assignment
        random = np.random.default_rng([turn.seed & (2**64 - 1), turn.number])
        if turn.work is None and random.random() < _GO_ON:
            with suppress(IndexError):  # other threads have them, or there are none yet
                return self.parked.pop()
        places = np.array([random.permutation(a.side) for _ in range(REPLICAS)])
        if random.random() < 0.5:
            count = min(REPLICAS, len(turn.elite))
            for k, chosen in enumerate(np.sort(random.choice(len(turn.elite), count, replace=False))):
                places[k] = a.place(turn.elite[chosen].point)
        return self.replicas(places, turn.seed, turn.number)

    def spend(self, turn: Turn) -> Ends:
        """Temper until the work is done or the watch ends; at least one sweep. The best of every replica."""
        ladder = self.ladder
        replicas = self.start(turn)

        def step(units: int) -> int:
            done: int = swap_tempering.temper(units, self.assignment.square, ladder, _TABLE, replicas)
            return done

        moves = step(1)
        moves += run_in_chunks(step, turn.watch, work=None if turn.work is None else turn.work - moves)
        points = self.assignment.points(replicas.best)
        if turn.work is None:
            self.parked.append(replicas)
        return Ends(points, self.assignment.energies(points), moves, not turn.watch.expired())


def fit(landscape: Landscape) -> Tempering | None:
    """For one square whose pairs pay flow times distance."""
    assignment = Assignment.of(landscape)
    return None if assignment is None else Tempering(assignment)
