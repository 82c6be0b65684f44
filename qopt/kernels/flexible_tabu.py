"""Tabu search over flexible job shops: a critical task leaves its place for the best one on any of its machines.

After Mastrolilli and Gambardella (2000), "Effective neighbourhood functions for the flexible job shop problem": with a
task taken out, heads and tails of all others are exact, and among the places on a machine between the tasks that end
after the task could begin and those whose tails begin before its own the best one is the best of all.

``f`` holds the shop, ``s`` the state:

    f.before, f.after (n,)        tasks before and after in the job, -1 for none
    f.modes (n + 1,)              modes of task t are modes[t]..modes[t+1]-1
    f.machine, f.duration (modes,)
    s.mode, s.prev, s.next (n,)   mode of each task, and its neighbours on its machine, -1 for none
    s.first (machines,)           first task of each machine, -1 for none
    s.head, s.tail, s.order (n,)  longest way to and behind each task; tasks in an order that respects all of that
    s.free_head, s.free_tail (n,) the same with one task taken out
    s.tabu (n, machines)          iteration until which a task may not come (back) to a machine
    s.best_mode, s.best_head (n,) the best schedule
    s.now (1,)                    best, iteration, stale, length
"""

from typing import Any

import numpy as np
from numba import njit

from qopt.kernels.rng import below, unit

FAR = 2**60


@njit(cache=True, nogil=True)
def survey(f: Any, s: Any) -> bool:
    """Order, heads, tails and length of what is there; False when the sequences contradict the jobs."""
    n = len(s.mode)
    size = 0
    for t in range(n):
        s.left[t] = (1 if f.before[t] >= 0 else 0) + (1 if s.prev[t] >= 0 else 0)
        if s.left[t] == 0:
            s.order[size] = t
            s.head[t] = 0
            size += 1
    x = 0
    length = 0
    while x < size:
        t = s.order[x]
        x += 1
        ready = 0
        if f.before[t] >= 0:
            ready = s.head[f.before[t]] + f.duration[s.mode[f.before[t]]]
        if s.prev[t] >= 0:
            ready = max(ready, s.head[s.prev[t]] + f.duration[s.mode[s.prev[t]]])
        s.head[t] = ready
        length = max(length, ready + f.duration[s.mode[t]])
        for k in range(2):
            u = f.after[t] if k == 0 else s.next[t]
            if u >= 0:
                s.left[u] -= 1
                if s.left[u] == 0:
                    s.order[size] = u
                    size += 1
    if size < n:
        return False
    for x in range(n - 1, -1, -1):
        t = s.order[x]
        behind = 0
        if f.after[t] >= 0:
            behind = s.tail[f.after[t]] + f.duration[s.mode[f.after[t]]]
        if s.next[t] >= 0:
            behind = max(behind, s.tail[s.next[t]] + f.duration[s.mode[s.next[t]]])
        s.tail[t] = behind
    s.now[0].length = length
    for x in range(n):
        s.place[s.order[x]] = x
    return True


@njit(cache=True, nogil=True)
def unlink(f: Any, s: Any, t: int) -> None:
    """Take a task out of its machine's sequence."""
    a, b = s.prev[t], s.next[t]
    if a >= 0:
        s.next[a] = b
    else:
        s.first[f.machine[s.mode[t]]] = b
    if b >= 0:
        s.prev[b] = a


@njit(cache=True, nogil=True)
def link(f: Any, s: Any, t: int, mode: int, after: int) -> None:
    """Put a task in a mode behind ``after`` on its machine, -1 for its front."""
    machine = f.machine[mode]
    s.mode[t] = mode
    b = s.first[machine] if after < 0 else s.next[after]
    s.prev[t], s.next[t] = after, b
    if after >= 0:
        s.next[after] = t
    else:
        s.first[machine] = t
    if b >= 0:
        s.prev[b] = t


@njit(cache=True, nogil=True)
def without(f: Any, s: Any, t: int) -> int:
    """Heads and tails with task t unlinked and of no duration; the length of the rest."""
    n, at, length = len(s.mode), s.place[t], 0
    before, after, duration = f.before, f.after, f.duration
    mode, prev, following, order = s.mode, s.prev, s.next, s.order
    head, tail, free_head, free_tail = s.head, s.tail, s.free_head, s.free_tail
    for x in range(n):
        u = order[x]
        if x < at:
            free_head[u] = head[u]
        elif u == t:
            free_head[u] = 0
            if before[u] >= 0:
                free_head[u] = free_head[before[u]] + duration[mode[before[u]]]
            continue
        else:
            ready = 0
            p = before[u]
            if p >= 0:
                ready = free_head[p] + (0 if p == t else duration[mode[p]])
            p = prev[u]
            if p >= 0:
                ready = max(ready, free_head[p] + duration[mode[p]])
            free_head[u] = ready
        length = max(length, free_head[u] + duration[mode[u]])
    for x in range(n - 1, -1, -1):
        u = order[x]
        if x > at:
            free_tail[u] = tail[u]
        elif u == t:
            free_tail[u] = 0
            if after[u] >= 0:
                free_tail[u] = free_tail[after[u]] + duration[mode[after[u]]]
        else:
            behind = 0
            p = after[u]
            if p >= 0:
                behind = free_tail[p] + (0 if p == t else duration[mode[p]])
            p = following[u]
            if p >= 0:
                behind = max(behind, free_tail[p] + duration[mode[p]])
            free_tail[u] = behind
    return length


