"""The quadratic polynomial of a Compiled as the arrays that kernels work on: small integers where that is exact."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats
from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial
from qopt.kernels import anneal_pairs
from qopt.solvers._structure import Structure

DENSE = 0.08
"""Least share of pairs with a weight from which a square matrix is faster than lists of neighbours."""

_LARGEST_MATRIX = 2**30  # bytes
_LARGEST_FIELD = 2.0**29  # so that the difference of two fields is below 2**30
_FACTORS = (*(10.0**k for k in range(7)), *(2.0**k for k in range(1, 17)))


@dataclass(frozen=True, eq=False)
class Couplings:
    """``energy = (linear . x + pairs) / factor + offset`` over inner points; see ``kernels.anneal_fields``.

    Parameters
    ----------
    linear
        Shape (size,): int32, or float64 where no factor makes the coefficients whole.
    indptr, col, weight
        CSR, or a square matrix (``dense``) and in ``indptr`` its unit. The weight has the smallest type that holds it.
    factor
        Inner energies per energy of the Compiled.
    offset
        Of the Compiled.
    """

    linear: NDArray[Any]
    indptr: NDArray[np.int64]
    col: NDArray[np.int32]
    weight: NDArray[Any]
    factor: float
    offset: float

    @property
    def dense(self) -> bool:
        """Whether the weights are a square matrix."""
        return self.weight.ndim == 2

    @property
    def exact(self) -> bool:
        """Whether the coefficients are whole numbers, so that fields carry no rounding."""
        return self.linear.dtype == np.int32

    @property
    def lowest(self) -> float:
        """The smallest weight, or 0 when none is below it."""
        unit = int(self.indptr[0]) if self.dense else 1
        return unit * float(min(0, self.weight.min(initial=0)))

    def energies(self, inner: Floats) -> Floats:
        """The Compiled's energies for a kernel's energies."""
        return inner / self.factor + self.offset

    def inner(self, energies: Floats) -> Floats:
        """A kernel's energies for the Compiled's."""
        made = (energies - self.offset) * self.factor
        return np.rint(made) if self.exact else made

    @classmethod
    def of(cls, compiled: Compiled, structure: Structure) -> Couplings:
        """The couplings between inner bits; those between bits that are never on together are left out."""
        return cls.of_polynomial(compiled.polynomial, structure)

    @classmethod
    def of_polynomial(cls, p: Polynomial, structure: Structure) -> Couplings:
        """Linear part and pairs of a polynomial over the bits of a Compiled; the factor makes its products whole too.

        Fields keep room for the products, whether these are of bits or of spins.
        """
        pairs = anneal_pairs.Pairs(structure.inner, *_lines(structure), p.row, p.col, p.value)
        linear, reach = np.zeros((2, structure.size))
        linear[structure.inner] = p.linear
        count, heaviest = anneal_pairs.tally(pairs, linear, reach)
        reach += np.abs(linear)
        products = p.products
        of_products = np.repeat(2 * np.abs(products.coefficient), np.diff(products.indptr))
        reach += np.bincount(structure.inner[products.index], weights=of_products, minlength=structure.size)
        largest = float(reach.max(initial=0.0))
        factor, whole, unit = _factor([linear, products.coefficient], pairs)
        whole = whole and largest * factor <= _LARGEST_FIELD
        if whole:
            linear = np.rint(linear * factor).astype(np.int32)
        else:
            factor = 2.0**20 / largest if largest > 0 else 1.0
            linear = linear * factor
        if not whole or structure.free < structure.size:  # kernels for groups read single weights of the matrix
            unit = 1
        kind = _narrowest(heaviest * factor / unit) if whole else np.dtype(np.float64)
        if 2 * count > DENSE * structure.size**2 and kind.itemsize * structure.size**2 <= _LARGEST_MATRIX:
            matrix = np.zeros((structure.size, structure.size), dtype=kind)
            anneal_pairs.fill(pairs, factor / unit, matrix)
            return cls(linear, np.array([unit]), np.zeros(0, dtype=np.int32), matrix, factor, p.offset)
        kind = _narrowest(heaviest * factor) if whole else kind
        return cls(linear, *_neighbours(p, structure, factor, kind), factor, p.offset)


def exclusive(structure: Structure, i: NDArray[Any], j: NDArray[Any]) -> NDArray[np.bool_]:
    """Which pairs of inner bits are never on together: two of one set, or two in one line of a square."""
    owner, other = _lines(structure)
    return ((owner[i] >= 0) & (owner[i] == owner[j])) | ((other[i] >= 0) & (other[i] == other[j]))


def whole_factor(values: Floats) -> tuple[float, bool]:
    """A factor that turns the values into whole numbers without a common divisor, and whether there is one.

    Decimal fractions of up to six places and binary ones of up to sixteen are found; a value counts as whole within
    1e-9 of its size, which covers decimals that float64 cannot hold.
    """
    return _factor([values])[:2]


def _factor(parts: list[Floats], pairs: anneal_pairs.Pairs | None = None) -> tuple[float, bool, int]:
    """``whole_factor`` of several arrays, and of the pairs that count where there are any; and those pairs' divisor."""
    for factor in _FACTORS:
        of_pairs = found = 0
        for values in parts:
            if found >= 0:
                found = int(anneal_pairs.divisor(values, factor, found))
        if found >= 0 and pairs is not None:
            of_pairs = int(anneal_pairs.divisor_of_pairs(pairs, factor, 0))
        if found >= 0 and of_pairs >= 0:
            common = max(1, gcd(found, of_pairs))
            return factor / common, True, max(1, of_pairs // common)
    return 1.0, False, 1


def _lines(structure: Structure) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Per inner bit, a number of its set or of its row in a square, and one of its column; -1 where it has none."""
    owner, other = np.full((2, structure.size), -1, dtype=np.int64)
    width = np.diff(structure.set_start)
    owner[structure.free : structure.set_start[-1]] = np.repeat(np.arange(structure.sets), width)
    for q, (start, side) in enumerate(zip(structure.square_start.tolist(), structure.side.tolist())):
        cells, first = slice(start, start + side * side), int(structure.row_start[q])
        owner[cells] = structure.sets + first + np.repeat(np.arange(side), side)
        other[cells] = first + np.tile(np.arange(side), side)
    return owner, other


def _neighbours(
    p: Polynomial, structure: Structure, factor: float, kind: np.dtype[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[Any]]:
    """CSR with both directions of every pair that counts."""
    n = structure.size
    i, j = structure.inner[p.row], structure.inner[p.col]
    keep = (i != j) & (p.value != 0) & ~exclusive(structure, i, j)
    i, j, value = i[keep], j[keep], p.value[keep] * factor
    value = (np.rint(value) if kind.kind == "i" else value).astype(kind)
    row, col, weight = np.concatenate([i, j]), np.concatenate([j, i]), np.concatenate([value, value])
    order = np.argsort(row * max(n, 1) + col, kind="stable")
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=n), out=indptr[1:])
    return indptr, col[order].astype(np.int32), weight[order]


def _narrowest(largest: float) -> np.dtype[Any]:
    """The smallest type that holds whole numbers of this size."""
    return np.dtype(next(kind for kind in (np.int8, np.int16, np.int32) if round(largest) <= np.iinfo(kind).max))
