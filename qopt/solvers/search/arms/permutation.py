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
from qopt.solvers.search.ladders import Ladder
from qopt.solvers.search.landscape import Landscape

_HOT, _COLD = 0.025, 0.003  # shares of the swaps that are accepted at both ends of the ladder
_STEP, _STEPS = 0.8, 48  # by which factor, and how often at most, the temperature falls while the ends are looked for
_PROPOSED = 4096  # swaps that a rate is told from, at least, and at least so many sweeps:
_SWEEPS = 24


@dataclass(frozen=True, eq=False, kw_only=True)
class PermutationLadder(Ladder):
    """See ``kernels.swap_tempering``."""

    assignment: Assignment

    name: ClassVar[str] = "permutation"
    prior: ClassVar[float] = 0.9
    count: ClassVar[int] = 20
    go_on: ClassVar[float] = 0.98

    def replicas(self, points: Bits, random: NDArray[np.uint64]) -> swap_tempering.Replicas:
        """Replicas that start at inner points (replicas, size), in the order of the ladder."""
        a, count, n = self.assignment, len(points), self.assignment.side
        kind, parts = a.square.linear.dtype, len(a.square.flow)
        replicas = swap_tempering.Replicas(
            np.array([a.place(point) for point in points]),
            np.zeros(count),
            np.zeros((count, n, n), kind),
            np.zeros((count, parts, n, n), kind),
            np.zeros((count, n), kind),
            np.zeros((count, n), np.int64),
            np.zeros(count),
            np.arange(count),
            np.zeros(count, np.int64),
            np.zeros(n, kind),
            np.zeros(n, np.int8),
            np.zeros(2, np.int64),
            random,
        )
        swap_tempering.begin(a.square, replicas)
        return replicas

    @cached_property
    def temperatures(self) -> Floats:
        """Coldest first: from that at which 0.3 % of the swaps are accepted to that at which 2.5 % are."""
        a, random = self.assignment, np.random.default_rng(0)
        replica = self.replicas(a.points(random.permutation(a.side)[None]), np.array([1], dtype=np.uint64))
        temperature = max(self._mean_cost(replica), 1e-9)
        units = max(_PROPOSED, _SWEEPS * a.swaps)
        hot = cold = temperature
        for _ in range(_STEPS):
            replica.accepted[:] = 0
            done = swap_tempering.temper(units, a.square, np.array([temperature]), replica)
            rate, cold = replica.accepted[0] / done, temperature
            if rate > _HOT:
                hot = temperature
            if rate <= _COLD:
                break
            temperature *= _STEP
        return np.geomspace(cold, hot, self.count)

    def _mean_cost(self, replicas: swap_tempering.Replicas) -> float:
        """What the swaps of the first replica change on average."""
        flow, near = self.assignment.square.flow[0], replicas.near[0, 0]
        own, pairs = replicas.own[0], replicas.along[0] + replicas.along[0].T
        return float(np.abs(pairs - own[:, None] - own[None] + 2 * flow * near).mean())

    def temper(self, units: int, replicas: swap_tempering.Replicas) -> int:
        """Propose at least that many swaps; returns how many."""
        done: int = swap_tempering.temper(units, self.assignment.square, self.temperatures, replicas)
        return done

    def best(self, replicas: swap_tempering.Replicas) -> tuple[Bits, Floats]:
        """The best inner point that each replica has been at, and its energy."""
        points = self.assignment.points(replicas.best)
        return points, self.assignment.energies(points)


def fit(landscape: Landscape) -> PermutationLadder | None:
    """For one square whose pairs pay flow times distance."""
    assignment = Assignment.of(landscape)
    return None if assignment is None else PermutationLadder(landscape=landscape, assignment=assignment)
