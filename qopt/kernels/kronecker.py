"""Weights between the bits of one permutation square, as products of what rows and what columns have to do together.

    bit (i, p) = i * side + p: row i takes column p;   weight of the pair (i, p), (k, q) = w(i, p, k, q)
    together   = w(i, p, k, q) + w(i, q, k, p)          the same both ways round
    apart      = w(i, p, k, q) - w(i, q, k, p)          the opposite the other way round

Where every weight comes from one flow times one distance, ``together`` and ``apart`` are each a product of a matrix
over rows and one over columns. Weights are a square matrix, or CSR as in ``anneal_fields``; those of pairs in a line of
the square are zero. ``slack`` is what rounding may do: 0 for whole numbers.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from qopt.kernels.anneal_fields import coupling


@njit(cache=True, nogil=True, inline="always")
def _sides(indptr, col, weight, side, i, p, k, q, number):
    """The weight one way round and the other, in the type of ``number``."""
    this = number(coupling(indptr, col, weight, i * side + p, k * side + q))
    return this, number(coupling(indptr, col, weight, i * side + q, k * side + p))


@njit(cache=True, nogil=True)
def block(indptr, col, weight, side, i, k, together, apart):
    """Write both for rows i and k and all columns to (side, side) arrays."""
    for p in range(side):
        for q in range(side):
            this, other = _sides(indptr, col, weight, side, i, p, k, q, together.dtype.type)
            together[p, q] = this + other
            apart[p, q] = this - other


@njit(cache=True, nogil=True)
def across(indptr, col, weight, side, p, q, together, apart):
    """Write both for columns p and q and all rows to (side, side) arrays."""
    for i in range(side):
        for k in range(side):
            this, other = _sides(indptr, col, weight, side, i, p, k, q, together.dtype.type)
            together[i, k] = this + other
            apart[i, k] = this - other


@njit(cache=True, nogil=True)
def first(indptr, col, weight, side, slack, want, out):
    """Find a pair where ``together`` (``want`` 0) or ``apart`` (1) is not zero; write i, k, p, q to ``out`` (4,).

    Returns whether there is one.
    """
    for a in range(side * side):
        i, p = a // side, a % side
        begin, end = (0, side * side) if weight.ndim == 2 else (indptr[a], indptr[a + 1])
        for place in range(begin, end):
            b = place if weight.ndim == 2 else np.int64(col[place])
            k, q = b // side, b % side
            if k <= i or p == q:
                continue
            this, other = _sides(indptr, col, weight, side, i, p, k, q, np.float64)
            if abs(this + other if want == 0 else this - other) > slack:
                out[0], out[1], out[2], out[3] = i, k, p, q
                return True
    return False


@njit(cache=True, nogil=True, inline="always")
def _told(flow, distance, i, k, p, q):
    told = flow.dtype.type(0)
    for part in range(len(flow)):
        told += flow[part, i, k] * distance[part, p, q]
    return told


@njit(cache=True, nogil=True)
def agrees(indptr, col, weight, side, flow, distance, scale, slack):
    """Whether ``scale * w(i, p, k, q)`` is the sum over parts of ``flow[part, i, k] * distance[part, p, q]``.

    ``flow`` and ``distance`` (parts, side, side) are all symmetric or antisymmetric together, part by part.
    """
    number = flow.dtype.type
    some = np.empty(side, dtype=np.int64)
    for p in range(side):
        count = 0
        for q in range(side):
            if np.any(distance[:, p, q] != 0) or weight.ndim == 2:
                some[count] = q
                count += 1
        for i in range(side):
            a = i * side + p
            expected = 0
            for k in range(i + 1, side):
                for s in range(count):
                    told = _told(flow, distance, i, k, p, some[s])
                    if weight.ndim == 2:
                        here = scale * number(coupling(indptr, col, weight, a, k * side + some[s]))
                        if abs(told - here) > slack:
                            return False
                    elif abs(told) > slack:
                        expected += 1
            if weight.ndim == 1:
                for place in range(indptr[a], indptr[a + 1]):
                    k, q = col[place] // side, col[place] % side
                    if k <= i:
                        continue
                    here = scale * number(weight[place])
                    if abs(_told(flow, distance, i, k, p, q) - here) > slack:
                        return False
                    expected -= abs(here) > slack
                if expected != 0:
                    return False
    return True
