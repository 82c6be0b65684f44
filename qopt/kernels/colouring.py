"""Colours for bits, so that no weight joins two of a colour: such bits can be decided at once."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def colours(indptr, col, colour):
    """Give each bit in turn the first colour that none of its neighbours has; returns the number of colours.

    ``indptr``, ``col`` list the neighbours both ways; ``colour`` (n,) int64 is written. At most one colour more than
    the longest list of neighbours is used.
    """
    n = len(colour)
    taken = np.full(n + 1, -1, np.int64)
    count = 0
    colour[:] = -1
    for i in range(n):
        for p in range(indptr[i], indptr[i + 1]):
            if colour[col[p]] >= 0:
                taken[colour[col[p]]] = i
        c = 0
        while taken[c] == i:
            c += 1
        colour[i] = c
        count = max(count, c + 1)
    return count
