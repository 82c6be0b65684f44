"""Where a shipment costs least: both ends of it in one route of ``fleet_search``."""

from typing import Any

from qopt.kernels.fleet_insert import BLINK, company, exact, least, resume
from qopt.kernels.fleet_spans import extend, must_hold, out_for, window_at
from qopt.kernels.fleet_times import CHANGE, EPSILON, FAR, LOAD, RELOAD, TIME, WAY, dues, forbidden, opening, takes
from qopt.kernels.jit import bare
from qopt.kernels.rng import unit


@bare
def carries(amount: Any, capacity: Any, load: Any, j: int) -> bool:
    """Whether there is room for what a pickup adds before item j."""
    ok = True
    for d in range(len(capacity)):
        ok = ok and load[LOAD, j, d] + amount[CHANGE, d] <= capacity[d] + EPSILON
    return ok


@bare
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
    ride = f.ride[kind.profile]
    line, t, load = s.route[v], s.step[v], s.load[v]
    items, window, capacity, amount = f.item, f.window, f.capacity[k], f.amount[c]
    spanned = vehicle.spanned and must_hold(first) and must_hold(second)
    base, need = f.move[k, c] + f.move[k, to], first.service + second.service
    for i in range(vehicle.done, m + 1):
        if unit(s.rng) < BLINK or not carries(amount, capacity, load, i):
            continue
        here, now, way, spent, depart, leap = kind.start, kind.earliest, 0.0, 0.0, FAR, FAR
        if i > 0:
            here, now, way = t[i - 1].at, t[i - 1].leave, t[i - 1].cum
            spent, depart, leap = t[i - 1].spent, t[i - 1].depart, t[i - 1].leap
        way += ride[here, first.place, WAY]
        on = ride[here, first.place, TIME]
        begin = opening(window, first, now + on)
        if forbidden(window, first, begin):
            break
        known, takes_first = spanned, takes(first, here, first.place)
        _, closes, later = window_at(window, first, begin)
        spent, depart, leap = extend(spent, depart, leap, on, takes_first, closes, later)
        now = begin + takes_first
        here = first.place
        for j in range(i, m + 1):
            on = ride[here, second.place, TIME]
            start = opening(window, second, now + on)
            if forbidden(window, second, start):
                break
            takes_second = takes(second, here, second.place)
            leave = start + takes_second
            more = resume(ride, items, window, kind, line, m, t, j, leave, second.place)
            if more < FAR:
                more += way + ride[here, second.place, WAY]
                price = base + least(kind, vehicle, more, need)
                if price < found and t[m].cum + more <= kind.max_distance + EPSILON:
                    if kind.timed:
                        out = -1.0
                        if known:
                            _, closes, later = window_at(window, second, start)
                            whole, least_depart, next_leap = extend(
                                spent, depart, leap, on, takes_second, closes, later
                            )
                            out = out_for(
                                ride,
                                items,
                                kind,
                                vehicle.begun,
                                line,
                                m,
                                t,
                                j,
                                second.place,
                                leave,
                                whole,
                                least_depart,
                                next_leap,
                            )
                        if out < 0.0:
                            price = base + exact(f, s, v, c, i, to, j, False)
                        elif out >= FAR or out > kind.max_duration + EPSILON:
                            price = FAR
                        else:
                            price = base + dues(kind, t[m].cum + more, out) - vehicle.cost
                    if s.now[0].rules and price < found:
                        price += company(f, s, c, v, i, begin, begin + first.service)
                        price += company(f, s, to, v, j, start, leave)
                    if price < found:
                        found, at, then = price, i, j
            if j == m or items[line[j]].role == RELOAD or not carries(amount, capacity, load, j + 1):
                break
            item = items[line[j]]
            place = item.place if item.place >= 0 else here
            way += ride[here, place, WAY]
            on = ride[here, place, TIME]
            begin_item = opening(window, item, now + on)
            if forbidden(window, item, begin_item):
                break
            takes_item = takes(item, here, place)
            known = known and t[j].opens - EPSILON <= begin_item <= t[j].closes + EPSILON
            spent, depart, leap = extend(spent, depart, leap, on, takes_item, t[j].closes, t[j].later)
            now = begin_item + takes_item
            here = place
            if now > t[j].slack + EPSILON:
                break
    return (found, at, then) if at >= 0 else (FAR, -1, -1)
