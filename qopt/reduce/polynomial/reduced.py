"""A polynomial with fewer bits, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Bits, Indices, Ints, frozen
from qopt.core.polynomial import Polynomial


@dataclass(frozen=True, eq=False)
class Reduced:
    """What is left of a polynomial: its minimum is that of the original, and ``restore`` of a minimiser attains it.

    Any point of it restores to a point of the original of the same energy, ``error`` apart. Points of the original
    that are not best in the bits taken out are lost.

    Parameters
    ----------
    polynomial
        Over the bits that are left, offset included.
    kept
        Shape (polynomial.n,): the original bit behind each, ascending.
    bits
        Number of bits of the original.
    spin, source, factor
        How each bit taken out follows from others: shapes (k,), (k, 3), (k, 3), the last one taken out last. As spins,
        ``s[spin] = -sign(factor . s[source])``, where number ``bits`` is always +1 and the sign of 0 is 1.
    counts
        Bits taken out by each rule.
    error
        Energies of the two polynomials agree to this; 0.0 when the coefficients fit into 52 bits, with room to halve.
    """

    polynomial: Polynomial
    kept: Ints
    bits: int
    spin: Indices
    source: Indices
    factor: Ints
    counts: Mapping[str, int]
    error: float

    @cached_property
    def components(self) -> Indices:
        """Shape (polynomial.n,): connected components of the terms, numbered from 0; groups and rows join nothing."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        p = self.polynomial
        inside = np.ones(max(0, len(p.products.index) - 1), dtype=bool)
        inside[p.products.indptr[1:-1] - 1] = False
        row = np.concatenate([p.row, p.products.index[:-1][inside]])
        col = np.concatenate([p.col, p.products.index[1:][inside]])
        joined = coo_array((np.ones(len(row), dtype=np.int8), (row, col)), shape=(p.n, p.n))
        return frozen(connected_components(joined, directed=False)[1], np.int32)

    @property
    def removed(self) -> int:
        """Number of bits taken out."""
        return self.bits - self.polynomial.n

    def restore(self, bits: ArrayLike) -> Bits:
        """Rows of the original's bits, from rows of what is left: (rows, polynomial.n) -> (rows, bits)."""
        from qopt.kernels.reduce_spins import restore

        given = np.atleast_2d(np.asarray(bits, dtype=np.int8))
        if given.shape[1] != self.polynomial.n:
            raise ValueError(f"rows have {given.shape[1]} bits, {self.polynomial.n} are left")
        out = np.zeros((len(given), self.bits), dtype=np.int8)
        out[:, self.kept] = given
        restore(self.spin, self.source, self.factor, out)
        return out

    def restrict(self, bits: ArrayLike) -> Bits:
        """Rows of what is left, from rows of the original: the bits that are kept, as they are."""
        return np.ascontiguousarray(np.atleast_2d(np.asarray(bits, dtype=np.int8))[:, self.kept])
