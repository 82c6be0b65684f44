"""A walk over every point that satisfies the groups, and the lowest points seen on it."""

from __future__ import annotations

import numpy as np

from qopt.core.arrays import Bits, Floats
from qopt.kernels import anneal_chain, anneal_fields, gray
from qopt.solvers._structure import Structure
from qopt.solvers.search.couplings import Couplings


class Walk:
    """Each step is a single move from the last point (``kernels.gray``).

    Parameters
    ----------
    keep
        Points kept, the lowest ones; of equal energies the first visited.
    """

    def __init__(self, structure: Structure, couplings: Couplings, keep: int) -> None:
        weights = (couplings.indptr, couplings.col, couplings.weight)
        point = structure.first_point()
        field, sign = np.empty((2, structure.size), dtype=couplings.linear.dtype)
        anneal_fields.load(couplings.linear, *weights, point, field, sign)
        self._chain = anneal_chain.Chain(
            field, sign, structure.chosen(point), structure.place(point), np.ones(1, np.uint64), np.zeros(5, np.int64)
        )
        self._layout = anneal_chain.Layout(
            np.array([structure.free]), structure.set_start, structure.square_start, structure.side, structure.row_start
        )
        self._couplings = anneal_chain.Couplings(couplings.linear, *weights, np.array([couplings.lowest]))
        self._renew = not couplings.exact
        self._radix = np.array(structure.radix, dtype=np.int64)
        self._count, self._at = np.zeros(len(self._radix), np.int64), np.array([1, 0])
        self._arrow = np.full(int(structure.side.sum()), -1, dtype=np.int64)
        self.energies, self.points = np.full(keep, np.inf), np.zeros((keep, structure.size), dtype=np.int8)
        self._total = np.array([anneal_fields.energy_of(couplings.linear, field, sign), np.inf])
        gray.note(self._total[0], self._chain, self.energies, self.points, self._total)

    @property
    def visited(self) -> int:
        """Points visited, the first one included."""
        return int(self._at[gray.VISITED])

    @property
    def ended(self) -> bool:
        """Whether every point has been visited."""
        return bool(self._at[gray.ENDED])

    def step(self, units: int) -> int:
        """Visit so many more points; fewer done means that all have been visited."""
        done: int = gray.walk(
            units,
            self._renew,
            self._couplings,
            self._layout,
            self._chain,
            self._radix,
            self._count,
            self._arrow,
            self.energies,
            self.points,
            self._total,
            self._at,
        )
        return done

    def found(self) -> tuple[Bits, Floats]:
        """The lowest points so far and their energies, lowest first."""
        order = np.argsort(self.energies, kind="stable")
        order = order[np.isfinite(self.energies[order])]
        return self.points[order], self.energies[order]
