"""Local fields: what it costs to switch a bit on, kept up to date as bits change.

    energy(x) = linear . x + sum over pairs i < j of weight[i, j] x_i x_j
    field[i]  = linear[i] + sum over j of weight[i, j] x_j         (what bit i costs when on, whatever it is now)

Switching bit k on or off adds or subtracts row k of the weights: no test per neighbour. The diagonal is zero. Weights
are CSR (``weight`` one-dimensional) with both directions of every pair, sorted inside a row; or a square matrix, to be
multiplied by its unit ``indptr[0]``, ``col`` not being read: where all weights are even, as those of a symmetric form
are, they fit into fewer bytes. Integers are exact; ``field`` may be wider than ``weight``.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def turn(indptr, col, weight, field, k, on):
    """Add row k to the fields (``on``), or subtract it."""
    if weight.ndim == 2:
        row = weight[k]
        change = field.dtype.type(indptr[0] if on else -indptr[0])
        for j in range(len(field)):
            field[j] += row[j] * change
    elif on:
        for p in range(indptr[k], indptr[k + 1]):
            field[col[p]] += weight[p]
    else:
        for p in range(indptr[k], indptr[k + 1]):
            field[col[p]] -= weight[p]


@njit(cache=True, nogil=True)
def exchange(indptr, col, weight, field, on_a, on_b, off_a, off_b):
    """Switch two bits on and two off in one pass over the fields."""
    if weight.ndim == 2:
        a, b, c, d = weight[on_a], weight[on_b], weight[off_a], weight[off_b]
        unit = field.dtype.type(indptr[0])
        for j in range(len(field)):
            field[j] += unit * (a[j] + b[j] - c[j] - d[j])
    else:
        turn(indptr, col, weight, field, on_a, True)
        turn(indptr, col, weight, field, on_b, True)
        turn(indptr, col, weight, field, off_a, False)
        turn(indptr, col, weight, field, off_b, False)


@njit(cache=True, nogil=True)
def coupling(indptr, col, weight, i, j):
    """The weight of the pair i, j: from an entry of the matrix, or by a binary search in row i."""
    if weight.ndim == 2:
        found = weight[i, j] * indptr[0]
    else:
        low, high = indptr[i], indptr[i + 1]
        while low < high:
            middle = (low + high) >> 1
            if col[middle] < j:
                low = middle + 1
            else:
                high = middle
        found = weight[low] if low < indptr[i + 1] and col[low] == j else weight.dtype.type(0)
    return found


@njit(cache=True, nogil=True)
def load(linear, indptr, col, weight, bits, field, sign):
    """Fields and signs (``1 - 2 x``) of the point ``bits`` (n,) of zeros and ones."""
    for i in range(len(field)):
        field[i] = linear[i]
        sign[i] = 1 - 2 * bits[i]
    for k in range(len(field)):
        if bits[k]:
            turn(indptr, col, weight, field, k, True)


@njit(cache=True, nogil=True)
def energy_of(linear, field, sign):
    """Energy of the point, from its fields; exact for whole numbers below 2**52 (each bit on counts half of both)."""
    total = 0.0
    for i in range(len(field)):
        if sign[i] < 0:
            total += np.float64(linear[i]) + np.float64(field[i])
    return total / 2
