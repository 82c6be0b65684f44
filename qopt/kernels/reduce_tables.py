"""Solve small pieces of a graph exactly: spins are summed out one after the other, each into a table over what is left
around it (dynamic programming along a tree decomposition; Bertelè & Brioschi, 1972).

A *piece* is a connected component given by its own CSR (``indptr``, ``col``, ``weight``, both directions of an edge)
and ``field``, numbered from 0. ``plan_order`` finds the order by least degree and the neighbours each spin has when its
turn comes, ``solve`` fills the tables and reads the minimum off them. All numbers are whole.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from qopt.kernels.reduce_graph import GONE


@njit(cache=True, nogil=True)
def components(graph, label):
    """Number the connected components of the spins that are not gone, from 0, into ``label`` (n,), -1 for the others;
    returns how many there are. The field joins nothing."""
    n = len(label)
    label[:] = -1
    stack = np.empty(n, dtype=np.int32)
    count = 0
    for start in range(n):
        if label[start] >= 0 or graph.state[start] == GONE:
            continue
        label[start] = count
        stack[0] = start
        left = 1
        while left > 0:
            left -= 1
            h = graph.head[stack[left]]
            while h >= 0:
                u = graph.to[h]
                if label[u] < 0:
                    label[u] = count
                    stack[left] = u
                    left += 1
                h = graph.next[h]
        count += 1
    return count


@njit(cache=True, nogil=True)
def gather(graph, members, place, indptr, col, weight):
    """Fill the CSR of a piece: ``place`` maps a spin to its number in the piece."""
    filled = 0
    for k in range(len(members)):
        indptr[k] = filled
        h = graph.head[members[k]]
        while h >= 0:
            col[filled] = place[graph.to[h]]
            weight[filled] = graph.weight[h >> 1]
            filled += 1
            h = graph.next[h]
    indptr[len(members)] = filled


@njit(cache=True, nogil=True)
def _unbucket(bucket, after, before, d, v):
    if before[v] >= 0:
        after[before[v]] = after[v]
    else:
        bucket[d] = after[v]
    if after[v] >= 0:
        before[after[v]] = before[v]


@njit(cache=True, nogil=True)
def _enbucket(bucket, after, before, d, v):
    after[v] = bucket[d]
    before[v] = -1
    if bucket[d] >= 0:
        before[bucket[d]] = v
    bucket[d] = v


@njit(cache=True, nogil=True)
def _compact(lists, first, size):
    """Move the lists to the front; returns the room they take."""
    moved, used = np.empty(np.sum(size), dtype=np.int32), 0
    for v in range(len(first)):
        for q in range(size[v]):
            moved[used + q] = lists[first[v] + q]
        first[v] = used
        used += size[v]
    lists[:used] = moved
    return used


@njit(cache=True, nogil=True)
def plan_order(indptr, col, width, cells, order, start, near):
    """Least-degree elimination: writes ``order`` (n,), ``start`` (n + 1,) and, in ``near``, the spins around each.

    Returns the number of table cells, or -1 when a spin has more than ``width`` around it, when the tables would have
    more than ``cells``, or when ``near`` (whose length bounds the work) is full.
    """
    n = len(order)
    room = 2 * indptr[n] + 4 * width * width
    lists = np.empty(room, dtype=np.int32)
    first, size = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    bucket = np.full(n + 1, -1, dtype=np.int32)
    after, before = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    seen = np.full(n, -1, dtype=np.int32)
    used = indptr[n]
    for v in range(n):
        first[v], size[v] = indptr[v], indptr[v + 1] - indptr[v]
        for p in range(indptr[v], indptr[v + 1]):
            lists[p] = col[p]
        _enbucket(bucket, after, before, size[v], v)
    total, filled, lowest = 0, 0, 0
    for t in range(n):
        while bucket[lowest] < 0:
            lowest += 1
        v = bucket[lowest]
        _unbucket(bucket, after, before, lowest, v)
        total += 1 << min(lowest, 60)
        if lowest > width or total > cells or filled + lowest > len(near):
            return -1
        order[t], start[t] = v, filled
        for p in range(lowest):
            near[filled + p] = lists[first[v] + p]
        size[v] = 0
        for p in range(lowest):
            u = near[filled + p]
            if used + size[u] + lowest > room:
                used = _compact(lists, first, size)
                if used + size[u] + lowest > room:
                    return -1
            base = used
            for q in range(first[u], first[u] + size[u]):
                w = lists[q]
                if w != v:
                    lists[used] = w
                    used += 1
                    seen[w] = u
            for q in range(lowest):
                w = near[filled + q]
                if w != u and seen[w] != u:
                    lists[used] = w
                    used += 1
            _unbucket(bucket, after, before, size[u], u)
            first[u], size[u] = base, used - base
            _enbucket(bucket, after, before, size[u], u)
        filled += lowest
        lowest = max(0, lowest - 1)
    start[n] = filled
    return total


@njit(cache=True, nogil=True)
def _add_table(table, source, place, near, spot):
    """Add to every cell of ``table`` the cell of ``source`` with the same spins; ``near`` are the source's, ``place``
    tells where each lies in the table; ``spot`` is for own use."""
    spot[0] = 0
    bits = 0
    while (1 << bits) < len(table):
        gain = 0
        for q in range(len(near)):
            if place[near[q]] == bits:
                gain = 1 << q
        for y in range(1 << bits):
            spot[y + (1 << bits)] = spot[y] + gain
        bits += 1
    for y in range(len(table)):
        table[y] += source[spot[y]]


@njit(cache=True, nogil=True)
def _add_terms(table, v, own, field, indptr, col, weight, place):
    """Add the field of v and its couplings to spins of the table; ``own`` is v's place in it."""
    for y in range(len(table)):
        force = field[v]
        for p in range(indptr[v], indptr[v + 1]):
            k = place[col[p]]
            if k >= 0:
                force += weight[p] if (y >> k) & 1 else -weight[p]
        table[y] += force if (y >> own) & 1 else -force


