"""Sums of products of columns at many points at once: the arrays that expressions over variables become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats
from qopt.core.problem import Kind

Data = Floats | np.float64
"""Numbers at every point, shape (points,), or one number for all of them."""

Counter = Callable[[int], None]
"""Told how many terms an operation will make, before it makes them; raises when that is too many."""


@dataclass(frozen=True, eq=False)
class Products:
    """Terms of one degree d >= 1: ``coefficient[t] * prod(x[columns[t]])`` at point ``point[t]``.

    Parameters
    ----------
    point
        Shape (N,), ascending.
    columns
        Shape (N, d).
    coefficient
        Shape (N,).
    """

    point: NDArray[np.int64]
    columns: NDArray[np.int32]
    coefficient: Floats

    @property
    def degree(self) -> int:
        """Number of factors."""
        return self.columns.shape[1]


@dataclass(frozen=True, eq=False)
class Terms:
    """One polynomial per point.

    Parameters
    ----------
    points
        Number of points.
    constant
        Shape (points,) or ().
    products
        In any order; several may have the same degree.
    """

    points: int
    constant: Data
    products: tuple[Products, ...] = ()

    @property
    def degree(self) -> int:
        """Largest number of factors."""
        return max((p.degree for p in self.products), default=0)

    def plus(self, other: Terms) -> Terms:
        """The sum, point by point."""
        return Terms(self.points, self.constant + other.constant, self.products + other.products)

    def shifted(self, data: Data) -> Terms:
        """With data added."""
        return replace(self, constant=self.constant + data)

    def scaled(self, data: Data) -> Terms:
        """Times data of shape (points,) or ()."""
        products = tuple(
            replace(p, coefficient=p.coefficient * (np.asarray(data)[p.point] if np.ndim(data) else data))
            for p in self.products
        )
        return Terms(self.points, self.constant * data, products)

    def times(self, other: Terms, counter: Counter) -> Terms:
        """The product, point by point: every term of one with every term of the other."""
        out = Terms(self.points, self.constant * other.constant)
        for one, two in ((self, other), (other, self)):
            if one.products and np.any(two.constant):
                out = out.plus(replace(one, constant=np.float64(0)).scaled(two.constant))
        made = [_paired(a, b, self.points, counter) for a in self.products for b in other.products]
        return replace(out, products=out.products + tuple(made))

    def summed(self, parent: NDArray[np.int64], points: int) -> Terms:
        """Added up over the points that have the same parent (ascending)."""
        products = tuple(replace(p, point=parent[p.point]) for p in self.products)
        return Terms(points, summed(self.constant, parent, points), products)


def summed(data: Data, parent: NDArray[np.int64], points: int) -> Floats:
    """Data added up over the points that have the same parent."""
    if np.ndim(data) == 0:
        return np.bincount(parent, minlength=points).astype(np.float64) * float(data)
    return np.bincount(parent, weights=data, minlength=points).astype(np.float64)


def _paired(a: Products, b: Products, points: int, counter: Counter) -> Products:
    """Every term of ``a`` with every term of ``b`` at the same point."""
    in_b = np.bincount(b.point, minlength=points)
    repeats = in_b[a.point]
    total = int(repeats.sum())
    counter(total)
    start_b = np.cumsum(in_b) - in_b
    left = np.repeat(np.arange(len(a.point)), repeats)
    step = np.arange(total) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    right = start_b[a.point[left]] + step
    columns = np.concatenate([a.columns[left], b.columns[right]], axis=1)
    return Products(a.point[left], columns, a.coefficient[left] * b.coefficient[right])


def collected(terms: Terms, kind: NDArray[np.int8]) -> tuple[Floats, dict[int, Products]]:
    """The constants, shape (points,), and the terms by degree: powers reduced, equal terms merged, zeros dropped.

    Powers of a binary column are the column itself, even powers of a spin are 1. Sorted by point, then by columns.
    """
    constant = np.broadcast_to(np.asarray(terms.constant, dtype=np.float64), (terms.points,)).copy()
    by_degree: dict[int, list[Products]] = {}
    for product in terms.products:
        for piece in _reduced(product, kind):
            if piece.degree == 0:
                constant += np.bincount(piece.point, weights=piece.coefficient, minlength=terms.points)
            else:
                by_degree.setdefault(piece.degree, []).append(piece)
    merged = {degree: _merged(pieces, len(kind)) for degree, pieces in sorted(by_degree.items())}
    return constant, {degree: piece for degree, piece in merged.items() if len(piece.coefficient)}


def _reduced(product: Products, kind: NDArray[np.int8]) -> list[Products]:
    """The same terms with sorted columns and without needless powers, split by the degree that remains."""
    if product.degree == 1:
        return [product]
    columns: Any = np.sort(product.columns, axis=1)
    kinds = kind[columns]
    alive = np.ones(columns.shape, dtype=bool)
    for k in range(1, product.degree):
        again = (columns[:, k] == columns[:, k - 1]) & alive[:, k - 1]
        spin = again & (kinds[:, k] == Kind.SPIN)
        alive[again & (kinds[:, k] == Kind.BINARY), k - 1] = False
        alive[spin, k - 1] = alive[spin, k] = False
    if alive.all():
        return [replace(product, columns=columns)]
    degrees = alive.sum(axis=1)
    out = []
    for degree in np.unique(degrees).tolist():
        chosen = degrees == degree
        kept = columns[chosen][alive[chosen]].reshape(int(chosen.sum()), degree)
        out.append(Products(product.point[chosen], kept, product.coefficient[chosen]))
    return out


def _merged(pieces: list[Products], n: int) -> Products:
    point = np.concatenate([p.point for p in pieces])
    columns = np.concatenate([p.columns for p in pieces])
    coefficient = np.concatenate([p.coefficient for p in pieces])
    keys = [point, *columns.T]
    if not _ascending(keys):
        order = np.lexsort(keys[::-1]) if len(keys) > 2 else np.argsort(point * n + columns[:, 0], kind="stable")
        point, columns, coefficient = point[order], columns[order], coefficient[order]
        new = np.ones(len(point), dtype=bool)
        new[1:] = (point[1:] != point[:-1]) | np.any(columns[1:] != columns[:-1], axis=1)
        first = np.flatnonzero(new)
        coefficient = np.add.reduceat(coefficient, first) if len(first) else coefficient
        point, columns = point[first], columns[first]
    keep = coefficient != 0
    if not keep.all():
        point, columns, coefficient = point[keep], columns[keep], coefficient[keep]
    return Products(point, columns, coefficient)


def _ascending(keys: list[Any]) -> bool:
    """Whether the rows of the key columns are strictly ascending, so that nothing is there to merge."""
    above = np.zeros(max(len(keys[0]) - 1, 0), dtype=bool)
    equal = np.ones_like(above)
    for key in keys:
        above |= equal & (key[1:] > key[:-1])
        equal &= key[1:] == key[:-1]
    return bool(above.all())
