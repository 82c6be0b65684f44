"""Robust tabu search of permutations that pay flow times distance, and children of two permutations.

The square and its fields are those of ``swap_fields``. The price of every swap is kept, laid out by how far apart
the two rows are: ``cost[d - 1, r]`` is that of rows r and (r + d) mod n, so that a step runs over whole lines without
branches. Swapping rows u and v adds to the price of any other pair r, s

    (far[r] - far[s]) * (near[r] - near[s])     far[i] = flow[u, i] - flow[v, i],  near[i] = distance to their columns

and prices of pairs with u or v come from the fields. A pair is tabu while both rows are forbidden the columns that they
would go to, unless the swap leads to the best point of the run.

Sources: Taillard, "Robust taboo search for the quadratic assignment problem", Parallel Computing 17 (1991); the child
keeps what both parents share, as in Benlic & Hao, "Memetic search for the quadratic assignment problem", Expert Systems
with Applications 42 (2015).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qopt.kernels.rng import below
from qopt.kernels.swap_fields import load, swap_cost, swap_fields

ROUNDING = 1e-11
"""By how much, relatively, a point must be better than all before it counts: fields of fractions are rounded."""

STEP = 0


class Run(NamedTuple):
    """The state of a run over n rows; h is ``n // 2``.

    ``field`` (n, n), ``place`` (n,); ``cost`` (h, n) and ``until`` (h, n) int32, by distance and row: the price of a
    swap and the last step at which it is tabu; ``forbidden`` (n, n) int32, the same for a row and a column; ``far`` and
    ``near`` (parts, n + h + 1), of the last swap; ``low`` and ``lowest`` (n,), room for a step; ``best`` (n,);
    ``energy`` (2,) float64, now and best; ``at`` (1,) the number of the STEP; ``random`` (1,) a generator.
    """

    field: Any
    place: Any
    cost: Any
    until: Any
    forbidden: Any
    far: Any
    near: Any
    low: Any
    lowest: Any
    best: Any
    energy: Any
    at: Any
    random: Any


@njit(cache=True, nogil=True, inline="always")
def _never(number):
    """A price that no swap has, in whole numbers of 32 bits or in floats."""
    return number(2**30) if number(0.5) == 0 else number(2.0**60)


@njit(cache=True, nogil=True, inline="always")
def _cell(n, r, s):
    """Where the pair of rows r and s lies."""
    d = s - r if s > r else s - r + n
    if 2 * d < n:
        return d - 1, r
    if 2 * d > n:
        return n - d - 1, s
    return d - 1, min(r, s)


@njit(cache=True, nogil=True)
def begin(square, run):
    """Load the run's permutation: fields, prices, nothing tabu, and it is the best."""
    n = len(run.place)
    run.energy[:] = load(square, run.place, run.field)
    for r in range(n):
        for s in range(r):
            line, column = _cell(n, r, s)
            run.cost[line, column] = swap_cost(square, run.field, run.place, r, s)
    run.until[:], run.forbidden[:], run.at[:] = -1, -1, 0
    run.far[:], run.near[:] = 0, 0
    run.best[:] = run.place


@njit(cache=True, nogil=True)
def _survey(far, far_beyond, near, near_beyond, cost, until, step, low, lowest):
    """Bring a line of prices up to date; ``low`` falls to those that are not tabu, ``lowest`` to all."""
    number = cost.dtype.type
    for r in range(len(cost)):
        price = number(cost[r] + number(number(far[r] - far_beyond[r]) * number(near[r] - near_beyond[r])))
        cost[r] = price
        lowest[r] = min(lowest[r], price)
        low[r] = min(low[r], _never(number) if until[r] >= step else price)


@njit(cache=True, nogil=True)
def _add(far, far_beyond, near, near_beyond, cost):
    """Bring a line of prices up to date by one more part."""
    number = cost.dtype.type
    for r in range(len(cost)):
        cost[r] += number(number(far[r] - far_beyond[r]) * number(near[r] - near_beyond[r]))


