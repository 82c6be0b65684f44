"""One-flip tabu search over free bits, restarted from children of a pool, on pairs and products of any degree.

A step looks at every bit and turns over the one that changes the energy least (ties at random), tabu bits only where
that makes a new best of the run; then the bit is tabu for ``plan.tenure + (below plan.spread)`` steps. A run of about
``plan.steps`` steps (half to one and a half times as many, drawn) starts from a child: every bit from one of two
members of the pool, each the better of two drawn, and about one bit turned over; or from a random point while the pool
has places that nobody took (energy infinite), which go first. The best point of the run takes the place of a random
member that is not better than it, unless it is a member already.

    state.best (n,)  point of the run's best            state.until (n,)  step from which a bit is free again
    state.pool (p, n), state.worth (p,)                 members and their energies
    state.at: STEP of the run, END of the run, RUNS so far            state.energy: now, best of the run

Source: Gallardo, Cotta & Fernández (2009), a memetic algorithm with tabu search for low-autocorrelation sequences.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qopt.kernels.anneal_fields import energy_of, load, turn
from qopt.kernels.rng import advance, below
from qopt.kernels.terms_fields import energy_of_terms, load_terms, turn_terms

STEP, END, RUNS = 0, 1, 2
NOW, BEST = 0, 1


class Pairs(NamedTuple):
    """``linear`` (n,), and the weights as in ``anneal_fields``."""

    linear: Any
    indptr: Any
    col: Any
    weight: Any


class State(NamedTuple):
    """Everything that a step changes."""

    field: Any
    sign: Any
    push: Any
    products: Any
    best: Any
    until: Any
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
def _tournament(state):
    a, b = below(state.random, len(state.worth)), below(state.random, len(state.worth))
    return a if state.worth[a] <= state.worth[b] else b


@njit(cache=True, nogil=True)
def _begin(pairs, terms, state, plan):
    """Start a run: its point, fields and energy."""
    n, random, child = len(state.sign), state.random, state.best
    empty = -1
    for m in range(len(state.worth)):
        if state.worth[m] == np.inf:
            empty = m
            break
    if empty >= 0:
        for i in range(n):
            child[i] = advance(random) >> np.uint64(63)
    else:
        mother, father = state.pool[_tournament(state)], state.pool[_tournament(state)]
        for i in range(n):
            child[i] = mother[i] if advance(random) >> np.uint64(63) else father[i]
        for i in range(n):
            if below(random, n) == 0:
                child[i] = 1 - child[i]
    load(pairs.linear, pairs.indptr, pairs.col, pairs.weight, child, state.field, state.sign)
    state.energy[NOW] = energy_of(pairs.linear, state.field, state.sign)
    load_terms(terms, state.field, state.sign, state.push, state.products)
    state.energy[NOW] += energy_of_terms(terms, state.products)
    state.energy[BEST] = state.energy[NOW]
    for i in range(n):
        state.until[i] = 0
    state.at[STEP] = 0
    state.at[END] = plan.steps[0] // 2 + below(random, plan.steps[0] + 1)


@njit(cache=True, nogil=True)
def _enter(state):
    """Give the best of the run its place in the pool."""
    worth = state.energy[BEST]
    place = below(state.random, len(state.worth))
    for m in range(len(state.worth)):
        if state.worth[m] == worth and np.all(state.pool[m] == state.best):
            return
        if state.worth[m] == np.inf:
            place = m
    if worth <= state.worth[place]:
        state.worth[place] = worth
        state.pool[place] = state.best


@njit(cache=True, nogil=True)
def _step(pairs, terms, state, plan):
    field, sign, push, until = state.field, state.sign, state.push, state.until
    step = state.at[STEP]
    wanted = state.energy[BEST] - state.energy[NOW]
    least, chosen, ties = np.inf, -1, 0
    for i in range(len(sign)):
        gain = np.float64(sign[i] * field[i] + push[i])
        if gain <= least and (until[i] <= step or gain < wanted):
            if gain < least:
                least, chosen, ties = gain, i, 1
            else:
                ties += 1
                if below(state.random, ties) == 0:
                    chosen = i
    if chosen < 0:
        chosen = below(state.random, len(sign))
        least = np.float64(sign[chosen] * field[chosen] + push[chosen])
    on = sign[chosen] > 0
    turn_terms(terms, field, sign, push, state.products, chosen, on)
    turn(pairs.indptr, pairs.col, pairs.weight, field, chosen, on)
    sign[chosen] = -sign[chosen]
    state.energy[NOW] += least
    until[chosen] = step + 1 + plan.tenure[0] + below(state.random, plan.spread[0] + 1)
    state.at[STEP] = step + 1
    if state.energy[NOW] < state.energy[BEST]:
        state.energy[BEST] = state.energy[NOW]
        for i in range(len(sign)):
            state.best[i] = 1 if sign[i] < 0 else 0


@njit(cache=True, nogil=True)
def search(units, pairs, terms, state, plan):
    """Take steps that look at ``units`` bits in all (rounded up to a step), from where the state stands."""
    n = len(state.sign)
    done = 0
    while done < units:
        if state.at[STEP] >= state.at[END]:
            if state.at[RUNS] > 0:
                _enter(state)
            state.at[RUNS] += 1
            _begin(pairs, terms, state, plan)
        _step(pairs, terms, state, plan)
        done += n
    return done
