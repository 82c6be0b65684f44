"""A landscape arranged for the kernels that anneal it, for each when it is first needed, and its temperatures."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats
from qopt.core.watch import Watch, run_in_chunks
from qopt.kernels.rng import streams
from qopt.solvers._structure import Structure
from qopt.solvers.search.blocks import Blocks
from qopt.solvers.search.chains import Chains
from qopt.solvers.search.couplings import Couplings
from qopt.solvers.search.matrix import Matrix
from qopt.solvers.search.schedule import STEPS, Schedule, ordering_temperature
from qopt.solvers.search.temperatures import coldest, hottest
from qopt.solvers.search.words import Words

_PILOT_MOVES, _MOST_PILOTS = 8000, 16  # enough moves per temperature for a curve, by at most so many reads
_BELOW = 0.8  # of the ordering temperature: a little colder costs no quality and spares flips
_PROBE = 2**32 - 1  # the stream of what is tried out; nobody's seed
_COLD = np.zeros(0)


class Single(Protocol):
    """A problem arranged for a kernel that runs one chain at a time."""

    @property
    def sweep(self) -> int:
        """Units of a sweep."""
        ...

    def chain(self, point: Bits, random: NDArray[np.uint64]) -> Any:
        """A chain at an inner point; its ``at`` is that of a ``Run``."""
        ...

    def step(self, units: int, chain: Any, temperatures: Floats, least: float) -> int:
        """Go on for about that many units, taking steps down of at least ``least``; returns how many."""
        ...

    def point(self, chain: Any) -> Bits:
        """Where a chain stands."""
        ...

    def energy(self, chain: Any) -> float:
        """The energy there."""
        ...


class Arranged:
    """What annealers of one landscape share, whatever their seeds."""

    def __init__(self, structure: Structure, couplings: Couplings) -> None:
        self.structure, self.couplings = structure, couplings
        self.least = 1.0 if couplings.exact else 1e-6

    @property
    def sparse(self) -> bool:
        """Whether all bits are free and have lists of neighbours."""
        return not self.couplings.dense and self.structure.free == self.structure.size > 0

    @cached_property
    def chains(self) -> Chains:
        """For any landscape."""
        return Chains(self.structure, self.couplings)

    @cached_property
    def single(self) -> Single:
        """For reads one after the other."""
        c = self.couplings
        if self.sparse:
            return Blocks.of(c.linear, c.indptr, c.col, c.weight)
        return Matrix(c) if c.dense and self.structure.free == self.structure.size else self.chains

    @cached_property
    def words(self) -> Words | None:
        """For many reads side by side; None where the couplings do not fit."""
        c = self.couplings
        return Words.of(c.linear, c.indptr, c.col, c.weight) if self.sparse else None

    def temperatures(self, watch: Watch) -> tuple[float, float]:
        """Hottest and coldest temperature, in inner energies.

        A random point tells the first: nine tenths of its moves change the energy by less than 2.2 temperatures. The
        local minimum below it tells the last: a sweep of it is expected to accept next to no worsening moves.
        """
        if self._range is None:
            chains = self.chains
            chain = chains.chain(self._points(1)[0], self._random(0))
            sizes = np.abs(chains.gains(chain))
            sizes = sizes[sizes > 0]
            if len(sizes) == 0:
                return 1.0, 1.0
            run_in_chunks(lambda units: chains.step(units, chain, _COLD, self.least), watch)
            up = chains.gains(chain)
            share = self.structure.moves / len(up)
            up = up[up > 0]
            hot, cold = hottest(sizes), coldest(up if len(up) else sizes, share)
            self._range = max(hot, cold), min(hot, cold)
        return self._range

    _range: tuple[float, float] | None = None

    def schedule(self, watch: Watch, *, sweeps: int | None = None) -> Schedule:
        """The curve of temperatures that a few short reads suggest (``Schedule.of_pilot``).

        Parameters
        ----------
        watch
            Where it ends before the pilot does, the temperature falls by a constant factor.
        sweeps
            Those that the pilot may take at most, likewise; None: as many as it likes.
        """
        if self._schedule is not None:
            return self._schedule
        hot, cold = self.temperatures(watch)
        if self.structure.free == self.structure.size:
            hot = max(cold, min(hot, _BELOW * ordering_temperature(self.couplings)))
        reads = max(1, min(_MOST_PILOTS, _PILOT_MOVES // max(1, self.structure.moves)))
        if sweeps is not None:
            reads = min(reads, sweeps // STEPS)
        if reads == 0 or hot == cold:
            return Schedule.geometric(hot, cold)
        grid = np.geomspace(hot, cold, STEPS)
        energies = np.zeros(STEPS)
        for read, point in enumerate(self._points(reads)):
            chain = self.single.chain(point, self._random(read))
            for k in range(STEPS):
                if watch.expired():
                    return Schedule.geometric(hot, cold)
                self.single.step(self.single.sweep, chain, grid, self.least)
                energies[k] += self.single.energy(chain)
        self._schedule = Schedule.of_pilot(grid, energies / reads)
        return self._schedule

    _schedule: Schedule | None = None

    def _points(self, reads: int) -> Bits:
        return self.structure.random_points(np.random.default_rng(_PROBE), reads)

    def _random(self, read: int) -> NDArray[np.uint64]:
        random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(_PROBE), read, random)
        return random
