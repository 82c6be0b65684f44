"""One annealed chain over free bits, sets and squares under rows: energy plus prices of what the rows lack.

Layout, fields and moves are those of ``anneal_chain``, products those of ``terms_fields``, rows those of
``activities``. Two more moves keep activities where they are, about: a free bit of a row goes off and another on, and
two sets of one length trade the places of their bits. Sites of a sweep, in order: runs of ``RUN`` free bits, runs of
sets, rows of squares, runs of trades of bits, runs of trades of sets.

Sweep t has temperature ``plan.temperature[t]``. From ``plan.settle`` on, and for up to ``plan.patience`` more sweeps at
the last temperature while a row is broken, the price of a broken row grows by ``plan.rate[0]`` after each sweep, that
of another changes by ``plan.rate[1]``, within ``limit[c]``. At the end the chain descends, prices as they are, until a
sweep changes nothing. The best point that breaks nothing is kept in ``best``.

    state.chosen (g,)  bit of each set that is on          state.place (rows,)  column of each row of each square
    state.at     SWEEP, SITE, CHANGES of this sweep, ENDED, BROKEN rows, EXTRA sweeps     state.energy  now, best kept

The loops over moves work on plain arrays: taking one out of a tuple costs as much as several moves.

Sources: prices as in the breakout method (Morris, 1993) and self-adaptive Ising machines (Delacour, 2025).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qopt.kernels.activities import (
    ACTIVITY,
    LOWER,
    PRICE,
    UPPER,
    exchange_price,
    flip_price,
    load_activities,
    shift_price,
    turn_activities,
    violation,
)
from qopt.kernels.anneal_fields import coupling, energy_of, load, turn
from qopt.kernels.rng import advance, below
from qopt.kernels.terms_fields import energy_of_terms, load_terms, term_coupling, turn_terms

RUN = 64
SWEEP, SITE, CHANGES, ENDED, BROKEN, EXTRA = 0, 1, 2, 3, 4, 5
NOW, BEST = 0, 1


class Problem(NamedTuple):
    """What does not change: ``anneal_chain.Couplings`` and ``Layout``, ``terms_fields.Terms``, ``activities.Rows``."""

    couplings: Any
    layout: Any
    terms: Any
    rows: Any


class State(NamedTuple):
    """Everything that a step changes."""

    field: Any
    sign: Any
    push: Any
    products: Any
    ledger: Any
    chosen: Any
    place: Any
    best: Any
    random: Any
    at: Any
    energy: Any


class Plan(NamedTuple):
    """``temperature`` (sweeps,), ``table`` (4096,) of -ln u falling, ``least`` (1,) gain of a descent; ``settle`` and
    ``patience`` (1,) sweeps; ``rate`` (2,); ``limit`` (m, 2) of the prices."""

    temperature: Any
    table: Any
    least: Any
    settle: Any
    patience: Any
    rate: Any
    limit: Any


@njit(cache=True, nogil=True)
def keep(sign, best, at, energy):
    """Keep the point if it breaks nothing and is the best so far."""
    if at[BROKEN] == 0 and energy[NOW] < energy[BEST]:
        energy[BEST] = energy[NOW]
        for i in range(len(sign)):
            best[i] = 1 if sign[i] < 0 else 0


@njit(cache=True, nogil=True)
def begin(problem, state, point):
    """Load a point (n,) whose sets and squares are in ``chosen`` and ``place``; it is kept if it breaks nothing."""
    c, r, at = problem.couplings, problem.rows, state.at
    load(c.linear, c.indptr, c.col, c.weight, point, state.field, state.sign)
    state.energy[NOW] = energy_of(c.linear, state.field, state.sign)
    load_terms(problem.terms, state.field, state.sign, state.push, state.products)
    state.energy[NOW] += energy_of_terms(problem.terms, state.products)
    state.energy[BEST] = np.inf
    for k in range(len(at)):
        at[k] = 0
    at[BROKEN] = load_activities(r.at, r.row, r.value, state.sign, state.ledger)
    keep(state.sign, state.best, at, state.energy)


@njit(cache=True, nogil=True)
def _flip(indptr, col, weight, terms, deep, field, sign, push, products, by, row, value, ledger, at, k):
    """Turn bit k over."""
    on = sign[k] > 0
    if deep:
        turn_terms(terms, field, sign, push, products, k, on)
    turn(indptr, col, weight, field, k, on)
    at[BROKEN] += turn_activities(by, row, value, ledger, k, sign[k])
    sign[k] = -sign[k]


@njit(cache=True, nogil=True)
def _passes(total, temperature, table, least, random):
    """Metropolis, or at temperature 0 descent."""
    if temperature == 0.0:
        return total <= -least[0]
    if total <= 0.0:
        return True
    if total > temperature * table[0]:
        return False
    return total <= temperature * table[np.int64(advance(random) >> np.uint64(52))]


@njit(cache=True, nogil=True)
def joint(indptr, col, weight, terms, deep, sign, i, j):
    """What bits i and j both on cost beyond each alone."""
    pair = coupling(indptr, col, weight, i, j)
    if deep:
        pair += term_coupling(terms, sign, i, j)
    return pair


@njit(cache=True, nogil=True)
def exchange_gain(indptr, col, weight, terms, deep, field, sign, off_a, off_b, on_a, on_b, crossed):
    """Change of the energy when two bits go off and two on.

    Bits a are never on together, nor bits b; ``crossed``: one that goes off may be on with the other that goes on.
    """
    gain = field[on_a] + field[on_b] - field[off_a] - field[off_b]
    if deep or weight.size:
        gain += joint(indptr, col, weight, terms, deep, sign, off_a, off_b)
        gain += joint(indptr, col, weight, terms, deep, sign, on_a, on_b)
        if crossed:
            gain -= joint(indptr, col, weight, terms, deep, sign, off_a, on_b)
            gain -= joint(indptr, col, weight, terms, deep, sign, off_b, on_a)
    return gain


@njit(cache=True, nogil=True)
def pair_of_row(by, row, start, bit, sign, free, random):
    """A random free bit that is on and one that is off, of a row that a random one of them is in; -1, -1 for a miss."""
    i = below(random, free)
    if by[i] == by[i + 1]:
        return -1, -1
    c = row[by[i] + below(random, by[i + 1] - by[i])]
    j = np.int64(bit[start[c] + below(random, start[c + 1] - start[c])])
    if j >= free or sign[i] == sign[j]:
        return -1, -1
    return (i, j) if sign[i] < 0 else (j, i)


@njit(cache=True, nogil=True)
def _flips(problem, state, plan, temperature, begin, end, trades):
    """Propose free bits begin..end-1 one after the other, or (``trades``) as many trades of two free bits."""
    c, r, terms = problem.couplings, problem.rows, problem.terms
    indptr, col, weight, deep, free = c.indptr, c.col, c.weight, len(terms.weight) > 0, problem.layout.free[0]
    by, row, value, start, bit = r.at, r.row, r.value, r.start, r.bit
    field, sign, push, products, ledger = state.field, state.sign, state.push, state.products, state.ledger
    best, random, at, energy = state.best, state.random, state.at, state.energy
    table, least = plan.table, plan.least
    for k in range(begin, end):
        off = on = k
        if trades:
            off, on = pair_of_row(by, row, start, bit, sign, free, random)
            if off < 0:
                continue
            gain = field[on] - field[off] - joint(indptr, col, weight, terms, deep, sign, off, on)
            price = shift_price(by, row, value, ledger, off, on)
        else:
            gain = sign[k] * field[k] + push[k]
            price = flip_price(by, row, value, ledger, k, sign[k])
        if _passes(gain + price, temperature, table, least, random):
            if gain >= 0.0 or price > 0.0:
                keep(sign, best, at, energy)
            energy[NOW] += gain
            at[CHANGES] += 1
            _flip(indptr, col, weight, terms, deep, field, sign, push, products, by, row, value, ledger, at, on)
            if off != on:
                _flip(indptr, col, weight, terms, deep, field, sign, push, products, by, row, value, ledger, at, off)


@njit(cache=True, nogil=True)
def _shifts(problem, state, plan, temperature, begin, end):
    """Propose every bit of sets begin..end-1 but the one that is on at first; returns how many."""
    c, r, terms = problem.couplings, problem.rows, problem.terms
    indptr, col, weight, deep, edge = c.indptr, c.col, c.weight, len(terms.weight) > 0, problem.layout.set_start
    by, row, value = r.at, r.row, r.value
    field, sign, push, products, ledger = state.field, state.sign, state.push, state.products, state.ledger
    best, random, at, energy, chosen = state.best, state.random, state.at, state.energy, state.chosen
    table, least = plan.table, plan.least
    for k in range(begin, end):
        first = on = chosen[k]
        for b in range(edge[k], edge[k + 1]):
            if b == first:
                continue
            gain = field[b] - field[on]
            price = shift_price(by, row, value, ledger, on, b)
            if _passes(gain + price, temperature, table, least, random):
                if gain >= 0.0 or price > 0.0:
                    keep(sign, best, at, energy)
                energy[NOW] += gain
                at[CHANGES] += 1
                _flip(indptr, col, weight, terms, deep, field, sign, push, products, by, row, value, ledger, at, on)
                _flip(indptr, col, weight, terms, deep, field, sign, push, products, by, row, value, ledger, at, b)
                on = b
        chosen[k] = on
    return edge[end] - edge[begin] - (end - begin)


@njit(cache=True, nogil=True)
def _exchanges(problem, state, plan, temperature, begin, end, line):
    """Propose trades, each of one of the sets begin..end-1 with a random one; or row ``line`` of a square (from 0 among
    all rows of squares; -1 for none) trades columns with each row below it. Returns how many."""
    c, r, terms, layout = problem.couplings, problem.rows, problem.terms, problem.layout
    indptr, col, weight, deep, edge = c.indptr, c.col, c.weight, len(terms.weight) > 0, layout.set_start
    by, row, value = r.at, r.row, r.value
    field, sign, push, products, ledger = state.field, state.sign, state.push, state.products, state.ledger
    best, random, at, energy = state.best, state.random, state.at, state.energy
    chosen, place, table, least = state.chosen, state.place, plan.table, plan.least
    side, corner = 0, 0
    if line >= 0:
        q = np.searchsorted(layout.row_start, line, side="right") - 1
        side, corner = layout.side[q], layout.square_start[q] - layout.row_start[q] * layout.side[q]
        begin, end = line + 1, layout.row_start[q] + side
    for k in range(begin, end):
        if line >= 0:
            row_a, row_b = corner + line * side, corner + k * side
            a, b = place[line], place[k]
        else:
            other = below(random, len(edge) - 1)
            row_a, row_b = edge[k], edge[other]
            a, b = chosen[k] - row_a, chosen[other] - row_b
            if a == b or edge[k + 1] - row_a != edge[other + 1] - row_b:
                continue
        gain = exchange_gain(
            indptr, col, weight, terms, deep, field, sign, row_a + a, row_b + b, row_a + b, row_b + a, line < 0
        )
        price = exchange_price(by, row, value, ledger, row_a + a, row_b + b, row_a + b, row_b + a)
        if _passes(gain + price, temperature, table, least, random):
            if gain >= 0.0 or price > 0.0:
                keep(sign, best, at, energy)
            energy[NOW] += gain
            at[CHANGES] += 1
            for turned in (row_a + a, row_b + b, row_a + b, row_b + a):
                _flip(indptr, col, weight, terms, deep, field, sign, push, products, by, row, value, ledger, at, turned)
            if line >= 0:
                place[line], place[k] = b, a
            else:
                chosen[k], chosen[other] = row_a + b, row_b + a
    return end - begin


@njit(cache=True, nogil=True)
def _end_sweep(state, plan):
    at, sweeps, ledger = state.at, len(plan.temperature), state.ledger
    if at[SWEEP] >= sweeps:
        at[ENDED] = at[CHANGES] == 0
    elif at[SWEEP] >= plan.settle[0]:
        for c in range(len(ledger)):
            broken = violation(ledger[c, ACTIVITY], ledger[c, LOWER], ledger[c, UPPER]) > 0.0
            price = ledger[c, PRICE] * plan.rate[0 if broken else 1]
            ledger[c, PRICE] = min(max(price, plan.limit[c, 0]), plan.limit[c, 1])
        if at[SWEEP] == sweeps - 1 and at[BROKEN] > 0 and at[EXTRA] < plan.patience[0]:
            at[EXTRA] += 1
            at[SWEEP] -= 1
    at[SWEEP] += 1
    at[SITE] = 0
    at[CHANGES] = 0
    keep(state.sign, state.best, at, state.energy)


@njit(cache=True, nogil=True)
def anneal(units, problem, state, plan):
    """Propose at least ``units`` moves (to the end of a site) from where the chain stands; returns how many.

    Fewer means that the chain has ended.
    """
    layout, at = problem.layout, state.at
    free, sets = layout.free[0], len(layout.set_start) - 1
    bits, groups = (free + RUN - 1) // RUN, (sets + RUN - 1) // RUN
    lines = layout.row_start[len(layout.row_start) - 1]
    ruled = len(problem.rows.row) > 0
    done = 0
    while done < units and at[ENDED] == 0:
        temperature = plan.temperature[at[SWEEP]] if at[SWEEP] < len(plan.temperature) else 0.0
        site = at[SITE]
        at[SITE] += 1
        if site < bits:
            end = min(site * RUN + RUN, free)
            _flips(problem, state, plan, temperature, site * RUN, end, False)
            done += end - site * RUN
        elif site < bits + groups:
            site -= bits
            done += _shifts(problem, state, plan, temperature, site * RUN, min(site * RUN + RUN, sets))
        elif site < bits + groups + lines:
            done += _exchanges(problem, state, plan, temperature, 0, 0, site - bits - groups)
        elif ruled and site < 2 * bits + groups + lines:
            _flips(problem, state, plan, temperature, 0, min(RUN, free), True)
            done += min(RUN, free)
        elif ruled and site < 2 * (bits + groups) + lines:
            site -= 2 * bits + groups + lines
            done += _exchanges(problem, state, plan, temperature, site * RUN, min(site * RUN + RUN, sets), -1)
        else:
            _end_sweep(state, plan)
    return done