@njit(cache=True, nogil=True)
def _chosen(run, step):
    """Bring all prices up to date and choose a swap: one of the cheapest that is not tabu, or that is best of all."""
    n, half = len(run.place), len(run.cost)
    low, lowest = run.low, run.lowest
    never = _never(low.dtype.type)
    low[:], lowest[:] = never, never
    for line in range(half):
        width, d = n if 2 * (line + 1) < n else half, line + 1
        cost = run.cost[line, :width]
        for part in range(1, len(run.far)):
            _add(run.far[part], run.far[part, d:], run.near[part], run.near[part, d:], cost)
        far, near = run.far[0], run.near[0]
        _survey(far, far[d:], near, near[d:], cost, run.until[line], step, low, lowest)
    price, any_price = low.min(), lowest.min()
    aspired = run.energy[1] - ROUNDING * abs(run.energy[1])
    free = price < never and run.energy[0] + any_price >= aspired
    if not free:
        price = any_price
    r, line = below(run.random, n), below(run.random, half)
    while (low[r] if free else lowest[r]) != price:
        r = r + 1 if r + 1 < n else 0
    while run.cost[line, r] != price or (free and run.until[line, r] >= step) or (2 * (line + 1) == n and r >= half):
        line = line + 1 if line + 1 < half else 0
    return r, (r + line + 1) % n


@njit(cache=True, nogil=True)
def _swap(square, run, u, v):
    """Swap rows u and v, and note how the prices of other pairs will change."""
    n, place = len(run.place), run.place
    a, b = place[u], place[v]
    half = len(run.cost)
    run.energy[0] += swap_cost(square, run.field, place, u, v)
    for part in range(len(run.far)):
        far, near = run.far[part], run.near[part]
        for i in range(n):
            far[i] = square.flow[part, u, i] - square.flow[part, v, i]
            near[i] = square.distance[part, a, place[i]] - square.distance[part, b, place[i]]
        far[n : n + half + 1] = far[: half + 1]
        near[n : n + half + 1] = near[: half + 1]
    swap_fields(square, run.field, u, v, a, b, run.low)
    place[u], place[v] = b, a


@njit(cache=True, nogil=True)
def _refresh(square, run, u):
    """Prices of all pairs with row u: from the fields, less what the next survey will add to them."""
    place = run.place
    n = len(place)
    for s in range(n):
        if s == u:
            continue
        price = swap_cost(square, run.field, place, u, s)
        for part in range(len(run.far)):
            far, near = run.far[part], run.near[part]
            price -= (far[u] - far[s]) * (near[u] - near[s])
        line, column = _cell(n, u, s)
        run.cost[line, column] = price
        run.until[line, column] = min(run.forbidden[u, place[s]], run.forbidden[s, place[u]])


@njit(cache=True, nogil=True)
def search(units, square, run, tenure):
    """Take steps until at least ``units`` swaps were looked at, n (n - 1) / 2 in each; returns how many.

    A row may not go back to the column it left for a random number of steps from ``tenure[0]`` to ``tenure[1]``.
    """
    n, done = len(run.place), 0
    while done < units:
        step = np.int32(run.at[STEP])
        u, v = _chosen(run, step)
        a, b = run.place[u], run.place[v]
        _swap(square, run, u, v)
        run.forbidden[u, a] = step + tenure[0] + below(run.random, tenure[1] - tenure[0] + 1)
        run.forbidden[v, b] = step + tenure[0] + below(run.random, tenure[1] - tenure[0] + 1)
        _refresh(square, run, u)
        _refresh(square, run, v)
        run.at[STEP] += 1
        done += n * (n - 1) // 2
        if run.energy[0] < run.energy[1]:
            run.energy[1] = run.energy[0]
            run.best[:] = run.place
    return done


@njit(cache=True, nogil=True)
def cross(first, second, child, random):
    """Write a child of two permutations to ``child`` (n,): what they share, else either's column where it is free.

    Rows are taken in random order; those left without a column share the others at random.
    """
    n = len(child)
    order, taken = np.arange(n), np.zeros(n, dtype=np.int8)
    for i in range(n - 1, 0, -1):
        k = below(random, i + 1)
        order[i], order[k] = order[k], order[i]
    for i in range(n):
        child[i] = first[i] if first[i] == second[i] else -1
        if child[i] >= 0:
            taken[child[i]] = 1
    for row in order:
        if child[row] < 0:
            mine, other = (first[row], second[row]) if below(random, 2) == 0 else (second[row], first[row])
            column = mine if taken[mine] == 0 else other
            if taken[column] == 0:
                child[row] = column
                taken[column] = 1
    last = below(random, n)
    for row in order:
        if child[row] < 0:
            while taken[last]:
                last = last + 1 if last + 1 < n else 0
            child[row] = last
            taken[last] = 1
