"""One annealed chain over free bits, exactly-one sets and permutation squares, by their own moves.

The bits are laid out as free bits, then the sets one after the other, then the squares row by row:

    layout.free                number of free bits; each is flipped by itself
    layout.set_start   (g+1,)  set k is the bits set_start[k]..set_start[k+1]-1, exactly one of them on
    layout.square_start (q,), layout.side (q,), layout.row_start (q+1,)
                               square k: side*side bits from square_start; its rows are row_start[k].. among all rows

No weight joins two bits that are never on together (two of a set, two of a line of a square): so shifting a set from
bit a to b changes the energy by field[b] - field[a], and swapping two rows of a square by the four fields and two
weights. Fields are those of ``anneal_fields``.

    chain.chosen (g,)  bit of each set that is on          chain.place (rows,)  column of each row of each square
    chain.at     (5,)  SWEEP, SITE, CHANGES of this sweep, ended, moves accepted
    chain.random (1,)  xorshift64*

A sweep visits *sites* in order: runs of ``RUN`` free bits, then sets, then rows of squares (each row against those
below it). Sweep t has temperature ``plan.temperature[t]``; after the last one the chain descends until a whole sweep
changes nothing. Metropolis with a table of -ln u, so no exponential is taken; a gain beyond the table draws no number.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qopt.kernels.anneal_fields import coupling, exchange, turn
from qopt.kernels.rng import advance

RUN = 64
BLOCK = 16
SWEEP, SITE, CHANGES, ENDED, ACCEPTED = 0, 1, 2, 3, 4


class Couplings(NamedTuple):
    """``linear`` (n,), and the weights as in ``anneal_fields``; ``lowest`` (1,) is min(0, smallest weight)."""

    linear: Any
    indptr: Any
    col: Any
    weight: Any
    lowest: Any


class Layout(NamedTuple):
    """Where free bits, sets and squares lie; all int64, ``free`` of shape (1,)."""

    free: Any
    set_start: Any
    square_start: Any
    side: Any
    row_start: Any


class Chain(NamedTuple):
    """The state: everything that a step changes."""

    field: Any
    sign: Any
    chosen: Any
    place: Any
    random: Any
    at: Any


class Plan(NamedTuple):
    """``temperature`` (sweeps,) float64, ``table`` (4096,) float32 of -ln u falling, ``least`` (1,): a descent takes
    gains of at least this size, so that rounding cannot turn it in circles."""

    temperature: Any
    table: Any
    least: Any


@njit(cache=True, nogil=True, inline="always")
def _accepted(gain, temperature, plan, random):
    if temperature == 0.0:
        return gain <= -plan.least[0]
    if gain <= 0:
        return True
    if gain > temperature * plan.table[0]:
        return False
    return gain <= temperature * plan.table[np.int64(advance(random) >> np.uint64(52))]


@njit(cache=True, nogil=True)
def flip_run(begin, end, temperature, couplings, chain, plan):
    """Propose every free bit of begin..end-1; returns the number of flips."""
    indptr, col, weight = couplings.indptr, couplings.col, couplings.weight
    field, sign = chain.field, chain.sign
    number = field.dtype.type
    if temperature == 0.0:
        limit = number(-plan.least[0])
    else:
        limit = number(min(temperature * plan.table[0], 2.0**30))
    changes = 0
    b = begin
    while b < end:
        stop = min(b + BLOCK, end)
        if stop - b == BLOCK:
            low = number(2.0**30)
            for k in range(b, b + BLOCK):
                low = min(low, number(sign[k] * field[k]))
            if low > limit:
                b = stop
                continue
        for k in range(b, stop):
            gain = sign[k] * field[k]
            if gain <= limit and _accepted(gain, temperature, plan, chain.random):
                turn(indptr, col, weight, field, k, sign[k] > 0)
                sign[k] = -sign[k]
                changes += 1
        b = stop
    return changes


@njit(cache=True, nogil=True)
def shift_set(k, temperature, couplings, layout, chain, plan):
    """Propose every bit of set k but the one that is on now, each once; returns the number of shifts."""
    indptr, col, weight = couplings.indptr, couplings.col, couplings.weight
    field, sign = chain.field, chain.sign
    changes = 0
    first = on = chain.chosen[k]
    for b in range(layout.set_start[k], layout.set_start[k + 1]):
        if b != first and _accepted(field[b] - field[on], temperature, plan, chain.random):
            turn(indptr, col, weight, field, on, False)
            turn(indptr, col, weight, field, b, True)
            sign[on] = 1
            sign[b] = -1
            on = b
            changes += 1
    chain.chosen[k] = on
    return changes


@njit(cache=True, nogil=True)
def swap_gain(ra, sb, rb, sa, couplings, field):
    """Change of energy when a square's bits ra and sb go off and rb and sa on."""
    indptr, col, weight = couplings.indptr, couplings.col, couplings.weight
    gain = field[rb] + field[sa] - field[ra] - field[sb]
    return gain + coupling(indptr, col, weight, ra, sb) + coupling(indptr, col, weight, rb, sa)


