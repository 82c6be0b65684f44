"""From the pairs of a polynomial to a square matrix of weights, without an array as long as the pairs on the way.

Whole numbers are looked for as ``value * factor``: one counts as whole within ``NEAR`` of its size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

NEAR = 1e-9
_LARGEST = 2.0**53


class Pairs(NamedTuple):
    """The pairs of a polynomial, and which of them count.

    Parameters
    ----------
    inner
        Shape (n,): the place of each bit in the order of the search.
    owner, other
        Shape (m,), int64 per place: bits with the same number in one of them are never on together, and a pair of them
        counts for nothing; below 0: none.
    row, col, value
        Shape (p,), as in ``core.polynomial``.
    """

    inner: Any
    owner: Any
    other: Any
    row: Any
    col: Any
    value: Any


@njit(cache=True, nogil=True)
def _never(owner_i, owner_j, other_i, other_j):
    """Whether bits i and j are never on together."""
    return (owner_i >= 0 and owner_i == owner_j) or (other_i >= 0 and other_i == other_j)


@njit(cache=True, nogil=True)
def _divisor(found, value, factor):
    """The greatest common divisor of ``found`` and a value; -1 where that is not whole."""
    scaled = value * factor
    whole = np.rint(scaled)
    if not (abs(scaled) < _LARGEST and abs(scaled - whole) <= NEAR * max(1e-3, abs(scaled))):
        return np.int64(-1)
    a, b = np.int64(abs(whole)), found
    if b == 1:
        return b
    while b:
        a, b = b, a % b
    return a


@njit(cache=True, nogil=True)
def divisor(values, factor, found):
    """The greatest common divisor of ``found`` (int64) and all ``values * factor``; -1 where one is not whole."""
    for k in range(len(values)):
        found = _divisor(found, values[k], factor)
        if found < 0:
            break
    return found


@njit(cache=True, nogil=True)
def divisor_of_pairs(pairs, factor, found):
    """The same for the pairs that count."""
    inner, owner, other, row, col, value = pairs
    for k in range(len(value)):
        i, j = inner[row[k]], inner[col[k]]
        if i != j and not _never(owner[i], owner[j], other[i], other[j]):
            found = _divisor(found, value[k], factor)
            if found < 0:
                break
    return found


@njit(cache=True, nogil=True)
def tally(pairs, linear, reach):
    """Add squares to ``linear`` (m,), and the size of every pair that counts to ``reach`` (m,) at both its ends.

    Returns how many pairs count, and the largest size of one.
    """
    inner, owner, other, row, col, value = pairs
    number, largest = 0, 0.0
    for k in range(len(value)):
        i, j = inner[row[k]], inner[col[k]]
        if i == j:
            linear[i] += value[k]
        elif value[k] != 0.0 and not _never(owner[i], owner[j], other[i], other[j]):
            size = abs(value[k])
            reach[i] += size
            reach[j] += size
            largest = max(largest, size)
            number += 1
    return number, largest


@njit(cache=True, nogil=True)
def fill(pairs, factor, matrix):
    """Write ``value * factor`` to ``matrix`` (m, m), both ways round; rounded where that holds whole numbers."""
    inner, owner, other, row, col, value = pairs
    number = matrix.dtype.type
    whole = number(0.5) == number(0)
    for k in range(len(value)):
        i, j = inner[row[k]], inner[col[k]]
        if i != j and not _never(owner[i], owner[j], other[i], other[j]):
            scaled = value[k] * factor
            weight = number(np.rint(scaled) if whole else scaled)
            matrix[i, j] = weight
            matrix[j, i] = weight
