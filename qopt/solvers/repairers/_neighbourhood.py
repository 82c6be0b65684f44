"""Which columns a restricted search sets free."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from qopt.core.arrays import Bools, Floats, Ints


class Neighbourhood:
    """Columns joined by constraints.

    Parameters
    ----------
    structure
        Shape (constraints, columns): which columns each constraint reads.
    sets
        Shape (sets, columns): sets of which at most one member is 1.
    """

    def __init__(self, structure: sparse.csr_matrix, sets: sparse.csr_matrix) -> None:
        self._rows, self._columns, self._sets = structure, structure.tocsc(), sets

    def around(self, broken: Bools) -> Bools:
        """Columns of the broken constraints and of the sets that hold one of them."""
        near = np.asarray(broken @ self._rows > 0)
        touched = self._sets @ near > 0
        return np.asarray(near | (touched @ self._sets > 0))

    def movable(self, free: Bools, values: Floats) -> Bools:
        """The free columns without those that a fixed member of their set, being 1, holds at 0."""
        held = self._sets @ np.where(free, 0.0, values) > 0.5
        return np.asarray(free & ~(held @ self._sets > 0))

    def grow(self, free: Bools, values: Floats, size: int, rng: np.random.Generator) -> Bools:
        """More columns, along shared constraints, until about ``size`` of them can move."""
        n = len(free)
        free = free.copy()
        for _ in range(4 * size):
            if int(self.movable(free, values).sum()) >= min(size, n):
                break
            free[self._next(free, size, rng)] = True
        return self.movable(free, values)

    def _next(self, free: Bools, size: int, rng: np.random.Generator) -> Ints:
        """The columns of one more constraint, joined to the free ones more often than not."""
        inside = np.flatnonzero(free)
        row = -1
        if len(inside) and rng.random() < 0.7:
            column = int(rng.choice(inside))
            joined = self._columns.indices[self._columns.indptr[column] : self._columns.indptr[column + 1]]
            row = int(rng.choice(joined)) if len(joined) else -1
        if row < 0 and self._rows.shape[0] and rng.random() < 0.9:
            row = int(rng.integers(self._rows.shape[0]))
        if row < 0:
            return np.asarray(rng.integers(0, len(free), size=4))
        members = self._rows.indices[self._rows.indptr[row] : self._rows.indptr[row + 1]]
        return np.asarray(members if len(members) <= size else rng.choice(members, size=size, replace=False))
