"""One annealed chain over free bits with sparse weights, ``WIDE`` bits at a time.

The bits are arranged in blocks of ``WIDE`` that no weight joins, so the bits of a block can be decided at once and the
chain is still the one that visits them in order. Blocks that are not full are filled up with bits that cost too much
ever to be on. Fields and weights are those of ``anneal_fields``, in the arranged order; rows of neighbours may be made
longer, so that their lengths are alike, by neighbours in the ``SPARE`` places behind the last block, which count for
nothing. Where all weights are the same there is only one of them, of shape (1,).

    field, sign  (blocks * WIDE + SPARE,)  int32 where all fields are below 2**29 in size, or float64
    random (1,)  xorshift64*; one draw per sweep makes the key of that sweep
    key    (1,)  uint32; the random number of a bit is a mix of its place and the key, whether or not it is used
    at     (5,)  SWEEP, BLOCK, CHANGES of this sweep of the descent, ENDED, ACCEPTED

Sweep t has temperature ``temperature[t]``; after the last one the chain descends until a sweep changes nothing.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from qopt.kernels.exponential import exponential, scrambled
from qopt.kernels.rng import advance
from qopt.kernels.vectors import lowest, packed

WIDE, SPARE = 64, 8
SWEEP, BLOCK, CHANGES, ENDED, ACCEPTED = 0, 1, 2, 3, 4


@njit(cache=True, nogil=True)
def arrange(indptr, col, place):
    """Put every bit into the first block that has room and no neighbour of it; returns the number of blocks.

    ``place`` (n,) becomes its place among all blocks.
    """
    n = len(place)
    block, seen = np.full(n, -1, np.int64), np.full(n + 1, -1, np.int64)
    filled = np.zeros(n + 1, np.int64)
    blocks = first = 0
    for i in range(n):
        for p in range(indptr[i], indptr[i + 1]):
            if block[col[p]] >= 0:
                seen[block[col[p]]] = i
        while first < blocks and filled[first] == WIDE:
            first += 1
        b = first
        while b < blocks and (seen[b] == i or filled[b] == WIDE):
            b += 1
        if b == blocks:
            blocks += 1
        block[i] = b
        place[i] = b * WIDE + filled[b]
        filled[b] += 1
    return blocks


@njit(cache=True, nogil=True, inline="always")
def spread(i, change, indptr, col, weight, field):
    """Add the weights of row i times its change (+1 or -1) to the fields."""
    number = field.dtype.type
    if len(weight) == 1:
        step = number(change * weight[0])
        for p in range(indptr[i], indptr[i + 1]):
            j = col[p]
            field[j] = number(field[j] + step)
    else:
        for p in range(indptr[i], indptr[i + 1]):
            j = col[p]
            field[j] = number(field[j] + number(change * weight[p]))


@njit(cache=True, nogil=True)
def load(linear, indptr, col, weight, bits, field, sign):
    """Fields and signs (``1 - 2 x``) of the point ``bits`` of zeros and ones, all of the same length."""
    number = field.dtype.type
    for i in range(len(field)):
        field[i] = linear[i]
        sign[i] = 1 - 2 * bits[i]
    for i in range(len(indptr) - 1):
        if bits[i]:
            spread(i, number(1), indptr, col, weight, field)


@njit(cache=True, nogil=True)
def limits(first, key, temperature, top, limit):
    """The largest gain that each bit of a block accepts, rounded down where gains are whole, at most ``top``."""
    number = limit.dtype.type
    for k in range(WIDE):
        size = temperature * exponential(scrambled(np.uint32(first + np.uint32(k)), key))
        limit[k] = number(min(size, top))


@njit(cache=True, nogil=True)
def decide(first, field, sign, limit, taken):
    """Turn over every bit of a block whose gain is within its limit; returns them as the bits of a uint64."""
    number = field.dtype.type
    f, s = field[first : first + WIDE], sign[first : first + WIDE]
    for k in range(WIDE):
        take = number(f[k] * s[k]) <= limit[k]
        s[k] = number(-s[k]) if take else s[k]
        taken[k] = np.int8(take)
    return packed(taken)


@njit(cache=True, nogil=True)
def anneal(units, indptr, col, weight, temperature, least, field, sign, random, key, at, limit, taken):
    """Visit at least ``units`` places (whole blocks) from where the chain stands; returns how many.

    Fewer means that the chain has ended. ``least`` is the gain of the smallest step down; ``limit`` (WIDE,) and
    ``taken`` (WIDE,) int8 are room to work in.
    """
    number = field.dtype.type
    blocks, sweeps = len(field) // WIDE, len(temperature)
    top = np.float32(2.0**30)
    done = 0
    while done < units and at[ENDED] == 0:
        hot = at[SWEEP] < sweeps
        t = np.float32(0.0)
        if hot:
            if at[BLOCK] == 0:
                key[0] = np.uint32(advance(random) >> np.uint64(32))
            t = np.float32(temperature[at[SWEEP]])
        else:
            limit[:] = number(-least)
        changes = 0
        begin = at[BLOCK]
        end = min(blocks, begin + (units - done + WIDE - 1) // WIDE)
        for block in range(begin, end):
            first = block * WIDE
            if hot:
                limits(np.uint32(first), key[0], t, top, limit)
            turned = decide(first, field, sign, limit, taken)
            while turned:
                i = first + lowest(turned)
                turned &= turned - np.uint64(1)
                changes += 1
                spread(i, number(-sign[i]), indptr, col, weight, field)
        at[CHANGES] += changes
        at[ACCEPTED] += changes
        done += (end - begin) * WIDE
        at[BLOCK] = end
        if end == blocks:
            if not hot and at[CHANGES] == 0:
                at[ENDED] = 1
            at[SWEEP] += 1
            at[BLOCK] = 0
            at[CHANGES] = 0
    return done