@njit(cache=True, nogil=True)
def best_place(f: Any, s: Any, t: int, mode: int) -> Any:
    """The best place of the unlinked task on a mode's machine: (length of the longest way through it, the task before).

    Tasks that end after its head stand at the back of the sequence, tasks that reach behind its tail at the front. It
    goes behind the latter and before the former; where the two overlap, anywhere among those that are both.
    """
    free_head, free_tail, following, mode_of, duration = s.free_head, s.free_tail, s.next, s.mode, f.duration
    head, tail = free_head[t], free_tail[t]
    first_late, last_early, i, x = -1, -1, 0, s.first[f.machine[mode]]
    while x >= 0:
        if first_late < 0 and free_head[x] + duration[mode_of[x]] > head:
            first_late = i
        if free_tail[x] + duration[mode_of[x]] > tail:
            last_early = i
        i += 1
        x = following[x]
    if first_late < 0:
        first_late = i
    low, high = min(first_late - 1, last_early), last_early
    if first_late > last_early:
        low = high = last_early
    best, place, i, after, x = FAR, -1, -1, -1, s.first[f.machine[mode]]
    while i <= high:
        if i >= low:
            ready = head if after < 0 else max(head, free_head[after] + duration[mode_of[after]])
            behind = tail if x < 0 else max(tail, free_tail[x] + duration[mode_of[x]])
            if ready + duration[mode] + behind < best:
                best, place = ready + duration[mode] + behind, after
        if x < 0:
            break
        after, x = x, following[x]
        i += 1
    return best, place


@njit(cache=True, nogil=True)
def step(f: Any, s: Any) -> bool:
    """The best move of a critical task that is not tabu; False where there is none."""
    now, n = s.now[0], len(s.mode)
    best, task, mode, place, ties, critical = FAR, -1, -1, -1, 0, 0
    for t in range(n):
        if s.head[t] + f.duration[s.mode[t]] + s.tail[t] < now.length:
            continue
        critical += 1
        old_mode, old_prev = s.mode[t], s.prev[t]
        if f.modes[t + 1] - f.modes[t] == 1 and old_prev < 0 and s.next[t] < 0:
            continue
        unlink(f, s, t)
        rest = without(f, s, t)
        for m in range(f.modes[t], f.modes[t + 1]):
            through, after = best_place(f, s, t, m)
            if through >= FAR or (m == old_mode and after == old_prev):
                continue
            value = max(rest, through)
            if s.tabu[t, f.machine[m]] > now.iteration and value >= now.best:
                continue
            ties = ties + 1 if value == best else 1
            if value < best or (value == best and unit(s.rng) * ties < 1.0):
                best, task, mode, place = value, t, m, after
        link(f, s, t, old_mode, old_prev)
    if task < 0:
        return False
    s.tabu[task, f.machine[s.mode[task]]] = now.iteration + critical // 2 + 2 + below(s.rng, 8)
    move(f, s, task, mode, place)
    return True


@njit(cache=True, nogil=True)
def move(f: Any, s: Any, t: int, mode: int, place: int) -> bool:
    """Move a task; back where it was, and False, if the jobs contradict that."""
    old_mode, old_prev = s.mode[t], s.prev[t]
    unlink(f, s, t)
    link(f, s, t, mode, place)
    if survey(f, s):
        return True
    unlink(f, s, t)
    link(f, s, t, old_mode, old_prev)
    survey(f, s)
    return False


@njit(cache=True, nogil=True)
def keep(s: Any) -> None:
    """What is there becomes the best schedule."""
    s.now[0].best = s.now[0].length
    for t in range(len(s.mode)):
        s.best_mode[t], s.best_head[t] = s.mode[t], s.head[t]


@njit(cache=True, nogil=True)
def load(f: Any, s: Any, mode: Any, start: Any) -> bool:
    """A schedule into the state: each machine's tasks in the order of their starts."""
    n = len(mode)
    s.first[:] = -1
    order = np.argsort(start, kind="mergesort")
    last = np.full(len(s.first), -1)
    for x in range(n):
        t = order[x]
        s.mode[t] = mode[t]
        machine = f.machine[mode[t]]
        link(f, s, t, mode[t], last[machine])
        last[machine] = t
    return survey(f, s)


@njit(cache=True, nogil=True)
def shake(f: Any, s: Any, moves: int) -> None:
    """Random tasks to random machines, at the best places there."""
    n = len(s.mode)
    for _ in range(moves):
        t = below(s.rng, n)
        mode = f.modes[t] + below(s.rng, f.modes[t + 1] - f.modes[t])
        old_mode, old_prev = s.mode[t], s.prev[t]
        unlink(f, s, t)
        without(f, s, t)
        _, place = best_place(f, s, t, mode)
        link(f, s, t, old_mode, old_prev)
        if place != t:
            move(f, s, t, mode, place)


@njit(cache=True, nogil=True)
def flexible_tabu(f: Any, s: Any, units: int) -> int:
    """Run ``units`` steps; where none has bettered the best for long, go on from the best, shaken."""
    now = s.now[0]
    for done in range(units):
        now.iteration += 1
        now.stale += 1
        if now.best <= now.target:
            return done
        if not step(f, s):
            shake(f, s, 1)
        if now.length < now.best:
            keep(s)
            now.stale = 0
        if now.stale > now.patience:
            now.stale = 0
            if unit(s.rng) < 0.7:
                load(f, s, s.best_mode, s.best_head)
            shake(f, s, 2 + below(s.rng, max(2, len(s.mode) // 8)))
            s.tabu[:] = 0
    return units
