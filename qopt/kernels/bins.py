"""Packings by ruin and recreate: a few bins are emptied, and what was in them goes where it fits best.

The price of a packing is what its bins cost, each less its cost times its squared fill: emptying one bin into others
pays even before it is empty. What fits nowhere may take the place of something smaller, which then looks for another;
what is left over waits, at a price each. Worse packings are kept by annealing.

``f`` holds the constants, n copies of T types, K kinds, D dimensions:

    f.type (n,)  f.size (n, D)  f.weight (n,)  f.conflict (T, T)  f.shy (T,)  f.allowed (T, K)
    f.room (K, D)  f.cost (K,) the largest being 1  f.value (K,) cost for the room  f.limit (K,)
    f.heat (2,) first and last temperature  f.cycle (2,) moves of the first cycle, and of the longest

``s`` is the state; ``s.old`` and ``s.best`` hold the packing before the move, and the best one:

    s.where (n,) bin or -1   s.kind (B,) or -1   s.load (B, D)   s.first (B,), s.next (n,) lists of copies   s.used (K,)
    s.queue (n,), s.key (n,) scratch   s.rng (1,)   s.now (1,) price, best, waiting, best_waiting, found, at, cycle
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from qopt.kernels.rng import below, unit

WAITING = 10.0
"""Price of a copy that is in no bin, in costs of the dearest bin."""
_BLINK = 0.03
"""Chance that a bin is passed over."""
_PUSH = 0.5
"""Chance that what fits nowhere may take the place of something smaller, which then looks for another."""


@njit(cache=True, nogil=True)
def meets(f: Any, s: Any, b: int, i: int, leaving: int) -> bool:
    """Whether bin b holds something besides ``leaving`` that copy i may not meet."""
    t = f.type[i]
    if f.shy[t]:
        j = s.first[b]
        while j >= 0:
            if j != leaving and f.conflict[t, f.type[j]]:
                return True
            j = s.next[j]
    return False


@njit(cache=True, nogil=True)
def fits(f: Any, s: Any, b: int, i: int) -> bool:
    """Whether copy i may go into the open bin b."""
    k = s.kind[b]
    if not f.allowed[f.type[i], k]:
        return False
    for d in range(f.size.shape[1]):
        if s.load[b, d] + f.size[i, d] > f.room[k, d]:
            return False
    return not meets(f, s, b, i, -1)


@njit(cache=True, nogil=True)
def put(f: Any, s: Any, b: int, i: int) -> None:
    """Copy i into bin b."""
    s.where[i] = b
    s.next[i] = s.first[b]
    s.first[b] = i
    for d in range(f.size.shape[1]):
        s.load[b, d] += f.size[i, d]


@njit(cache=True, nogil=True)
def take_out(f: Any, s: Any, i: int) -> None:
    """Copy i out of its bin, which stays open."""
    b = s.where[i]
    s.where[i] = -1
    if s.first[b] == i:
        s.first[b] = s.next[i]
    else:
        j = s.first[b]
        while s.next[j] != i:
            j = s.next[j]
        s.next[j] = s.next[i]
    for d in range(f.size.shape[1]):
        s.load[b, d] = 0.0 if s.first[b] < 0 else s.load[b, d] - f.size[i, d]


@njit(cache=True, nogil=True)
def empty(s: Any, b: int, waiting: int) -> int:
    """Close bin b; what was in it waits in the queue, whose new length is returned."""
    i = s.first[b]
    while i >= 0:
        s.where[i] = -1
        s.queue[waiting] = i
        waiting += 1
        i = s.next[i]
    s.used[s.kind[b]] -= 1
    s.kind[b] = -1
    s.first[b] = -1
    s.load[b, :] = 0.0
    return waiting


@njit(cache=True, nogil=True)
def fill(f: Any, s: Any, b: int, k: int) -> float:
    """How full bin b would be as one of kind k, over dimensions on average."""
    total = 0.0
    for d in range(f.size.shape[1]):
        if f.room[k, d] > 0:
            total += s.load[b, d] / f.room[k, d]
    return total / f.size.shape[1]


@njit(cache=True, nogil=True)
def price(f: Any, s: Any) -> float:
    """The price of the packing, waiting copies not counted."""
    total = 0.0
    for b in range(len(s.kind)):
        k = s.kind[b]
        if k >= 0:
            full = fill(f, s, b, k)
            total += f.cost[k] * (1.0 - full * full)
    return total


@njit(cache=True, nogil=True)
def choose(s: Any) -> int:
    """An open bin by chance; -1 when there is none."""
    bins = len(s.kind)
    at = below(s.rng, bins)
    for step in range(bins):
        b = at + step
        if b >= bins:
            b -= bins
        if s.kind[b] >= 0:
            return b
    return -1


@njit(cache=True, nogil=True)
def sort_queue(f: Any, s: Any, waiting: int, spread: float) -> None:
    """Largest first, each size multiplied by a random factor of up to 1 + spread; anyhow when spread is negative."""
    for x in range(waiting):
        i = s.queue[x]
        s.key[i] = unit(s.rng) if spread < 0 else -f.weight[i] * (1.0 + spread * unit(s.rng))
    for x in range(1, waiting):
        i = s.queue[x]
        y = x - 1
        while y >= 0 and s.key[s.queue[y]] > s.key[i]:
            s.queue[y + 1] = s.queue[y]
            y -= 1
        s.queue[y + 1] = i


@njit(cache=True, nogil=True)
def best_bin(f: Any, s: Any, i: int) -> int:
    """The open bin that copy i fills best; -1 where it fits nowhere."""
    best, chosen = -1.0, -1
    for b in range(len(s.kind)):
        k = s.kind[b]
        if k >= 0 and fits(f, s, b, i):
            full = fill(f, s, b, k)
            if full > best and unit(s.rng) >= _BLINK:
                best, chosen = full, b
    return chosen


@njit(cache=True, nogil=True)
def exchange(f: Any, s: Any, i: int) -> int:
    """Copy i in place of a smaller one, in the bin that is fullest then; the one that leaves, or -1."""
    best, leaving = -1.0, -1
    for b in range(len(s.kind)):
        k = s.kind[b]
        if k < 0 or not f.allowed[f.type[i], k]:
            continue
        j = s.first[b]
        while j >= 0:
            if f.weight[j] < f.weight[i]:
                held, full = True, 0.0
                for d in range(f.size.shape[1]):
                    load = s.load[b, d] - f.size[j, d] + f.size[i, d]
                    held = held and load <= f.room[k, d]
                    full += load / f.room[k, d] if f.room[k, d] > 0 else 0.0
                if held and full > best and not meets(f, s, b, i, j):
                    best, leaving = full, j
            j = s.next[j]
    if leaving >= 0:
        b = s.where[leaving]
        take_out(f, s, leaving)
        put(f, s, b, i)
    return leaving


@njit(cache=True, nogil=True)
def open_bin(f: Any, s: Any, i: int) -> int:
    """A new bin for copy i: of the kind whose room costs least, or of any; -1 where there is none."""
    free = -1
    for b in range(len(s.kind)):
        if s.kind[b] < 0:
            free = b
            break
    if free < 0:
        return -1
    any_kind = unit(s.rng) < 0.2
    best, chosen = np.inf, -1
    for k in range(len(f.cost)):
        if s.used[k] >= f.limit[k]:
            continue
        s.kind[free] = k
        if fits(f, s, free, i):
            value = unit(s.rng) if any_kind else f.value[k]
            if value < best:
                best, chosen = value, k
    s.kind[free] = chosen
    if chosen < 0:
        return -1
    s.used[chosen] += 1
    return free


@njit(cache=True, nogil=True)
def shrink(f: Any, s: Any, b: int) -> None:
    """Bin b as one of the cheapest kind that holds what is in it."""
    now = s.kind[b]
    best = now
    for k in range(len(f.cost)):
        if f.cost[k] < f.cost[best] and s.used[k] < f.limit[k]:
            held = True
            for d in range(f.size.shape[1]):
                held = held and s.load[b, d] <= f.room[k, d]
            i = s.first[b]
            while held and i >= 0:
                held = f.allowed[f.type[i], k]
                i = s.next[i]
            if held:
                best = k
    if best != now:
        s.used[now] -= 1
        s.used[best] += 1
        s.kind[b] = best


@njit(cache=True, nogil=True)
def recreate(f: Any, s: Any, waiting: int) -> int:
    """Put the queue back; returns how many copies still wait."""
    left = 0
    push = unit(s.rng) < _PUSH
    for x in range(waiting):
        i = s.queue[x]
        b = best_bin(f, s, i)
        while push and b < 0:
            j = exchange(f, s, i)
            if j < 0:
                break
            i = j
            b = best_bin(f, s, i)
        if b < 0:
            b = open_bin(f, s, i)
        if b < 0:
            left += 1
        else:
            put(f, s, b, i)
    if len(f.cost) > 1:
        for x in range(waiting):
            b = s.where[s.queue[x]]
            if b >= 0:
                shrink(f, s, b)
    return left


@njit(cache=True, nogil=True)
def copy_packing(source: Any, target: Any) -> None:
    """One packing over another."""
    target.where[:] = source.where
    target.kind[:] = source.kind
    target.load[:] = source.load
    target.first[:] = source.first
    target.next[:] = source.next
    target.used[:] = source.used


@njit(cache=True, nogil=True)
def ruin(s: Any, waiting: int) -> int:
    """Close one bin, mostly two, seldom more; half of the time one that is rather empty."""
    count = 1 + (unit(s.rng) < 0.8)
    while count < 8 and unit(s.rng) < 0.3:
        count += 1
    for _ in range(count):
        b = choose(s)
        if b < 0:
            break
        if unit(s.rng) < 0.5:
            for _ in range(2):
                other = choose(s)
                if s.load[other].sum() < s.load[b].sum():
                    b = other
        waiting = empty(s, b, waiting)
    return waiting


@njit(cache=True, nogil=True)
def bins_search(f: Any, s: Any, units: int) -> int:
    """``units`` moves; returns how many."""
    now = s.now[0]
    for _ in range(units):
        if now.at >= now.cycle:
            now.at = 0
            now.cycle = min(2 * now.cycle, f.cycle[1])
            copy_packing(s.best, s)
            now.price, now.waiting = now.best, now.best_waiting
        heat = f.heat[0] * (f.heat[1] / f.heat[0]) ** (now.at / now.cycle)
        now.at += 1
        copy_packing(s, s.old)
        waiting = 0
        if now.waiting > 0:
            for i in range(len(s.where)):
                if s.where[i] < 0:
                    s.queue[waiting] = i
                    waiting += 1
        waiting = ruin(s, waiting)
        draw = unit(s.rng)
        sort_queue(f, s, waiting, 0.0 if draw < 0.3 else 0.5 if draw < 0.8 else -1.0)
        left = recreate(f, s, waiting)
        new = price(f, s) + WAITING * left
        if new < now.best - 1e-9:
            now.best, now.best_waiting = new, left
            now.found += 1
            copy_packing(s, s.best)
        if new <= now.price - heat * np.log(1.0 - unit(s.rng)):
            now.price, now.waiting = new, left
        else:
            copy_packing(s.old, s)
    return units
