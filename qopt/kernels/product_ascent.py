"""Dual ascent on the products of bits with exactly-one rules (level 1 of Sherali and Adams, 1990), in integers.

A pair of bits has a *slot* on either side: ``value[s]`` is what the pair costs as seen from its owner, the rest stands
in its twin, and what the pair costs in all is the sum of both. A *use* is a bit a beside a rule of which, given a,
exactly one of the slots counts. So a whole number may be moved from the linear cost of a to all slots of a use, or
back, and no point that keeps the rules changes its cost. ``price[u]`` counts what was moved to the slots.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from qopt.kernels.lap_ascent import reduce_square


@njit(cache=True, nogil=True)
def gather(
    linear: Any,
    start: Any,
    twin: Any,
    value: Any,
    use_start: Any,
    slot_start: Any,
    slot: Any,
    cell: Any,
    side: Any,
    price: Any,
    down: bool,
) -> None:
    """Every bit with uses, in its turn, takes over its pairs whole and moves what they are sure to cost to itself.

    Where the uses of a bit are the rows and columns of a square of slots, that is the least assignment, with the mean
    of the duals found by rows and by columns (rounded down for rows and up for columns: slots are whole, so that none
    becomes negative); elsewhere one use after the other gives its least slot.

    Parameters
    ----------
    linear
        Shape (bits,).
    start, twin, value
        CSR pointer over bits, shape (bits + 1,); of each slot the one on the other side, and its cost.
    use_start, slot_start, slot
        CSR pointers: the uses of each bit, and the slots of each use.
    cell, side
        Of a bit with a square of m * m slots ``side`` is m, its first m uses are the rows, the next m the columns, and
        ``cell`` is the place of each of its slots, row by row. Elsewhere ``side`` is 0.
    price
        One per use.
    down
        Whether the bits take their turns from the last to the first.
    """
    n = len(linear)
    widest = 0
    for a in range(n):
        widest = max(widest, side[a])
    work = np.empty((widest, widest), dtype=np.int64)
    turned = np.empty((widest, widest), dtype=np.int64)
    duals = np.empty((4, widest + 1), dtype=np.int64)
    space = np.empty((4, widest + 1), dtype=np.int64)
    for t in range(n):
        a = n - 1 - t if down else t
        if use_start[a] == use_start[a + 1]:
            continue
        for s in range(start[a], start[a + 1]):
            value[s] += value[twin[s]]
            value[twin[s]] = 0
        m = side[a]
        if m > 0:
            for s in range(start[a], start[a + 1]):
                r, c = cell[s] // m, cell[s] % m
                work[r, c] = value[s]
                turned[c, r] = value[s]
            u, v, other_v, other_u = duals
            reduce_square(work, m, u, v, space[0], space[1], space[2], space[3])
            reduce_square(turned, m, other_v, other_u, space[0], space[1], space[2], space[3])
            first = use_start[a]
            for k in range(m):
                u[k] = (u[k] + other_u[k]) // 2
                v[k] = (v[k] + other_v[k] + 1) // 2
                linear[a] += u[k] + v[k]
                price[first + k] -= u[k]
                price[first + m + k] -= v[k]
            for s in range(start[a], start[a + 1]):
                value[s] -= u[cell[s] // m] + v[cell[s] % m]
        else:
            for k in range(use_start[a], use_start[a + 1]):
                least = value[slot[slot_start[k]]]
                for s in range(slot_start[k] + 1, slot_start[k + 1]):
                    least = min(least, value[slot[s]])
                if least != 0:
                    for s in range(slot_start[k], slot_start[k + 1]):
                        value[slot[s]] -= least
                    linear[a] += least
                    price[k] -= least


@njit(cache=True, nogil=True)
def spread(linear: Any, spare: Any, value: Any, use_start: Any, slot_start: Any, slot: Any, price: Any) -> None:
    """Move ``spare[a]`` from the linear cost of every bit to its uses, as evenly as whole numbers allow."""
    for a in range(len(linear)):
        count = use_start[a + 1] - use_start[a]
        if count == 0 or spare[a] == 0:
            continue
        share, rest = spare[a] // count, spare[a] % count
        linear[a] -= spare[a]
        for k in range(count):
            # Which uses get one more goes round with the bits.
            part = share + (1 if (k + a) % count < rest else 0)
            if part != 0:
                u = use_start[a] + k
                for s in range(slot_start[u], slot_start[u + 1]):
                    value[slot[s]] += part
                price[u] += part
