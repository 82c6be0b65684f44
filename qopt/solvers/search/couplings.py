"""The quadratic polynomial of a Compiled as the arrays that kernels work on: small integers where that is exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, is_integral
from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial
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
        CSR, or empty arrays and a square matrix (``dense``). The weight has the smallest type that holds it.
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
        return float(min(0, self.weight.min(initial=0)))

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
        inner = structure.inner
        linear = np.zeros(structure.size)
        linear[inner] = p.linear
        square = p.row == p.col
        np.add.at(linear, inner[p.row[square]], p.value[square])
        i, j, value = inner[p.row[~square]], inner[p.col[~square]], p.value[~square]
        keep = ~exclusive(structure, i, j) & (value != 0)
        i, j, value = i[keep], j[keep], value[keep]
        products = p.products
        factor, whole = whole_factor(np.concatenate([linear, value, products.coefficient]))
        reach = np.abs(linear)
        for end in (i, j):
            reach += np.bincount(end, weights=np.abs(value), minlength=structure.size)
        of_products = np.repeat(2 * np.abs(products.coefficient), np.diff(products.indptr))
        reach += np.bincount(inner[products.index], weights=of_products, minlength=structure.size)
        largest = float(reach.max(initial=0.0))
        if whole and largest * factor <= _LARGEST_FIELD:
            linear, value = np.rint(linear * factor).astype(np.int32), np.rint(value * factor).astype(np.int32)
        else:
            factor = 2.0**20 / largest if largest > 0 else 1.0
            linear, value = linear * factor, value * factor
        return cls(linear, *_arrange(structure.size, i, j, value), factor, p.offset)


def exclusive(structure: Structure, i: NDArray[Any], j: NDArray[Any]) -> NDArray[np.bool_]:
    """Which pairs of inner bits are never on together: two of one set, or two in one line of a square."""
    owner = np.full(structure.size, -1, dtype=np.int64)  # a number per set, and per row of a square
    other = np.full(structure.size, -1, dtype=np.int64)  # a number per column of a square
    width = np.diff(structure.set_start)
    owner[structure.free : structure.set_start[-1]] = np.repeat(np.arange(structure.sets), width)
    for q, (start, side) in enumerate(zip(structure.square_start.tolist(), structure.side.tolist())):
        cells, first = slice(start, start + side * side), int(structure.row_start[q])
        owner[cells] = structure.sets + first + np.repeat(np.arange(side), side)
        other[cells] = first + np.tile(np.arange(side), side)
    return ((owner[i] >= 0) & (owner[i] == owner[j])) | ((other[i] >= 0) & (other[i] == other[j]))


def whole_factor(values: Floats) -> tuple[float, bool]:
    """A factor that turns the values into whole numbers without a common divisor, and whether there is one.

    Decimal fractions of up to six places and binary ones of up to sixteen are found; a value counts as whole within
    1e-9 of its size, which covers decimals that float64 cannot hold.
    """
    for factor in _FACTORS:
        scaled = values * factor
        rounded = np.rint(scaled)
        if is_integral(rounded) and np.all(np.abs(scaled - rounded) <= 1e-9 * np.maximum(1e-3, np.abs(scaled))):
            divisor = int(np.gcd.reduce(np.abs(rounded).astype(np.int64), initial=0))
            return factor / max(1, divisor), True
    return 1.0, False


def _arrange(
    n: int, i: NDArray[Any], j: NDArray[Any], value: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[Any]]:
    """Pairs as a matrix when they are many, else as CSR with both directions."""
    kind = _narrowest(value)
    if 2 * len(value) > DENSE * n * n and n * n * kind.itemsize <= _LARGEST_MATRIX:
        matrix = np.zeros((n, n), dtype=kind)
        matrix[i, j] = value
        matrix[j, i] = value
        return np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), matrix
    row, col, weight = np.concatenate([i, j]), np.concatenate([j, i]), np.concatenate([value, value])
    order = np.argsort(row * max(n, 1) + col, kind="stable")
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=n), out=indptr[1:])
    return indptr, col[order].astype(np.int32), weight[order]


def _narrowest(value: NDArray[Any]) -> np.dtype[Any]:
    """The smallest type that holds whole weights; that of the weights themselves for fractions."""
    if value.dtype.kind == "f":
        return value.dtype
    largest = int(np.abs(value.astype(np.int64)).max(initial=0))
    return np.dtype(next(kind for kind in (np.int8, np.int16, np.int32) if largest <= np.iinfo(kind).max))
