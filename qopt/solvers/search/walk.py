"""A point that walks through a landscape of free bits: tabu search from where it is, or along a path between two."""

from __future__ import annotations

import numpy as np

from qopt.core.arrays import Bits
from qopt.core.watch import Watch, run_in_chunks
from qopt.kernels import anneal_fields, tabu_dense
from qopt.kernels.rng import streams
from qopt.kernels.tabu_dense import BEST, NEVER, NOW, UNSAVED
from qopt.solvers.search.arm import Ends, Entry
from qopt.solvers.search.couplings import Couplings
from qopt.solvers.search.elite import Elite

_SPREAD = 10
_SHARE = 100
"""A flipped bit stays for a hundredth of the number of bits, and up to ``_SPREAD`` steps (Lü, Glover and Hao 2010)."""

_FOUND = 20  # points told of a turn, at most
_FIRST = 256  # flips and steps until the first look at the clock


class Walk:
    """Starts where every bit is off.

    Parameters
    ----------
    seed, number
        Name the stream of its random numbers.
    work
        Moves that it may look at, about: a step looks at every bit. None: no limit.
    """

    def __init__(self, couplings: Couplings, seed: int, number: int, watch: Watch, work: int | None = None) -> None:
        n, kind = len(couplings.linear), couplings.linear.dtype
        self.steps = 0
        self._most = None if work is None else max(1, work // max(1, n))
        self._watch = watch
        self._linear = couplings.linear
        self._weights = (couplings.indptr, couplings.col, couplings.weight)
        self._field, self._sign = couplings.linear.copy(), np.ones(n, dtype=kind)
        self._until, self._low = np.zeros(n, dtype=np.int32), np.empty(-(-n // tabu_dense.BLOCK), dtype=kind)
        self._kept = np.zeros(n, dtype=np.int8)
        self._random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(seed), number, self._random)
        self._energy, self._at = np.zeros(2), np.zeros(3, dtype=np.int64)
        self._found = Elite(_FOUND, 1)

    @property
    def over(self) -> bool:
        """Whether the work is done or the watch has ended."""
        return self._watch.expired() or self.left == 0

    @property
    def left(self) -> int | None:
        """Steps that it may still take; None: any number."""
        return None if self._most is None else max(0, self._most - self.steps)

    @property
    def ends(self) -> Ends:
        """The best points of all searches so far, of which there was one."""
        found = self._found.snapshot()
        points, energies = np.array([e.point for e in found]), np.array([e.energy for e in found])
        return Ends(points, energies, self.steps * len(self._until), not self._watch.expired())

    def count(self, moves: int) -> None:
        """Let what was done elsewhere count for the work."""
        self.steps += moves // max(1, len(self._until))

    def to(self, point: Bits) -> None:
        """Go to a point, or as far as the watch allows."""

        def step(units: int) -> int:
            done: int = tabu_dense.move(units, *self._weights, self._field, self._sign, point)
            return done

        run_in_chunks(step, self._watch, first=_FIRST)
        tabu_dense.save(self._sign, self._kept)
        self._energy[:] = anneal_fields.energy_of(self._linear, self._field, self._sign)
        self._until[:] = 0
        self._at[:] = 0

    def improve(self, patience: int) -> Entry:
        """Tabu search until so many steps have brought nothing, or work or watch end; returns the best point."""
        self._search(self.left, patience, len(self._until) // _SHARE, _SPREAD)
        best = Entry(self._kept.copy(), float(self._energy[BEST]))
        self._found.add(best)
        return best

    def between(self, one: Bits, other: Bits) -> None:
        """Go to the best point of the middle third of a path between two points.

        The path flips whatever costs least among what differs (PR1 of Wang, Lü, Glover and Hao 2012).
        """
        self.to(one)
        differ = one != other
        third = max(1, int(np.count_nonzero(differ)) // 3)
        self._until[:] = np.where(differ, 0, NEVER)
        self._search(third, NEVER, NEVER, 1)
        self._energy[BEST] = self._energy[NOW]
        self._at[UNSAVED] = 1
        self._search(third, NEVER, NEVER, 1)
        self.to(self._kept.copy())

    def _search(self, most: int | None, patience: int, tenure: int, spread: int) -> None:
        def step(units: int) -> int:
            done: int = tabu_dense.search(
                units, patience, tenure, spread, *self._weights, self._field, self._sign, self._until, self._low,
                self._kept, self._random, self._energy, self._at,
            )  # fmt: skip
            return done

        self.steps += run_in_chunks(step, self._watch, work=most, first=_FIRST)
