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
from qopt.solvers.search.breeding import Member, breed
from qopt.solvers.search.landscape import Landscape

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
        """Run after run until the work is done or the watch ends; the best of the runs."""
        a, square = self.assignment, self.assignment.square
        random = np.random.default_rng([turn.seed & (2**64 - 1), turn.number])
        run = self.empty(turn.seed, turn.number)
        tenure = np.array([max(1, int(0.9 * a.side)), max(2, int(1.1 * a.side) + 1)])
        length = max(_LEAST, _STEPS * a.side**2) * a.swaps

        def step(units: int) -> int:
            done: int = swap_tabu.search(units, square, run, tenure)
            return done

        def search(
            first: NDArray[np.int64] | None, second: NDArray[np.int64] | None, most: int | None
        ) -> tuple[Member, int]:
            if first is None or second is None:
                run.place[:] = random.permutation(a.side)
            else:
                swap_tabu.cross(first, second, run.place, run.random)
            swap_tabu.begin(square, run)
            moves = step(1)
            moves += run_in_chunks(step, turn.watch, work=min(length, most or length) - moves)
            return Member(float(run.energy[1]), run.best.copy()), moves

        known = [Member(a.factors.scale * entry.energy, a.place(entry.point)) for entry in turn.elite]
        found, moves = breed(turn, known, random, search)
        points = a.points(np.array([member.genes for member in found]))
        return Ends(points, a.energies(points), moves, not turn.watch.expired())


def fit(landscape: Landscape) -> PermutationTabu | None:
    """For one square whose pairs pay flow times distance."""
    assignment = Assignment.of(landscape)
    return None if assignment is None else PermutationTabu(assignment)
