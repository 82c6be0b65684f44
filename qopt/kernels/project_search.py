"""Lists of tasks that breed: schedules of a ``project`` by crossover, mutation and justification.

A member is a list of tasks in an order that respects the lags, a mode for each, and the price of the schedule that
``project_place.forward`` makes of them. Children take two cuts of their parents' lists (Hartmann, 1998); schedules
whose resources and lags alone bind are justified, first to the right, then to the left (Valls, Ballestin and
Quintanilla, 2005); a child is kept as the list of its tasks by their starts.

``p`` is the population:

    p.order (members, n), p.mode (members, n), p.start (members, n), p.price (members,)
    p.now (1,)  best, worst, made, stale, iteration, entries to the elite
"""

from typing import Any

from numba import njit

from qopt.kernels.project_place import forward
from qopt.kernels.rng import below, unit

LATE = 1e15
"""Price of a schedule that breaks a longest lag or a deadline."""
MUTATE = 0.05
_FRESH = 0.02  # chance that a child is a random list
_ALONE = 0.4  # chance that it has one parent


@njit(cache=True, nogil=True)
def price_of(f: Any, s: Any, done: Any) -> float:
    """The price of the schedule in the state; ``done`` (jobs,) is scratch."""
    n = len(s.task)
    done[:] = 0
    makespan = 0
    changes = 0.0
    for t in range(n):
        end = s.task[t].start + f.mode[s.task[t].mode].duration
        done[f.task[t].job] = max(done[f.task[t].job], end)
        makespan = max(makespan, end)
        moved = f.task[t].was_start != s.task[t].start or f.task[t].was_mode != s.task[t].mode
        if f.task[t].was_start >= 0 and moved:
            changes += f.task[t].change
    late, tardy, flow = 0.0, 0.0, 0.0
    for j in range(len(done)):
        job = f.job[j]
        if done[j] > job.due:
            late += job.weight * (done[j] - job.due)
            tardy += job.weight
        flow += max(0, done[j] - job.release)
    setup = 0.0
    for r in range(len(s.line_length)):
        if f.setup_of[r] >= 0:
            table = f.setup[f.setup_of[r]]
            before = table.shape[0] - 1
            for x in range(s.line_length[r]):
                family = f.task[s.line[r, x]].family
                if before >= 0 and family >= 0:
                    setup += table[before, family]
                before = family
    soft = 0.0
    for k in range(f.soft[0], len(f.lag)):
        lag = f.lag[k]
        gap = s.task[lag.after].start - s.task[lag.before].start
        if not lag.from_start:
            gap -= f.mode[s.task[lag.before].mode].duration
        soft += lag.price * (max(0, lag.least - gap) + max(0, gap - lag.most))
    w = f.price
    total = w[0] * makespan + w[1] * late + w[2] * tardy + w[3] * flow + w[4] * setup + w[5] * changes
    return total + w[6] * soft


@njit(cache=True, nogil=True)
def arrange(f: Any, key: Any, order: Any, left: Any, heap: Any) -> None:
    """Tasks by ascending key as far as the lags allow: the smallest key among those whose predecessors are listed."""
    n = len(order)
    size = 0
    for t in range(n):
        left[t] = f.task[t].before_end - f.task[t].before
        if left[t] == 0:
            size = push(heap, size, key, t)
    for x in range(n):
        t, size = pop(heap, size, key)
        order[x] = t
        for p in range(f.task[t].after, f.task[t].after_end):
            other = f.lag[f.lists[p]].after
            left[other] -= 1
            if left[other] == 0:
                size = push(heap, size, key, other)


