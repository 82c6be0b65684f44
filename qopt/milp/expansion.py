"""Multiply polynomials out over affine substitutions of their columns, as arrays.

Every column is ``offset + sum(weight * atom)``: a spin is ``-1 + 2 b``, a fixed column is its value alone, an integer
may be a sum of bits. Substituted and multiplied out, a polynomial becomes a linear part and monomials over atoms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.polynomial import Polynomial, Products

_LARGEST = 2**62
"""Keys of rows stay below this."""


@dataclass(frozen=True, eq=False)
class Substitution:
    """``x[c] = offset[c] + sum(weight[e] * y[atom[e]] for the entries e of column c)``.

    Parameters
    ----------
    indptr, atom, weight
        CSR over the columns.
    offset
        Shape (columns,).
    binary
        Shape (atoms,): whether an atom is 0 or 1, so that its powers are itself.
    """

    indptr: Ints
    atom: Ints
    weight: Floats
    offset: Floats
    binary: Bools

    def options(self) -> tuple[Ints, Ints, Floats]:
        """CSR of the summands of each column, constants with atom -1; one more column (index n) is the number 1."""
        n = len(self.offset)
        constant = np.flatnonzero(self.offset)
        owner = np.concatenate([np.repeat(np.arange(n), np.diff(self.indptr)), constant, [n]])
        atom = np.concatenate([self.atom, np.full(len(constant) + 1, -1)])
        weight = np.concatenate([self.weight, self.offset[constant], [1.0]])
        order = np.argsort(owner, kind="stable")
        indptr = np.zeros(n + 2, dtype=np.int64)
        np.cumsum(np.bincount(owner, minlength=n + 1), out=indptr[1:])
        return indptr, atom[order], weight[order]


@dataclass(frozen=True, eq=False)
class Expanded:
    """``constant + linear @ y + sum(coefficient * prod(y[factors]))`` for each of several polynomials.

    Parameters
    ----------
    owner, factors, coefficient
        Monomials of two or more factors: whose they are, shape (terms,); their atoms, ascending, padded in front with
        -1, shape (terms, degree); coefficients. No monomial occurs twice with one owner.
    linear_owner, linear_atom, linear_value
        What has collapsed to one atom.
    constant
        Shape (polynomials,).
    """

    owner: Ints
    factors: Ints
    coefficient: Floats
    linear_owner: Ints
    linear_atom: Ints
    linear_value: Floats
    constant: Floats

    def polynomial(self, k: int, atoms: int) -> Polynomial:
        """Polynomial k, over so many atoms."""
        mine, line = self.owner == k, self.linear_owner == k
        factors, coefficient = self.factors[mine], self.coefficient[mine]
        size = (factors >= 0).sum(axis=1)
        high = size > 2
        pairs, long = factors[size == 2], factors[high]
        indptr = np.concatenate([[0], np.cumsum(size[high])])
        return Polynomial.from_pairs(
            np.bincount(self.linear_atom[line], weights=self.linear_value[line], minlength=atoms),
            pairs[:, -2],
            pairs[:, -1],
            coefficient[size == 2],
            products=Products(indptr, long[long >= 0], coefficient[high]),
            offset=float(self.constant[k]),
        )


def terms_of(polynomials: Sequence[Polynomial], zero: Bools) -> tuple[Ints, Ints, Floats]:
    """Terms of degree 2 and above of all polynomials: owner, columns (padded behind with n), coefficient.

    Terms with a column of the mask ``zero``, shape (columns,), vanish and are left out.
    """
    degree = max([2] + [p.products.degree for p in polynomials])
    owner, columns, coefficient = [np.empty(0, np.int64)], [np.empty((0, degree), np.int64)], [np.empty(0)]
    for k, p in enumerate(polynomials):
        if len(p.value):
            kept = np.flatnonzero(~(zero[p.row] | zero[p.col]))
            block = np.full((len(kept), degree), p.n, dtype=np.int64)
            block[:, 0], block[:, 1] = p.row[kept], p.col[kept]
            owner.append(np.full(len(block), k))
            columns.append(block)
            coefficient.append(p.value[kept])
        if len(p.products):
            size = np.diff(p.products.indptr)
            block = np.full((len(p.products), degree), p.n, dtype=np.int64)
            block[np.arange(degree) < size[:, None]] = p.products.index
            kept = np.flatnonzero(~np.append(zero, False)[block].any(axis=1))
            owner.append(np.full(len(kept), k))
            columns.append(block[kept])
            coefficient.append(p.products.coefficient[kept])
    return np.concatenate(owner), np.concatenate(columns), np.concatenate(coefficient)


def expand(
    terms: tuple[Ints, Ints, Floats], substitution: Substitution, polynomials: int, *, limit: int
) -> Expanded | None:
    """Substitute into terms and multiply out; None when more than ``limit`` summands would have to be written.

    Parameters
    ----------
    terms
        From ``terms_of``; no factor is the constant 0.
    polynomials
        How many polynomials own them.
    """
    owner, columns, coefficient = terms
    indptr, atom, weight = substitution.options()
    count = np.diff(indptr)
    if len(columns) and float(np.prod(count[columns].astype(np.float64), axis=1).sum()) > limit:
        return None
    factors = np.empty((len(columns), 0), dtype=np.int64)
    for f in range(columns.shape[1]):
        choices = count[columns[:, f]]
        term = np.repeat(np.arange(len(columns)), choices)
        first = np.cumsum(choices) - choices
        entry = indptr[columns[term, f]] + np.arange(len(term)) - first[term]
        owner, columns, coefficient = owner[term], columns[term], coefficient[term] * weight[entry]
        factors = np.column_stack([factors[term], atom[entry]])
    factors = np.sort(factors, axis=1)
    again = (factors[:, 1:] == factors[:, :-1]) & (factors[:, 1:] >= 0)
    again &= np.append(substitution.binary, False)[factors[:, 1:]]
    factors[:, 1:][again] = -1
    factors.sort(axis=1)
    factors, owner, coefficient = _merged(factors, owner, coefficient)
    size = (factors >= 0).sum(axis=1)
    single, many = size == 1, size >= 2
    constant: Floats = np.bincount(owner[size == 0], weights=coefficient[size == 0], minlength=polynomials).astype(
        np.float64
    )
    return Expanded(
        owner[many],
        factors[many],
        coefficient[many],
        owner[single],
        factors[single, -1] if factors.shape[1] else np.empty(0, np.int64),
        coefficient[single],
        constant,
    )


def unique_rows(factors: NDArray[Any]) -> tuple[Ints, Ints]:
    """Distinct rows of a matrix of atoms (-1 and up), and which of them each row is."""
    base = int(factors.max(initial=0)) + 2
    rank, ranks = np.zeros(len(factors), dtype=np.int64), 1
    for f in range(factors.shape[1]):
        if ranks > _LARGEST // base:
            distinct, rank = np.unique(rank, return_inverse=True)
            ranks = len(distinct)
        rank, ranks = rank * base + factors[:, f] + 1, ranks * base
    _, first, rank = np.unique(rank, return_index=True, return_inverse=True)
    return factors[first], rank


def _merged(factors: Ints, owner: Ints, coefficient: Floats) -> tuple[Ints, Ints, Floats]:
    both, rank = unique_rows(np.column_stack([owner, factors]))
    total = np.bincount(rank, weights=coefficient, minlength=len(both))
    keep = total != 0.0
    return both[keep, 1:], both[keep, 0], total[keep]
