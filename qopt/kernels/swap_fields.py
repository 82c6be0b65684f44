"""Fields of permutations that pay flow times distance, and what swaps cost.

    energy(place)  = sum over rows i of linear[i, place[i]]
                   + sum over rows i < k and parts of flow[part, i, k] * distance[part, place[i], place[k]]
    field[i, q]    = what row i would pay in column q, the others staying: linear plus its pairs with all other rows

Part 0 is symmetric in flow and distance, part 1 (if any) changes its sign in both when turned round. Swapping two rows
costs four fields and one pair; once it is done, the fields change by one product of a column and a row per part.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit


class Square(NamedTuple):
    """``linear`` (n, n), ``flow`` and ``distance`` (parts, n, n): all int32 or all float64, the last two without
    diagonals."""

    linear: Any
    flow: Any
    distance: Any


@njit(cache=True, nogil=True)
def load(square, place, field):
    """Write the fields of a permutation to ``field`` (n, n); returns its energy as float64."""
    n = len(place)
    field[:] = square.linear
    for part in range(len(square.flow)):
        for i in range(n):
            for k in range(n):
                flow = square.flow[part, i, k]
                if flow != 0:
                    for q in range(n):
                        field[i, q] += flow * square.distance[part, q, place[k]]
    twice = 0.0
    for i in range(n):
        twice += np.float64(field[i, place[i]]) + np.float64(square.linear[i, place[i]])
    return twice / 2


@njit(cache=True, nogil=True, inline="always")
def swap_cost(square, field, place, r, s):
    """What it costs to swap the columns of rows r and s."""
    a, b = place[r], place[s]
    change = field[r, b] + field[s, a] - field[r, a] - field[s, b]
    return change + 2 * square.flow[0, r, s] * square.distance[0, a, b]


@njit(cache=True, nogil=True)
def shift(field, mine, other, change):
    """Add ``(mine - other)[i] * change[q]`` to every field; no branches, so that lines are vectors."""
    number = field.dtype.type
    for i in range(len(field)):
        more = number(mine[i] - other[i])
        row = field[i]
        for q in range(len(row)):
            row[q] += number(more * change[q])


@njit(cache=True, nogil=True)
def swap_fields(square, field, r, s, a, b, change):
    """Change the fields for row r going from column a to b and row s from b to a; ``change`` (n,) is room."""
    for part in range(len(square.flow)):
        flow, distance = square.flow[part], square.distance[part]
        for q in range(len(change)):
            change[q] = distance[b, q] - distance[a, q]
        shift(field, flow[r], flow[s], change)
