"""Many annealed chains side by side: free bits only, sparse weights, one chain per lane of the machine's vectors.

    field, sign  (n, lanes)  as in ``anneal_fields``, the lanes of a bit next to each other
    random       (lanes,)    uint64; one draw per sweep makes the lane's key of that sweep
    key          (lanes,)    uint32; the random number of bit i is a mix of i and the key, whether or not it is used
    at           (4,)        SWEEP, BIT, CHANGES (bits changed in this sweep of the descent), ENDED

So a lane's path depends on its own start and stream alone, not on its neighbours or on where a step begins. A bit at
which no lane could accept is passed over. Every loop over lanes is free of branches, for the compiler to vectorise.
The mixer of the random numbers is the ``lowbias32`` of Wellons (2018).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from qopt.kernels.rng import advance

SWEEP, BIT, CHANGES, ENDED = 0, 1, 2, 3
REACH = 12.0
"""Moves that cost more than this many temperatures (chance 6e-6) are not proposed."""

_GOLDEN = np.uint32(0x9E3779B9)
_ONE, _HALF, _FLOOR = np.float32(1.0), np.float32(0.5), np.float32(-REACH / 64.0)
_SCALE = np.float32(2.0**-24)


@njit(cache=True, nogil=True)
def _spread(indptr, col, weight, field, i, delta):
    """Add the weights of row i times each lane's change of bit i to the fields."""
    lanes = field.shape[1]
    number = field.dtype.type
    for p in range(indptr[i], indptr[i + 1]):
        row, w = field[col[p]], weight[p]
        for k in range(lanes):
            row[k] = number(row[k] + number(w * delta[k]))


@njit(cache=True, nogil=True)
def load(linear, indptr, col, weight, bits, field, sign):
    """Fields and signs of the points ``bits`` (lanes, n) of zeros and ones."""
    lanes = field.shape[1]
    on = np.empty(lanes, dtype=field.dtype)
    for i in range(len(field)):
        for k in range(lanes):
            field[i, k] = linear[i]
            sign[i, k] = 1 - 2 * bits[k, i]
    for i in range(len(field)):
        for k in range(lanes):
            on[k] = bits[k, i]
        _spread(indptr, col, weight, field, i, on)


@njit(cache=True, nogil=True)
def energies_of(linear, field, sign, out):
    """Energy of every lane, from the fields; exact for whole numbers below 2**52."""
    out[:] = 0.0
    for i in range(len(field)):
        for k in range(len(out)):
            if sign[i, k] < 0:
                out[k] += np.float64(linear[i]) + np.float64(field[i, k])
    out /= 2


@njit(cache=True, nogil=True)
def accept(key, i, cooling, limit, field, sign, delta):
    """Metropolis for bit i of every lane: ``delta`` becomes the change of x (+1, -1 or 0), and ``sign`` follows;
    returns the number of changes.

    ``cooling`` is -1 / (64 T), ``limit`` the largest gain that may be accepted. The chance exp(-gain / T) is taken as
    (1 + y + y²/2)**64 with y = cooling * gain: off by less than 0.5 % down to chances of 1 %, by 8 % at 12 T.
    """
    number = field.dtype.type
    f, s = field[i], sign[i]
    changes = np.int32(0)
    salt = np.uint32(np.uint32(i) * _GOLDEN)
    for k in range(len(delta)):
        x = np.uint32(salt ^ key[k])
        x = np.uint32((x ^ (x >> np.uint32(16))) * np.uint32(0x21F0AAAD))
        x = np.uint32((x ^ (x >> np.uint32(15))) * np.uint32(0x735A2D97))
        u = np.float32(np.int32(x >> np.uint32(8))) * _SCALE
        gain = number(f[k] * s[k])
        y = max(np.float32(gain) * cooling, _FLOOR)
        chance = _ONE + y + y * y * _HALF
        chance = chance * chance
        chance = chance * chance
        chance = chance * chance
        chance = chance * chance
        chance = chance * chance
        chance = chance * chance
        taken = (u < chance) & (gain <= limit)
        d = number(s[k]) if taken else number(0)
        delta[k] = d
        s[k] = number(s[k] - 2 * d)
        changes += np.int32(taken)
    return changes


@njit(cache=True, nogil=True)
def _descend(least, field, sign, i, delta):
    """Turn bit i over in every lane where that lowers the energy by ``least`` or more; returns in how many."""
    number = field.dtype.type
    f, s = field[i], sign[i]
    changes = np.int32(0)
    for k in range(len(delta)):
        taken = f[k] * s[k] <= -least
        d = number(s[k]) if taken else number(0)
        delta[k] = d
        s[k] = number(s[k] - 2 * d)
        changes += np.int32(taken)
    return changes


@njit(cache=True, nogil=True)
def anneal(units, indptr, col, weight, temperature, least, field, sign, random, key, delta, at):
    """Propose at least ``units`` moves (whole bits of all lanes) from where the chains stand; returns how many.

    Sweep t has temperature ``temperature[t]``; then all lanes descend until a whole sweep changes none of them, which
    is the end: fewer than ``units`` are done.
    """
    n, lanes = field.shape
    number = field.dtype.type
    sweeps = len(temperature)
    done = 0
    while done < units and at[ENDED] == 0:
        hot = at[SWEEP] < sweeps
        if hot:
            if at[BIT] == 0:
                for k in range(lanes):
                    key[k] = np.uint32(advance(random[k : k + 1]) >> np.uint64(32))
            t = temperature[at[SWEEP]]
            limit = number(min(REACH * t, 2.0**30))
            cooling = np.float32(-1.0 / (64.0 * t))
        else:
            limit = number(-least)
            cooling = np.float32(0.0)
        i = at[BIT]
        end = min(n, i + (units - done + lanes - 1) // lanes)
        done += (end - i) * lanes
        while i < end:
            f, s = field[i], sign[i]
            low = number(2.0**30)
            for k in range(lanes):
                low = min(low, number(f[k] * s[k]))
            if low <= limit:
                if hot:
                    changes = accept(key, i, cooling, limit, field, sign, delta)
                else:
                    changes = _descend(least, field, sign, i, delta)
                if changes:
                    at[CHANGES] += 1
                    _spread(indptr, col, weight, field, i, delta)
            i += 1
        at[BIT] = i
        if i == n:
            if not hot and at[CHANGES] == 0:
                at[ENDED] = 1
            at[SWEEP] += 1
            at[BIT] = 0
            at[CHANGES] = 0
    return done
