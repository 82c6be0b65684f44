"""Parallel tempering over free bits, exactly-one sets and permutation squares, by the moves of ``anneal_chain``.

Replicas stand on the rungs of a ladder of temperatures, the coldest first. A round sweeps every replica once and then
lets every other pair of neighbours change rungs. Where the energy of a replica after a sweep is its least so far, the
point is kept.

Source: Hukushima and Nemoto, "Exchange Monte Carlo method and application to spin glass simulations", Journal of the
Physical Society of Japan 65 (1996).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qopt.kernels.anneal_chain import RUN, Chain, flip_run, shift_set, swap_row
from qopt.kernels.anneal_fields import energy_of
from qopt.kernels.rng import unit

RUNG, ROUND = 0, 1


class Replicas(NamedTuple):
    """The state of r replicas of n bits.

    ``field``, ``sign`` (r, n), ``chosen`` (r, sets), ``place`` (r, rows): as in ``anneal_chain.Chain``, one line each;
    ``energy`` (r,) after the last sweep; ``best`` (r, n) int8 and ``least`` (r,) float64; ``order`` (r,) says who
    stands on each rung; ``at`` (2,) is the next RUNG to sweep and the number of the ROUND; ``random`` (1,) a generator.
    """

    field: Any
    sign: Any
    chosen: Any
    place: Any
    energy: Any
    best: Any
    least: Any
    order: Any
    at: Any
    random: Any


@njit(cache=True, nogil=True)
def _sweep(temperature, couplings, layout, chain, plan):
    """Propose every move of a chain once; returns how many were proposed."""
    free, done = layout.free[0], 0
    for begin in range(0, free, RUN):
        flip_run(begin, min(begin + RUN, free), temperature, couplings, chain, plan)
    done += free
    for k in range(len(layout.set_start) - 1):
        shift_set(k, temperature, couplings, layout, chain, plan)
        done += layout.set_start[k + 1] - layout.set_start[k] - 1
    for q in range(len(layout.side)):
        side = layout.side[q]
        for r in range(side):
            swap_row(q, r, temperature, couplings, layout, chain, plan)
        done += side * (side - 1) // 2
    return done


@njit(cache=True, nogil=True)
def exchange(ladder, order, energy, first, random):
    """Let every other pair of neighbours on the ladder, from rung ``first`` on, change places by what both gain."""
    for rung in range(first, len(order) - 1, 2):
        low, high = order[rung], order[rung + 1]
        gain = (1.0 / ladder[rung] - 1.0 / ladder[rung + 1]) * (energy[low] - energy[high])
        if gain >= 0 or unit(random) < np.exp(gain):
            order[rung], order[rung + 1] = high, low


@njit(cache=True, nogil=True)
def temper(units, couplings, layout, plan, replicas):
    """Propose at least ``units`` moves, to the end of a sweep; returns how many.

    ``plan`` is that of ``anneal_chain``, its temperatures the ladder, ascending and above 0.
    """
    ladder, at = plan.temperature, replicas.at
    done = 0
    while done < units:
        rung = at[RUNG]
        k = replicas.order[rung]
        field, sign = replicas.field[k], replicas.sign[k]
        chain = Chain(field, sign, replicas.chosen[k], replicas.place[k], replicas.random, at)
        done += max(1, _sweep(ladder[rung], couplings, layout, chain, plan))
        replicas.energy[k] = energy_of(couplings.linear, field, sign)
        if replicas.energy[k] < replicas.least[k]:
            replicas.least[k] = replicas.energy[k]
            for b in range(len(sign)):
                replicas.best[k, b] = sign[b] < 0
        at[RUNG] += 1
        if at[RUNG] == len(ladder):
            exchange(ladder, replicas.order, replicas.energy, at[ROUND] & 1, replicas.random)
            at[RUNG] = 0
            at[ROUND] += 1
    return done
