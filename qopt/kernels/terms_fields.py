"""Products of three and more factors beside the local fields of ``anneal_fields``, kept up to date as bits change.

    energy(x) = (linear and pairs) + sum over products t of weight[t] * (product of its factors)

The factors are all bits x, or all spins s = 2 x - 1 (``terms.spins``). The energy changes by ``sign[i] * field[i] +
push[i]`` when bit i is turned over, with ``sign = 1 - 2 x``: products of bits are part of the field, so that all that
is true of fields is true with them; products of spins are in ``push`` (all zeros for bits), where a turn needs no sign.

    products of bits     state[t] is the number of its bits that are off
    products of spins    state[t] is 2 * weight[t] * (product of its spins); push[i] is minus the sum over i's

Incidence lists, one entry per product of a bit, those of bit k at ``at[k]..at[k+1]-1``: first the products of three,
then from ``four[k]`` those of four, then from ``more[k]`` longer ones. ``term`` is the product of an entry; its other
factors follow each other in ``other`` in the order of the entries, those of bit k from ``other_at[k]`` on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit


class Terms(NamedTuple):
    """``spins`` (1,) 0 or 1; ``weight`` (t,) and ``size`` (t,) int32 of each product; the lists are told above."""

    spins: Any
    weight: Any
    size: Any
    at: Any
    four: Any
    more: Any
    term: Any
    other_at: Any
    other: Any


@njit(cache=True, nogil=True)
def _turn_spins(terms, push, state, k):
    at, term, other = terms.at, terms.term, terms.other
    own = push[k]
    r = terms.other_at[k]
    for q in range(at[k], terms.four[k]):
        t = term[q]
        p = state[t]
        state[t] = -p
        p += p
        push[other[r]] += p
        push[other[r + 1]] += p
        r += 2
    for q in range(terms.four[k], terms.more[k]):
        t = term[q]
        p = state[t]
        state[t] = -p
        p += p
        push[other[r]] += p
        push[other[r + 1]] += p
        push[other[r + 2]] += p
        r += 3
    for q in range(terms.more[k], at[k + 1]):
        t = term[q]
        p = state[t]
        state[t] = -p
        p += p
        for _ in range(terms.size[t] - 1):
            push[other[r]] += p
            r += 1
    push[k] = -own


@njit(cache=True, nogil=True)
def _turn_bits(terms, field, sign, state, k, on):
    r = terms.other_at[k]
    step = 1 if on else -1
    for q in range(terms.at[k], terms.at[k + 1]):
        t = terms.term[q]
        end = r + terms.size[t] - 1
        off = state[t]
        state[t] = off - step
        left = off - 1 if on else off  # of the others
        if left == 0:
            weight = terms.weight[t] if on else -terms.weight[t]
            for p in range(r, end):
                field[terms.other[p]] += weight
        elif left == 1:
            weight = terms.weight[t] if on else -terms.weight[t]
            for p in range(r, end):
                if sign[terms.other[p]] > 0:
                    field[terms.other[p]] += weight
        r = end


@njit(cache=True, nogil=True)
def turn_terms(terms, field, sign, push, state, k, on):
    """Account for bit k going on or off: to be called before ``sign[k]`` is turned over; reads the other signs."""
    if terms.spins[0]:
        _turn_spins(terms, push, state, k)
    else:
        _turn_bits(terms, field, sign, state, k, on)


@njit(cache=True, nogil=True)
def load_terms(terms, field, sign, push, state):
    """Add the products to fields that hold linear part and pairs, and set ``push`` and ``state``."""
    spins = terms.spins[0]
    for t in range(len(state)):
        state[t] = 2 * terms.weight[t] if spins else 0
    for k in range(len(sign)):
        if sign[k] > 0:
            for q in range(terms.at[k], terms.at[k + 1]):
                t = terms.term[q]
                state[t] = -state[t] if spins else state[t] + 1
    for k in range(len(sign)):
        push[k] = 0
        for q in range(terms.at[k], terms.at[k + 1]):
            t = terms.term[q]
            if spins:
                push[k] -= state[t]
            elif state[t] == 0 or (state[t] == 1 and sign[k] > 0):
                field[k] += terms.weight[t]


@njit(cache=True, nogil=True)
def energy_of_terms(terms, state):
    """What the products add to the energy."""
    total = 0.0
    for t in range(len(state)):
        if terms.spins[0]:
            total += np.float64(state[t]) / 2
        elif state[t] == 0:
            total += np.float64(terms.weight[t])
    return total


@njit(cache=True, nogil=True)
def term_coupling(terms, sign, i, j):
    """What products of bits add to the energy of bits i and j both on, beyond what they add to each alone."""
    r = terms.other_at[i]
    total = terms.weight.dtype.type(0)
    for q in range(terms.at[i], terms.at[i + 1]):
        end = r + terms.size[terms.term[q]] - 1
        both, off = False, 0
        for p in range(r, end):
            if terms.other[p] == j:
                both = True
            elif sign[terms.other[p]] > 0:
                off += 1
        if both and off == 0:
            total += terms.weight[terms.term[q]]
        r = end
    return total
