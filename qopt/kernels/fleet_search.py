"""Annealed ruin-and-recreate over a fleet with every rule of the form ``fleet``.

Strings of visits are removed as in ``kernels.routes`` (Christiaens and Vanden Berghe, 2020); shipments and visits that
must share a vehicle go together. What comes back is put where it costs least, on a new trip where only that has room,
or stays out where its penalty is cheaper. Breaks move within their routes.
"""

from typing import Any

import numpy as np

from qopt.kernels.fleet_insert import skips, try_reload, try_visit
from qopt.kernels.fleet_moves import close_up, put, refresh, ruin, touch, undo
from qopt.kernels.fleet_pairs import try_shipment
from qopt.kernels.fleet_times import EPSILON, FAR
from qopt.kernels.jit import bare
from qopt.kernels.rng import unit

_TOGETHER, _APART, _BEFORE = 0, 1, 2


@bare
def order_removed(f: Any, s: Any) -> None:
    """Sort what was removed: at random, by load, far or close first, by the length or the end of its windows."""
    now = s.now[0]
    u = unit(s.rng) * 15.0
    for k in range(now.removed):
        c = s.visit[k].removed
        item = f.item[c]
        low, high = item.window, item.window_end
        key = unit(s.rng)
        if 4.0 <= u < 8.0:
            key = -item.weight
        elif 8.0 <= u < 10.0:
            key = -item.far
        elif 10.0 <= u < 11.0:
            key = item.far
        elif u >= 11.0 and low == high:
            key = FAR
        elif 11.0 <= u < 13.0:
            key = f.window[high - 1, 1] - f.window[low, 0]
        elif u >= 13.0:
            key = f.window[high - 1, 1]
        s.visit[k].key = key
    for k in range(1, now.removed):
        key, c = s.visit[k].key, s.visit[k].removed
        j = k - 1
        while j >= 0 and s.visit[j].key > key:
            s.visit[j + 1].key = s.visit[j].key
            s.visit[j + 1].removed = s.visit[j].removed
            j -= 1
        s.visit[j + 1].key = key
        s.visit[j + 1].removed = c


@bare
def insert(f: Any, s: Any, c: int) -> bool:
    """Put a visit (of a shipment: both) where it costs least; False when nothing has room or its penalty is cheaper."""
    now, item = s.now[0], f.item[c]
    pair = item.delivery >= 0
    best = FAR
    if item.priority == 0.0 and item.pickup < 0:
        best = item.penalty + item.move_absent
        if pair:
            best += f.item[item.delivery].penalty + f.item[item.delivery].move_absent
    route, at, then, reload = -1, 0, 0, -1
    now.stamp += 1
    if pair:
        for v in range(len(s.vehicle)):
            if not skips(s, v):
                price, i, j = try_shipment(f, s, v, c, best)
                if i >= 0 and price < best:
                    best, route, at, then = price, v, i, j
    else:
        price, v, i = try_visit(f, s, c, best)
        if v >= 0:
            best, route, at = price, v, i
    if route < 0 and not pair and now.reloads and item.pickup < 0:
        for v in range(len(s.vehicle)):
            if s.vehicle[v].made > 0:
                price, i, chosen = try_reload(f, s, v, c, best)
                if i >= 0 and price < best:
                    best, route, at, reload = price, v, i, chosen
    if route < 0:
        return False
    touch(s, route)
    if pair:
        put(s, route, item.delivery, then)
    put(s, route, c, at)
    if reload >= 0:
        put(s, route, reload, at)
    refresh(f, s, route)
    return True


@bare
def stays_out(f: Any, s: Any, c: int) -> None:
    """Visit c becomes absent."""
    now = s.now[0]
    s.visit[now.absent].absent = c
    now.absent += 1
    now.missing += f.item[c].priority
    now.penalties += f.item[c].penalty if f.item[c].penalty < FAR else 0.0


@bare
def on_board(f: Any, s: Any, c: int) -> bool:
    """Whether visit c delivers what a vehicle has picked up already, and is not made."""
    p = f.item[c].pickup
    return p >= 0 and s.visit[c].owner < 0 and s.visit[p].owner >= 0


@bare
def recreate(f: Any, s: Any) -> None:
    """Insert what was removed; what stays out becomes absent."""
    now = s.now[0]
    order_removed(f, s)
    now.absent = 0
    now.missing = 0.0
    now.penalties = 0.0
    for k in range(now.removed):
        c = s.visit[k].removed
        if on_board(f, s, c) and not insert(f, s, c):
            stays_out(f, s, c)
    for k in range(now.removed):
        c = s.visit[k].removed
        if f.item[c].pickup < 0 and not insert(f, s, c):
            stays_out(f, s, c)
            if f.item[c].delivery >= 0:
                stays_out(f, s, f.item[c].delivery)
    now.removed = 0


@bare
def broken_by(f: Any, s: Any, rule: Any) -> float:
    """How often a rule between visits is broken: routes too many, pairs in one route, a wrong order."""
    amount = 0.0
    if rule.kind == _BEFORE:
        a, b = s.visit[f.lists[rule.visits]], s.visit[f.lists[rule.visits + 1]]
        if a.owner >= 0 and b.owner >= 0:
            late = s.step[a.owner, a.spot].done - s.step[b.owner, b.spot].begin
            amount = 1.0 if late > EPSILON else 0.0
        return amount
    for p in range(rule.visits, rule.visits_end):
        v = s.visit[f.lists[p]].owner
        if v < 0:
            continue
        same = 0
        for q in range(rule.visits, p):
            same += 1 if s.visit[f.lists[q]].owner == v else 0
        if rule.kind == _APART:
            amount += same
        elif same == 0:
            amount += 1.0
    return max(0.0, amount - 1.0) if rule.kind == _TOGETHER else amount


