"""Parallel tempering of whatever has groups: a ladder of replicas that flip, shift and swap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats
from qopt.core.clock import now
from qopt.core.watch import Watch
from qopt.kernels import tempering
from qopt.solvers.search.assignment import inner_energies
from qopt.solvers.search.ladders import Ladder
from qopt.solvers.search.landscape import Landscape

_HOTTEST, _COLDEST = 0.5, 0.9  # of the way from hot to cold: the ends of the ladder


@dataclass(frozen=True, eq=False)
class GroupLadder(Ladder):
    """See ``kernels.tempering``."""

    name: ClassVar[str] = "tempering"
    prior: ClassVar[float] = 0.5

    @cached_property
    def temperatures(self) -> Floats:
        """Coldest first, as far apart as the pilot of annealed reads says, over the colder part of their range."""
        schedule = self.landscape.arranged.schedule(Watch(clock=now))
        return schedule.at(np.linspace(_COLDEST, _HOTTEST, self.count))

    def replicas(self, points: Bits, random: NDArray[np.uint64]) -> tempering.Replicas:
        """Replicas that start at inner points (replicas, size), in the order of the ladder."""
        chains = [self.landscape.arranged.chains.chain(point, random) for point in points]
        energy = inner_energies(self.landscape.couplings, points)
        field, sign, chosen, place = (
            np.array([getattr(chain, name) for chain in chains]) for name in ("field", "sign", "chosen", "place")
        )
        order, at = np.arange(len(points)), np.zeros(2, dtype=np.int64)
        return tempering.Replicas(field, sign, chosen, place, energy, points.copy(), energy.copy(), order, at, random)

    def temper(self, units: int, replicas: Any) -> int:
        """Propose at least that many moves; returns how many."""
        chains = self.landscape.arranged.chains
        done: int = tempering.temper(
            units, chains.arrays, chains.layout, chains.plan(self.temperatures, self.landscape.arranged.least), replicas
        )
        return done

    def best(self, replicas: Any) -> tuple[Bits, Floats]:
        """The best inner point that each replica has been at after a sweep, and its energy."""
        return replicas.best.copy(), replicas.least.copy()


def fit(landscape: Landscape) -> GroupLadder | None:
    """For sets and squares where pairs say it all, but for one square of flow times distance."""
    grouped = landscape.plain and not landscape.free
    return GroupLadder(landscape) if grouped and landscape.structure.moves and landscape.factors is None else None
