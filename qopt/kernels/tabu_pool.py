"""Runs of tabu search from children of a pool: what does not depend on how gains are kept.

A run of about ``plan.steps`` steps (half to one and a half times as many, drawn) starts from a child: every bit from
one of two members of the pool, each the better of two drawn, and about one bit turned over; or from a random point
while the pool has places that nobody took (energy infinite), which go first. The best point of the run takes the place
of a random member that is not better than it, unless it is a member already.

    runs.best (n,)  point of the run's best             runs.until (n,)  step from which a bit is free again
    runs.gain (n,)  what turning over each bit costs    runs.pool (p, n), runs.worth (p,)  members and their energies
    runs.at: STEP of the run, END of the run, RUNS so far            runs.energy: now, best of the run

Source: Gallardo, Cotta & Fernández (2009), a memetic algorithm with tabu search for low-autocorrelation sequences.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qopt.kernels.rng import advance, below

STEP, END, RUNS = 0, 1, 2
NOW, BEST = 0, 1


class Runs(NamedTuple):
    """The state of a search but for the fields that its gains come from."""

    best: Any
    until: Any
    gain: Any
    pool: Any
    worth: Any
    random: Any
    at: Any
    energy: Any


class Plan(NamedTuple):
    """``steps`` of a run, ``tenure`` and its ``spread``; all int64 of shape (1,)."""

    steps: Any
    tenure: Any
    spread: Any


@njit(cache=True, nogil=True)
def _tournament(worth, random):
    a, b = below(random, len(worth)), below(random, len(worth))
    return a if worth[a] <= worth[b] else b


@njit(cache=True, nogil=True)
def _enter(pool, worth, best, energy, random):
    """Give the best of the run its place in the pool."""
    place = below(random, len(worth))
    for m in range(len(worth)):
        if worth[m] == energy and np.all(pool[m] == best):
            return
        if worth[m] == np.inf:
            place = m
    if energy <= worth[place]:
        worth[place] = energy
        pool[place] = best


@njit(cache=True, nogil=True)
def over(runs):
    """Whether the run has come to its end (so has the one before the first)."""
    return runs.at[STEP] >= runs.at[END]


@njit(cache=True, nogil=True)
def next_run(runs, plan):
    """Put the best of the run that is over into the pool, and the first point of the next one into ``runs.best``."""
    pool, worth, best, random, at = runs.pool, runs.worth, runs.best, runs.random, runs.at
    if at[RUNS] > 0:
        _enter(pool, worth, best, runs.energy[BEST], random)
    at[RUNS] += 1
    n = len(best)
    if np.any(worth == np.inf):
        for i in range(n):
            best[i] = advance(random) >> np.uint64(63)
    else:
        mother, father = pool[_tournament(worth, random)], pool[_tournament(worth, random)]
        for i in range(n):
            best[i] = mother[i] if advance(random) >> np.uint64(63) else father[i]
        for i in range(n):
            if below(random, n) == 0:
                best[i] = 1 - best[i]
    runs.until[:] = 0
    at[STEP] = 0
    at[END] = plan.steps[0] // 2 + below(random, plan.steps[0] + 1)


@njit(cache=True, nogil=True)
def choose(runs, plan):
    """The bit to turn over, now tabu for a while: the cheapest that is free or makes a new best; ties at random."""
    gain, until, random, energy = runs.gain, runs.until, runs.random, runs.energy
    step = runs.at[STEP]
    wanted = energy[BEST] - energy[NOW]
    least, chosen, ties = np.inf, -1, 0
    for i in range(len(gain)):
        if gain[i] <= least and (until[i] <= step or gain[i] < wanted):
            if gain[i] < least:
                least, chosen, ties = gain[i], i, 1
            else:
                ties += 1
                if below(random, ties) == 0:
                    chosen = i
    if chosen < 0:
        chosen = below(random, len(gain))
    until[chosen] = step + 1 + plan.tenure[0] + below(random, plan.spread[0] + 1)
    runs.at[STEP] = step + 1
    energy[NOW] += gain[chosen]
    return chosen


@njit(cache=True, nogil=True)
def note(runs, sign):
    """Keep the point with these signs (negative: on) where it is the best of the run."""
    if runs.energy[NOW] < runs.energy[BEST]:
        runs.energy[BEST] = runs.energy[NOW]
        for i in range(len(sign)):
            runs.best[i] = 1 if sign[i] < 0 else 0
