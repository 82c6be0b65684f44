"""Annealed ruin-and-recreate over capacitated routes, with string removals and blinking greedy insertion.

Jan Christiaens and Greet Vanden Berghe, "Slack Induction by String Removals for Vehicle Routing Problems",
Transportation Science 54(2), 2020. Their names are kept: strings, split strings, blinks.

``s`` is the state of a search, a tuple of arrays described in ``solvers/proposers/_routes_state.py``; ``s.now[0]`` is
the record of its scalars. Everything a step needs stands there, so that cutting a run into steps changes nothing.
"""

from typing import Any

import numpy as np

from qopt.kernels.jit import bare
from qopt.kernels.rng import unit

CAPACITY_SLACK = 1e-9
REMOVED = 10.0  # customers removed per iteration, on average
STRING = 10.0  # longest string
SPLIT = 0.5  # share of split strings
DEEPER = 0.99  # chance that a split string keeps one more customer: 1 - this
BLINK = 0.01  # chance that an insertion position is overlooked
EPSILON = 1e-9


@bare
def until_blink(rng: Any) -> int:
    """Positions up to and including the next one that is overlooked: geometric with chance ``BLINK``."""
    return 1 + int(np.log(1.0 - unit(rng)) / np.log(1.0 - BLINK))


@bare
def touch(s: Any, r: int) -> None:
    """Keep a copy of route r, once per iteration, for undoing."""
    now = s.now[0]
    if s.mark[r] == 0:
        s.mark[r] = 1
        s.touched[now["touched"]] = r
        now["touched"] += 1
        s.old_length[r] = s.length[r]
        s.old_load[r] = s.load[r]
        for j in range(s.length[r]):
            s.old_route[r, j] = s.route[r, j]


@bare
def take(s: Any, r: int, start: int, stop: int) -> None:
    """Remove the customers at positions start..stop-1 of route r."""
    if stop <= start:
        return
    now = s.now[0]
    m = s.length[r]
    before = s.route[r, start - 1] if start > 0 else 0
    after = s.route[r, stop] if stop < m else 0
    p = before
    gain = 0.0
    for j in range(start, stop):
        c = s.route[r, j]
        gain += s.out[p, c]
        p = c
        s.owner[c] = -1
        s.load[r] -= s.demand[c]
        s.removed[now["removed"]] = c
        now["removed"] += 1
    gain += s.out[p, after]
    for j in range(stop, m):
        s.route[r, j - (stop - start)] = s.route[r, j]
    s.length[r] = m - (stop - start)
    if s.length[r] == 0:
        s.load[r] = 0.0
        now["cost"] -= gain
    else:
        now["cost"] -= gain - s.out[before, after]


@bare
def ruin(s: Any, centre: int) -> None:
    """Remove strings from the routes nearest to a customer."""
    now = s.now[0]
    customers = len(s.owner) - 1 - now["removed"]
    filled = 0
    for r in range(now["high"]):
        if s.length[r] > 0:
            filled += 1
    if filled == 0:
        return
    longest = min(STRING, customers / filled)
    strings = int(1.0 + unit(s.rng) * (4.0 * REMOVED / (1.0 + longest) - 1.0))
    once = filled > 3  # with few routes a route may lose several strings
    for k in range(s.near.shape[1]):
        c = s.near[centre, k]
        r = s.owner[c]
        if r < 0 or (once and s.mark[r] == 1):
            continue
        touch(s, r)
        m = s.length[r]
        size = int(1.0 + unit(s.rng) * min(float(m), longest))
        size = min(size, m)
        at = 0
        while s.route[r, at] != c:
            at += 1
        kept = 0
        if size > 1 and size < m and unit(s.rng) < SPLIT:
            kept = 1
            while size + kept < m and unit(s.rng) > DEEPER:
                kept += 1
        whole = size + kept
        low = max(0, at - whole + 1)
        start = low + int(unit(s.rng) * (min(at, m - whole) - low + 1))
        head = size
        if kept > 0:
            head = 1 + int(unit(s.rng) * (size - 1))
            take(s, r, start + head + kept, start + whole)
        take(s, r, start, start + head)
        strings -= 1
        if strings == 0:
            break


@bare
def order_removed(s: Any) -> None:
    """Sort the removed customers: at random, by demand, far or close from the depot first (4:4:2:1)."""
    now = s.now[0]
    u = unit(s.rng) * 11.0
    count = now["removed"]
    for k in range(count):
        c = s.removed[k]
        if u < 4.0:
            s.key[k] = unit(s.rng)
        elif u < 8.0:
            s.key[k] = -s.demand[c]
        elif u < 10.0:
            s.key[k] = -s.out[0, c]
        else:
            s.key[k] = s.out[0, c]
    for k in range(1, count):
        key, c = s.key[k], s.removed[k]
        j = k - 1
        while j >= 0 and s.key[j] > key:
            s.key[j + 1] = s.key[j]
            s.removed[j + 1] = s.removed[j]
            j -= 1
        s.key[j + 1] = key
        s.removed[j + 1] = c


