"""Recombine points of a sparse problem by the clusters in which they differ.

Two points split the bits into those they agree on and those they do not. Two connected *clusters* of bits that differ
have no weight between them, so what it costs to take over one of them does not depend on the others: ``cross`` takes
every cluster that lowers the energy, which makes the best of 2**clusters children in one pass (partition crossover of
Whitley et al., 2009; as a Monte Carlo move the cluster move of Houdayer, 2001). ``contract`` does the same for many
points at once: bits that stay together in all of them become one bit of a smaller problem (renormalisation of Houdayer
& Martin, 1999), which holds the points, all their crosses and more.

Weights are CSR with both directions of a pair; ``field`` and ``sign`` are those of ``anneal_fields``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from qopt.kernels.anneal_fields import turn
from qopt.kernels.rng import advance


@njit(cache=True, nogil=True)
def cross(indptr, col, weight, field, sign, other, random, mark, stack):
    """Move the point of ``field`` and ``sign`` to the best of its crosses with the bits ``other``; returns the change
    of its energy, <= 0. Clusters that change nothing are taken over at random.

    Where the points differ in more than half of their bits, ``other`` is turned over as a whole first: the clusters
    are as good, and smaller. ``mark`` (n,) int8 and ``stack`` (n,) int32 are for own use.
    """
    n = len(sign)
    apart = 0
    for i in range(n):
        mark[i] = (sign[i] < 0) != (other[i] != 0)
        apart += mark[i]
    if 2 * apart > n:
        for i in range(n):
            mark[i] = 1 - mark[i]
    total = 0.0
    for start in range(n):
        if mark[start] != 1:
            continue
        stack[0], mark[start] = start, 2
        size, at = 1, 0
        twice = 0.0  # twice what turning the cluster over costs: each pair inside is met from both ends
        while at < size:
            v = stack[at]
            at += 1
            inside = 0.0
            for p in range(indptr[v], indptr[v + 1]):
                u = col[p]
                if mark[u] == 1:
                    mark[u] = 2
                    stack[size] = u
                    size += 1
                if mark[u] == 2:
                    inside += weight[p] * sign[u]
            twice += sign[v] * (2.0 * field[v] + inside)
        taken = twice < 0 or (twice == 0 and advance(random) >> np.uint64(63) == np.uint64(0))
        for k in range(size):
            v = stack[k]
            mark[v] = 0
            if taken:
                turn(indptr, col, weight, field, v, sign[v] > 0)
                sign[v] = -sign[v]
        if taken:
            total += twice / 2
    return total


@njit(cache=True, nogil=True)
def contract(indptr, col, weight, field, sign, code, label, member, start, small):
    """Make one bit of every connected cluster of bits of the same ``code`` (n,); returns the number of clusters k.

    Writes the cluster of each bit to ``label`` (n,), the clusters one after the other to ``member`` (n,) with cluster c
    at ``start[c]..start[c + 1] - 1``, and the problem of turning clusters over to ``small`` = (linear, indptr, col,
    weight): energies in it are relative to the point of ``field`` and ``sign``. All are as large as for the problem
    itself; the first k (k + 1, indptr[k]) entries are filled.
    """
    linear, indptr2, col2, weight2 = small
    n = len(sign)
    label[:] = -1
    k, filled = 0, 0
    for first in range(n):
        if label[first] >= 0:
            continue
        start[k], label[first], member[filled] = filled, k, first
        at = filled
        filled += 1
        while at < filled:
            v = member[at]
            at += 1
            for p in range(indptr[v], indptr[v + 1]):
                u = col[p]
                if label[u] < 0 and code[u] == code[v]:
                    label[u] = k
                    member[filled] = u
                    filled += 1
        k += 1
    start[k] = filled
    place = np.full(k, -1, dtype=np.int64)
    pairs = 0
    for c in range(k):
        indptr2[c] = pairs
        alone, inside = linear.dtype.type(0), linear.dtype.type(0)
        for m in range(start[c], start[c + 1]):
            v = member[m]
            alone += sign[v] * field[v]
            for p in range(indptr[v], indptr[v + 1]):
                d = label[col[p]]
                w = weight[p] * sign[v] * sign[col[p]]
                if d == c:
                    if v < col[p]:
                        inside += w
                elif place[d] < indptr2[c]:
                    place[d] = pairs
                    col2[pairs], weight2[pairs] = d, w
                    pairs += 1
                else:
                    weight2[place[d]] += w
        linear[c] = alone + inside
    indptr2[k] = pairs
    return k
