"""Tabu search over the machine orders of a job shop: moves inside the blocks of a critical path.

Tasks are numbered 0..n-1 and all have a duration above 0; index n stands for "none" and has duration, head and tail 0,
so no loop needs a case for the first or the last task. ``s`` is the ``Walk`` of ``solvers/proposers/_shop_walk.py``: it
holds everything that a search is made of, so that cutting a run into steps changes nothing.

A move takes (u, v), u before v in one block, and puts u right behind v (forward) or v right before u (backward): the
neighbourhoods N5 and N6. Backward is forward with time turned round, so the code says it once: ``past`` and ``future``
are the two sides of a task, and a backward move is the forward move (v, u) with the sides exchanged.

Sufficient conditions for the result to be acyclic, and the value of a move from heads and tails: Balas & Vazacopoulos
(1998). Moves to both ends of a block and from both ends to the inside: Zhang, Li, Guan & Rao (2007).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

ITERATION, MAKESPAN, BEST, SINCE, OPTIMAL, STUCK = 0, 1, 2, 3, 4, 5

_FAR = 2**62


@njit(cache=True, nogil=True, inline="always")
def _draw(s: Any, bound: int) -> int:
    """A number of 0..bound-1 (xorshift64)."""
    x = s.random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    s.random[0] = x
    return int(x >> np.uint64(33)) % bound


@njit(cache=True, nogil=True)
def _reach(s: Any, side: Any, first: int, step: int) -> None:
    """Longest paths of the tasks from place ``first`` of the order to its end (step 1) or its beginning (step -1)."""
    order, duration = s.order, s.duration
    job, line, reach = side.job, side.line, side.reach
    k = first
    while 0 <= k < len(order):
        t = order[k]
        reach[t] = max(reach[job[t]], reach[line[t]]) + duration[t]
        k += step


@njit(cache=True, nogil=True)
def _makespan(s: Any) -> int:
    longest = 0
    for t in s.lasts:
        longest = max(longest, s.past.reach[t])
    return int(longest)


@njit(cache=True, nogil=True)
def load(s: Any) -> None:
    """Take up the machine orders of ``s.order``, a topological order of the tasks, and begin a new round with them."""
    n = len(s.order)
    s.newest[:] = n
    for k in range(n):
        t = s.order[k]
        s.rank[t] = k
        before = s.newest[s.machine[t]]
        s.past.line[t] = before
        s.future.line[t] = n
        s.future.line[before] = t
        s.newest[s.machine[t]] = t
    _reach(s, s.past, 0, 1)
    _reach(s, s.future, n - 1, -1)
    s.state[MAKESPAN] = s.state[BEST] = _makespan(s)
    s.state[SINCE] = s.state[OPTIMAL] = s.state[STUCK] = 0
    s.best_end[:] = s.past.reach[:n]


@njit(cache=True, nogil=True)
def value(s: Any, past: Any, future: Any, u: int, v: int, cap: int) -> int:
    """Longest path through u..v once u stands right behind v, with the present heads and tails of all other tasks.

    Such a path leaves the sequence through a job, or at its end. Never below the true length, and exact for neighbours
    (of tasks further apart, one may lead to the next by way of jobs). Above ``cap``, any path longer than that.
    """
    reach, job, onward, after, following = past.reach, past.job, future.reach, future.job, future.line
    duration = s.duration
    ready = reach[past.line[u]]
    longest = 0
    x = u
    while x != v:
        x = following[x]
        ready = max(reach[job[x]], ready) + duration[x]
        longest = max(longest, ready + onward[after[x]])
        if longest > cap:
            return int(longest)
    ready = max(reach[job[u]], ready) + duration[u]
    return int(max(longest, ready + max(onward[after[u]], onward[following[v]])))


@njit(cache=True, nogil=True)
def move(s: Any, past: Any, future: Any, u: int, v: int, step: int) -> None:
    """Put u right behind v and bring the topological order, heads and tails up to date; ``step`` is -1 for backward.

    Between u and v in the topological order, the tasks that now come behind u change places with the rest.
    """
    first, last = s.rank[u], s.rank[v]
    future.line[past.line[u]] = future.line[u]
    past.line[future.line[u]] = past.line[u]
    x = future.line[v]
    future.line[v], past.line[u], future.line[u], past.line[x] = u, v, x, u
    order, rank, marked, scratch, job, line = s.order, s.rank, s.marked, s.scratch, past.job, past.line
    kept = moved = 0
    marked[u] = 1
    for k in range(first, last + step, step):
        t = order[k]
        if t == u or marked[job[t]] or marked[line[t]]:
            marked[t] = 1
            scratch[moved] = t
            moved += 1
        else:
            order[first + step * kept] = t
            rank[t] = first + step * kept
            kept += 1
    for k in range(moved):
        t = scratch[k]
        marked[t] = 0
        order[first + step * (kept + k)] = t
        rank[t] = first + step * (kept + k)
    _reach(s, past, first, step)
    _reach(s, future, last, -step)


@njit(cache=True, nogil=True)
def critical_path(s: Any) -> int:
    """A random critical path, last task first, into ``s.path``; its length."""
    n = len(s.path)
    end, job, line = s.past.reach, s.past.job, s.past.line
    t, ties = n, 0
    for x in s.lasts:
        if end[x] == s.state[MAKESPAN]:
            ties += 1
            if ties == 1 or _draw(s, ties) == 0:
                t = x
    length = 0
    while t != n:
        s.path[length] = t
        length += 1
        start = end[t] - s.duration[t]
        a, b = job[t], line[t]
        if start == 0:
            t = n
        elif end[a] != start:
            t = b
        elif end[b] != start or a == b:
            t = a
        else:
            t = a if _draw(s, 2) == 0 else b
    return length


@njit(cache=True, nogil=True)
def _allowed(past: Any, future: Any, u: int, v: int) -> bool:
    """Whether heads and tails show that nothing leads from the job's next task to v (a path would be longer)."""
    after = future.job[u]
    return after != v and future.reach[v] >= future.reach[after]


