"""A flexible job shop as one line of tasks, from which machines take theirs in turn: changes, and what they lead to.

``order`` is a line of all tasks in which each stands behind the one before it in its job; left-shifted in that order,
it is a schedule. Its penalty is

    sum over machines of max(0, end of the machine - goal) ** 2

which, unlike the makespan alone, tells of every machine that is late. A change is followed only as far as it is felt:
tasks whose end may differ are marked, and the first in line of those marked is settled next. It is turned down as soon
as the remaining work of the machines is too much.

Arrays of records, whose last task, n, stands for "none" and ends at 0, and plain ones:

    tasks (n + 1,)
        before, after             in the job
        first_mode, end_mode      its modes: first_mode..end_mode-1
        place                     in line
        mode
        prev, next                on its machine
        end
        rest                      work on its machine behind it
        kept                      its end before the change that is tried
        changed                   in line k: the k-th task whose end the change moved
        best_mode, best_end       in the best schedule
    machines (machines,)
        first, last               task
        least                     where the machine ends at least, by what is seen of a change
    modes (modes,)
        machine, duration
    order (n,)                    the line
    marks (ceil(n / 64),)         a bit for each place in line, set for tasks whose end may differ
    ways (n, machines)            mode of each task on each machine, -1 for none
    now (1,)
        best, goal, target        lengths of schedules
        penalty                   of what is there
        width, hot, moves, plan, temperature  see ``flexible_anneal``
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from qopt.kernels.vectors import lowest

ONE = np.uint64(1)


@njit(cache=True, nogil=True)
def arrange(tasks: Any, machines: Any, modes: Any, order: Any, now: Any) -> None:
    """Sequences, ends, remaining work and penalty of the line and the tasks' modes."""
    n = len(order)
    for machine in range(len(machines)):
        machines[machine].first = machines[machine].last = n
    for x in range(n):
        t = order[x]
        mode = modes[tasks[t].mode]
        machine = machines[mode.machine]
        tasks[t].place = x
        _join(tasks, machine, machine.last, t)
        _join(tasks, machine, t, n)
        tasks[t].end = max(tasks[tasks[t].before].end, tasks[tasks[t].prev].end) + mode.duration
    for machine in range(len(machines)):
        count_rest(tasks, machines[machine], modes)
    now[0].penalty = penalty(tasks, machines, now[0].goal)


@njit(cache=True, nogil=True)
def count_rest(tasks: Any, machine: Any, modes: Any) -> None:
    """Remaining work behind every task of a machine."""
    t, work = machine.last, 0
    while t < len(tasks) - 1:
        tasks[t].rest = work
        work += modes[tasks[t].mode].duration
        t = tasks[t].prev


@njit(cache=True, nogil=True)
def penalty(tasks: Any, machines: Any, goal: int) -> int:
    """Sum of the squares by which machines end behind the goal."""
    total = 0
    for machine in range(len(machines)):
        late = max(0, tasks[machines[machine].last].end - goal)
        total += late * late
    return total


@njit(cache=True, nogil=True)
def _keep_best(tasks: Any, machines: Any, now: Any) -> None:
    length = 0
    for machine in range(len(machines)):
        length = max(length, tasks[machines[machine].last].end)
    if length < now[0].best:
        now[0].best = length
        for t in range(len(tasks)):
            tasks[t].best_mode = tasks[t].mode
            tasks[t].best_end = tasks[t].end


@njit(cache=True, nogil=True)
def _shift_rest(tasks: Any, t: int, place: int, by: int) -> None:
    """Change the remaining work of a task and those before it on its machine, back to a place in line."""
    while t < len(tasks) - 1 and tasks[t].place >= place:
        tasks[t].rest += by
        t = tasks[t].prev


@njit(cache=True, nogil=True)
def _join(tasks: Any, machine: Any, before: int, after: int) -> None:
    """Make two tasks neighbours on a machine; either may be none."""
    n = len(tasks) - 1
    if before < n:
        tasks[before].next = after
    else:
        machine.first = after
    if after < n:
        tasks[after].prev = before
    else:
        machine.last = before