@bare
def whole_price(f: Any, s: Any) -> None:
    """Routes that do not hold, and what no single one tells: rules between visits, changes, balance, last return."""
    now = s.now[0]
    now.extra, now.broken = 0.0, 0.0
    for v in range(len(s.vehicle)):
        now.broken += 0.0 if s.vehicle[v].holds else 1.0
    for r in range(len(f.rule)):
        amount = broken_by(f, s, f.rule[r])
        if f.rule[r].price < FAR:
            now.extra += amount * f.rule[r].price
        else:
            now.broken += amount
    if now.changes:
        for c in range(len(s.visit)):
            v = s.visit[c].owner
            price = f.item[c].move_absent if v < 0 else f.move[s.vehicle[v].kind, c]
            if price < FAR:
                now.extra += price
            else:
                now.broken += 1.0
            if on_board(f, s, c):
                now.broken += 1.0
    if now.per_spread > 0.0 or now.per_end > 0.0:
        longest, shortest, last = 0.0, FAR, 0.0
        for v in range(len(s.vehicle)):
            vehicle = s.vehicle[v]
            if vehicle.made > 0:
                longest, shortest = max(longest, vehicle.duration), min(shortest, vehicle.duration)
                last = max(last, vehicle.end)
        if shortest < FAR:
            now.extra += now.per_spread * (longest - shortest) + now.per_end * last


@bare
def keep_elite(f: Any, s: Any) -> None:
    """Enter the present plan among the elites unless it is there already, breaks a hard rule or is too poor.

    A better one found soon after the last entry replaces that entry, so that elites stand apart in time. Elites are
    ordered by ``missing * now.big`` and the price of everything else.
    """
    now = s.now[0]
    if now.broken > 0.0 or (now.missing > 0.0 and not now.may_miss):
        return
    total, code = 0.0, 0
    for v in range(len(s.vehicle)):
        if s.vehicle[v].made > 0:
            total += s.vehicle[v].cost
            p = len(f.code) - 1 - s.vehicle[v].kind
            for j in range(s.vehicle[v].length):
                q = s.route[v, j]
                code = (code + f.code[p] * f.code[q]) % 2147483647
                p = q
    now.cost = total  # without the rounding errors gathered on the way
    total += now.penalties + now.extra + now.big * now.missing
    slot, worst = -1, -FAR
    for e in range(now.elites):
        if s.head[e].code == code and abs(s.head[e].cost - total) <= 1e-6:
            return
        if s.head[e].cost > worst:
            slot, worst = e, s.head[e].cost
    last = now.last_slot
    if last >= 0 and now.iteration - now.last_entry < now.stride:
        if total >= s.head[last].cost:
            return
        slot = last
    elif now.elites < len(s.head):
        slot = now.elites
        now.elites += 1
        now.last_entry = now.iteration
    elif total >= worst:
        return
    else:
        now.last_entry = now.iteration
    now.last_slot = slot
    s.head[slot].cost = total
    s.head[slot].code = code
    k = 0
    for v in range(len(s.vehicle)):
        if s.vehicle[v].made > 0:
            s.elite[slot, k] = -2 - s.vehicle[v].kind
            k += 1
            for j in range(s.vehicle[v].length):
                s.elite[slot, k] = s.route[v, j]
                k += 1
    s.elite[slot, k] = -1
    now.best = min(now.best, total)


@bare
def fleet_search(f: Any, s: Any, units: int) -> int:
    """Run ``units`` iterations, fewer only when the target is reached; return how many were run."""
    now = s.now[0]
    n = len(s.visit)
    for done in range(units):
        if now.best <= now.target:
            return done
        now.iteration += 1
        old_cost, old_missing, old_penalties = now.cost, now.missing, now.penalties
        old_extra, old_broken = now.extra, now.broken
        now.old_absent = now.absent
        for k in range(now.absent):
            s.visit[k].old_absent = s.visit[k].absent
            s.visit[k].removed = s.visit[k].absent
        now.removed = now.absent
        now.touched = 0
        centre = int(unit(s.rng) * n)
        if now.absent > 0 and unit(s.rng) < 0.5:
            centre = s.visit[int(unit(s.rng) * now.absent)].absent
        ruin(f, s, centre)
        for k in range(now.touched):
            close_up(f, s, s.vehicle[k].touched)
        recreate(f, s)
        whole_price(f, s)
        change = now.cost - old_cost + now.penalties - old_penalties + now.extra - old_extra
        change += now.price * (now.missing - old_missing) + now.hard * (now.broken - old_broken)
        better = now.cost + now.penalties + now.extra + now.big * now.missing < now.best - EPSILON
        if better or now.iteration % now.stride == 0:
            before = now.cost
            keep_elite(f, s)
            old_cost += now.cost - before
        if change > 0.0 and change >= -now.temperature * np.log(1.0 - unit(s.rng)):
            undo(f, s)
            now.cost, now.missing, now.penalties = old_cost, old_missing, old_penalties
            now.extra, now.broken, now.absent = old_extra, old_broken, now.old_absent
        for k in range(now.touched):
            s.vehicle[s.vehicle[k].touched].mark = False
        now.temperature *= now.decay
        if now.iteration % 100 == 0:
            factor = 1.05 if now.missing > 0.0 else 0.98
            now.price = min(max(now.price * factor, now.least_price), now.most_price)
    return units
