"""Better points by exchange: flips of one and of two bits, and of labels between groups, as long as every row holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from qopt.kernels.rng import below


@njit(cache=True, nogil=True)
def coupled(start: Any, other: Any, coupling: Any, a: int, b: int) -> float:
    """The coupling of two bits, 0 where there is none; ``other`` ascends in each line."""
    low, high = start[a], start[a + 1]
    while low < high:
        middle = (low + high) // 2
        if other[middle] < b:
            low = middle + 1
        else:
            high = middle
    return coupling[low] if low < start[a + 1] and other[low] == b else 0.0


@njit(cache=True, nogil=True)
def fits(
    bit_start: Any, row: Any, own: Any, lo: Any, hi: Any, activity: Any, bits: Any, moved: Any, count: int
) -> bool:
    """Whether all rows hold when the first ``count`` bits of ``moved``, all different, flip."""
    ok = True
    for way in (1, -1):
        for k in range(count):
            b = moved[k]
            sign = way * (1 - 2 * bits[b])
            for t in range(bit_start[b], bit_start[b + 1]):
                activity[row[t]] += sign * own[t]
        if way == 1:
            for k in range(count):
                b = moved[k]
                for t in range(bit_start[b], bit_start[b + 1]):
                    r = row[t]
                    ok = ok and lo[r] <= activity[r] <= hi[r]
    return ok


@njit(cache=True, nogil=True)
def flip(
    bit_start: Any,
    row: Any,
    own: Any,
    activity: Any,
    start: Any,
    other: Any,
    coupling: Any,
    field: Any,
    bits: Any,
    b: int,
) -> float:
    """Flip a bit; activities and fields follow. Returns what that adds."""
    sign = 1 - 2 * bits[b]
    added = sign * field[b]
    bits[b] = 1 - bits[b]
    for t in range(bit_start[b], bit_start[b + 1]):
        activity[row[t]] += sign * own[t]
    for t in range(start[b], start[b + 1]):
        field[other[t]] += sign * coupling[t]
    return added


@njit(cache=True, nogil=True)
def exchange_bits(
    bit_start: Any,
    row: Any,
    own: Any,
    lo: Any,
    hi: Any,
    activity: Any,
    start: Any,
    other: Any,
    coupling: Any,
    field: Any,
    bits: Any,
    work: int,
) -> int:
    """Flip every bit in turn, alone or with the best other one, as long as that gains; the work left, in pairs.

    Parameters
    ----------
    bit_start, row, own
        The rows by bits, CSR.
    lo, hi, activity
        Of the rows; they hold.
    start, other, coupling
        CSR over bits, ascending in each line: the symmetric quadratic part.
    field
        What setting each bit to 1, rather than 0, adds.
    """
    n = len(bits)
    near = np.zeros(n, dtype=np.float64)
    moved = np.empty(2, dtype=np.int64)
    better = True
    while better and work > 0:
        better = False
        for a in range(n):
            if work <= 0:
                break
            work -= n
            best, partner = -1e-9, -1
            moved[0] = a
            sign = 1 - 2 * bits[a]
            mine = sign * field[a]
            if mine < best and fits(bit_start, row, own, lo, hi, activity, bits, moved, 1):
                best, partner = mine, a
            for t in range(start[a], start[a + 1]):
                near[other[t]] = sign * coupling[t]
            for b in range(n):
                gain = mine + (1 - 2 * bits[b]) * (field[b] + near[b])
                if gain < best and a != b:
                    moved[1] = b
                    work -= 4
                    if fits(bit_start, row, own, lo, hi, activity, bits, moved, 2):
                        best, partner = gain, b
            for t in range(start[a], start[a + 1]):
                near[other[t]] = 0.0
            if partner >= 0:
                better = True
                flip(bit_start, row, own, activity, start, other, coupling, field, bits, a)
                if partner != a:
                    flip(bit_start, row, own, activity, start, other, coupling, field, bits, partner)
    return work


@njit(cache=True, nogil=True)
def kick(
    bit_start: Any,
    row: Any,
    own: Any,
    lo: Any,
    hi: Any,
    activity: Any,
    start: Any,
    other: Any,
    coupling: Any,
    field: Any,
    bits: Any,
    rng: Any,
    count: int,
) -> None:
    """Flip ``count`` times some two bits that every row allows to flip, whatever that costs; a few tries for each."""
    n = len(bits)
    moved = np.empty(2, dtype=np.int64)
    for _ in range(count):
        for _ in range(20):
            moved[0], moved[1] = below(rng, n), below(rng, n)
            if moved[0] != moved[1] and fits(bit_start, row, own, lo, hi, activity, bits, moved, 2):
                for t in range(2):
                    flip(bit_start, row, own, activity, start, other, coupling, field, bits, moved[t])
                break


@njit(cache=True, nogil=True)
def labels_of(grid: Any, bits: Any) -> Any:
    """The label that each group has set, shape (groups,)."""
    held = np.zeros(len(grid), dtype=np.int64)
    for g in range(len(grid)):
        for k in range(grid.shape[1]):
            if grid[g, k] >= 0 and bits[grid[g, k]] == 1:
                held[g] = k
    return held


@njit(cache=True, nogil=True)
def exchange_labels(
    bit_start: Any,
    row: Any,
    own: Any,
    lo: Any,
    hi: Any,
    activity: Any,
    start: Any,
    other: Any,
    coupling: Any,
    field: Any,
    bits: Any,
    grid: Any,
    work: int,
) -> int:
    """Exchange the labels of two groups, or give one another label, as long as that gains; the work left, in moves.

    Parameters
    ----------
    grid
        Shape (groups, labels): one bit of each line is set, and bits of one column are the same label; -1 where a
        group lacks a label.
    """
    groups, labels = grid.shape
    held = labels_of(grid, bits)
    moved = np.empty(4, dtype=np.int64)
    better = True
    while better and work > 0:
        better = False
        for g in range(groups):
            for k in range(labels):
                work -= 1
                a, b = grid[g, held[g]], grid[g, k]
                if b < 0 or a == b or not field[b] - field[a] - coupled(start, other, coupling, a, b) < -1e-9:
                    continue
                moved[0], moved[1] = a, b
                if fits(bit_start, row, own, lo, hi, activity, bits, moved, 2):
                    for t in range(2):
                        flip(bit_start, row, own, activity, start, other, coupling, field, bits, moved[t])
                    held[g] = k
                    better = True
            for h in range(g + 1, groups):
                a, b = grid[g, held[g]], grid[h, held[h]]
                c, d = grid[g, held[h]], grid[h, held[g]]
                if a == c or c < 0 or d < 0 or work <= 0:
                    continue
                work -= 4
                gain = field[c] + field[d] - field[a] - field[b]
                gain += coupled(start, other, coupling, a, b) + coupled(start, other, coupling, c, d)
                gain -= coupled(start, other, coupling, a, c) + coupled(start, other, coupling, a, d)
                gain -= coupled(start, other, coupling, b, c) + coupled(start, other, coupling, b, d)
                if not gain < -1e-9:
                    continue
                moved[0], moved[1], moved[2], moved[3] = a, b, c, d
                if fits(bit_start, row, own, lo, hi, activity, bits, moved, 4):
                    for t in range(4):
                        flip(bit_start, row, own, activity, start, other, coupling, field, bits, moved[t])
                    held[g], held[h] = held[h], held[g]
                    better = True
    return work


@njit(cache=True, nogil=True)
def mirror_labels(
    bit_start: Any,
    row: Any,
    own: Any,
    lo: Any,
    hi: Any,
    activity: Any,
    start: Any,
    other: Any,
    coupling: Any,
    field: Any,
    bits: Any,
    grid: Any,
    work: int,
) -> int:
    """Reverse the labels of successive groups, from the last on to the first, as long as that gains; the work left.

    About every group and between every two, labels of groups ever further away on both sides are exchanged; as many
    exchanges are kept as leave the least. For a tour by positions these are the exchanges of two edges (Croes, 1958).
    Work is counted in couplings that were followed.
    """
    groups = len(grid)
    held = labels_of(grid, bits)
    better = True
    while better and work > 0:
        better = False
        for middle in range(2 * groups):
            total, least, kept, done = 0.0, -1e-9, 0, 0
            half = (groups - 1 - middle % 2) // 2 + middle % 2
            for r in range(half):
                g = (middle // 2 - r - 1 + middle % 2) % groups
                h = (middle // 2 + r + 1) % groups
                c, d = grid[g, held[h]], grid[h, held[g]]
                if work <= 0 or c < 0 or d < 0:
                    break
                if held[g] != held[h]:
                    for b in (grid[g, held[g]], grid[h, held[h]], c, d):
                        total += flip(bit_start, row, own, activity, start, other, coupling, field, bits, b)
                        work -= start[b + 1] - start[b]
                    held[g], held[h] = held[h], held[g]
                done = r + 1
                if total < least:
                    holds = True
                    for t in range(len(lo)):
                        holds = holds and lo[t] <= activity[t] <= hi[t]
                    if holds:
                        least, kept = total, done
            for r in range(done - 1, kept - 1, -1):
                g = (middle // 2 - r - 1 + middle % 2) % groups
                h = (middle // 2 + r + 1) % groups
                if held[g] != held[h]:
                    for b in (grid[g, held[g]], grid[h, held[h]], grid[g, held[h]], grid[h, held[g]]):
                        flip(bit_start, row, own, activity, start, other, coupling, field, bits, b)
                    held[g], held[h] = held[h], held[g]
            better = better or kept > 0
    return work