@bare
def insert(s: Any, c: int) -> bool:
    """Put a customer where it costs least, overlooking a position now and then; False when nothing has room."""
    now = s.now[0]
    best, best_route, best_at, empty = np.inf, -1, 0, -1
    blink = now["blink"]
    room = now["capacity"] + CAPACITY_SLACK - s.demand[c]
    for r in range(min(now["high"] + 1, len(s.length))):
        m = s.length[r]
        if m == 0:
            if empty < 0:
                empty = r
            continue
        if s.load[r] > room or m >= s.route.shape[1]:
            continue
        p = 0
        for j in range(m + 1):
            q = s.route[r, j] if j < m else 0
            blink -= 1
            if blink <= 0:
                blink = until_blink(s.rng)
            else:
                delta = s.into[c, p] + s.out[c, q] - s.out[p, q]
                if delta < best:
                    best, best_route, best_at = delta, r, j
            p = q
    now["blink"] = blink
    if empty >= 0 and s.into[c, 0] + s.out[c, 0] < best:
        best, best_route, best_at = s.into[c, 0] + s.out[c, 0], empty, 0
    if best_route < 0:
        return False
    r = best_route
    touch(s, r)
    for j in range(s.length[r], best_at, -1):
        s.route[r, j] = s.route[r, j - 1]
    s.route[r, best_at] = c
    s.length[r] += 1
    s.load[r] += s.demand[c]
    s.owner[c] = r
    now["cost"] += best
    now["high"] = max(now["high"], r + 1)
    return True


@bare
def recreate(s: Any) -> None:
    """Insert every removed customer; those without room become absent."""
    now = s.now[0]
    order_removed(s)
    now["absent"] = 0
    now["missing"] = 0.0
    for k in range(now["removed"]):
        c = s.removed[k]
        if not insert(s, c):
            s.absent[now["absent"]] = c
            now["absent"] += 1
            now["missing"] += s.weight[c]
    now["removed"] = 0
    while now["high"] > 0 and s.length[now["high"] - 1] == 0:
        now["high"] -= 1


@bare
def undo(s: Any) -> None:
    """Put the touched routes and the absent customers back as they were before the iteration."""
    now = s.now[0]
    for k in range(now["touched"]):
        r = s.touched[k]
        s.length[r] = s.old_length[r]
        s.load[r] = s.old_load[r]
        for j in range(s.length[r]):
            c = s.old_route[r, j]
            s.route[r, j] = c
            s.owner[c] = r
    for k in range(now["old_absent"]):
        s.absent[k] = s.old_absent[k]
        s.owner[s.absent[k]] = -1


@bare
def keep_elite(s: Any) -> None:
    """Enter the present routes among the elites unless they are there already or too poor.

    A better answer found soon after the last entry replaces that entry, so that elites stand apart in time.
    """
    now = s.now[0]
    cost, code = 0.0, 0
    for r in range(now["high"]):
        p = 0
        for j in range(s.length[r] + 1):
            q = s.route[r, j] if j < s.length[r] else 0
            cost += s.out[p, q] if p != q else 0.0
            code = (code + s.code[p] * s.code[q]) % 2147483647
            p = q
    now["cost"] = cost  # without the rounding errors gathered on the way
    slot, worst = -1, -1.0
    for e in range(now["elites"]):
        if s.elite_code[e] == code and abs(s.elite_cost[e] - cost) <= EPSILON:
            return
        if s.elite_cost[e] > worst:
            slot, worst = e, s.elite_cost[e]
    last = now["last_slot"]
    if last >= 0 and now["iteration"] - now["last_entry"] < now["stride"]:
        if cost >= s.elite_cost[last]:
            return
        slot = last
    elif now["elites"] < len(s.elite_cost):
        slot = now["elites"]
        now["elites"] += 1
        now["last_entry"] = now["iteration"]
    elif cost >= worst:
        return
    else:
        now["last_entry"] = now["iteration"]
    now["last_slot"] = slot
    s.elite_cost[slot] = cost
    s.elite_code[slot] = code
    k = 0
    for r in range(now["high"]):
        for j in range(s.length[r]):
            s.elite[slot, k] = s.route[r, j]
            k += 1
        if s.length[r] > 0:
            s.elite[slot, k] = 0
            k += 1
    s.elite[slot, k] = -1
    now["best"] = min(now["best"], cost)


@bare
def price_absence(now: Any) -> None:
    """Every 100 iterations: a higher price while customers are absent, a lower one while all are served."""
    if now["iteration"] % 100 == 0:
        factor = 1.05 if now["absent"] > 0 else 0.98
        now["price"] = min(max(now["price"] * factor, now["least_price"]), 1e4 * now["least_price"])


@bare
def ruin_and_recreate(s: Any, units: int) -> int:
    """Run ``units`` iterations, fewer only when the target is reached; return how many were run."""
    now = s.now[0]
    n = len(s.owner)
    for done in range(units):
        if now["best"] <= now["target"]:
            return done
        now["iteration"] += 1
        old_cost, old_missing, old_high = now["cost"], now["missing"], now["high"]
        now["old_absent"] = now["absent"]
        for k in range(now["absent"]):
            s.old_absent[k] = s.absent[k]
            s.removed[k] = s.absent[k]
        now["removed"] = now["absent"]
        now["touched"] = 0
        centre = 1 + int(unit(s.rng) * (n - 1))
        if now["absent"] > 0 and unit(s.rng) < 0.5:
            centre = s.absent[int(unit(s.rng) * now["absent"])]
        ruin(s, centre)
        recreate(s)
        if now["absent"] == 0 and (now["cost"] < now["best"] - EPSILON or now["iteration"] % now["stride"] == 0):
            keep_elite(s)
        change = now["cost"] - old_cost + now["price"] * (now["missing"] - old_missing)
        if change > 0.0 and change >= -now["temperature"] * np.log(1.0 - unit(s.rng)):
            undo(s)
            now["cost"], now["missing"], now["high"] = old_cost, old_missing, old_high
            now["absent"] = now["old_absent"]
        for k in range(now["touched"]):
            s.mark[s.touched[k]] = 0
        now["temperature"] *= now["decay"]
        price_absence(now)
    return units
