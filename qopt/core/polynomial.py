"""Polynomials over columns or bits, as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qopt.core.arrays import Floats, Indices, Ints, frozen, is_integral, no_floats, no_indices, no_pointers

_BLOCK = 2**17  # entries of points that are evaluated together: 1 MB of them at a time
_SLICE = 2**16  # pairs evaluated at a time: their factors stay in the cache


@dataclass(frozen=True, eq=False)
class Products:
    """Terms of degree 3 and above: ``coefficient[t] * prod(x[index[indptr[t]:indptr[t+1]]])``.

    Parameters
    ----------
    indptr
        Shape (terms + 1,), int64.
    index
        Columns of all terms, sorted inside a term; a column may repeat (a power).
    coefficient
        Shape (terms,).
    """

    indptr: Ints = field(default_factory=no_pointers)
    index: Indices = field(default_factory=no_indices)
    coefficient: Floats = field(default_factory=no_floats)

    def __post_init__(self) -> None:
        object.__setattr__(self, "indptr", frozen(self.indptr, np.int64))
        object.__setattr__(self, "index", frozen(self.index, np.int32))
        object.__setattr__(self, "coefficient", frozen(self.coefficient, np.float64))

    def __len__(self) -> int:
        return len(self.coefficient)

    @property
    def degree(self) -> int:
        """The largest number of factors, 0 when there are no terms."""
        return int(np.diff(self.indptr).max(initial=0))

    def term(self, t: int) -> NDArray[np.int32]:
        """The columns of term t."""
        return self.index[self.indptr[t] : self.indptr[t + 1]]

    @cached_property
    def blocks(self) -> tuple[tuple[NDArray[np.int32], Floats], ...]:
        """The terms of each degree, ascending: their columns, shape (degree, terms), and their coefficients."""
        degrees = np.diff(self.indptr)
        found = []
        for degree in np.unique(degrees).tolist():
            mine = degrees == degree
            columns = self.index[np.repeat(mine, degrees)].reshape(-1, degree).T
            found.append((frozen(columns, np.int32), frozen(self.coefficient[mine], np.float64)))
        return tuple(found)

    @classmethod
    def from_terms(cls, terms: Mapping[tuple[int, ...], float]) -> Products:
        """Terms from a mapping of column tuples to coefficients; equal products are merged, zeros dropped."""
        merged: dict[tuple[int, ...], float] = {}
        for columns, value in terms.items():
            key = tuple(sorted(int(c) for c in columns))
            merged[key] = merged.get(key, 0.0) + float(value)
        keys = sorted(key for key, value in merged.items() if value != 0.0)
        indptr = np.zeros(len(keys) + 1, dtype=np.int64)
        if keys:
            np.cumsum([len(key) for key in keys], out=indptr[1:])
        index = np.fromiter((c for key in keys for c in key), dtype=np.int32, count=int(indptr[-1]))
        return cls(indptr, index, np.array([merged[key] for key in keys], dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Polynomial:
    """``offset + linear @ x + sum(value * x[row] * x[col]) + products``.

    Parameters
    ----------
    linear
        Dense, shape (n,).
    row, col, value
        The quadratic part: pairs with ``row <= col``, each at most once, sorted by (row, col). ``row == col`` is a
        square (for a binary column it equals the linear term and does not occur; see ``from_pairs``).
    products
        Terms of degree 3 and above.
    offset
        The constant.
    """

    linear: Floats
    row: Indices = field(default_factory=no_indices)
    col: Indices = field(default_factory=no_indices)
    value: Floats = field(default_factory=no_floats)
    products: Products = field(default_factory=Products)
    offset: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "linear", frozen(self.linear, np.float64))
        object.__setattr__(self, "row", frozen(self.row, np.int32))
        object.__setattr__(self, "col", frozen(self.col, np.int32))
        object.__setattr__(self, "value", frozen(self.value, np.float64))
        object.__setattr__(self, "offset", float(self.offset))

    @classmethod
    def zero(cls, n: int) -> Polynomial:
        """The zero polynomial over n columns."""
        return cls(np.zeros(n))

    @classmethod
    def from_pairs(
        cls,
        linear: ArrayLike,
        row: ArrayLike,
        col: ArrayLike,
        value: ArrayLike,
        *,
        products: Products | None = None,
        offset: float = 0.0,
        binary: ArrayLike | None = None,
    ) -> Polynomial:
        """A polynomial from quadratic pairs in any order and orientation; duplicates are summed and zeros dropped.

        Parameters
        ----------
        row, col, value
            Pairs, any orientation. A pair (i, j) contributes ``value * x[i] * x[j]`` once.
        binary
            Optional mask of columns whose values are 0 or 1: their squares are moved to the linear part. True for all
            columns when given as ``True``.
        """
        linear = np.array(linear, dtype=np.float64)
        n = len(linear)
        i, j = np.asarray(row, dtype=np.int64).ravel(), np.asarray(col, dtype=np.int64).ravel()
        v: Any = np.asarray(value, dtype=np.float64).ravel()
        if not len(i) == len(j) == len(v):
            raise ValueError(f"row, col and value differ in length: {len(i)}, {len(j)}, {len(v)}")
        if len(i) and (min(i.min(), j.min()) < 0 or max(i.max(), j.max()) >= n):
            raise ValueError(f"a pair names a column outside 0..{n - 1}")
        if binary is not None and len(i):
            square = i == j
            mask = np.broadcast_to(np.asarray(binary, dtype=bool), (n,))
            square &= mask[i]
            if square.any():
                np.add.at(linear, i[square], v[square])
                i, j, v = i[~square], j[~square], v[~square]
        key: Any = np.minimum(i, j) * n + np.maximum(i, j)
        if len(key) > 1 and not np.all(key[1:] > key[:-1]):
            key, inverse = np.unique(key, return_inverse=True)
            v = np.bincount(inverse, weights=v, minlength=len(key))
        keep = v != 0.0
        if not keep.all():
            key, v = key[keep], v[keep]
        return cls(linear, key // max(n, 1), key % max(n, 1), v, products or Products(), offset)

    @property
    def n(self) -> int:
        """Number of columns."""
        return len(self.linear)

    @property
    def degree(self) -> int:
        """0 to 2, or the degree of the products."""
        if len(self.products):
            return self.products.degree
        return 2 if len(self.value) else (1 if np.any(self.linear) else 0)

    @cached_property
    def integral(self) -> bool:
        """Whether every coefficient is a whole number (so that the polynomial is integral on integral points)."""
        parts = (self.linear, self.value, self.products.coefficient, np.array([self.offset]))
        return all(is_integral(part) for part in parts)

    def evaluate(self, points: ArrayLike) -> Floats:
        """Value at each row of ``points``, shape (rows, n) -> (rows,); a single point (n,) gives shape (1,)."""
        x = np.atleast_2d(np.asarray(points))
        if x.shape[1] != self.n:
            raise ValueError(f"points have {x.shape[1]} columns, the polynomial has {self.n}")
        out = np.empty(len(x))
        step = max(1, _BLOCK // max(1, self.n))
        for start in range(0, len(x), step):
            out[start : start + step] = self._evaluate_block(x[start : start + step].astype(np.float64))
        return out

    def _evaluate_block(self, x: NDArray[Any]) -> Floats:
        # einsum, not dot: a threaded BLAS waits for busy cores and may round differently from run to run
        total = np.einsum("kc,c->k", x, self.linear) + self.offset
        if len(self.value):
            for first in range(0, len(self.value), _SLICE):
                row, col, value = (part[first : first + _SLICE] for part in (self.row, self.col, self.value))
                for k in range(len(x)):
                    total[k] += np.einsum("p,p,p->", x[k].take(row), x[k].take(col), value)
        for columns, coefficient in self.products.blocks:
            for k in range(len(x)):
                total[k] += np.einsum("t,t->", np.multiply.reduce(x[k].take(columns), axis=0), coefficient)
        return total

    def bounds(self, lower: Floats, upper: Floats) -> tuple[float, float]:
        """Termwise bounds over the box ``lower <= x <= upper``: valid for every point of it, rarely tight."""
        low = high = self.offset
        a, b = self.linear * lower, self.linear * upper
        a, b = np.where(self.linear == 0, 0.0, a), np.where(self.linear == 0, 0.0, b)
        low, high = low + float(np.minimum(a, b).sum()), high + float(np.maximum(a, b).sum())
        if len(self.value):
            i, j = self.row, self.col
            corners = np.stack([lower[i] * lower[j], lower[i] * upper[j], upper[i] * lower[j], upper[i] * upper[j]])
            small, large = corners.min(axis=0), corners.max(axis=0)
            square = i == j
            if square.any():
                crosses = (lower[i] < 0) & (upper[i] > 0)
                small = np.where(square & crosses, 0.0, small)
                small = np.where(square & ~crosses, np.minimum(corners[0], corners[3]), small)
                large = np.where(square, np.maximum(corners[0], corners[3]), large)
            terms = np.stack([self.value * small, self.value * large])
            low, high = low + float(terms.min(axis=0).sum()), high + float(terms.max(axis=0).sum())
        for t in range(len(self.products)):
            small_t, large_t = 1.0, 1.0
            for c in self.products.term(t):
                corners_t = (small_t * lower[c], small_t * upper[c], large_t * lower[c], large_t * upper[c])
                small_t, large_t = min(corners_t), max(corners_t)
            ends = (self.products.coefficient[t] * small_t, self.products.coefficient[t] * large_t)
            low, high = low + float(min(ends)), high + float(max(ends))
        return low, high

    def scaled(self, factor: float) -> Polynomial:
        """This polynomial times ``factor``."""
        products = Products(self.products.indptr, self.products.index, self.products.coefficient * factor)
        value = self.value * factor
        return Polynomial(self.linear * factor, self.row, self.col, value, products, self.offset * factor)

    @classmethod
    def sum(cls, parts: Sequence[Polynomial]) -> Polynomial:
        """The sum of polynomials over the same columns."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            raise ValueError("the sum of no polynomials has no number of columns")
        terms: dict[tuple[int, ...], float] = {}
        for part in parts:
            for t in range(len(part.products)):
                key = tuple(int(c) for c in part.products.term(t))
                terms[key] = terms.get(key, 0.0) + float(part.products.coefficient[t])
        return cls.from_pairs(
            np.sum([part.linear for part in parts], axis=0),
            np.concatenate([part.row for part in parts]),
            np.concatenate([part.col for part in parts]),
            np.concatenate([part.value for part in parts]),
            products=Products.from_terms(terms),
            offset=float(sum(part.offset for part in parts)),
        )

    def columns(self) -> Ints:
        """The columns that occur with a nonzero coefficient, ascending."""
        seen = self.linear != 0
        for used in (self.row, self.col, self.products.index):
            seen[used] = True
        return np.flatnonzero(seen)


def polynomial_of(
    n: int, terms: Mapping[tuple[int, ...], float] | Iterable[tuple[tuple[int, ...], float]]
) -> Polynomial:
    """A small polynomial from ``{(): 5, (0,): 2, (0, 1): -1, (0, 1, 2): 3}``; handy in tests and examples."""
    items = list(terms.items() if isinstance(terms, Mapping) else terms)
    linear, offset = np.zeros(n), 0.0
    pairs: list[tuple[int, int, float]] = []
    higher: dict[tuple[int, ...], float] = {}
    for columns, value in items:
        if len(columns) == 0:
            offset += value
        elif len(columns) == 1:
            linear[columns[0]] += value
        elif len(columns) == 2:
            pairs.append((columns[0], columns[1], value))
        else:
            key = tuple(sorted(columns))
            higher[key] = higher.get(key, 0.0) + value
    row, col, data = (np.array(part) for part in zip(*pairs)) if pairs else (np.empty(0),) * 3
    return Polynomial.from_pairs(linear, row, col, data, products=Products.from_terms(higher), offset=offset)
