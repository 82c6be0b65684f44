"""Parallel tempering of quadratic assignments: a ladder of replicas that swap rows, priced by flow times distance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats
from qopt.kernels import swap_tempering
from qopt.solvers.search.assignment import Assignment
from qopt.solvers.search.ladders import REPLICAS, Ladder
from qopt.solvers.search.landscape import Landscape

_HOT, _COLD = 0.025, 0.003  # shares of the swaps that are accepted at both ends of the ladder
_STEP, _STEPS = 0.8, 48  # by which factor, and how often at most, the temperature falls while the ends are looked for
_PROPOSED = 4096  # swaps that a rate is told from, at least, and at least so many sweeps:
_SWEEPS = 24
_TABLE = -np.log((np.arange(4096) + 0.5) / 4096).astype(np.float32)


@dataclass(frozen=True, eq=False, kw_only=True)
class PermutationLadder(Ladder):
    """See ``kernels.swap_tempering``."""

    assignment: Assignment

    name: ClassVar[str] = "permutation"
    prior: ClassVar[float] = 0.9

    def replicas(self, points: Bits, random: NDArray[np.uint64]) -> swap_tempering.Replicas:
        """Replicas that start at inner points (replicas, size), in the order of the ladder."""
        a, count = self.assignment, len(points)
        places = np.array([a.place(point) for point in points])
        field = np.empty((count, a.side, a.side), dtype=a.square.linear.dtype)
        energy = np.array([swap_tempering.load(a.square, places[k], field[k]) for k in range(count)])
        order, accepted, at = np.arange(count), np.zeros(count, dtype=np.int64), np.zeros(2, dtype=np.int64)
        return swap_tempering.Replicas(field, places, energy, places.copy(), energy.copy(), order, accepted, at, random)

    @cached_property
    def temperatures(self) -> Floats:
        """Coldest first: from that at which 0.3 % of the swaps are accepted to that at which 2.5 % are."""
        a, random = self.assignment, np.random.default_rng(0)
        replica = self.replicas(a.points(random.permutation(a.side)[None]), np.array([1], dtype=np.uint64))
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
            rate, cold = replica.accepted[0] / done, temperature
            if rate > _HOT:
                hot = temperature
            if rate <= _COLD:
                break
            temperature *= _STEP
        return np.geomspace(cold, hot, REPLICAS)

    def temper(self, units: int, replicas: swap_tempering.Replicas) -> int:
        """Propose at least that many swaps; returns how many."""
        done: int = swap_tempering.temper(units, self.assignment.square, self.temperatures, _TABLE, replicas)
        return done

    def best(self, replicas: swap_tempering.Replicas) -> tuple[Bits, Floats]:
        """The best inner point that each replica has been at, and its energy."""
        points = self.assignment.points(replicas.best)
        return points, self.assignment.energies(points)


def fit(landscape: Landscape) -> PermutationLadder | None:
    """For one square whose pairs pay flow times distance."""
    assignment = Assignment.of(landscape)
    return None if assignment is None else PermutationLadder(landscape=landscape, assignment=assignment)