@njit(cache=True, nogil=True)
def _is_tabu(s: Any, u: int, v: int, forward: bool) -> bool:
    """Whether the move restores an order of two tasks that may not come back yet."""
    now = s.state[ITERATION]
    x, stop = (v, u) if forward else (u, v)
    while x != stop:
        if (s.tabu[x, s.slot[u]] if forward else s.tabu[v, s.slot[x]]) > now:
            return True
        x = s.past.line[x] if forward else s.future.line[x]
    return False


@njit(cache=True, nogil=True)
def _forbid(s: Any, u: int, v: int, forward: bool, until: int) -> None:
    """Forbid the orders that the move (not made yet) takes away."""
    x, stop = (v, u) if forward else (u, v)
    while x != stop:
        if forward:
            s.tabu[u, s.slot[x]] = until
        else:
            s.tabu[x, s.slot[v]] = until
        x = s.past.line[x] if forward else s.future.line[x]


@njit(cache=True, nogil=True)
def list_moves(s: Any, length: int) -> tuple[int, int]:
    """Moves (u, v, forward) of the critical path into ``s.moves``: their number, and the number of blocks.

    In every block but the last of the schedule: any task behind the last one, and the last one before any other. In
    every block but the first: any task before the first one, and the first one behind any other. No other order of a
    block can be better (Brucker, Jurisch & Sievers 1994); a path of fewer than two blocks is a proof of optimality.
    """
    count = blocks = 0
    high = length - 1
    while high >= 0:
        low = high
        while low > 0 and s.machine[s.path[low - 1]] == s.machine[s.path[high]]:
            low -= 1
        blocks += 1
        u, v = s.path[high], s.path[low]
        if low > 0:
            for k in range(low + 1, high + 1):
                s.moves[count, 0], s.moves[count, 1], s.moves[count, 2] = s.path[k], v, 1
                count += 1
            for k in range(low + 2, high + 1):
                s.moves[count, 0], s.moves[count, 1], s.moves[count, 2] = s.path[k], v, 0
                count += 1
        if high < length - 1:
            for k in range(low, high):
                s.moves[count, 0], s.moves[count, 1], s.moves[count, 2] = u, s.path[k], 0
                count += 1
            for k in range(low, high - 1):
                s.moves[count, 0], s.moves[count, 1], s.moves[count, 2] = u, s.path[k], 1
                count += 1
        high = low - 1
    return count, blocks


@njit(cache=True, nogil=True)
def search(s: Any, units: int, patience: int, goal: int, tenure: int) -> int:
    """Up to ``units`` iterations of tabu search; the iterations done.

    Returns early when the round is over: its best schedule is no longer than ``goal``, ``patience`` iterations brought
    no better one, its critical path proves it optimal (``state[OPTIMAL]``) or no move is left (``state[STUCK]``). Of
    the moves that are not tabu, or lead below the round's best, the one of smallest value is made, ties at random; when
    there is none, a random move. An order of two tasks that is taken away may not come back for ``tenure`` to 1.5 times
    as many iterations.
    """
    past, future, moves = s.past, s.future, s.moves
    for done in range(units):
        if s.state[BEST] <= goal or s.state[SINCE] >= patience or s.state[OPTIMAL] or s.state[STUCK]:
            return done
        length = critical_path(s)
        count, blocks = list_moves(s, length)
        if blocks < 2 or length == blocks:
            s.state[OPTIMAL] = 1
            return done
        chosen, allowed, ties = -1, 0, 0
        best = _FAR
        for k in range(count):
            u, v, way = moves[k, 0], moves[k, 1], moves[k, 2]
            forward = way == 1
            if not (_allowed(past, future, u, v) if forward else _allowed(future, past, v, u)):
                continue
            moves[allowed, 0], moves[allowed, 1], moves[allowed, 2] = u, v, way
            allowed += 1
            cap = min(best, s.state[BEST] - 1) if _is_tabu(s, u, v, forward) else best
            longest = value(s, past, future, u, v, cap) if forward else value(s, future, past, v, u, cap)
            if longest > cap:
                continue
            ties = ties + 1 if longest == best else 1
            best = longest
            if ties == 1 or _draw(s, ties) == 0:
                chosen = allowed - 1
        if allowed == 0:
            s.state[STUCK] = 1
            return done
        if chosen < 0:
            chosen = _draw(s, allowed)
        u, v, forward = moves[chosen, 0], moves[chosen, 1], moves[chosen, 2] == 1
        _forbid(s, u, v, forward, s.state[ITERATION] + tenure + _draw(s, tenure // 2 + 1))
        if forward:
            move(s, past, future, u, v, 1)
        else:
            move(s, future, past, v, u, -1)
        s.state[ITERATION] += 1
        s.state[SINCE] += 1
        s.state[MAKESPAN] = _makespan(s)
        if s.state[MAKESPAN] < s.state[BEST]:
            s.state[BEST] = s.state[MAKESPAN]
            s.state[SINCE] = 0
            s.best_end[:] = s.past.reach[: len(s.best_end)]
    return units
