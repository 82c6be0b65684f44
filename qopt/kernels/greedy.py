"""Points of whole-number rows over bits by greed: fix bits in some order, propagate the rows, never go back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

FIXED, WAITING = 0, 1
"""Positions in ``Partial.count``."""
GIVEN, CHEAP, REGRET = 0, 1, 2
"""Orders: as given; the bit that adds least now; the group that has most to lose by waiting."""


class Partial(NamedTuple):
    """A partial point, what the rows still allow, and the rows.

    Parameters
    ----------
    row_start, index, size
        The rows, CSR over bits.
    bit_start, row, own
        The same by bits.
    lo, hi, widest
        Sides of the rows, and their largest coefficient without sign.
    value
        Per bit 0, 1, or -1 while it is free.
    least, most, below
        Activities that the free bits allow; ``below`` is what free bits with negative coefficients can take away.
    queue, queued
        Rows to propagate, and a flag per row.
    trail
        Bits in the order they were fixed.
    count
        How many bits are fixed, how many rows wait.
    """

    row_start: Any
    index: Any
    size: Any
    bit_start: Any
    row: Any
    own: Any
    lo: Any
    hi: Any
    widest: Any
    value: Any
    least: Any
    most: Any
    below: Any
    queue: Any
    queued: Any
    trail: Any
    count: Any


@njit(cache=True, nogil=True)
def assign(p: Any, bit: int, to: int) -> None:
    """Fix a free bit and put its rows in the queue."""
    p.value[bit] = to
    p.trail[p.count[FIXED]] = bit
    p.count[FIXED] += 1
    for t in range(p.bit_start[bit], p.bit_start[bit + 1]):
        r, a = p.row[t], p.own[t]
        p.least[r] += a * to - min(a, 0)
        p.most[r] += a * to - max(a, 0)
        p.below[r] += min(a, 0)
        if p.queued[r] == 0:
            p.queued[r] = 1
            p.queue[p.count[WAITING]] = r
            p.count[WAITING] += 1


@njit(cache=True, nogil=True)
def propagate(p: Any) -> bool:
    """Fix what the rows in the queue force, and what follows from that; whether no row was contradicted."""
    sound = True
    while p.count[WAITING] > 0:
        p.count[WAITING] -= 1
        r = p.queue[p.count[WAITING]]
        p.queued[r] = 0
        if not sound:
            continue
        above, under = p.hi[r] - p.least[r], p.most[r] - p.lo[r]
        sound = above >= 0 and under >= 0
        if p.widest[r] <= min(above, under):
            continue
        for t in range(p.row_start[r], p.row_start[r + 1]):
            if not sound:
                break
            bit, a = p.index[t], p.size[t]
            if p.value[bit] < 0 and abs(a) > min(above, under):
                low = a > 0 if abs(a) > above else a < 0
                assign(p, bit, 0 if low else 1)
                above, under = p.hi[r] - p.least[r], p.most[r] - p.lo[r]
                sound = above >= 0 and under >= 0
    return sound


@njit(cache=True, nogil=True)
def fix(p: Any, bit: int, to: int) -> bool:
    """Fix a free bit and everything that follows; nothing at all where that contradicts a row."""
    mark = p.count[FIXED]
    assign(p, bit, to)
    if propagate(p):
        return True
    while p.count[FIXED] > mark:
        p.count[FIXED] -= 1
        bit = p.trail[p.count[FIXED]]
        for t in range(p.bit_start[bit], p.bit_start[bit + 1]):
            r, a = p.row[t], p.own[t]
            p.least[r] -= a * p.value[bit] - min(a, 0)
            p.most[r] -= a * p.value[bit] - max(a, 0)
            p.below[r] -= min(a, 0)
        p.value[bit] = -1
    return False


@njit(cache=True, nogil=True)
def asks(p: Any, bit: int) -> bool:
    """Whether some row still lacks activity that this bit would add."""
    for t in range(p.bit_start[bit], p.bit_start[bit + 1]):
        r = p.row[t]
        if p.own[t] > 0 and p.least[r] + p.below[r] < p.lo[r]:
            return True
    return False


@njit(cache=True, nogil=True)
def construct(
    p: Any,
    order: int,
    sequence: Any,
    wanted: Any,
    group_start: Any,
    group_bit: Any,
    start: Any,
    other: Any,
    coupling: Any,
    change: Any,
) -> bool:
    """Fix every bit in an order; a bit that contradicts a row takes its other value, and both end the attempt.

    Parameters
    ----------
    p
        With the rows propagated.
    order
        ``GIVEN``: the bits of ``sequence``, each to its ``wanted`` value. ``CHEAP``: the bit that adds least to the
        objective now, to 1 while it gains or a row asks for it. ``REGRET``: in the group whose two cheapest free bits
        lie farthest apart now the cheapest, to 1; then as ``CHEAP``.
    group_start, group_bit
        CSR: groups of bits.
    start, other, coupling
        CSR over bits: the symmetric quadratic part of the objective.
    change
        Shape (bits,): what setting a bit to 1 adds while nothing is set; counts as it goes.
    """
    n = len(change)
    seen = 0
    turn = 0
    while True:
        while seen < p.count[FIXED]:
            bit = p.trail[seen]
            seen += 1
            if p.value[bit] == 1:
                for t in range(start[bit], start[bit + 1]):
                    change[other[t]] += coupling[t]
        if p.count[FIXED] == n:
            return True
        chosen = -1
        to = 1
        if order == GIVEN:
            while p.value[sequence[turn]] >= 0:
                turn += 1
            chosen = sequence[turn]
            to = wanted[chosen]
        if order == REGRET:
            widest = -1.0
            for g in range(len(group_start) - 1):
                first, second, best = np.inf, np.inf, -1
                for t in range(group_start[g], group_start[g + 1]):
                    b = group_bit[t]
                    if p.value[b] < 0:
                        if change[b] < first:
                            first, second, best = change[b], first, b
                        elif change[b] < second:
                            second = change[b]
                if best >= 0 and second < np.inf and second - first > widest:
                    widest, chosen = second - first, best
        if chosen < 0:
            least = np.inf
            for b in range(n):
                if p.value[b] < 0 and change[b] < least:
                    least, chosen = change[b], b
            to = 1 if least < 0 or asks(p, chosen) else 0
        if not (fix(p, chosen, to) or fix(p, chosen, 1 - to)):
            return False