@njit(cache=True, nogil=True)
def swap_row(q, r, temperature, couplings, layout, chain, plan):
    """Propose to swap row r of square q with each row below it; returns the number of swaps."""
    field, sign, place = chain.field, chain.sign, chain.place
    first, start, side = layout.row_start[q], layout.square_start[q], layout.side[q]
    limit = temperature * plan.table[0] - 2.0 * couplings.lowest[0]
    changes = 0
    for s in range(r + 1, side):
        a, b = place[first + r], place[first + s]
        ra, sb = start + r * side + a, start + s * side + b
        rb, sa = start + r * side + b, start + s * side + a
        if field[rb] + field[sa] - field[ra] - field[sb] > limit:
            continue
        gain = swap_gain(ra, sb, rb, sa, couplings, field)
        if _accepted(gain, temperature, plan, chain.random):
            exchange(couplings.indptr, couplings.col, couplings.weight, field, rb, sa, ra, sb)
            sign[ra] = sign[sb] = 1
            sign[rb] = sign[sa] = -1
            place[first + r], place[first + s] = b, a
            changes += 1
    return changes


@njit(cache=True, nogil=True)
def anneal(units, couplings, layout, chain, plan):
    """Propose at least ``units`` moves (to the end of a site) from where the chain stands; returns how many.

    Fewer means that the chain has ended: it is a local minimum for every single move.
    """
    free, at = layout.free[0], chain.at
    runs, sets = (free + RUN - 1) // RUN, len(layout.set_start) - 1
    rows = layout.row_start[len(layout.row_start) - 1]
    sweeps = len(plan.temperature)
    done = 0
    while done < units and at[ENDED] == 0:
        temperature = plan.temperature[at[SWEEP]] if at[SWEEP] < sweeps else 0.0
        site = at[SITE]
        if site < runs:
            begin, end = site * RUN, min(site * RUN + RUN, free)
            changes = flip_run(begin, end, temperature, couplings, chain, plan)
            done += end - begin
        elif site < runs + sets:
            k = site - runs
            changes = shift_set(k, temperature, couplings, layout, chain, plan)
            done += layout.set_start[k + 1] - layout.set_start[k] - 1
        elif site < runs + sets + rows:
            row = site - runs - sets
            q = np.searchsorted(layout.row_start, row, side="right") - 1
            r = row - layout.row_start[q]
            changes = swap_row(q, r, temperature, couplings, layout, chain, plan)
            done += layout.side[q] - 1 - r
        else:
            if at[SWEEP] >= sweeps and at[CHANGES] == 0:
                at[ENDED] = 1
            at[SWEEP] += 1
            at[SITE] = 0
            at[CHANGES] = 0
            continue
        at[SITE] = site + 1
        at[CHANGES] += changes
        at[ACCEPTED] += changes
    return done


@njit(cache=True, nogil=True)
def gains(couplings, layout, chain, stride, out):
    """Write the change of energy of every ``stride``-th possible move to ``out``, until it is full; returns how many.

    The chain is left as it is. Moves are numbered in the order of a sweep.
    """
    field, sign = chain.field, chain.sign
    count, number = 0, 0
    for k in range(layout.free[0]):
        if number % stride == 0 and count < len(out):
            out[count] = sign[k] * field[k]
            count += 1
        number += 1
    for k in range(len(layout.set_start) - 1):
        on = chain.chosen[k]
        for b in range(layout.set_start[k], layout.set_start[k + 1]):
            if b == on:
                continue
            if number % stride == 0 and count < len(out):
                out[count] = field[b] - field[on]
                count += 1
            number += 1
    for q in range(len(layout.side)):
        first, start, side = layout.row_start[q], layout.square_start[q], layout.side[q]
        for r in range(side):
            for s in range(r + 1, side):
                if number % stride == 0 and count < len(out):
                    a, b = chain.place[first + r], chain.place[first + s]
                    ra, sb = start + r * side + a, start + s * side + b
                    rb, sa = start + r * side + b, start + s * side + a
                    out[count] = swap_gain(ra, sb, rb, sa, couplings, field)
                    count += 1
                number += 1
    return count
