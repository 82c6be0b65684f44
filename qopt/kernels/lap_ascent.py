"""Linear assignment with duals, and dual ascent on the level-1 linearisation of a quadratic assignment; in integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from qopt.kernels.rng import below

CURSOR, BOUND, ROUNDS = 0, 1, 2
"""Positions in the ascent's state."""


@njit(cache=True, nogil=True)
def reduce_square(cost: Any, m: int, u: Any, v: Any, match: Any, way: Any, slack: Any, seen: Any) -> int:
    """Make the leading m x m block of ``cost`` non-negative with a zero in every line, and return what was taken off.

    Shortest augmenting paths (Kuhn, 1955; Jonker and Volgenant, 1987): O(m^3), exact in int64. ``cost[i, j]`` becomes
    ``cost[i, j] - u[i] - v[j]``; the sum of all u and v, which is returned, is the least cost of an assignment.
    The other arrays are work space of length m + 1.
    """
    big = np.int64(2**62)
    for j in range(m + 1):
        u[j] = 0
        v[j] = 0
        match[j] = m
    for i in range(m):
        match[m] = i  # the column m is virtual: it holds the row to be matched
        j0 = m
        for j in range(m + 1):
            slack[j] = big
            seen[j] = 0
        while True:
            seen[j0] = 1
            i0 = match[j0]
            delta = big
            j1 = m
            for j in range(m):
                if seen[j] == 0:
                    gap = cost[i0, j] - u[i0] - v[j]
                    if gap < slack[j]:
                        slack[j] = gap
                        way[j] = j0
                    if slack[j] < delta:
                        delta = slack[j]
                        j1 = j
            for j in range(m + 1):
                if seen[j] == 1:
                    u[match[j]] += delta
                    v[j] -= delta
                else:
                    slack[j] -= delta
            j0 = j1
            if match[j0] == m:
                break
        while j0 != m:
            j1 = way[j0]
            match[j0] = match[j1]
            j0 = j1
    total = np.int64(0)
    for i in range(m):
        total += u[i] + v[i]
        for j in range(m):
            cost[i, j] -= u[i] + v[j]
    return total  # type: ignore[return-value]


@njit(cache=True, nogil=True)
def ascend(pair: Any, leader: Any, order: Any, state: Any, rng: Any, units: int) -> int:
    """Process ``units`` submatrices, in turn; return how many.

    The objective over permutations x of side n is, before and after, an equivalent

        state[BOUND] + sum leader[i, p] x[i, p] + sum pair[i, p, k, q] x[i, p] x[k, q]      (k != i, q != p)

    so ``state[BOUND]`` bounds it from below once leader and pair are non-negative, which they are at the end of every
    round (``state[CURSOR] == 0 < state[ROUNDS]``). A step on (i, p) takes over the complementary prices
    pair[k, q, i, p], solves its submatrix and moves the value to leader[i, p]. A round visits every (i, p), moves the
    value of the leader matrix to the bound, and spreads what remains in leader[i, p] over the n - 1 rows of the
    submatrix, exactly one entry of each of which counts when x[i, p] = 1. Hahn and Grant (Operations Research, 1998);
    here the duals are the mean of those found by rows and by columns, and the order of the visits is shuffled, because
    both leave more for the submatrices that follow.

    The first round takes over no complementary prices: with these split half and half it gives the bound of Gilmore
    (1962) and Lawler (1963).
    """
    n = leader.shape[0]
    m = n - 1
    work = np.empty((n, n), dtype=np.int64)
    turned = np.empty((n, n), dtype=np.int64)
    u = np.empty(n + 1, dtype=np.int64)
    v = np.empty(n + 1, dtype=np.int64)
    other_u = np.empty(n + 1, dtype=np.int64)
    other_v = np.empty(n + 1, dtype=np.int64)
    match = np.empty(n + 1, dtype=np.int64)
    way = np.empty(n + 1, dtype=np.int64)
    slack = np.empty(n + 1, dtype=np.int64)
    seen = np.empty(n + 1, dtype=np.int64)
    for _ in range(units):
        if state[CURSOR] == 0:
            for t in range(n * n - 1, 0, -1):
                s = below(rng, t + 1)
                order[t], order[s] = order[s], order[t]
        i = order[state[CURSOR]] // n
        p = order[state[CURSOR]] % n
        for k in range(m):
            a = k if k < i else k + 1
            for q in range(m):
                b = q if q < p else q + 1
                if state[ROUNDS] > 0:
                    pair[i, p, a, b] += pair[a, b, i, p]
                    pair[a, b, i, p] = 0
                work[k, q] = pair[i, p, a, b]
                turned[q, k] = pair[i, p, a, b]
        reduce_square(work, m, u, v, match, way, slack, seen)
        reduce_square(turned, m, other_v, other_u, match, way, slack, seen)
        for k in range(m):
            u[k] = (u[k] + other_u[k]) // 2
            v[k] = (v[k] + other_v[k]) // 2
            leader[i, p] += u[k] + v[k]
        for k in range(m):
            a = k if k < i else k + 1
            for q in range(m):
                b = q if q < p else q + 1
                pair[i, p, a, b] -= u[k] + v[q]
        state[CURSOR] += 1
        if state[CURSOR] == n * n:
            state[BOUND] += reduce_square(leader, n, u, v, match, way, slack, seen)
            spread(pair, leader)
            state[CURSOR] = 0
            state[ROUNDS] += 1
    return units


@njit(cache=True, nogil=True)
def spread(pair: Any, leader: Any) -> None:
    """Move every leader, but for the remainder of a division, evenly to the rows of its submatrix."""
    n = leader.shape[0]
    for i in range(n):
        for p in range(n):
            share = leader[i, p] // max(1, n - 1)
            if n == 1 or share == 0:
                continue
            leader[i, p] -= share * (n - 1)
            for k in range(n):
                for q in range(n):
                    if k != i and q != p:
                        pair[i, p, k, q] += share
