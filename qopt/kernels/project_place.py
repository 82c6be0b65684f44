"""Serial schedule generation: tasks of a ``project`` placed one after the other, each as early as everything allows.

``f`` holds the constants of a project and ``s`` the state, both described in ``solvers/proposers/_project_state.py``.
What is in use is kept as steps: ``s.point`` (times, ascending, the first 0, the last FAR) and ``s.used[k, r]`` from
point k to the next one. Closed times count as full use. Machines with set-ups also keep their tasks in order.

The serial scheme for lists of tasks is Kolisch (1996); a task that comes too late after another one for a longest lag
moves that other one back, and the schedule is begun again with it held there. A soft lag has a gene, a task of no time
whose first mode keeps the lag and whose second one lets it go; lists need not respect soft lags.
"""

from typing import Any

from numba import njit

FAR = 2**40
AGAIN = 60
"""Times a schedule is begun again for longest lags before it is given up."""


@njit(cache=True, nogil=True)
def reset(f: Any, s: Any) -> None:
    """Nothing placed; only closed times are in use."""
    m = len(f.point)
    s.now[0].points = m
    for k in range(m):
        s.point[k] = f.point[k]
        for r in range(f.closed.shape[1]):
            s.used[k, r] = f.closed[k, r]
    for r in range(len(s.line_length)):
        s.line_length[r] = 0
    for t in range(len(s.task)):
        s.task[t].start = -1


@njit(cache=True, nogil=True)
def split(s: Any, time: int, first: int) -> int:
    """The number of the point at that time, made if it is not there; the search begins at point ``first``."""
    k, m = first, s.now[0].points
    while s.point[k] < time:
        k += 1
    if s.point[k] == time:
        return k
    for x in range(m, k, -1):
        s.point[x] = s.point[x - 1]
        for r in range(s.used.shape[1]):
            s.used[x, r] = s.used[x - 1, r]
    s.point[k] = time
    for r in range(s.used.shape[1]):
        s.used[k, r] = s.used[k - 1, r]
    s.now[0].points = m + 1
    return k


@njit(cache=True, nogil=True)
def room(f: Any, s: Any, mode: int, earliest: int) -> int:
    """The earliest start from ``earliest`` on at which all that a mode uses is free for as long as it takes."""
    duration = f.mode[mode].duration
    low, high = f.mode[mode].uses, f.mode[mode].uses_end
    if duration == 0 or low == high:
        return earliest
    k, last = 0, s.now[0].points - 1
    while k < last:  # the last point not after the start
        middle = (k + last + 1) // 2
        if s.point[middle] <= earliest:
            k = middle
        else:
            last = middle - 1
    start, x = earliest, k
    while s.point[x] < start + duration:
        fits = True
        for u in range(low, high):
            if s.used[x, f.use[u, 0]] + f.use[u, 1] > f.capacity[f.use[u, 0]]:
                fits = False
                break
        x += 1
        if not fits:
            start = s.point[x]
    return start


@njit(cache=True, nogil=True)
def line_room(f: Any, s: Any, task: int, mode: int, earliest: int) -> int:
    """The earliest start from ``earliest`` on at which the set-ups of the machines of a mode fit before and after."""
    start, duration, family = earliest, f.mode[mode].duration, f.task[task].family
    for u in range(f.mode[mode].uses, f.mode[mode].uses_end):
        r = f.use[u, 0]
        if f.setup_of[r] < 0:
            continue
        table = f.setup[f.setup_of[r]]
        before, free = table.shape[0] - 1, 0
        for x in range(s.line_length[r] + 1):
            ready = max(start, free + change(table, before, family))
            if x == s.line_length[r]:
                start = ready
                break
            after = s.line[r, x]
            if ready + duration + change(table, family, f.task[after].family) <= s.task[after].start:
                start = ready
                break
            before, free = f.task[after].family, s.task[after].start + f.mode[s.task[after].mode].duration
    return start


@njit(cache=True, nogil=True)
def change(table: Any, before: int, family: int) -> int:
    """Set-up time from one family to another; none for a task without a family."""
    return table[before, family] if before >= 0 and family >= 0 else 0


@njit(cache=True, nogil=True)
def place(f: Any, s: Any, task: int, mode: int, earliest: int) -> int:
    """Place a task in a mode as early as it can be from ``earliest`` on; its start."""
    start = earliest
    while True:
        at = room(f, s, mode, start)
        if f.setups[0]:
            at = line_room(f, s, task, mode, at)
        if at == start:
            break
        start = at
    commit(f, s, task, mode, start)
    return start


@njit(cache=True, nogil=True)
def commit(f: Any, s: Any, task: int, mode: int, start: int) -> None:
    """Put a task there."""
    s.task[task].start, s.task[task].mode = start, mode
    duration = f.mode[mode].duration
    low, high = f.mode[mode].uses, f.mode[mode].uses_end
    if duration == 0 or low == high:
        return
    first = split(s, start, 0)
    last = split(s, start + duration, first)
    for k in range(first, last):
        for u in range(low, high):
            s.used[k, f.use[u, 0]] += f.use[u, 1]
    if f.setups[0]:
        for u in range(low, high):
            r = f.use[u, 0]
            if f.setup_of[r] >= 0:
                x = s.line_length[r]
                while x > 0 and s.task[s.line[r, x - 1]].start > start:
                    s.line[r, x] = s.line[r, x - 1]
                    x -= 1
                s.line[r, x] = task
                s.line_length[r] += 1


@njit(cache=True, nogil=True)
def binds(f: Any, s: Any, lag: Any, modes: Any) -> bool:
    """Whether a lag is kept: a soft one where its gene is in its first mode and its first task is placed."""
    if lag.gene < 0:
        return True
    return modes[lag.gene] == f.task[lag.gene].modes and s.task[lag.before].start >= 0


@njit(cache=True, nogil=True)
def forward(f: Any, s: Any, order: Any, modes: Any) -> bool:
    """Place all tasks in the order of a list that respects the lags; False when longest lags or deadlines fail."""
    n = len(order)
    for t in range(n):
        s.task[t].hold = f.task[t].release
    for _ in range(AGAIN):
        reset(f, s)
        moved = False
        for x in range(n):
            task = order[x]
            mode = modes[task]
            earliest = s.task[task].hold
            for p in range(f.task[task].before, f.task[task].soft_end):
                lag = f.lag[f.lists[p]]
                if not binds(f, s, lag, modes):
                    continue
                other = lag.before
                anchor = s.task[other].start
                if not lag.from_start:
                    anchor += f.mode[s.task[other].mode].duration
                earliest = max(earliest, anchor + lag.least)
            start = place(f, s, task, mode, earliest)
            if f.longest[0]:
                for p in range(f.task[task].before, f.task[task].soft_end):
                    lag = f.lag[f.lists[p]]
                    if lag.most >= FAR or not binds(f, s, lag, modes):
                        continue
                    other = lag.before
                    anchor = s.task[other].start
                    if not lag.from_start:
                        anchor += f.mode[s.task[other].mode].duration
                    if start > anchor + lag.most:
                        s.task[other].hold = s.task[other].start + start - anchor - lag.most
                        moved = True
                if moved:
                    break
        if not moved:
            break
    if moved:
        return False
    ok = True
    for t in range(n):
        ok = ok and s.task[t].start + f.mode[modes[t]].duration <= f.task[t].deadline
    return ok