@njit(cache=True, nogil=True)
def solve(field, indptr, col, weight, order, start, near, cells, spin):
    """The least energy of the piece; ``spin`` (n,) becomes a minimiser, of ties the -1.

    ``order``, ``start``, ``near`` and ``cells`` are those of ``plan_order``.
    """
    n = len(order)
    turn, place = np.empty(n, dtype=np.int32), np.full(n, -1, dtype=np.int32)
    for t in range(n):
        turn[order[t]] = t
    child, brother = np.full(n, -1, dtype=np.int32), np.full(n, -1, dtype=np.int32)
    at = np.zeros(n + 1, dtype=np.int64)
    widest = 0
    for t in range(n):
        d = start[t + 1] - start[t]
        widest = max(widest, d)
        at[t + 1] = at[t] + (1 << d)
    tables, up = np.empty(cells, dtype=np.int64), np.empty(cells, dtype=np.int8)
    both, spot = np.empty(2 << widest, dtype=np.int64), np.empty(2 << widest, dtype=np.int64)
    least = np.int64(0)
    for t in range(n):
        v, around = order[t], near[start[t] : start[t + 1]]
        d = len(around)
        for k in range(d):
            place[around[k]] = k
        place[v] = d
        table = both[: 2 << d]
        table[:] = 0
        _add_terms(table, v, d, field, indptr, col, weight, place)
        c = child[t]
        while c >= 0:
            _add_table(table, tables[at[c] : at[c + 1]], place, near[start[c] : start[c + 1]], spot)
            c = brother[c]
        for y in range(1 << d):
            low, high = table[y], table[y + (1 << d)]
            up[at[t] + y] = high < low
            tables[at[t] + y] = min(low, high)
        place[v] = -1
        parent = n
        for k in range(d):
            place[around[k]] = -1
            parent = min(parent, turn[around[k]])
        if parent < n:
            brother[t] = child[parent]
            child[parent] = t
        else:
            least += tables[at[t]]
    for t in range(n - 1, -1, -1):
        y = 0
        for k in range(start[t + 1] - start[t]):
            if spin[near[start[t] + k]] > 0:
                y |= 1 << k
        spin[order[t]] = 1 if up[at[t] + y] else -1
    return least
