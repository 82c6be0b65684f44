"""Order batches by ruin and recreate: related orders leave their batches and go where the walk grows least.

``f`` holds the constants, n orders, S locations sorted by aisle and position, D dimensions of loads:

    f.holds (n + 1, S)  which order is picked where; the last row is empty    f.load (n, D)  f.room (D,)
    f.alone (n,) walk of each order alone    f.near (n, R) orders that lie closest by
    f.aisle (S,)  f.position (S,)
    f.layout (4,) policy, length, pitch, depot    f.distance (S + 1, S + 1)    f.most (2,) orders a batch, batches
    f.heat (2,) first and last temperature    f.cycle (2,) moves of the first cycle, and of the longest

``s`` is the state, of at most B batches; ``s.old`` and ``s.best`` hold it before the move, and at its best:

    s.where (n,) batch or -1   s.size (B,)   s.load (B, D)   s.held (B, S) orders by location   s.length (B,)
    s.queue (n,), s.key (n,), s.path (S + 2,) scratch   s.rng (1,)   s.now (1,) price, best, waiting, found, at, cycle
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from qopt.kernels.rng import below, unit

S_SHAPE, RETURN, LARGEST_GAP, TABLE = 0, 1, 2, 3
WAITING = 1e9
"""Price of an order that is in no batch."""
_BLINK = 0.03
_NOISE = 1e-9


@njit(cache=True, nogil=True)
def walk(f: Any, s: Any, held: Any, plus: Any) -> float:
    """Length of the walk past every location that is in ``held`` or in ``plus``, both (S,)."""
    if f.layout[0] == TABLE:
        return round_trip(f.distance, s.path, held, plus)
    policy, length = int(f.layout[0]), f.layout[1]
    first, last, visited = -1, -1, 0
    farthest, before, gap = 0.0, 0.0, 0.0
    deep, inner, opening = 0.0, 0.0, 0.0
    for x in range(len(held)):
        if held[x] == 0 and plus[x] == 0:
            continue
        a, p = f.aisle[x], f.position[x]
        if a != last:
            if last >= 0:
                gap = max(gap, length - before)
                deep += farthest
                if visited == 1:
                    opening = gap
                inner += 2.0 * (length - gap)
            else:
                first = a
            last = a
            visited += 1
            before, gap = 0.0, 0.0
        gap = max(gap, p - before)
        before = farthest = p
    if visited == 0:
        return 0.0
    deep += farthest
    depot = f.layout[3]
    across = 2.0 * f.layout[2] * (max(depot, last) - min(depot, first))
    if policy == RETURN or (policy == LARGEST_GAP and visited == 1):
        return across + 2.0 * deep
    if policy == S_SHAPE:
        odd = visited % 2
        return across + length * (visited - odd) + 2.0 * farthest * odd
    return across + 2.0 * length + inner - 2.0 * (length - opening)


@njit(cache=True, nogil=True)
def round_trip(distance: Any, path: Any, held: Any, plus: Any) -> float:
    """Length of a tour by nearest neighbours and 2-opt; row 0 of the table is where it begins."""
    size = 1
    path[0] = 0
    for x in range(len(held)):
        if held[x] != 0 or plus[x] != 0:
            path[size] = x + 1
            size += 1
    for k in range(1, size):
        best = k
        for j in range(k + 1, size):
            closer = distance[path[k - 1], path[j]] - distance[path[k - 1], path[best]]
            if closer < 0 or (closer == 0 and path[j] < path[best]):
                best = j
        path[k], path[best] = path[best], path[k]
    path[size] = 0
    better = True
    while better:
        better = False
        for i in range(1, size - 1):
            for j in range(i + 1, size):
                a, b, c, d = path[i - 1], path[i], path[j], path[j + 1]
                if distance[a, c] + distance[b, d] < distance[a, b] + distance[c, d] - 1e-9:
                    low, high = i, j
                    while low < high:
                        path[low], path[high] = path[high], path[low]
                        low += 1
                        high -= 1
                    better = True
    total = 0.0
    for k in range(size):
        total += distance[path[k], path[k + 1]]
    return total


@njit(cache=True, nogil=True)
def take_out(f: Any, s: Any, i: int) -> None:
    """Order i out of its batch; the batch's length is not brought up to date."""
    b = s.where[i]
    s.where[i] = -1
    s.size[b] -= 1
    for d in range(f.load.shape[1]):
        s.load[b, d] = 0.0 if s.size[b] == 0 else s.load[b, d] - f.load[i, d]
    for x in range(f.holds.shape[1]):
        s.held[b, x] -= f.holds[i, x]


@njit(cache=True, nogil=True)
def put_in(f: Any, s: Any, i: int, b: int, length: float) -> None:
    """Order i into batch b, whose walk is then so long."""
    s.where[i] = b
    s.size[b] += 1
    for d in range(f.load.shape[1]):
        s.load[b, d] += f.load[i, d]
    for x in range(f.holds.shape[1]):
        s.held[b, x] += f.holds[i, x]
    s.length[b] = length