@njit(cache=True, nogil=True)
def take_out(tasks: Any, machines: Any, modes: Any, t: int, place: int) -> None:
    """Take a task off its machine; remaining work is right from ``place`` on."""
    mode = modes[tasks[t].mode]
    _join(tasks, machines[mode.machine], tasks[t].prev, tasks[t].next)
    _shift_rest(tasks, tasks[t].prev, place, -mode.duration)


@njit(cache=True, nogil=True)
def put_in(tasks: Any, machines: Any, modes: Any, t: int, mode: int, before: int, place: int) -> None:
    """Put a task on a mode's machine behind ``before``; remaining work is right from ``place`` on."""
    n = len(tasks) - 1
    machine = machines[modes[mode].machine]
    after = machine.first if before == n else tasks[before].next
    tasks[t].mode = mode
    _join(tasks, machine, before, t)
    _join(tasks, machine, t, after)
    tasks[t].rest = 0 if after == n else tasks[after].rest + modes[tasks[after].mode].duration
    _shift_rest(tasks, before, place, modes[mode].duration)


@njit(cache=True, nogil=True)
def carry(tasks: Any, order: Any, source: int, target: int) -> None:
    """Move the task at one place in line to another; those between move up."""
    t, step = order[source], 1 if target > source else -1
    x = source
    while x != target:
        u = order[x + step]
        order[x] = u
        tasks[u].place = x
        x += step
    order[target] = t
    tasks[t].place = target


@njit(cache=True, nogil=True)
def swap(tasks: Any, machines: Any, modes: Any, order: Any, t: int, mode_t: int, u: int, mode_u: int) -> None:
    """Let two tasks exchange places, in line and on their machines, and give them the modes for that.

    Remaining work is right from the first of the two places on.
    """
    if tasks[t].place > tasks[u].place:
        t, mode_t, u, mode_u = u, mode_u, t, mode_t
    first, second, before_t, before_u = tasks[t].place, tasks[u].place, tasks[t].prev, tasks[u].prev
    take_out(tasks, machines, modes, u, first)
    take_out(tasks, machines, modes, t, first)
    order[first], order[second] = u, t
    tasks[u].place, tasks[t].place = first, second
    put_in(tasks, machines, modes, u, mode_u, before_t, first)
    put_in(tasks, machines, modes, t, mode_t, u if before_u == t else before_u, first)


@njit(cache=True, nogil=True)
def mark(tasks: Any, marks: Any, t: int) -> None:
    """Note that the end of a task may differ; t may be none."""
    if t < len(tasks) - 1:
        place = np.uint64(tasks[t].place)
        marks[place >> np.uint64(6)] |= ONE << (place & np.uint64(63))


@njit(cache=True, nogil=True)
def settle(
    tasks: Any, machines: Any, modes: Any, order: Any, marks: Any, now: Any, one: int, other: int, limit: float
) -> bool:
    """Ends of the marked tasks and all behind them; False, and all ends as before, where the penalty is too much.

    Two machines, ``one`` and ``other``, may have other tasks than before. The rest are expected to end no earlier: the
    change is also turned down where the penalty exceeds the limit before they turn out to.
    """
    n, goal, total, count, word = len(order), now[0].goal, 0, 0, 0
    for machine in range(len(machines)):
        end = goal if machine in (one, other) else max(goal, tasks[machines[machine].last].end)
        machines[machine].least = end
        total += (end - goal) ** 2
    while word < len(marks) and total <= limit:
        if marks[word] == 0:
            word += 1
            continue
        t = order[64 * word + lowest(marks[word])]
        marks[word] &= marks[word] - ONE
        task = tasks[t]
        mode = modes[task.mode]
        machine = machines[mode.machine]
        end = max(tasks[task.before].end, tasks[task.prev].end) + mode.duration
        least = max(goal, end + task.rest)
        if least > machine.least or task.next == n:
            total += (least - machine.least) * (least + machine.least - 2 * goal)
            machine.least = least
        if end != task.end:
            task.kept, task.end = task.end, end
            tasks[count].changed = t
            count += 1
            mark(tasks, marks, task.after)
            mark(tasks, marks, task.next)
    if word == len(marks):
        total = penalty(tasks, machines, goal)
        if total <= limit:
            now[0].penalty = total
            _keep_best(tasks, machines, now)
            return True
    marks[word:] = 0
    for k in range(count):
        t = tasks[k].changed
        tasks[t].end = tasks[t].kept
    return False
