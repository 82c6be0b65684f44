"""One annealed chain over free bits with a square matrix of weights, ``WIDE`` bits at a time.

Bits are visited in order. The largest gains that a block of bits accepts are drawn at once, and the bits that are
within theirs are found at once; the first of them is flipped, and the rest of the block looked at again, by the same
numbers. A block in which nothing could be accepted is passed over. Fields and weights are those of ``anneal_fields``;
the arrays of the chain are those of ``anneal_blocks``, without places to spare.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from qopt.kernels.anneal_blocks import ACCEPTED, BLOCK, CHANGES, ENDED, SWEEP, WIDE, limits
from qopt.kernels.anneal_fields import turn
from qopt.kernels.rng import advance
from qopt.kernels.vectors import lowest, packed

_U = np.uint64
_REACH = np.float32(16.7)
"""The largest exponential number that ``limits`` takes, so the most temperatures that a gain may cost."""


@njit(cache=True, nogil=True)
def anneal(units, indptr, col, weight, temperature, least, field, sign, random, key, at, limit, taken):
    """Visit at least ``units`` bits (whole blocks) from where the chain stands; returns how many.

    Fewer means that the chain has ended. The arguments are those of ``anneal_blocks.anneal``.
    """
    number = field.dtype.type
    n, sweeps = len(field), len(temperature)
    blocks = (n + WIDE - 1) // WIDE
    top = np.float32(2.0**30)
    done = 0
    while done < units and at[ENDED] == 0:
        hot = at[SWEEP] < sweeps
        t = np.float32(0.0)
        if hot:
            if at[BLOCK] == 0:
                key[0] = np.uint32(advance(random) >> _U(32))
            t = np.float32(temperature[at[SWEEP]])
            most = number(min(t * _REACH, top))
        else:
            limit[:] = number(-least)
            most = number(-least)
        begin, changes = at[BLOCK], 0
        end = min(blocks, begin + (units - done + WIDE - 1) // WIDE)
        for block in range(begin, end):
            first, stop = block * WIDE, min(n, block * WIDE + WIDE)
            cheapest = number(top)
            for j in range(_U(first), _U(stop)):
                cheapest = min(cheapest, number(field[j] * sign[j]))
            if cheapest > most:
                continue
            if hot:
                limits(np.uint32(first), key[0], t, top, limit)
            taken[stop - first :] = 0
            ahead = ~_U(0)
            while ahead:
                for j in range(_U(first), _U(stop)):
                    k = j - _U(first)
                    taken[k] = np.int8(number(field[j] * sign[j]) <= limit[k])
                ahead &= packed(taken)
                if ahead:
                    k = lowest(ahead)
                    i = first + k
                    turn(indptr, col, weight, field, i, sign[i] > 0)
                    sign[i] = -sign[i]
                    changes += 1
                    ahead = ~_U(0) << _U(k) << _U(1)
        at[CHANGES] += changes
        at[ACCEPTED] += changes
        done += min(n, end * WIDE) - begin * WIDE
        at[BLOCK] = end
        if end == blocks:
            if not hot and at[CHANGES] == 0:
                at[ENDED] = 1
            at[SWEEP] += 1
            at[BLOCK] = 0
            at[CHANGES] = 0
    return done