@njit(cache=True, nogil=True)
def push(heap: Any, size: int, key: Any, t: int) -> int:
    """A task into a heap by key; its new size."""
    x = size
    while x > 0 and key[heap[(x - 1) // 2]] > key[t]:
        heap[x] = heap[(x - 1) // 2]
        x = (x - 1) // 2
    heap[x] = t
    return size + 1


@njit(cache=True, nogil=True)
def pop(heap: Any, size: int, key: Any) -> Any:
    """The task of the smallest key out of a heap, and its new size."""
    first, last = heap[0], heap[size - 1]
    size -= 1
    x = 0
    while True:
        child = 2 * x + 1
        if child >= size:
            break
        if child + 1 < size and key[heap[child + 1]] < key[heap[child]]:
            child += 1
        if key[heap[child]] >= key[last]:
            break
        heap[x] = heap[child]
        x = child
    if size > 0:
        heap[x] = last
    return first, size


@njit(cache=True, nogil=True)
def cross(p: Any, a: int, b: int, w: Any, random: Any) -> None:
    """Two cuts: the front of a's list, then b's tasks up to the second cut, then the rest of a's."""
    n = p.order.shape[1]
    first = below(random, n + 1)
    second = first + below(random, n + 1 - first)
    w.flag[:] = 0
    for x in range(first):
        w.order[x] = p.order[a, x]
        w.flag[w.order[x]] = 1
    out = first
    for x in range(n):
        t = p.order[b, x]
        if out < second and w.flag[t] == 0:
            w.order[out] = t
            w.flag[t] = 2
            out += 1
    for x in range(n):
        t = p.order[a, x]
        if w.flag[t] == 0:
            w.order[out] = t
            out += 1
    for t in range(n):
        w.mode[t] = p.mode[b, t] if w.flag[t] == 2 else p.mode[a, t]


@njit(cache=True, nogil=True)
def mutate(f: Any, w: Any, rate: float, random: Any) -> None:
    """Neighbours in the list change places where no lag forbids it, tasks move along it, modes are drawn anew."""
    n = len(w.order)
    for x in range(n - 1):
        if unit(random) < rate:
            t, u = w.order[x], w.order[x + 1]
            free = True
            for q in range(f.task[u].before, f.task[u].before_end):
                free = free and f.lag[f.lists[q]].before != t
            if free:
                w.order[x], w.order[x + 1] = u, t
    for t in range(n):
        count = f.task[t].modes_end - f.task[t].modes
        if count > 1 and unit(random) < rate:
            w.mode[t] = f.task[t].modes + below(random, count)
    if unit(random) < 0.5:  # one task to another place, as far as its lags reach
        x = below(random, n)
        t, y = w.order[x], below(random, n)
        step = 1 if y > x else -1
        while x != y:
            u = w.order[x + step]
            late, early = (u, t) if step > 0 else (t, u)
            bound = False
            for q in range(f.task[late].before, f.task[late].before_end):
                bound = bound or f.lag[f.lists[q]].before == early
            if bound:
                break
            w.order[x], w.order[x + step] = u, t
            x += step


@njit(cache=True, nogil=True)
def justify(f: Any, g: Any, s: Any, back: Any, w: Any) -> None:
    """To the right and to the left again; ``g`` and ``back`` are the project with time turned round."""
    n = len(w.order)
    for t in range(n):
        w.key[t] = -(s.task[t].start + f.mode[s.task[t].mode].duration)
    arrange(g, w.key, w.other, w.left, w.heap)
    forward(g, back, w.other, w.mode)
    for t in range(n):
        w.key[t] = -(back.task[t].start + f.mode[s.task[t].mode].duration)
    arrange(f, w.key, w.order, w.left, w.heap)
    forward(f, s, w.order, w.mode)


@njit(cache=True, nogil=True)
def enter(p: Any, s: Any, w: Any, price: float) -> bool:
    """The schedule in the state into the population, in place of the worst, unless there is one like it."""
    now = p.now[0]
    n = len(w.order)
    if now.made == len(p.price) and price >= p.price[now.worst]:
        return False
    for m in range(now.made):
        if p.price[m] == price:
            same = True
            for t in range(n):
                if p.start[m, t] != s.task[t].start or p.mode[m, t] != s.task[t].mode:
                    same = False
                    break
            if same:
                return False
    at = now.worst
    if now.made < len(p.price):
        at = now.made
        now.made += 1
    p.price[at] = price
    for t in range(n):
        p.order[at, t] = w.order[t]
        p.mode[at, t], p.start[at, t] = s.task[t].mode, s.task[t].start
    now.worst = 0
    for m in range(now.made):
        if p.price[m] > p.price[now.worst]:
            now.worst = m
    return True


@njit(cache=True, nogil=True)
def project_search(f: Any, g: Any, s: Any, back: Any, p: Any, w: Any, units: int) -> int:
    """Breed ``units`` schedules; returns how many."""
    now, random = p.now[0], s.rng
    n = len(w.order)
    for _ in range(units):
        now.iteration += 1
        fresh = now.made < 2 or (now.made < len(p.price) and now.stale == 0) or unit(random) < _FRESH
        if fresh:
            for t in range(n):
                w.key[t] = unit(random)
                w.mode[t] = f.task[t].modes + below(random, f.task[t].modes_end - f.task[t].modes)
                if unit(random) < 0.7:  # the quickest way more often than not
                    for m in range(f.task[t].modes, f.task[t].modes_end):
                        if f.mode[m].duration < f.mode[w.mode[t]].duration:
                            w.mode[t] = m
            arrange(f, w.key, w.order, w.left, w.heap)
        else:
            a = below(random, now.made)
            b = below(random, now.made)
            c = below(random, now.made)
            if p.price[c] < p.price[a]:
                a = c
            if unit(random) < _ALONE:
                b = a
            cross(p, a, b, w, random)
            mutate(f, w, MUTATE if b != a else max(MUTATE, 3.0 / n), random)
        held = forward(f, s, w.order, w.mode)
        if f.plain[0]:
            justify(f, g, s, back, w)
        price = price_of(f, s, w.done) + (0.0 if held else LATE)
        for t in range(n):
            w.key[t] = s.task[t].start + 1e-6 * s.task[t].start + 1e-9 * t
        arrange(f, w.key, w.order, w.left, w.heap)
        if enter(p, s, w, price):
            now.stale = 1
            if price < now.best - 1e-9:
                now.best = price
        else:
            now.stale += 1
        if now.stale > 40 * len(p.price) + 400 and now.made > 4:  # the same faces: begin anew around the best
            best = 0
            for m in range(now.made):
                if p.price[m] < p.price[best]:
                    best = m
            p.price[0] = p.price[best]
            for t in range(n):
                p.order[0, t], p.mode[0, t], p.start[0, t] = p.order[best, t], p.mode[best, t], p.start[best, t]
            now.made, now.worst, now.stale = 1, 0, 0
    return units
