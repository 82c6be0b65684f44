"""Parallel tempering of permutations that pay flow times distance, a row of swaps at a time.

The fields of ``swap_fields`` are held by who has a column now: ``along[r, s]`` is what row r would pay in the column of
s, and ``near[part, r, s]`` the distance between the columns of r and s. So what it costs to swap row r with any other
is a run over whole lines without branches, as are the random numbers that it is compared with (``exponential``).

Replicas stand on the rungs of a ladder of temperatures, the coldest first. A round sweeps every replica once, each row
against all others in turn, and then lets every other pair of neighbours change rungs.

Source: fields and ladder after Bagherbeik, Ashtari, Mousavi, Kanda, Tamura, Sheikholeslami: "A Permutational Boltzmann
Machine with Parallel Tempering for Solving Combinatorial Optimization Problems", PPSN XVI (2020).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qopt.kernels.exponential import exponential, scrambled
from qopt.kernels.rng import advance
from qopt.kernels.swap_fields import load, shift
from qopt.kernels.tempering import ROUND, RUNG, exchange


class Replicas(NamedTuple):
    """The state, for r replicas of n rows.

    ``place`` (r, n), ``energy`` (r,) float64; ``along`` (r, n, n), ``near`` (r, parts, n, n) and ``own`` (r, n), what
    each row pays where it is; ``best`` (r, n) and ``least`` (r,) are the best that each replica has been at; ``order``
    (r,) says who stands on each rung; ``accepted`` (r,) counts swaps by rung; ``cost`` (n,) and ``taken`` (n,) int8 are
    room for a row; ``at`` (2,) is the next RUNG to sweep and the number of the ROUND; ``random`` (1,) is a generator.
    """

    place: Any
    energy: Any
    along: Any
    near: Any
    own: Any
    best: Any
    least: Any
    order: Any
    accepted: Any
    cost: Any
    taken: Any
    at: Any
    random: Any


@njit(cache=True, nogil=True)
def begin(square, replicas):
    """Load the places of all replicas."""
    n = replicas.place.shape[1]
    field = np.empty((n, n), dtype=square.linear.dtype)
    for k in range(len(replicas.place)):
        place = replicas.place[k]
        replicas.energy[k] = load(square, place, field)
        for r in range(n):
            for s in range(n):
                replicas.along[k, r, s] = field[r, place[s]]
                for part in range(len(square.distance)):
                    replicas.near[k, part, r, s] = square.distance[part, place[r], place[s]]
            replicas.own[k, r] = field[r, place[r]]
    replicas.least[:] = replicas.energy
    replicas.best[:] = replicas.place


@njit(cache=True, nogil=True)
def _price(cost, along, own, here, flow, near):
    """Add to the column of a row what else its swaps cost."""
    number = cost.dtype.type
    for s in range(len(cost)):
        cost[s] += number(along[s] - own[s]) - here
    for s in range(len(cost)):
        cost[s] += number(2 * number(flow[s] * near[s]))


@njit(cache=True, nogil=True)
def _draw(cost, temperature, key, taken):
    """Mark the swaps that are accepted; returns how many."""
    count = 0
    for s in range(len(cost)):
        taken[s] = np.float32(cost[s]) <= temperature * exponential(scrambled(np.uint32(s), key))
    for s in range(len(cost)):
        count += taken[s]
    return count


@njit(cache=True, nogil=True)
def _exchange_lines(square, r, s):
    """Let rows r and s of a square array change places, and columns r and s."""
    n = len(square)
    for i in range(n):
        square[r, i], square[s, i] = square[s, i], square[r, i]
    for i in range(n):
        square[i, r], square[i, s] = square[i, s], square[i, r]


@njit(cache=True, nogil=True)
def swap(flow, along, near, own, place, change, r, s):
    """Let rows r and s of a replica change columns; ``change`` (n,) is room."""
    for part in range(len(flow)):
        for i in range(len(change)):
            change[i] = near[part, s, i] - near[part, r, i]
        shift(along, flow[part, r], flow[part, s], change)
        _exchange_lines(near[part], r, s)
    for i in range(len(place)):
        along[i, r], along[i, s] = along[i, s], along[i, r]
    for i in range(len(place)):
        own[i] = along[i, i]
    place[r], place[s] = place[s], place[r]


@njit(cache=True, nogil=True)
def _sweep(square, temperature, replicas, k):
    """Propose every swap to replica k, from both its rows; returns how many were accepted."""
    n, accepted, warm = replicas.place.shape[1], 0, np.float32(temperature)
    cost, taken, place, flow = replicas.cost, replicas.taken, replicas.place[k], square.flow[0]
    along, near, own = replicas.along[k], replicas.near[k], replicas.own[k]
    for r in range(n):
        key = np.uint32(advance(replicas.random) >> np.uint64(32))
        s = 0
        while s < n:
            for i in range(n):
                cost[i] = along[i, r]
            _price(cost, along[r], own, own[r], flow[r], near[0, r])
            if _draw(cost, warm, key, taken) == taken[r]:
                break
            while s < n and (s == r or taken[s] == 0):
                s += 1
            if s < n:
                replicas.energy[k] += cost[s]
                swap(square.flow, along, near, own, place, cost, r, s)
                accepted += 1
                if replicas.energy[k] < replicas.least[k]:
                    replicas.least[k] = replicas.energy[k]
                    replicas.best[k] = place
                s += 1
    return accepted


@njit(cache=True, nogil=True)
def temper(units, square, ladder, replicas):
    """Propose at least ``units`` swaps, to the end of a sweep; returns how many.

    ``ladder`` (r,) are the temperatures, ascending and above 0.
    """
    n, at = replicas.place.shape[1], replicas.at
    done = 0
    while done < units:
        rung = at[RUNG]
        replicas.accepted[rung] += _sweep(square, ladder[rung], replicas, replicas.order[rung])
        done += n * (n - 1)
        at[RUNG] += 1
        if at[RUNG] == len(ladder):
            exchange(ladder, replicas.order, replicas.energy, at[ROUND] & 1, replicas.random)
            at[RUNG] = 0
            at[ROUND] += 1
    return done
