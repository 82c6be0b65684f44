"""Where a visit costs least: the insertions of ``fleet_search``.

Windows, loads and mostly times of a position are told in constant time by what is kept of a route; where they are not,
the cost is worked out on a copy of the route, and only if the way alone does not rule it out.
"""

from typing import Any

import numpy as np

from qopt.kernels.fleet_spans import must_hold, out_with
from qopt.kernels.fleet_times import (
    CHANGE,
    COLLECT,
    DELIVER,
    EPSILON,
    FAR,
    LOAD,
    PRE,
    RELOAD,
    SUF,
    TIME,
    TIME_BACK,
    WAY,
    WAY_BACK,
    dues,
    follow,
    forbidden,
    loads,
    opening,
    takes,
)
from qopt.kernels.jit import bare
from qopt.kernels.rng import unit

BLINK = 0.01  # chance that a position is overlooked
_TOGETHER, _APART, _BEFORE = 0, 1, 2


@bare
def resume(
    ride: Any,
    items: Any,
    window: Any,
    kind: Any,
    seq: Any,
    m: int,
    t: Any,
    j: int,
    now: float,
    here: int,
) -> float:
    """Leave ``here`` at ``now`` for item j and what follows: the way this takes, FAR where windows forbid it.

    The way counts from ``here``, less the way up to the arrival at the first item with a place of its own.
    """
    while j < m and items[seq[j]].place < 0:
        item = items[seq[j]]
        begin = opening(window, item, now)
        if forbidden(window, item, begin):
            return FAR
        now = begin + item.service
        if now > t[j].slack + EPSILON:
            return FAR
        j += 1
    if j == m:
        if now + ride[here, kind.end, TIME] > kind.latest + EPSILON:
            return FAR
        return ride[here, kind.end, WAY] - t[j].cum
    to = t[j].at
    item = items[seq[j]]
    begin = opening(window, item, now + ride[here, to, TIME])
    if forbidden(window, item, begin) or begin + takes(item, here, to) > t[j].slack + EPSILON:
        return FAR
    return ride[here, to, WAY] - t[j].cum


@bare
def company(f: Any, s: Any, c: int, v: int, j: int, begin: float, end: float) -> float:
    """Price of the rules between visits if c goes to position j of route v; FAR where a hard one forbids it."""
    price = 0.0
    for p in range(f.item[c].rules, f.item[c].rules_end):
        rule = f.rule[f.lists[p]]
        broken = 0.0
        other = -1
        for q in range(rule.visits, rule.visits_end):
            visit = f.lists[q]
            owner, place = s.visit[visit].owner, s.visit[visit].spot
            if visit == c or owner < 0:
                continue
            if rule.kind == _APART and owner == v:
                broken += 1.0
            elif rule.kind == _TOGETHER:
                if owner == v:
                    broken = 0.0
                    break
                if other < 0:
                    broken, other = 1.0, owner
            elif rule.kind == _BEFORE:
                first = f.lists[rule.visits] == c
                if owner == v:
                    broken += 1.0 if (place < j) == first else 0.0
                elif first:
                    broken += 1.0 if end > s.step[owner, place].begin + EPSILON else 0.0
                else:
                    broken += 1.0 if begin < s.step[owner, place].done - EPSILON else 0.0
        if broken > 0.0:
            if rule.price >= FAR:
                return FAR
            price += broken * rule.price
    return price


@bare
def exact(f: Any, s: Any, v: int, first: int, i: int, second: int, j: int, check_load: bool) -> float:
    """What route v costs more with ``first`` before its item i, ``second`` (-1: none) before its item j >= i;
    FAR where that does not work."""
    m, line, out = s.vehicle[v].length, s.route[v], 0
    for x in range(m + 1):
        if x == i:
            s.scratch[out] = first
            out += 1
        if second >= 0 and x == j:
            s.scratch[out] = second
            out += 1
        if x < m:
            s.scratch[out] = line[x]
            out += 1
    k = s.vehicle[v].kind
    kind = f.kind[k]
    if check_load and not loads(f.item, f.amount, f.capacity[k], s.scratch, out, s.trial_load):
        return FAR
    ride = f.ride[kind.profile]
    ok, _, cost, _, _ = follow(ride, f.item, f.window, kind, s.vehicle[v].begun, s.scratch, out, s.trial_step)
    return cost - s.vehicle[v].cost if ok else FAR


