"""Memetic tabu search of quadratic assignments: runs from children of two of the elite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from qopt.core.watch import run_in_chunks
from qopt.kernels import swap_tabu
from qopt.kernels.rng import streams
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.assignment import Assignment
from qopt.solvers.search.landscape import Landscape

_POOL = 12
_ANEW = 0.1  # share of the runs that start anywhere
_LEAST, _STEPS = 1000, 2  # steps of a run: that many, or so many per pair of a row and a column if these are more


@dataclass(frozen=True, eq=False)
class PermutationTabu:
    """Robust tabu runs by swaps from children of a pool that starts as the elite; see ``kernels.swap_tabu``."""

    assignment: Assignment

    name: ClassVar[str] = "permutation tabu"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = False
    prior: ClassVar[float] = 0.2

    def empty(self, seed: int, number: int) -> swap_tabu.Run:
        """A run to be given a permutation and begun."""
        square, n = self.assignment.square, self.assignment.side
        half, parts, kind = n // 2, len(square.flow), square.linear.dtype
        random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(seed & (2**64 - 1)), number, random)
        far, near = np.zeros((2, parts, n + half + 1), dtype=kind)
        low, lowest = np.zeros((2, n), dtype=kind)
        place, best = np.zeros((2, n), dtype=np.int64)
        return swap_tabu.Run(
            np.zeros((n, n), dtype=kind),
            place,
            np.zeros((half, n), dtype=kind),
            np.zeros((half, n), dtype=np.int32),
            np.zeros((n, n), dtype=np.int32),
            far,
            near,
            low,
            lowest,
            best,
            np.zeros(2),
            np.zeros(1, dtype=np.int64),
            random,
        )

    def spend(self, turn: Turn) -> Ends:
        """Run after run until the work is done or the watch ends; at least one step. The best of the runs."""
        a, square = self.assignment, self.assignment.square
        random = np.random.default_rng([turn.seed & (2**64 - 1), turn.number])
        run = self.empty(turn.seed, turn.number)
        tenure = np.array([max(1, int(0.9 * a.side)), max(2, int(1.1 * a.side) + 1)])
        length = max(_LEAST, _STEPS * a.side**2) * a.swaps
        pool = [(a.factors.scale * entry.energy, a.place(entry.point)) for entry in turn.elite[:_POOL]]
        found: list[tuple[float, NDArray[np.int64]]] = []
        moves = 0

        def step(units: int) -> int:
            done: int = swap_tabu.search(units, square, run, tenure)
            return done

        while True:
            if len(pool) < 2 or random.random() < _ANEW:
                run.place[:] = random.permutation(a.side)
            else:
                first, second = random.choice(len(pool), 2, replace=False)
                swap_tabu.cross(pool[first][1], pool[second][1], run.place, run.random)
            swap_tabu.begin(square, run)
            moves += step(1)
            left = length if turn.work is None else min(length, turn.work - moves)
            moves += run_in_chunks(step, turn.watch, work=left)
            for kept in (pool, found):
                _keep(kept, float(run.energy[1]), run.best.copy())
            over = turn.watch.expired()
            if over or (turn.work is not None and moves >= turn.work):
                points = a.points(np.array([place for _, place in found]))
                return Ends(points, a.energies(points), moves, not over)


def _keep(pool: list[tuple[float, NDArray[np.int64]]], energy: float, place: NDArray[np.int64]) -> None:
    """Take a permutation into a pool, best first, of at most ``_POOL`` distinct ones."""
    if not any(np.array_equal(place, other) for _, other in pool):
        pool.append((energy, place))
        pool.sort(key=lambda member: member[0])
        del pool[_POOL:]


def fit(landscape: Landscape) -> PermutationTabu | None:
    """For one square whose pairs pay flow times distance."""
    assignment = Assignment.of(landscape)
    return None if assignment is None else PermutationTabu(assignment)
