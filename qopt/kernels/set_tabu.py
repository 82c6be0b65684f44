"""Tabu search over exactly-one sets and free bits: the best shift or flip that is not tabu, and only what changed anew.

Sites are free bits, each by itself, then the sets: site s holds the bits ``start[s]..start[s + 1] - 1``, and ``owner``
(n,) tells the site of a bit. No weight joins two bits of a set, so shifting it from bit a to b costs ``field[b] -
field[a]``; fields and weights are those of ``anneal_fields``. What each site's best move costs is kept; a step looks
anew at sites whose fields changed or where a bit ceased to be tabu. A bit that went off is tabu for a number of steps
(a free bit whichever way it went), unless its move leads to the best point of the run.

Source: Hertz and de Werra, "Using tabu search techniques for graph coloring", Computing 39 (1987).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qopt.kernels.anneal_fields import turn
from qopt.kernels.rng import below

NEVER = 2.0**60
"""A cost that no move has."""

ROUNDING = 1e-11
"""By how much, relatively, a point must be better than all before it counts: fields of fractions are rounded."""

STEP, LOOKED = 0, 1


class Sites(NamedTuple):
    """``linear``, ``indptr``, ``col``, ``weight`` as in ``anneal_fields``; ``start`` (sites + 1,), ``owner`` (n,), and
    ``free`` (1,), how many of the sites are free bits."""

    linear: Any
    indptr: Any
    col: Any
    weight: Any
    start: Any
    owner: Any
    free: Any


class Run(NamedTuple):
    """The state of a run.

    ``field`` (n,); ``chosen`` (sites,) the bit that is on, -1 for a free bit that is off; ``until`` (n,) the last step
    at which a bit is tabu; ``cost`` (sites, 2) float64 of the best move of a site that is not tabu, and of the best of
    all; ``move`` (sites, 2) the bits of both; ``due`` (sites,) the first step at which a bit of the site ceases to be
    tabu; ``stale`` (sites,) whether to look anew; ``best`` (sites,); ``energy`` (2,) float64, now and best; ``at`` (2,)
    the STEP and how many bits were LOOKED at; ``random`` (1,) a generator.
    """

    field: Any
    chosen: Any
    until: Any
    cost: Any
    move: Any
    due: Any
    stale: Any
    best: Any
    energy: Any
    at: Any
    random: Any


@njit(cache=True, nogil=True)
def begin(sites, run):
    """Load the point of ``run.chosen``: fields and energy, nothing tabu, and it is the best."""
    run.field[:] = sites.linear
    for bit in run.chosen:
        if bit >= 0:
            turn(sites.indptr, sites.col, sites.weight, run.field, bit, True)
    twice = 0.0
    for bit in run.chosen:
        if bit >= 0:
            twice += np.float64(sites.linear[bit]) + np.float64(run.field[bit])
    run.energy[:] = twice / 2
    run.until[:], run.stale[:], run.at[:] = -1, 1, 0
    run.best[:] = run.chosen


@njit(cache=True, nogil=True)
def _look(sites, run, s):
    """Find the best moves of a site."""
    field, until, step = run.field, run.until, run.at[STEP]
    on = run.chosen[s]
    free, any_one = NEVER, NEVER
    here, anywhere, due = -1, -1, np.int64(2**62)
    base = np.float64(field[on]) if on >= 0 else 0.0
    for bit in range(sites.start[s], sites.start[s + 1]):
        if bit == on and s >= sites.free[0]:
            continue
        cost = -base if bit == on else np.float64(field[bit]) - base
        if cost < any_one:
            any_one, anywhere = cost, bit
        if until[bit] >= step:
            due = min(due, until[bit] + 1)
        elif cost < free:
            free, here = cost, bit
    run.cost[s, 0], run.cost[s, 1] = free, any_one
    run.move[s, 0], run.move[s, 1] = here, anywhere
    run.due[s], run.stale[s] = due, 0
    run.at[LOOKED] += sites.start[s + 1] - sites.start[s]


@njit(cache=True, nogil=True)
def _changed(sites, run, bit):
    """Mark the sites whose fields a bit has changed."""
    run.stale[sites.owner[bit]] = 1
    if sites.weight.ndim == 2:
        run.stale[:] = 1
    else:
        for p in range(sites.indptr[bit], sites.indptr[bit + 1]):
            run.stale[sites.owner[sites.col[p]]] = 1


@njit(cache=True, nogil=True)
def _chosen(sites, run):
    """A site and which of its two best moves to make: the cheapest of all that are not tabu, or that is best ever."""
    step, count = run.at[STEP], len(run.chosen)
    free, any_one = NEVER, NEVER
    for s in range(count):
        if run.stale[s] or run.due[s] <= step:
            _look(sites, run, s)
        free, any_one = min(free, run.cost[s, 0]), min(any_one, run.cost[s, 1])
    aspired = run.energy[1] - ROUNDING * abs(run.energy[1])
    kind = 1 if free == NEVER or run.energy[0] + any_one < aspired else 0
    price = any_one if kind else free
    s = below(run.random, count)
    while run.cost[s, kind] != price:
        s = s + 1 if s + 1 < count else 0
    return s, kind


@njit(cache=True, nogil=True)
def search(units, sites, run, plan):
    """Take steps until at least ``units`` bits were looked at; returns how many, less at the run's end.

    A bit is tabu for a random number of steps from ``plan[0]`` to ``plan[1]``, at least 0. The run ends after
    ``plan[2]`` steps, or where no site has a move.
    """
    before = run.at[LOOKED]
    while run.at[LOOKED] - before < units and run.at[STEP] < plan[2]:
        s, kind = _chosen(sites, run)
        run.at[LOOKED] += 1
        bit, off = run.move[s, kind], run.chosen[s]
        if bit < 0:
            break
        run.energy[0] += run.cost[s, kind]
        last = run.at[STEP] + plan[0] + below(run.random, plan[1] - plan[0] + 1)
        if off >= 0:
            turn(sites.indptr, sites.col, sites.weight, run.field, off, False)
            _changed(sites, run, off)
            run.until[off] = last
        run.chosen[s] = -1
        if bit != off:
            turn(sites.indptr, sites.col, sites.weight, run.field, bit, True)
            _changed(sites, run, bit)
            run.chosen[s] = bit
            if s < sites.free[0]:
                run.until[bit] = last
        run.at[STEP] += 1
        if run.energy[0] < run.energy[1]:
            run.energy[1] = run.energy[0]
            run.best[:] = run.chosen
    return run.at[LOOKED] - before
