"""Annealed improvement of one tour whose steps have a direction: stretches move, and are never turned round.

A proposal picks a stop and one of those that are cheap to go on to, and moves the stretch that begins there, of random
length, to right behind the stop: three steps go and three come, in any tour. This is the or-opt move of Or (1976)
without a bound on the length, which is every pure exchange of three steps that keeps directions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qopt.kernels.rng import advance, below


class Trip(NamedTuple):
    """``tour`` (n,) the stops in order, ``place`` (n,) where each is, ``best`` (n,) and ``cost`` (2,), now and best;
    ``room`` (n,) for a stretch; ``random`` (1,) a generator."""

    tour: Any
    place: Any
    best: Any
    cost: Any
    room: Any
    random: Any


@njit(cache=True, nogil=True)
def length_of(step, tour):
    """The cost of a tour."""
    total = 0.0
    for k in range(len(tour)):
        total += step[tour[k - 1], tour[k]]
    return total


@njit(cache=True, nogil=True)
def _move(trip, start, size, behind):
    """Move the stretch of ``size`` stops from position ``start`` to behind the stop at position ``behind``."""
    tour, place, room = trip.tour, trip.place, trip.room
    n = len(tour)
    for k in range(size):
        room[k] = tour[(start + k) % n]
    to, source = start, (start + size) % n
    for _ in range((behind - start - size) % n + 1):
        tour[to] = tour[source]
        place[tour[to]] = to
        to = to + 1 if to + 1 < n else 0
        source = source + 1 if source + 1 < n else 0
    for k in range(size):
        tour[to] = room[k]
        place[room[k]] = to
        to = to + 1 if to + 1 < n else 0


@njit(cache=True, nogil=True)
def anneal(units, step, near, longest, temperature, table, trip):
    """Make ``units`` proposals at a temperature above 0; returns how many.

    ``near`` (n, k) are the stops that it is cheapest to go on to from each, ``longest`` the longest stretch moved, and
    ``table`` (4096,) float32 is -ln u, falling.
    """
    tour, place, random, cost = trip.tour, trip.place, trip.random, trip.cost
    n = len(tour)
    for _ in range(units):
        stop = below(random, n)
        first = near[stop, below(random, near.shape[1])]
        behind, start = place[stop], place[first]
        after = tour[behind + 1] if behind + 1 < n else tour[0]
        if first == after:
            continue
        size = 1 + below(random, min(longest, (behind - start) % n))
        end = (start + size) % n
        before, last, beyond = tour[start - 1], tour[end - 1], tour[end]
        gone = step[before, first] + step[last, beyond] + step[stop, after]
        change = step[before, beyond] + step[stop, first] + step[last, after] - gone
        if change > 0 and change > temperature * table[np.int64(advance(random) >> np.uint64(52))]:
            continue
        _move(trip, start, size, behind)
        cost[0] += change
        if cost[0] < cost[1]:
            cost[0] = length_of(step, tour)
            if cost[0] < cost[1]:
                cost[1] = cost[0]
                trip.best[:] = tour
    return units
