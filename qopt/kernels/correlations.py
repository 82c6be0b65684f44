"""One-flip tabu search for the least sum of squared autocorrelations of n signs, in runs of ``tabu_pool``.

    C_k = sum over i of s_i s_{i+k},  k = 1 .. n-1                    energy = sum over k of C_k ** 2

The products of four spins that this multiplies out to are never visited. ``fields.sum[k-1]`` is C_k, and
``fields.change[i, k-1]`` what it changes by when sign i is turned over: at most two pairs, so a turn changes one entry
in every other row. Rows are padded with zeros to ``WIDTH`` entries of int16, which vectors multiply and add
in one go: all n gains of a step take n ** 2 / 16 such operations.

Source: the tables of Gallardo, Cotta & Fernández (2009), without branches.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qopt.kernels.tabu_pool import BEST, NOW, choose, next_run, note, over

WIDTH = 16
LONGEST = 4096
"""Signs whose sums of four pairs fit into 16 bits, with room to spare."""


class Fields(NamedTuple):
    """``sign`` (n,) int16, 1 - 2 x; ``sum`` (w,) and ``change`` (n, w) int16, with w >= n - 1 a multiple of WIDTH."""

    sign: Any
    sum: Any
    change: Any


@njit(cache=True, nogil=True)
def load_sequence(fields, bits):
    """Sums and changes of a point; returns its energy."""
    sign, total, change = fields.sign, fields.sum, fields.change
    n = len(sign)
    for i in range(n):
        sign[i] = 1 - 2 * bits[i]
    total[:] = 0
    change[:] = 0
    for i in range(n):
        for j in range(i + 1, n):
            pair = sign[i] * sign[j]
            total[j - i - 1] += pair
            change[i, j - i - 1] -= 2 * pair
            change[j, j - i - 1] -= 2 * pair
    energy = 0.0
    for k in range(n - 1):
        energy += np.float64(total[k]) * np.float64(total[k])
    return energy


@njit(cache=True, nogil=True)
def sequence_gains(fields, gain):
    """What turning over each sign costs."""
    total, change = fields.sum, fields.change
    for i in range(len(gain)):
        row = change[i]
        rise = np.int32(0)
        for k in range(len(total)):
            rise += np.int32(row[k]) * np.int32(np.int16(total[k] + total[k] + row[k]))
        gain[i] = rise


@njit(cache=True, nogil=True)
def turn_sign(fields, k):
    """Turn sign k over."""
    sign, total, change = fields.sign, fields.sum, fields.change
    row = change[k]
    for j in range(len(total)):
        total[j] += row[j]
        row[j] = -row[j]
    four = 4 * sign[k]
    for i in range(k):
        change[i, k - i - 1] += four * sign[i]
    for i in range(k + 1, len(sign)):
        change[i, i - k - 1] += four * sign[i]
    sign[k] = -sign[k]


@njit(cache=True, nogil=True)
def search(units, fields, runs, plan):
    """Take steps that look at ``units`` signs in all (rounded up to a step), from where the state stands."""
    n, done = len(fields.sign), 0
    while done < units:
        if over(runs):
            next_run(runs, plan)
            runs.energy[NOW] = runs.energy[BEST] = load_sequence(fields, runs.best)
        sequence_gains(fields, runs.gain)
        turn_sign(fields, choose(runs, plan))
        note(runs, fields.sign)
        done += n
    return done
