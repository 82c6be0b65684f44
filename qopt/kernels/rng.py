"""Random numbers that a kernel carries with it: xorshift64* streams started by splitmix64.

A generator is a uint64 array of shape (1,), never 0, advanced in place. Streams of one seed are independent for all
practical purposes, so a read may have its own and its result does not depend on what runs beside it.

Sources: xorshift64* from Vigna (2016), splitmix64 from Steele, Lea & Flood (2014).
"""

from __future__ import annotations

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SCALE = 2.0**-53


@njit(cache=True, nogil=True, inline="always")
def mix(x):
    """The splitmix64 finaliser: a bijection of uint64 that spreads every bit over all others."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def streams(seed, first, out):
    """Write the starting states of streams ``first``, ``first + 1``, … of a seed (uint64) to ``out`` (k,) uint64."""
    base = mix(seed + _GOLDEN)
    for k in range(len(out)):
        x = mix(base + np.uint64(first + k) * _GOLDEN)
        out[k] = x if x != np.uint64(0) else _GOLDEN


@njit(cache=True, nogil=True, inline="always")
def advance(random):
    """The next 64 random bits."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return x * np.uint64(2685821657736338717)


@njit(cache=True, nogil=True, inline="always")
def below(random, bound):
    """A whole number from 0 to bound - 1; its bias is below ``bound / 2**31``."""
    return np.int64((advance(random) >> np.uint64(33)) * np.uint64(bound) >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def unit(random):
    """A float in [0, 1)."""
    return np.float64(advance(random) >> np.uint64(11)) * _SCALE
