"""Twins: two spins that feel the same of all others, up to sign, and so may be taken to agree, up to sign.

Let J_iw = c J_jw for every other w, the field included, with c = 1 or -1. If c J_ij <= 0 (no edge counts as 0), then
s_i = c s_j loses no minimum: -|F_i| - |F_j| - |J_ij| is reached by it. Both must be free to take either value.
Source: duplicate and similar vertices, e.g. Ferizovic et al., Engineering kernelization for maximum cut (2020).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from qopt.kernels.reduce_graph import FREE, edge_between
from qopt.kernels.reduce_spins import TWIN, merge
from qopt.kernels.rng import mix


@njit(cache=True, nogil=True)
def name_of(w):
    """A random-looking odd number for spin w."""
    return mix(np.uint64(w) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x2545F4914F6CDD1D)) | np.uint64(1)


@njit(cache=True, nogil=True)
def signatures(graph, out):
    """Sum of ``name_of(w) * J_iw`` of every free spin, modulo 2**64; rows that agree up to sign have it so."""
    n = len(graph.field)
    for i in range(n):
        out[i] = 0
        if graph.state[i] == FREE:
            out[i] = name_of(n) * np.uint64(graph.field[i])
            h = graph.head[i]
            while h >= 0:
                out[i] += name_of(graph.to[h]) * np.uint64(graph.weight[h >> 1])
                h = graph.next[h]


@njit(cache=True, nogil=True)
def related(graph, mark, i, j):
    """c where row i is c times row j apart from their own edge and that edge allows it, else 0."""
    h = graph.head[j]
    while h >= 0:
        mark[graph.to[h]] = h >> 1
        h = graph.next[h]
    own = graph.weight[mark[i]] if mark[i] >= 0 else 0
    same = graph.degree[i] == graph.degree[j]
    plus = same and own <= 0 and graph.field[i] == graph.field[j]
    minus = same and own >= 0 and graph.field[i] == -graph.field[j]
    h = graph.head[i]
    while h >= 0 and (plus or minus):
        w = graph.to[h]
        if w != j:
            e = mark[w]
            plus = plus and e >= 0 and graph.weight[h >> 1] == graph.weight[e]
            minus = minus and e >= 0 and graph.weight[h >> 1] == -graph.weight[e]
        h = graph.next[h]
    h = graph.head[j]
    while h >= 0:
        mark[graph.to[h]] = -1
        h = graph.next[h]
    if plus:
        return 1
    return -1 if minus else 0


@njit(cache=True, nogil=True)
def merge_strangers(order, signature, sign, graph, records, work):
    """Merge twins without an edge between them; returns how many.

    ``order`` lists the spins so that signatures equal up to sign lie together; ``sign`` (n,) is for own use. A run is
    compared with its first spin, and merged after the last comparison: twins do not change each other's rows.
    """
    merged = 0
    start = 0
    while start < len(order):
        first = order[start]
        end = start + 1
        while end < len(order) and (
            signature[order[end]] == signature[first] or signature[order[end]] == np.uint64(0) - signature[first]
        ):
            i = order[end]
            sign[end] = 0
            if graph.state[i] == FREE and graph.state[first] == FREE and edge_between(graph, i, first) < 0:
                sign[end] = related(graph, work.mark, i, first)
            end += 1
        for k in range(start + 1, end):
            if sign[k] != 0:
                merge(graph, records, work, order[k], first, sign[k], TWIN)
                merged += 1
        start = end
    return merged


@njit(cache=True, nogil=True)
def merge_neighbours(signature, graph, records, work):
    """Merge twins with an edge between them; returns how many. Stale signatures only make it miss some."""
    merged = 0
    for i in range(len(signature)):
        h = graph.head[i] if graph.state[i] == FREE else -1
        while h >= 0:
            j, value = graph.to[h], np.uint64(graph.weight[h >> 1])
            h = graph.next[h]
            if j < i or graph.state[j] != FREE:
                continue
            mine, other = signature[i] - name_of(j) * value, signature[j] - name_of(i) * value
            if mine == other or mine == np.uint64(0) - other:
                sign = related(graph, work.mark, i, j)
                if sign != 0:
                    merge(graph, records, work, i, j, sign, TWIN)
                    merged += 1
                    break
    return merged
