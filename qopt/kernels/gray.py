"""Every point once, each one move from the last: a Gray code over free bits, exactly-one sets and permutation squares.

Every component is a cycle of states walked by single moves: a free bit of 2 (flip), a set of its size (shift to the
next bit), a square of side! (swap of neighbouring rows). Component j moves when all before it have come round: the
modular mixed-radix Gray code (Knuth 4A, 7.2.1.1). Permutations by plain changes (7.2.1.2, algorithm P, in Even's form):
the last one is a swap of the first two rows away from the first, which closes the cycle.

    count  (components,)  moves since each component last came round; radix (components,) its number of states
    arrow  (rows,)        for plain changes: direction (-1, +1) of each column of each square
    found, points         the lowest energies so far (k,), infinity where none, and their inner points (k, n)
    total  (2,)           energy of the current point, and the highest of ``found``
    at     (2,)           POINTS visited, ended
"""

from __future__ import annotations

import numpy as np
from numba import njit

from qopt.kernels.anneal_chain import swap_gain
from qopt.kernels.anneal_fields import energy_of, exchange, load, turn

VISITED, ENDED = 0, 1
RENEW = 2**16
"""Points after which fields of fractions are computed anew, so that rounding cannot pile up."""


@njit(cache=True, nogil=True)
def _flip(k, couplings, chain):
    gain = chain.sign[k] * chain.field[k]
    turn(couplings.indptr, couplings.col, couplings.weight, chain.field, k, chain.sign[k] > 0)
    chain.sign[k] = -chain.sign[k]
    return np.float64(gain)


@njit(cache=True, nogil=True)
def _shift(k, couplings, layout, chain):
    off = chain.chosen[k]
    on = off + 1 if off + 1 < layout.set_start[k + 1] else layout.set_start[k]
    gain = np.float64(chain.field[on]) - np.float64(chain.field[off])
    turn(couplings.indptr, couplings.col, couplings.weight, chain.field, off, False)
    turn(couplings.indptr, couplings.col, couplings.weight, chain.field, on, True)
    chain.sign[off] = 1
    chain.sign[on] = -1
    chain.chosen[k] = on
    return gain


@njit(cache=True, nogil=True)
def mobile_row(place, arrow):
    """The row whose column is the largest that may step its way, or -1: plain changes. Turns larger ones round."""
    side = len(place)
    row = -1
    for r in range(side):
        to = r + arrow[place[r]]
        if 0 <= to < side and place[to] < place[r] and (row < 0 or place[r] > place[row]):
            row = r
    for c in range(place[row] + 1 if row >= 0 else 0, side):
        arrow[c] = -arrow[c]
    return row


@njit(cache=True, nogil=True)
def _swap(q, couplings, layout, chain, arrow):
    first, start, side = layout.row_start[q], layout.square_start[q], layout.side[q]
    place, arrows = chain.place[first : first + side], arrow[first : first + side]
    r = mobile_row(place, arrows)
    if r < 0:
        arrows[:] = -1
        r, s = 0, 1
    else:
        s = r + arrows[place[r]]
    a, b = place[r], place[s]
    ra, sb = start + r * side + a, start + s * side + b
    rb, sa = start + r * side + b, start + s * side + a
    gain = swap_gain(ra, sb, rb, sa, couplings, chain.field)
    exchange(couplings.indptr, couplings.col, couplings.weight, chain.field, rb, sa, ra, sb)
    chain.sign[ra] = chain.sign[sb] = 1
    chain.sign[rb] = chain.sign[sa] = -1
    place[r], place[s] = b, a
    return np.float64(gain)


@njit(cache=True, nogil=True)
def note(energy, chain, found, points, total):
    """Take the current point in where it is lower than the highest of those found."""
    if energy >= total[1]:
        return
    worst = 0
    for k in range(len(found)):
        if found[k] > found[worst]:
            worst = k
    found[worst] = energy
    for i in range(len(chain.sign)):
        points[worst, i] = 1 if chain.sign[i] < 0 else 0
    total[1] = found.max()


@njit(cache=True, nogil=True)
def walk(units, renew, couplings, layout, chain, radix, count, arrow, found, points, total, at):
    """Visit ``units`` more points; fewer done means that all have been visited.

    ``renew`` asks for fresh fields every ``RENEW`` points (for weights that are not whole).
    """
    free, sets = layout.free[0], len(layout.set_start) - 1
    bits = np.empty(len(chain.sign), dtype=np.int8)
    done = 0
    while done < units and at[ENDED] == 0:
        j = 0
        while j < len(radix) and count[j] == radix[j] - 1:
            count[j] = 0
            j += 1
        if j == len(radix):
            at[ENDED] = 1
            break
        count[j] += 1
        if j < free:
            total[0] += _flip(j, couplings, chain)
        elif j < free + sets:
            total[0] += _shift(j - free, couplings, layout, chain)
        else:
            total[0] += _swap(j - free - sets, couplings, layout, chain, arrow)
        at[VISITED] += 1
        done += 1
        if renew and at[VISITED] % RENEW == 0:
            for i in range(len(bits)):
                bits[i] = 1 if chain.sign[i] < 0 else 0
            load(couplings.linear, couplings.indptr, couplings.col, couplings.weight, bits, chain.field, chain.sign)
            total[0] = energy_of(couplings.linear, chain.field, chain.sign)
        note(total[0], chain, found, points, total)
    return done
