"""Sparse algebra over bits: sums of polynomials, substitution of columns by bits, squares of affine forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qopt.compilers.passes.encode import Coded
from qopt.core.arrays import Floats
from qopt.core.errors import CompileError
from qopt.core.polynomial import Polynomial, Products
from qopt.milp import expansion
from qopt.milp.expansion import Substitution

Terms = dict[tuple[int, ...], float]
"""A small polynomial: sorted tuples of distinct bits to coefficients."""

MOST_SUMMANDS = 2**26
"""Most summands that products multiplied out over bits may have, before like ones are added up."""


@dataclass(frozen=True, eq=False)
class Forms:
    """Functions ``alpha * g**2 + beta * g`` of affine forms ``g = matrix @ bits + constant``, one per row.

    Three of them make every penalty: ``g**2`` is 0 exactly where g = 0; ``(g**2 - g) / 2`` exactly where g is 0 or 1;
    ``g`` itself where g cannot be negative. For whole g all are whole, and at least 1 elsewhere.
    """

    matrix: sparse.csr_array
    constant: Floats
    alpha: Floats
    beta: Floats

    def __len__(self) -> int:
        return len(self.constant)

    def polynomial(self, n: int, weight: Floats | float = 1.0) -> Polynomial:
        """The weighted sum of the forms over n bits (b**2 = b)."""
        alpha, beta = self.alpha * weight, self.beta * weight
        a = widened(self.matrix, n).astype(np.float64)
        squares = sparse.csr_array((a.data**2, a.indices, a.indptr), shape=a.shape)
        linear = a.T @ (2 * alpha * self.constant + beta) + squares.T @ alpha
        offset = float(np.sum(alpha * self.constant**2 + beta * self.constant))
        bent = np.flatnonzero(alpha)
        if len(bent) < len(alpha):
            a, alpha = a[bent], alpha[bent]
        weighted = a.data * np.repeat(2 * alpha, np.diff(a.indptr))
        pairs = sparse.triu(a.T @ sparse.csr_array((weighted, a.indices, a.indptr), shape=a.shape), k=1, format="coo")
        return gathered(linear, pairs.row, pairs.col, pairs.data, offset)

    def couplings(self) -> Floats:
        """Number of pairs each form makes."""
        size = np.diff(self.matrix.indptr).astype(np.float64)
        return np.where(self.alpha != 0, size * (size - 1) / 2, 0.0)


def stacked(parts: Sequence[Forms], n: int) -> Forms:
    """Several lists of forms as one, over n bits."""
    matrix = sparse.vstack([widened(p.matrix, n) for p in parts], format="csr")
    return Forms(
        sparse.csr_array(matrix),
        *(np.concatenate([getattr(p, k) for p in parts]) for k in ("constant", "alpha", "beta")),
    )


def widened(matrix: sparse.csr_array, n: int) -> sparse.csr_array:
    """The same matrix with n columns, none of its data copied."""
    return sparse.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], n))


def gathered(
    linear: Floats, row: NDArray[Any], col: NDArray[Any], value: Floats, offset: float, products: Products | None = None
) -> Polynomial:
    """A polynomial over bits from pairs in any order; ``from_pairs`` in linear time (bucket sort by row)."""
    n = len(linear)
    low, high = np.minimum(row, col), np.maximum(row, col)
    square = low == high
    if square.any():
        linear = linear + np.bincount(low[square], weights=value[square], minlength=n)
        low, high, value = low[~square], high[~square], value[~square]
    m = sparse.coo_array((value, (low, high)), shape=(n, n)).tocsr()
    m.sum_duplicates()
    m.eliminate_zeros()
    owner = np.repeat(np.arange(n, dtype=np.int32), np.diff(m.indptr))
    return Polynomial(linear, owner, m.indices, m.data, products or Products(), offset)


def added(parts: Sequence[Polynomial], n: int) -> Polynomial:
    """The sum of polynomials over the first bits of n."""
    parts = [p for p in parts if p.n or p.offset]
    linear = np.zeros(n)
    for p in parts:
        linear[: p.n] += p.linear
    offset = float(sum(p.offset for p in parts))
    quadratic = [p for p in parts if len(p.value)]
    higher = [p.products for p in parts if len(p.products)]
    products = higher[0] if len(higher) == 1 else _merged(higher)
    if len(quadratic) == 1:
        p = quadratic[0]
        return Polynomial(linear, p.row, p.col, p.value, products, offset)
    if not quadratic:
        return Polynomial(linear, products=products, offset=offset)
    row, col, value = (np.concatenate([getattr(p, k) for p in quadratic]) for k in ("row", "col", "value"))
    return gathered(linear, row, col, value, offset, products)


def _merged(parts: Sequence[Products]) -> Products:
    terms: Terms = {}
    for part in parts:
        for t in range(len(part)):
            key = tuple(part.term(t).tolist())
            terms[key] = terms.get(key, 0.0) + float(part.coefficient[t])
    return Products.from_terms(terms)


def substituted(p: Polynomial, coded: Coded) -> Polynomial:
    """A polynomial over columns as a polynomial over bits, exactly the same on every bit string."""
    powers = _has_powers(p.products)
    if coded.identity and not powers:
        return gathered(p.linear, p.row, p.col, p.value, p.offset, p.products) if np.any(p.row == p.col) else p
    m, o = coded.matrix, coded.offset
    q = sparse.csr_array((p.value, (p.row, p.col)), shape=(p.n, p.n))
    linear = m.T @ (p.linear + q @ o + q.T @ o)
    offset = p.offset + float(p.linear @ o + o @ (q @ o))
    pairs = (m.T @ q @ m).tocoo()
    low = gathered(linear, pairs.row, pairs.col, pairs.data, offset)
    if not len(p.products):
        return low
    return added([low, _multiplied_out(p.products, coded)], coded.bits)


def _has_powers(products: Products) -> bool:
    same = products.index[1:] == products.index[:-1]
    starts = products.indptr[1:-1] - 1
    same[starts[(starts >= 0) & (starts < len(same))]] = False
    return bool(same.any())


def _multiplied_out(products: Products, coded: Coded) -> Polynomial:
    """Products of columns as a multilinear polynomial over bits.

    Raises
    ------
    CompileError
        More than ``MOST_SUMMANDS`` would have to be written.
    """
    m, bits = coded.matrix, coded.bits
    zero = (np.diff(m.indptr) == 0) & (coded.offset == 0)
    way = Substitution(m.indptr, m.indices, m.data, coded.offset, np.ones(bits, dtype=bool))
    terms = expansion.terms_of([Polynomial(np.zeros(len(zero)), products=products)], zero)
    made = expansion.expand(terms, way, 1, limit=MOST_SUMMANDS)
    if made is None:
        raise CompileError(
            f"the products of the objective, multiplied out over bits, have more than {MOST_SUMMANDS} summands"
            " (give long products variables of their own, tied by rows)"
        )
    return made.polynomial(0, bits)


def terms_of(p: Polynomial) -> Terms:
    """A small polynomial as terms, the constant under ``()``."""
    out: Terms = {(int(c),): float(p.linear[c]) for c in np.flatnonzero(p.linear)}
    out |= {(int(i), int(j)): float(v) for i, j, v in zip(p.row, p.col, p.value)}
    out |= {tuple(p.products.term(t).tolist()): float(p.products.coefficient[t]) for t in range(len(p.products))}
    if p.offset:
        out[()] = p.offset
    return out
