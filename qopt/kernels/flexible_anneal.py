"""Annealing of flexible job shops: single tasks and pairs of them move in a line of all tasks.

A move takes one task to another place between its neighbours in the job, in any of its modes, or lets two tasks of one
machine, or of two, exchange their places: tight machines keep their loads that way. It is made where the penalty of
``kernels.flexible_line`` stays within a random limit (Kirkpatrick, Gelatt & Vecchi 1983), drawn before it is tried.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from qopt.kernels.flexible_line import carry, count_rest, mark, put_in, settle, swap, take_out
from qopt.kernels.rng import below, unit

COLD = 0.12
"""Temperature at the end of a round, in squares of ``width``: that of the goal's distance from the best schedule."""
EXCHANGES = 0.6
"""Share of the moves that try to exchange two tasks."""
PERIOD = 256
"""Moves at one temperature."""


@njit(cache=True, nogil=True)
def window(tasks: Any, t: int) -> Any:
    """First and last place in line that a task may take."""
    n, before, after = len(tasks) - 1, tasks[t].before, tasks[t].after
    low = tasks[before].place + 1 if before < n else 0
    return low, tasks[after].place - 1 if after < n else n - 1


@njit(cache=True, nogil=True)
def behind(tasks: Any, modes: Any, order: Any, t: int, machine: int, target: int) -> int:
    """The task that a task would follow on a machine once it has taken a place in line."""
    n, source = len(order), tasks[t].place
    if machine != modes[tasks[t].mode].machine:
        x = target if target > source else target - 1
        while x >= 0 and modes[tasks[order[x]].mode].machine != machine:
            x -= 1
        return order[x] if x >= 0 else n
    before = tasks[t].prev
    if target < source:
        while before < n and tasks[before].place >= target:
            before = tasks[before].prev
        return before
    after = tasks[t].next
    while after < n and tasks[after].place <= target:
        before, after = after, tasks[after].next
    return before


@njit(cache=True, nogil=True)
def hopeless(
    tasks: Any, machines: Any, modes: Any, now: Any, t: int, mode: int, before: int, target: int, limit: float
) -> bool:
    """Whether the way through the moved task and its machine's remaining work seems too much, others being as now.

    An estimate: what stands behind the task may come to begin earlier by more than the time that it takes, and so may
    other machines. It costs about one in sixty of the moves that would be made, and saves half of the trials.
    """
    n, goal, task = len(tasks) - 1, now[0].goal, tasks[t]
    old, new, gone = modes[task.mode].machine, modes[mode].machine, modes[task.mode].duration
    after = machines[new].first if before == n else tasks[before].next
    if after == t:
        after = task.next
    ready = tasks[before].end - (gone if target > task.place and before < n else 0)
    least = max(tasks[task.before].end, ready) + modes[mode].duration - goal
    if after < n:
        least += modes[tasks[after].mode].duration + tasks[after].rest
    late, total = max(0, tasks[machines[new].last].end - goal), now[0].penalty
    if old == new:
        least = max(0, least - (gone if target < task.place else 0))
    else:
        least = max(late, least)
        before_late = max(0, tasks[machines[old].last].end - goal)
        after_late = max(0, before_late - gone)
        total += after_late * after_late - before_late * before_late
    return bool(total + least * least - late * late > limit)