@njit(cache=True, nogil=True)
def fits(f: Any, s: Any, i: int, b: int) -> bool:
    """Whether batch b has room for order i."""
    held = s.size[b] < f.most[0]
    for d in range(f.load.shape[1]):
        held = held and s.load[b, d] + f.load[i, d] <= f.room[d] + _NOISE * (1.0 + f.room[d])
    return held


@njit(cache=True, nogil=True)
def insert(f: Any, s: Any, i: int) -> bool:
    """Order i where the walk grows least, or into a batch of its own; False where there is no room."""
    best, chosen, length = np.inf, -1, 0.0
    empty, used = -1, 0
    for b in range(len(s.size)):
        if s.size[b] == 0:
            empty = b
            continue
        used += 1
        if fits(f, s, i, b) and unit(s.rng) >= _BLINK:
            new = walk(f, s, s.held[b], f.holds[i])
            if new - s.length[b] < best:
                best, chosen, length = new - s.length[b], b, new
    if empty >= 0 and used < f.most[1] and fits(f, s, i, empty):
        alone = walk(f, s, s.held[empty], f.holds[i])
        if alone < best:
            chosen, length = empty, alone
    if chosen < 0:
        return False
    put_in(f, s, i, chosen, length)
    return True


@njit(cache=True, nogil=True)
def ruin(f: Any, s: Any, waiting: int) -> int:
    """Take out all of one or two batches, or orders related to one; returns how many wait in the queue."""
    n = len(s.where)
    start = waiting
    first = below(s.rng, n)
    if unit(s.rng) < 0.3:
        for _ in range(1 + (unit(s.rng) < 0.5)):
            b = s.where[first]
            for i in range(n):
                if b >= 0 and s.where[i] == b:
                    take_out(f, s, i)
                    s.queue[waiting] = i
                    waiting += 1
            first = below(s.rng, n)
    else:
        wanted = 1 + below(s.rng, min(10, n))
        if s.where[first] >= 0:
            s.queue[waiting] = first
            waiting += 1
        for x in range(f.near.shape[1]):
            i = f.near[first, x]
            if waiting - start >= wanted:
                break
            if s.where[i] >= 0 and i != first and unit(s.rng) < 0.5:
                s.queue[waiting] = i
                waiting += 1
        for x in range(start, waiting):
            i = s.queue[x]
            b = s.where[i]
            take_out(f, s, i)
            s.length[b] = walk(f, s, s.held[b], f.holds[n])
    return waiting


@njit(cache=True, nogil=True)
def sort_queue(f: Any, s: Any, waiting: int) -> None:
    """By chance, by the longest walk of its own, or by the largest load first."""
    draw = unit(s.rng)
    for x in range(waiting):
        i = s.queue[x]
        s.key[i] = unit(s.rng)
        if draw < 0.3:
            s.key[i] = -f.alone[i] * (0.8 + 0.4 * s.key[i])
        elif draw < 0.6 and f.load.shape[1] > 0:
            s.key[i] = -f.load[i, 0] * (0.8 + 0.4 * s.key[i])
    for x in range(1, waiting):
        i = s.queue[x]
        y = x - 1
        while y >= 0 and s.key[s.queue[y]] > s.key[i]:
            s.queue[y + 1] = s.queue[y]
            y -= 1
        s.queue[y + 1] = i


@njit(cache=True, nogil=True)
def copy_batches(source: Any, target: Any) -> None:
    """One plan over another."""
    target.where[:] = source.where
    target.size[:] = source.size
    target.load[:] = source.load
    target.held[:] = source.held
    target.length[:] = source.length


@njit(cache=True, nogil=True)
def batches_search(f: Any, s: Any, units: int) -> int:
    """``units`` moves; returns how many."""
    now = s.now[0]
    n = len(s.where)
    for _ in range(units):
        if now.at >= now.cycle:
            now.at = 0
            now.cycle = min(2 * now.cycle, f.cycle[1])
            copy_batches(s.best, s)
            now.price, now.waiting = now.best, now.best_waiting
        heat = f.heat[0] * (f.heat[1] / f.heat[0]) ** (now.at / now.cycle)
        now.at += 1
        copy_batches(s, s.old)
        waiting = 0
        if now.waiting > 0:
            for i in range(n):
                if s.where[i] < 0:
                    s.queue[waiting] = i
                    waiting += 1
        waiting = ruin(f, s, waiting)
        sort_queue(f, s, waiting)
        left = 0
        for x in range(waiting):
            if not insert(f, s, s.queue[x]):
                left += 1
        new = WAITING * left
        for b in range(len(s.size)):
            if s.size[b] > 0:
                new += s.length[b]
        if new < now.best - 1e-9:
            now.best, now.best_waiting = new, left
            now.found += 1
            copy_batches(s, s.best)
        if new <= now.price - heat * np.log(1.0 - unit(s.rng)):
            now.price, now.waiting = new, left
        else:
            copy_batches(s.old, s)
    return units
