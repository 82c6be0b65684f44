"""Where a visit or a shipment costs least: the insertions of ``fleet_search``.

Windows and loads of a position are tested in O(1) by what is kept of a route; its exact cost, where it depends on
times, is worked out on a copy of the route, and only if the way alone does not rule it out.
"""

from typing import Any

import numpy as np
from numba import njit

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
    follow,
    forbidden,
    leg,
    loads,
    opening,
    takes,
)
from qopt.kernels.rng import unit

BLINK = 0.01  # chance that a position is overlooked
_TOGETHER, _APART, _BEFORE = 0, 1, 2


@njit(cache=True, nogil=True)
def resume(
    distance: Any,
    time: Any,
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
        if now + leg(time, here, kind.end) > kind.latest + EPSILON:
            return FAR
        return leg(distance, here, kind.end) - t[j].cum
    to = t[j].at
    item = items[seq[j]]
    begin = opening(window, item, now + leg(time, here, to))
    if forbidden(window, item, begin) or begin + takes(item, here, to) > t[j].slack + EPSILON:
        return FAR
    return leg(distance, here, to) - t[j].cum


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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
    distance, time = f.distance[kind.profile], f.time[kind.profile]
    ok, _, cost, _, _ = follow(distance, time, f.item, f.window, kind, s.vehicle[v].begun, s.scratch, out, s.trial_step)
    return cost - s.vehicle[v].cost if ok else FAR


@njit(cache=True, nogil=True)
def least(kind: Any, vehicle: Any, way: float, need: float) -> float:
    """A bound below the cost of a change that makes a route longer by ``way`` and busier by at least ``need``."""
    bound = kind.per_distance * way
    if vehicle.made == 0:
        return bound + kind.fixed + kind.per_time * need
    return bound + kind.per_time * (need - vehicle.idle)


@njit(cache=True, nogil=True)
def fits(amount: Any, capacity: Any, load: Any, j: int) -> bool:
    """Whether the loads of a route allow a visit of these amounts before its item j."""
    ok = True
    for d in range(len(capacity)):
        room = capacity[d] + EPSILON
        after = load[SUF, j, d] + amount[COLLECT, d] + amount[CHANGE, d]
        ok = ok and load[PRE, j, d] + amount[DELIVER, d] <= room and after <= room
    return ok


@njit(cache=True, nogil=True)
def carries(amount: Any, capacity: Any, load: Any, j: int) -> bool:
    """Whether there is room for what a pickup adds before item j."""
    ok = True
    for d in range(len(capacity)):
        ok = ok and load[LOAD, j, d] + amount[CHANGE, d] <= capacity[d] + EPSILON
    return ok


@njit(cache=True, nogil=True)
def skips(s: Any, v: int) -> bool:
    """Whether another empty vehicle of the same kind has been tried since ``now.stamp`` last changed."""
    vehicle = s.vehicle[v]
    if vehicle.made > 0 or vehicle.length != vehicle.plain_length:
        return False
    seen = s.seen[vehicle.kind] == s.now[0].stamp
    s.seen[vehicle.kind] = s.now[0].stamp
    return bool(seen)


@njit(cache=True, nogil=True)
def try_visit(f: Any, s: Any, c: int, best: float) -> Any:
    """The cheapest place of visit c below ``best``: (price, vehicle, position), FAR and -1 for none."""
    now, item, rng = s.now[0], f.item[c], s.rng
    items, window, amount, place = f.item, f.window, f.amount[c], item.place
    found, route, at = best, -1, -1
    blink = now.blink
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
        distance, time = f.distance[kind.profile], f.time[kind.profile]
        line, t, base = s.route[v], s.step[v], f.move[k, c]
        for j in range(vehicle.done, m + 1):
            if item.pickup >= 0 and j > vehicle.done and items[line[j - 1]].role == RELOAD:
                break
            blink -= 1
            if blink <= 0:
                blink = 1 + int(np.log(1.0 - unit(rng)) / np.log(1.0 - BLINK))
                continue
            here, left, gone = kind.start, kind.earliest, 0.0
            if j > 0:
                here, left, gone = t[j - 1].at, t[j - 1].leave, t[j - 1].cum
            begin = opening(window, item, left + leg(time, here, place))
            if forbidden(window, item, begin):
                break
            if not fits(amount, capacity, load, j):
                continue
            need = takes(item, here, place)
            way = resume(distance, time, items, window, kind, line, m, t, j, begin + need, place)
            if way >= FAR:
                continue
            way += gone + leg(distance, here, place)
            price = base + least(kind, vehicle, way, need)
            if price >= found or t[m].cum + way > kind.max_distance + EPSILON:
                continue
            rules = 0.0
            if now.rules:
                rules = company(f, s, c, v, j, begin, begin + need)
                if price + rules >= found:
                    continue
            if kind.timed:
                price = base + exact(f, s, v, c, j, -1, 0, False)
            price += rules
            if price < found:
                found, route, at = price, v, j
    now.blink = blink
    return (found, route, at) if route >= 0 else (FAR, -1, -1)


@njit(cache=True, nogil=True)
def try_reload(f: Any, s: Any, v: int, c: int, best: float) -> Any:
    """The same with a reload of the vehicle just before the visit: (price, position, the reload)."""
    vehicle = s.vehicle[v]
    k, m = vehicle.kind, vehicle.length
    kind = f.kind[k]
    found, at, chosen = best, -1, -1
    if not f.allowed[k, c] or vehicle.made + 1 > kind.max_stops or vehicle.trips + 1 > kind.trips:
        return FAR, -1, -1
    for p in range(kind.reloads, kind.reloads_end):
        for j in range(max(1, vehicle.done), m + 1):
            price = exact(f, s, v, f.lists[p], j, c, j, True)
            if price < FAR:
                price += f.move[k, c]
                if s.now[0].rules:
                    price += company(f, s, c, v, j, s.trial_step[j + 1].start, s.trial_step[j + 1].leave)
            if price < found:
                found, at, chosen = price, j, f.lists[p]
    return (found, at, chosen) if at >= 0 else (FAR, -1, -1)


@njit(cache=True, nogil=True)
def try_shipment(f: Any, s: Any, v: int, c: int, best: float) -> Any:
    """The cheapest positions of pickup c and its delivery in route v: (price, position of one, of the other).

    Both count on the route as it is: the delivery comes before item ``j >= i``, after the pickup where they are equal.
    """
    vehicle = s.vehicle[v]
    k, m = vehicle.kind, vehicle.length
    kind, first, to = f.kind[k], f.item[c], f.item[c].delivery
    second = f.item[to]
    found, at, then = best, -1, -1
    if not f.allowed[k, c] or not f.allowed[k, to] or vehicle.made + 2 > kind.max_stops:
        return FAR, -1, -1
    distance, time = f.distance[kind.profile], f.time[kind.profile]
    line, t, load = s.route[v], s.step[v], s.load[v]
    items, window, capacity, amount = f.item, f.window, f.capacity[k], f.amount[c]
    base, need = f.move[k, c] + f.move[k, to], first.service + second.service
    for i in range(vehicle.done, m + 1):
        if unit(s.rng) < BLINK or not carries(amount, capacity, load, i):
            continue
        here, now, way = kind.start, kind.earliest, 0.0
        if i > 0:
            here, now, way = t[i - 1].at, t[i - 1].leave, t[i - 1].cum
        way += leg(distance, here, first.place)
        begin = opening(window, first, now + leg(time, here, first.place))
        if forbidden(window, first, begin):
            break
        now = begin + takes(first, here, first.place)
        here = first.place
        for j in range(i, m + 1):
            start = opening(window, second, now + leg(time, here, second.place))
            if forbidden(window, second, start):
                break
            leave = start + takes(second, here, second.place)
            more = resume(distance, time, items, window, kind, line, m, t, j, leave, second.place)
            if more < FAR:
                more += way + leg(distance, here, second.place)
                price = base + least(kind, vehicle, more, need)
                if price < found and t[m].cum + more <= kind.max_distance + EPSILON:
                    if kind.timed:
                        price = base + exact(f, s, v, c, i, to, j, False)
                    if s.now[0].rules and price < found:
                        price += company(f, s, c, v, i, begin, begin + first.service)
                        price += company(f, s, to, v, j, start, leave)
                    if price < found:
                        found, at, then = price, i, j
            if j == m or items[line[j]].role == RELOAD or not carries(amount, capacity, load, j + 1):
                break
            item = items[line[j]]
            place = item.place if item.place >= 0 else here
            way += leg(distance, here, place)
            begin_item = opening(window, item, now + leg(time, here, place))
            if forbidden(window, item, begin_item):
                break
            now = begin_item + takes(item, here, place)
            here = place
            if now > t[j].slack + EPSILON:
                break
    return (found, at, then) if at >= 0 else (FAR, -1, -1)