@bare
def least(kind: Any, vehicle: Any, way: float, need: float) -> float:
    """A bound below the cost of a change that makes a route longer by ``way`` and busier by at least ``need``."""
    bound = kind.per_distance * way
    if vehicle.made == 0:
        return bound + kind.fixed + kind.per_time * need
    return bound + kind.per_time * (need - vehicle.idle)


@bare
def fits(amount: Any, capacity: Any, load: Any, j: int) -> bool:
    """Whether the loads of a route allow a visit of these amounts before its item j."""
    ok = True
    for d in range(len(capacity)):
        room = capacity[d] + EPSILON
        after = load[SUF, j, d] + amount[COLLECT, d] + amount[CHANGE, d]
        ok = ok and load[PRE, j, d] + amount[DELIVER, d] <= room and after <= room
    return ok


@bare
def skips(s: Any, v: int) -> bool:
    """Whether another empty vehicle of the same kind has been tried since ``now.stamp`` last changed."""
    vehicle = s.vehicle[v]
    if vehicle.made > 0 or vehicle.length != vehicle.plain_length:
        return False
    seen = s.seen[vehicle.kind] == s.now[0].stamp
    s.seen[vehicle.kind] = s.now[0].stamp
    return bool(seen)


@bare
def try_visit(f: Any, s: Any, c: int, best: float) -> Any:
    """The cheapest place of visit c below ``best``: (price, vehicle, position), FAR and -1 for none."""
    now, item, rng, rides = s.now[0], f.item[c], s.rng, f.ride
    items, window, amount, place, service = f.item, f.window, f.amount[c], item.place, item.service
    found, route, at = best, -1, -1
    blink = now.blink
    opens, closes = -FAR, FAR
    hard = must_hold(item)
    if item.window < item.window_end:
        opens = window[item.window, 0]
        if item.late_price >= FAR:
            closes = window[item.window_end - 1, 1] + EPSILON
    for v in range(len(s.vehicle)):
        vehicle = s.vehicle[v]
        k, m = vehicle.kind, vehicle.length
        kind = f.kind[k]
        if not f.allowed[k, c] or vehicle.made + 1 > kind.max_stops or skips(s, v):
            continue
        if item.pickup >= 0 and s.visit[item.pickup].owner != v:  # what it delivers is on board of another vehicle
            continue
        capacity, load = f.capacity[k], s.load[v]
        full = False
        if kind.trips == 1:  # the whole of what is delivered is on board at the start, all that is collected at the end
            for d in range(len(capacity)):
                full = full or load[LOAD, 0, d] + amount[DELIVER, d] > capacity[d] + EPSILON
                full = full or load[LOAD, m, d] + amount[COLLECT, d] + amount[CHANGE, d] > capacity[d] + EPSILON
        if full:
            continue
        line, t, base = s.route[v], s.step[v], f.move[k, c]
        floor, resting = base + least(kind, vehicle, 0.0, service), kind.breaks_end > kind.breaks
        profile, after, leave, cum = kind.profile, kind.start, kind.earliest, 0.0
        if vehicle.done > 0:
            before = t[vehicle.done - 1]
            after, leave, cum = before.at, before.leave, before.cum
        back, back_time = rides[profile, place, after, WAY_BACK], rides[profile, place, after, TIME_BACK]
        for j in range(vehicle.done, m + 1):
            if item.pickup >= 0 and j > vehicle.done and items[line[j - 1]].role == RELOAD:
                break
            here, left, gone, into, into_time = after, leave, cum, back, back_time
            after, leave, cum = t[j].at, t[j].leave, t[j].cum
            back, back_time = rides[profile, place, after, WAY_BACK], rides[profile, place, after, TIME_BACK]
            blink -= 1
            if blink <= 0:
                blink = 1 + int(np.log(1.0 - unit(rng)) / np.log(1.0 - BLINK))
                continue
            if left + into_time > closes:
                break
            if not resting or j == m or items[line[j]].place >= 0:
                # most positions are too dear or too late by far: two tests that need nothing else
                dearer = kind.per_distance * (into + rides[profile, place, after, WAY] - (cum - gone))
                if kind.timed:
                    more = into_time + rides[profile, place, after, TIME] - rides[profile, here, after, TIME]
                    dearer += kind.per_time * more
                if floor + dearer >= found:
                    continue
                start = max(left + into_time, opens)
                if start + service + rides[profile, place, after, TIME] > t[j].due + EPSILON:
                    continue
            begin = opening(window, item, left + into_time)
            if forbidden(window, item, begin):
                break
            if not kind.plain and not fits(amount, capacity, load, j):
                continue
            need = takes(item, here, place)
            way = resume(rides[profile], items, window, kind, line, m, t, j, begin + need, place)
            if way >= FAR:
                continue
            way += gone + into
            price = base + least(kind, vehicle, way, need)
            if price >= found or t[m].cum + way > kind.max_distance + EPSILON:
                continue
            rules = 0.0
            if now.rules:
                rules = company(f, s, c, v, j, begin, begin + need)
                if price + rules >= found:
                    continue
            if kind.timed:
                out = -1.0
                if vehicle.spanned and hard:
                    out = out_with(rides[profile], items, window, kind, vehicle.begun, line, m, t, j, c)
                if out < 0.0:
                    price = base + exact(f, s, v, c, j, -1, 0, False)
                elif out >= FAR or out > kind.max_duration + EPSILON:
                    continue
                else:
                    price = base + dues(kind, t[m].cum + way, out) - vehicle.cost
            price += rules
            if price < found:
                found, route, at = price, v, j
    now.blink = blink
    return (found, route, at) if route >= 0 else (FAR, -1, -1)


