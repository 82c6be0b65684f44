"""Exponential random numbers from a counter, without branches, for loops that the compiler turns into vector code.

A move of gain g is accepted at temperature T with chance ``min(1, exp(-g / T))``: exactly when ``g <= T * e`` for an
exponential e of mean 1. So thresholds can be drawn for many bits before their gains are known.

Sources: ``lowbias32`` of Wellons (2018); the logarithm is the exponent of a float and a cubic in its mantissa.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_GOLDEN, _FIRST, _SECOND = np.uint32(0x9E3779B9), np.uint32(0x21F0AAAD), np.uint32(0x735A2D97)
_8, _15, _16, _23 = np.uint32(8), np.uint32(15), np.uint32(16), np.int32(23)
_MANTISSA, _ONE_BITS = np.int32(0x7FFFFF), np.int32(0x3F800000)
_ONE, _LN2 = np.float32(1.0), np.float32(-0.6931472)
_A, _B, _C, _D = np.float32(1.4386), np.float32(-0.6778), np.float32(0.3218), np.float32(-0.0826)


@njit(cache=True, nogil=True, inline="always")
def scrambled(number, key):
    """32 random bits for a number (uint32) under a key (uint32)."""
    x = np.uint32(np.uint32(number * _GOLDEN) ^ key)
    x = np.uint32((x ^ (x >> _16)) * _FIRST)
    x = np.uint32((x ^ (x >> _15)) * _SECOND)
    return np.uint32(x ^ (x >> _15))


@njit(cache=True, nogil=True, inline="always")
def exponential(bits):
    """-ln u as a float32, for u = (k + 1/2) / 2**23 with k the upper 23 of 32 random bits; at most 16.7.

    Its error changes the chance of any gain by less than 0.1 %.
    """
    u = np.float32(np.int32(bits >> _8) | np.int32(1))
    pattern = u.view(np.int32)
    exponent = np.float32((pattern >> _23) - np.int32(151))
    m = np.int32((pattern & _MANTISSA) | _ONE_BITS).view(np.float32) - _ONE
    return np.float32((exponent + m * (_A + m * (_B + m * (_C + m * _D)))) * _LN2)
