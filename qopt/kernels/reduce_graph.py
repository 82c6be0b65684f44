"""A graph of spins whose couplings come and go: edges in linked lists, weights in whole numbers.

    energy(s) = constant + sum over i of field[i] s_i + sum over edges e of weight[e] s_u s_v      (spins are +1 and -1)

    field, total (n,)  int64; total[i] is the sum of |weight| over the edges of i
    head, degree (n,)  first half-edge of i (-1: none), number of its edges
    weight         (m,)    int64; edge e is the half-edges 2 e and 2 e + 1
    to, next, prev (2 m,)  half-edge h is in the list of ``to[h ^ 1]`` and leads to ``to[h]``
    spare        (m + 1,)  edges that are not in use; spare[m] says how many
    state        (n,)  int8: FREE, KEPT (stays, but may be leaned on) or GONE

The reduction only ever takes away at least as many edges as it adds, so that m never grows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

FREE, KEPT, GONE = 0, 1, 2


class Graph(NamedTuple):
    """The arrays above."""

    field: Any
    total: Any
    head: Any
    degree: Any
    weight: Any
    to: Any
    next: Any
    prev: Any
    spare: Any
    state: Any


@njit(cache=True, nogil=True)
def _link(graph, h, owner, other):
    first = graph.head[owner]
    graph.to[h] = other
    graph.next[h] = first
    graph.prev[h] = -1
    if first >= 0:
        graph.prev[first] = h
    graph.head[owner] = h


@njit(cache=True, nogil=True)
def _unlink(graph, h, owner):
    before, after = graph.prev[h], graph.next[h]
    if before >= 0:
        graph.next[before] = after
    else:
        graph.head[owner] = after
    if after >= 0:
        graph.prev[after] = before


@njit(cache=True, nogil=True)
def attach(graph, e, u, v, value):
    """Make e an edge between u and v."""
    _link(graph, 2 * e, u, v)
    _link(graph, 2 * e + 1, v, u)
    graph.weight[e] = value
    size = abs(value)
    graph.degree[u] += 1
    graph.degree[v] += 1
    graph.total[u] += size
    graph.total[v] += size


@njit(cache=True, nogil=True)
def detach(graph, e):
    """Take an edge out; it becomes spare."""
    u, v = graph.to[2 * e + 1], graph.to[2 * e]
    _unlink(graph, 2 * e, u)
    _unlink(graph, 2 * e + 1, v)
    size = abs(graph.weight[e])
    graph.degree[u] -= 1
    graph.degree[v] -= 1
    graph.total[u] -= size
    graph.total[v] -= size
    last = len(graph.weight)
    graph.spare[graph.spare[last]] = e
    graph.spare[last] += 1


@njit(cache=True, nogil=True)
def load(row, col, value, graph):
    """Fill the lists with the pairs; ``field`` and ``state`` are as they shall be."""
    graph.head[:] = -1
    graph.degree[:] = 0
    graph.total[:] = 0
    graph.spare[len(graph.weight)] = 0
    for e in range(len(value)):
        attach(graph, e, row[e], col[e], value[e])


@njit(cache=True, nogil=True)
def edge_between(graph, u, v):
    """The edge of u and v, or -1; looks through the shorter of their lists."""
    if graph.degree[u] > graph.degree[v]:
        u, v = v, u
    h = graph.head[u]
    while h >= 0 and graph.to[h] != v:
        h = graph.next[h]
    return h >> 1 if h >= 0 else np.int64(-1)


@njit(cache=True, nogil=True)
def add_to(graph, e, u, v, value):
    """Add to the weight of edge e of u and v; -1 for one that is not there yet. An edge of weight 0 goes."""
    if value == 0:
        return
    if e < 0:
        last = len(graph.weight)
        graph.spare[last] -= 1
        attach(graph, graph.spare[graph.spare[last]], u, v, value)
        return
    now = graph.weight[e] + value
    if now == 0:
        detach(graph, e)
        return
    change = abs(now) - abs(graph.weight[e])
    graph.weight[e] = now
    graph.total[u] += change
    graph.total[v] += change
