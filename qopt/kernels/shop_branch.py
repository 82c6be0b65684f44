"""Exhaustive search for a shop schedule that ends within a horizon: constraint propagation and branch and bound.

Tasks have a duration above 0. A node of the search is

    low, high  (n,)    earliest start and latest end of every task
    pair       (n, k)  what is decided about a task and the task in place k of the same machine: 0 open, 1 the task
                       comes first, 2 it comes second

``s`` is the ``Tree`` of ``solvers/bounders/_shop_tree.py``: it holds one node per level and everything else a search is
made of, so that cutting a run into steps changes nothing.

Propagation to a fixed point: job order, pairs that fit in one order only, edge finding in both directions of time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

LEVEL, HORIZON, NODES, SOLVED, FAILED, FULL = 0, 1, 2, 3, 4, 5


@njit(cache=True, nogil=True)
def _jobs(s: Any, low: Any, high: Any) -> bool:
    """Job order; marks the machines whose windows changed. False when a window is empty."""
    for j in range(len(s.job_start) - 1):
        first, stop = s.job_start[j], s.job_start[j + 1]
        for t in range(first + 1, stop):
            ready = low[t - 1] + s.duration[t - 1]
            if ready > low[t]:
                low[t] = ready
                s.touched[s.machine[t]] = 1
        for t in range(stop - 2, first - 1, -1):
            due = high[t + 1] - s.duration[t + 1]
            if due < high[t]:
                high[t] = due
                s.touched[s.machine[t]] = 1
        for t in range(first, stop):
            if low[t] + s.duration[t] > high[t]:
                return False
    return True


@njit(cache=True, nogil=True)
def _pairs(s: Any, m: int, low: Any, high: Any, pair: Any) -> int:
    """Decide pairs that fit in one order only, and move windows by what is decided. 0 nothing, 1 changed, -1 empty."""
    tasks, count = s.tasks_of[m], s.counts[m]
    changed = 0
    for x in range(count):
        i = tasks[x]
        for y in range(x + 1, count):
            j = tasks[y]
            if pair[i, y] == 0:
                i_first = low[i] + s.duration[i] + s.duration[j] <= high[j]
                j_first = low[j] + s.duration[j] + s.duration[i] <= high[i]
                if i_first and j_first:
                    continue
                if not i_first and not j_first:
                    return -1
                pair[i, y], pair[j, x] = (1, 2) if i_first else (2, 1)
                changed = 1
            a, b = (i, j) if pair[i, y] == 1 else (j, i)
            if low[a] + s.duration[a] > low[b]:
                low[b] = low[a] + s.duration[a]
                changed = 1
            if high[b] - s.duration[b] < high[a]:
                high[a] = high[b] - s.duration[b]
                changed = 1
            if low[b] + s.duration[b] > high[b] or low[a] + s.duration[a] > high[a]:
                return -1
    return changed


@njit(cache=True, nogil=True)
def edge_finding(release: Any, due: Any, duration: Any, order: Any, best: Any, reach: Any) -> int:
    """Raise the releases of tasks that must come behind a set of others. 0 nothing, 1 changed, -1 no schedule.

    For every due date D the set of tasks due by D is built up by descending release; a task outside that cannot end by
    D together with (a part of) the set comes behind it. O(k^2): Nuijten (1994); Baptiste, Le Pape & Nuijten (2001).

    Parameters
    ----------
    release, due, duration
        Shape (k,); ``release`` is updated.
    order, best, reach
        Shape (k,): scratch.
    """
    k = len(release)
    for i in range(k):
        x = i
        while x > 0 and release[order[x - 1]] > release[i]:
            order[x] = order[x - 1]
            x -= 1
        order[x] = i
        best[i] = release[i]
    for d in range(k):
        limit = due[d]
        load = np.int64(0)
        ready = np.int64(-(2**62))
        for x in range(k - 1, -1, -1):
            i = order[x]
            if due[i] <= limit:
                load += duration[i]
                ready = max(ready, release[i] + load)
                if ready > limit:
                    return -1
            reach[x] = ready
        before = np.int64(-(2**62))
        for x in range(k):
            i = order[x]
            if due[i] <= limit:
                before = max(before, release[i] + load)
                load -= duration[i]
            else:
                if release[i] + load + duration[i] > limit:
                    best[i] = max(best[i], reach[x])
                if before + duration[i] > limit:
                    best[i] = max(best[i], ready)
    changed = 0
    for i in range(k):
        if best[i] > release[i]:
            release[i] = best[i]
            changed = 1
    return changed


@njit(cache=True, nogil=True)
def _edges(s: Any, m: int, low: Any, high: Any) -> int:
    """Edge finding on one machine in both directions of time. 0 nothing, 1 changed, -1 no schedule."""
    tasks, count = s.tasks_of[m], s.counts[m]
    changed = 0
    release, due, length = s.scratch[0, :count], s.scratch[1, :count], s.scratch[2, :count]
    for direction in range(2):
        for x in range(count):
            t = tasks[x]
            length[x] = s.duration[t]
            release[x], due[x] = (low[t], high[t]) if direction == 0 else (-high[t], -low[t])
        found = edge_finding(release, due, length, s.order[:count], s.scratch[3, :count], s.scratch[4, :count])
        if found < 0:
            return -1
        if found > 0:
            changed = 1
            for x in range(count):
                t = tasks[x]
                if direction == 0:
                    low[t] = release[x]
                else:
                    high[t] = -release[x]
                if low[t] + s.duration[t] > high[t]:
                    return -1
    return changed


@njit(cache=True, nogil=True)
def propagate(s: Any, low: Any, high: Any, pair: Any) -> bool:
    """Shrink the windows of a node to a fixed point; False when it has no schedule that ends by the horizon.

    ``s.touched`` says which machines to look at first; it is all zero afterwards.
    """
    for j in range(len(s.job_start) - 1):
        if s.job_start[j] < s.job_start[j + 1]:
            t = s.job_start[j + 1] - 1
            if high[t] > s.state[HORIZON]:
                high[t] = s.state[HORIZON]
                s.touched[s.machine[t]] = 1
    while True:
        if not _jobs(s, low, high):
            s.touched[:] = 0
            return False
        busy = False
        for m in range(len(s.counts)):
            if s.touched[m] == 0:
                continue
            s.touched[m] = 0
            busy = True
            while True:
                found = _pairs(s, m, low, high, pair)
                if found == 0:
                    found = _edges(s, m, low, high)
                if found < 0:
                    s.touched[:] = 0
                    return False
                if found == 0:
                    break
        if not busy:
            return True


@njit(cache=True, nogil=True)
def _decide(s: Any, pair: Any, i: int, j: int) -> None:
    """Put i before j."""
    pair[i, s.slot[j]], pair[j, s.slot[i]] = 1, 2
    s.touched[s.machine[i]] = 1


@njit(cache=True, nogil=True)
def _choose(s: Any, low: Any, high: Any, pair: Any) -> tuple[int, int]:
    """The open pair to decide next, the order with more room first; (-1, -1) when none is open.

    Least room relative to the weight of its machine (the refutations it took part in): after Smith & Cheng (1993) and
    Boussemart, Hemery, Lecoutre & Sais (2004).
    """
    chosen_i = chosen_j = -1
    least = np.inf
    for m in range(len(s.counts)):
        for x in range(s.counts[m]):
            i = s.tasks_of[m, x]
            for y in range(x + 1, s.counts[m]):
                if pair[i, y] != 0:
                    continue
                j = s.tasks_of[m, y]
                need = s.duration[i] + s.duration[j]
                a, b = high[j] - low[i] - need, high[i] - low[j] - need
                small, large = min(a, b), max(a, b)
                room = (small + 1.0) * np.sqrt((large + 1.0) / (small + 1.0)) / s.weight[m]
                if room < least:
                    least = room
                    chosen_i, chosen_j = (i, j) if a >= b else (j, i)
    return chosen_i, chosen_j


@njit(cache=True, nogil=True)
def branch(s: Any, units: int) -> int:
    """Up to ``units`` nodes of a depth-first search; the nodes done.

    Returns early with ``state[SOLVED]`` when every pair of the node at ``state[LEVEL]`` is decided, so that its lows
    are a schedule (to go on, lower the horizon and clear the flag); with ``state[FAILED]`` when no schedule ends by the
    horizon; and with ``state[FULL]`` when the levels do not suffice.
    """
    for done in range(units):
        if s.state[SOLVED] or s.state[FAILED] or s.state[FULL]:
            return done
        level = s.state[LEVEL]
        s.state[NODES] += 1
        if propagate(s, s.lows[level], s.highs[level], s.pairs[level]):
            i, j = _choose(s, s.lows[level], s.highs[level], s.pairs[level])
            if i < 0:
                s.state[SOLVED] = 1
            elif level + 1 == len(s.decisions):
                s.state[FULL] = 1
            else:
                s.decisions[level, 0], s.decisions[level, 1] = i, j
                level += 1
                for nodes in (s.lows, s.highs):
                    nodes[level] = nodes[level - 1]
                s.pairs[level] = s.pairs[level - 1]
                _decide(s, s.pairs[level], i, j)
        elif level == 0:
            s.state[FAILED] = 1
        else:
            level -= 1
            i, j = s.decisions[level, 0], s.decisions[level, 1]
            s.weight[s.machine[i]] += 1.0
            _decide(s, s.pairs[level], j, i)
        s.state[LEVEL] = level
    return units
