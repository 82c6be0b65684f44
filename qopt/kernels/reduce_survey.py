"""One look at the couplings of a polynomial over spins, to tell whether a reduction would find anything."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def survey(row, col, value, field, total, largest, degree):
    """Add up what ``reduce_spins`` decides by: sum and largest of |coupling| of every spin, and the number of them.

    They are written to ``total``, ``largest`` and ``degree`` (n,). The field counts as one coupling, unless it is 0.
    """
    for i in range(len(field)):
        size = abs(field[i])
        total[i] = largest[i] = size
        degree[i] = size > 0
    for e in range(len(value)):
        size = abs(value[e])
        i, j = row[e], col[e]
        total[i] += size
        total[j] += size
        largest[i] = max(largest[i], size)
        largest[j] = max(largest[j], size)
        degree[i] += 1
        degree[j] += 1
