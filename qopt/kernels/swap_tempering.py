"""Parallel tempering of permutations that pay flow times distance, by swaps priced from fields.

    energy(place)  = sum over rows i of linear[i, place[i]]
                   + sum over rows i < k and parts of flow[part, i, k] * distance[part, place[i], place[k]]
    field[i, q]    = what row i would pay in column q, the others staying: linear plus its pairs with all other rows

Part 0 is symmetric in flow and distance, part 1 (if any) changes its sign in both when turned round. Swapping two rows
costs four fields and one pair; once it is done, the fields change by one product of a column and a row per part.

Replicas stand on the rungs of a ladder of temperatures, the coldest first. A round sweeps every replica once, each row
against those below it (Metropolis, with a table of -ln u), and then lets every other pair of neighbours change rungs.

Sources: the fields and the ladder after Bagherbeik, Ashtari, Mousavi, Kanda, Tamura, Sheikholeslami: "A Permutational
Boltzmann Machine with Parallel Tempering for Solving Combinatorial Optimization Problems", PPSN XVI (2020).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qopt.kernels.rng import advance
from qopt.kernels.tempering import ROUND, RUNG, exchange


class Square(NamedTuple):
    """``linear`` (n, n), ``flow`` and ``distance`` (parts, n, n): all int32 or all float64, the last two without
    diagonals."""

    linear: Any
    flow: Any
    distance: Any


class Replicas(NamedTuple):
    """The state, for r replicas of n rows.

    ``field`` (r, n, n), ``place`` (r, n), ``energy`` (r,) float64; ``best`` (r, n) and ``least`` (r,) are the best that
    each replica has been at; ``order`` (r,) says who stands on each rung; ``accepted`` (r,) counts swaps by rung;
    ``at`` (2,) is the next RUNG to sweep and the number of the ROUND; ``random`` (1,) is a generator.
    """

    field: Any
    place: Any
    energy: Any
    best: Any
    least: Any
    order: Any
    accepted: Any
    at: Any
    random: Any


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
def swap_fields(square, field, r, s, a, b):
    """Change the fields for row r going from column a to b and row s from b to a."""
    number = field.dtype.type
    for part in range(len(square.flow)):
        to, gone = square.distance[part, b], square.distance[part, a]
        mine, other = square.flow[part, r], square.flow[part, s]
        for i in range(len(field)):
            more = number(mine[i] - other[i])
            if more != 0:
                row = field[i]
                for q in range(len(row)):
                    row[q] += number(more * number(to[q] - gone[q]))


@njit(cache=True, nogil=True)
def _sweep(square, temperature, table, replicas, k):
    """Propose every swap to replica k once; returns how many were accepted."""
    field, place, random = replicas.field[k], replicas.place[k], replicas.random
    n, limit, accepted = len(place), temperature * table[0], 0
    for r in range(n - 1):
        for s in range(r + 1, n):
            cost = swap_cost(square, field, place, r, s)
            if cost > limit:
                continue
            if cost > 0 and cost > temperature * table[np.int64(advance(random) >> np.uint64(52))]:
                continue
            a, b = place[r], place[s]
            swap_fields(square, field, r, s, a, b)
            place[r], place[s] = b, a
            accepted += 1
            replicas.energy[k] += cost
            if replicas.energy[k] < replicas.least[k]:
                replicas.least[k] = replicas.energy[k]
                replicas.best[k] = place
    return accepted


@njit(cache=True, nogil=True)
def temper(units, square, ladder, table, replicas):
    """Propose at least ``units`` swaps, to the end of a sweep; returns how many.

    ``ladder`` (r,) are the temperatures, ascending and above 0; ``table`` (4096,) float32 is -ln u, falling.
    """
    n, at = replicas.place.shape[1], replicas.at
    each, done = n * (n - 1) // 2, 0
    while done < units:
        rung = at[RUNG]
        replicas.accepted[rung] += _sweep(square, ladder[rung], table, replicas, replicas.order[rung])
        done += each
        at[RUNG] += 1
        if at[RUNG] == len(ladder):
            exchange(ladder, replicas.order, replicas.energy, at[ROUND] & 1, replicas.random)
            at[RUNG] = 0
            at[ROUND] += 1
    return done