@bare
def try_reload(f: Any, s: Any, v: int, c: int, best: float) -> Any:
    """The same with a reload of the vehicle just before the visit: (price, position, the reload)."""
    vehicle = s.vehicle[v]
    k, m = vehicle.kind, vehicle.length
    kind = f.kind[k]
    found, at, chosen = best, -1, -1
    if not f.allowed[k, c] or vehicle.made + 1 > kind.max_stops or vehicle.trips + 1 > kind.trips:
        return FAR, -1, -1
    line, t, ride, base = s.route[v], s.step[v], f.ride[kind.profile], f.move[k, c]
    for p in range(kind.reloads, kind.reloads_end):
        stop, item = f.item[f.lists[p]], f.item[c]
        aboard = 0  # shipments that are on their way before item j: a trip ends with none
        for j in range(1, m + 1):
            before = f.item[line[j - 1]]
            aboard += 1 if before.delivery >= 0 else -1 if before.pickup >= 0 else 0
            if j < vehicle.done or aboard > 0:
                continue
            here = t[j - 1].at
            begin = opening(f.window, stop, t[j - 1].leave + ride[here, stop.place, TIME])
            if forbidden(f.window, stop, begin):
                break
            leave = begin + takes(stop, here, stop.place)
            begin = opening(f.window, item, leave + ride[stop.place, item.place, TIME])
            if forbidden(f.window, item, begin):
                break
            leave = begin + takes(item, stop.place, item.place)
            way = resume(ride, f.item, f.window, kind, line, m, t, j, leave, item.place)
            if way >= FAR:
                continue
            way += t[j - 1].cum + ride[here, stop.place, WAY] + ride[stop.place, item.place, WAY]
            if base + least(kind, vehicle, way, stop.service + item.service) >= found:
                continue
            price = exact(f, s, v, f.lists[p], j, c, j, True)
            if price < FAR:
                price += base
                if s.now[0].rules:
                    price += company(f, s, c, v, j, s.trial_step[j + 1].start, s.trial_step[j + 1].leave)
            if price < found:
                found, at, chosen = price, j, f.lists[p]
    return (found, at, chosen) if at >= 0 else (FAR, -1, -1)