@njit(cache=True, nogil=True)
def reinsert(
    tasks: Any,
    machines: Any,
    modes: Any,
    order: Any,
    marks: Any,
    now: Any,
    t: int,
    mode: int,
    target: int,
    limit: float,
) -> bool:
    """Try a task in a mode at a place in line; False, and all as before, where that seems to exceed the limit."""
    source, old, follows, onward = tasks[t].place, tasks[t].mode, tasks[t].prev, tasks[t].next
    one, other = modes[old].machine, modes[mode].machine
    before = behind(tasks, modes, order, t, other, target)
    if mode == old and before == follows:
        carry(tasks, order, source, target)
        return True
    if hopeless(tasks, machines, modes, now, t, mode, before, target, limit):
        return False
    place = min(source, target)
    take_out(tasks, machines, modes, t, place)
    carry(tasks, order, source, target)
    put_in(tasks, machines, modes, t, mode, before, place)
    mark(tasks, marks, t)
    mark(tasks, marks, onward)
    mark(tasks, marks, tasks[t].next)
    if settle(tasks, machines, modes, order, marks, now, one, other, limit):
        count_rest(tasks, machines[one], modes)
        count_rest(tasks, machines[other], modes)
        return True
    take_out(tasks, machines, modes, t, place)
    carry(tasks, order, target, source)
    put_in(tasks, machines, modes, t, old, follows, place)
    return False


@njit(cache=True, nogil=True)
def partner(tasks: Any, machines: Any, modes: Any, ways: Any, rng: Any, t: int, machine: int) -> int:
    """Any of the tasks of a machine that can exchange places with a task, -1 where there is none."""
    n, place, here = len(tasks) - 1, tasks[t].place, modes[tasks[t].mode].machine
    low, high = window(tasks, t)
    chosen, count, u = -1, 0, machines[machine].first
    while u < n and tasks[u].place <= high:
        if u != t and tasks[u].place >= low and ways[u, here] >= 0:
            first, last = window(tasks, u)
            if first <= place <= last:
                count += 1
                if below(rng, count) == 0:
                    chosen = u
        u = tasks[u].next
    return chosen


@njit(cache=True, nogil=True)
def exchange(
    tasks: Any,
    machines: Any,
    modes: Any,
    order: Any,
    marks: Any,
    now: Any,
    t: int,
    mode: int,
    u: int,
    mode_u: int,
    limit: float,
) -> bool:
    """Try to exchange two tasks, in these modes; False, and all as before, where that seems to exceed the limit."""
    old_t, old_u = tasks[t].mode, tasks[u].mode
    one, other = modes[old_t].machine, modes[old_u].machine
    swap(tasks, machines, modes, order, t, mode, u, mode_u)
    mark(tasks, marks, t)
    mark(tasks, marks, u)
    mark(tasks, marks, tasks[t].next)
    mark(tasks, marks, tasks[u].next)
    if settle(tasks, machines, modes, order, marks, now, one, other, limit):
        count_rest(tasks, machines[one], modes)
        count_rest(tasks, machines[other], modes)
        return True
    swap(tasks, machines, modes, order, t, old_t, u, old_u)
    return False


@njit(cache=True, nogil=True)
def flexible_anneal(
    tasks: Any, machines: Any, modes: Any, order: Any, marks: Any, ways: Any, now: Any, rng: Any, units: int
) -> int:
    """Try ``units`` moves of a round of ``plan`` moves; fewer where it is over, the goal or the target is reached."""
    n, state = len(order), now[0]
    for done in range(units):
        if state.moves >= state.plan or state.best <= max(state.goal, state.target):
            return done
        if state.moves % PERIOD == 0:
            state.temperature = state.width**2 * state.hot * (COLD / state.hot) ** (state.moves / state.plan)
        state.moves += 1
        t = below(rng, n)
        task = tasks[t]
        mode = task.first_mode + below(rng, task.end_mode - task.first_mode)
        limit = state.penalty - state.temperature * math.log(1.0 - unit(rng))
        if unit(rng) < EXCHANGES:
            u = partner(tasks, machines, modes, ways, rng, t, modes[mode].machine)
            if u >= 0:
                mode_u = ways[u, modes[task.mode].machine]
                exchange(tasks, machines, modes, order, marks, now, t, mode, u, mode_u, limit)
        else:
            low, high = window(tasks, t)
            place = low + below(rng, high - low + 1)
            reinsert(tasks, machines, modes, order, marks, now, t, mode, place, limit)
    return units
