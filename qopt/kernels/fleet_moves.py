"""What a search over a fleet does to its routes: visits out in strings, items in and out, everything back."""

from typing import Any

from qopt.kernels.fleet_insert import exact
from qopt.kernels.fleet_spans import must_hold, out_with, spans
from qopt.kernels.fleet_times import EPSILON, FAR, RELOAD, delivers, dues, follow, loads, peaks, settle, slacken
from qopt.kernels.jit import bare
from qopt.kernels.rng import unit

REMOVED = 10.0  # visits removed per iteration, on average
STRING = 10.0  # longest string
SPLIT = 0.5  # share of split strings
DEEPER = 0.99  # chance that a split string keeps one more visit: 1 - this
_MERGE = 0.3  # chance that a reload is tried without
_REST = 0.5  # chance that the breaks of a changed route find their places anew


@bare
def touch(s: Any, v: int) -> None:
    """Keep a copy of route v, once per iteration, for undoing."""
    now, vehicle = s.now[0], s.vehicle[v]
    if not vehicle.mark:
        vehicle.mark = True
        s.vehicle[now.touched].touched = v
        now.touched += 1
        vehicle.old_length = vehicle.length
        for j in range(vehicle.length):
            s.old_route[v, j] = s.route[v, j]


@bare
def refresh(f: Any, s: Any, v: int) -> bool:
    """Work everything out that is kept of route v; whether its times and loads hold."""
    vehicle, line, t, load = s.vehicle[v], s.route[v], s.step[v], s.load[v]
    m, visits = vehicle.length, len(s.visit)
    vehicle.made, vehicle.trips = 0, 1
    for j in range(m):
        item = line[j]
        if item < visits:
            vehicle.made += 1
            s.visit[item].owner = v
            s.visit[item].spot = j
        elif f.item[item].role == RELOAD:
            vehicle.trips += 1
    kind = f.kind[vehicle.kind]
    ride = f.ride[kind.profile]
    ok, end, cost, idle, duration = follow(ride, f.item, f.window, kind, vehicle.begun, line, m, t)
    slacken(ride, f.item, f.window, kind, line, m, t)
    vehicle.spanned = kind.timed and spans(ride, f.item, f.window, kind, line, m, t)
    if s.now[0].rules:
        settle(ride, f.item, f.window, kind, line, m, t, end - duration)
    if kind.plain:
        fit = delivers(f.amount, f.capacity[vehicle.kind], line, m, load)
    else:
        fit = loads(f.item, f.amount, f.capacity[vehicle.kind], line, m, load)
        peaks(f.item, line, m, load)
    if vehicle.made == 0:
        cost = 0.0
    s.now[0].cost += cost - vehicle.cost
    vehicle.cost, vehicle.idle, vehicle.duration, vehicle.end = cost, idle, duration, end
    vehicle.holds = (ok and fit) or vehicle.made == 0
    return vehicle.holds


@bare
def put(s: Any, v: int, item: int, j: int) -> None:
    """Item before position j of route v."""
    line = s.route[v]
    for x in range(s.vehicle[v].length, j, -1):
        line[x] = line[x - 1]
    line[j] = item
    s.vehicle[v].length += 1


@bare
def pull(s: Any, v: int, j: int) -> None:
    """Position j of route v goes."""
    line = s.route[v]
    for x in range(j, s.vehicle[v].length - 1):
        line[x] = line[x + 1]
    s.vehicle[v].length -= 1


@bare
def drop_one(s: Any, c: int) -> bool:
    """Mark visit c as taken out, unless it is out or its vehicle has begun with it."""
    v, now = s.visit[c].owner, s.now[0]
    if v < 0 or s.visit[c].spot < s.vehicle[v].done:
        return False
    touch(s, v)
    s.visit[c].owner = -1
    s.visit[now.removed].removed = c
    now.removed += 1
    return True


@bare
def ruin(f: Any, s: Any, centre: int) -> None:
    """Remove strings from the routes nearest to a visit, and with each visit those that go where it goes."""
    made, filled = 0, 0
    for v in range(len(s.vehicle)):
        made += s.vehicle[v].made
        filled += 1 if s.vehicle[v].made > 0 else 0
    if filled == 0:
        return
    longest = min(STRING, made / filled)
    strings = int(1.0 + unit(s.rng) * (4.0 * REMOVED / (1.0 + longest) - 1.0))
    once = filled > 3
    for near in range(f.near.shape[1]):
        c = f.near[centre, near]
        v = s.visit[c].owner
        if v < 0 or (once and s.vehicle[v].mark):
            continue
        m = s.vehicle[v].length
        size = min(m, int(1.0 + unit(s.rng) * min(float(s.vehicle[v].made), longest)))
        kept = 0
        if size > 1 and size < m and unit(s.rng) < SPLIT:
            kept = 1
            while size + kept < m and unit(s.rng) > DEEPER:
                kept += 1
        whole = size + kept
        at = s.visit[c].spot
        low = max(0, at - whole + 1)
        start = low + int(unit(s.rng) * (min(at, m - whole) - low + 1))
        head = 1 + int(unit(s.rng) * (size - 1)) if kept > 0 else size
        for j in range(start, start + whole):
            item = s.route[v, j]
            if (j < start + head or j >= start + head + kept) and item < len(s.visit) and drop_one(s, item):
                for p in range(f.item[item].mates, f.item[item].mates_end):
                    drop_one(s, f.lists[p])
        strings -= 1
        if strings == 0:
            break


@bare
def close_up(f: Any, s: Any, v: int) -> None:
    """Route v without what was dropped; reloads that serve no trip go, breaks find their places anew."""
    visits, vehicle, line = len(s.visit), s.vehicle[v], s.route[v]
    kind = f.kind[vehicle.kind]
    out, made = 0, 0
    for j in range(vehicle.length):
        item = line[j]
        if item >= visits or s.visit[item].owner == v:
            line[out] = item
            out += 1
            made += 1 if item < visits else 0
    vehicle.length = out
    if kind.reloads_end > kind.reloads:
        for j in range(out - 1, vehicle.done - 1, -1):
            item = line[j]
            if f.item[item].role != RELOAD:
                continue
            idle = j == 0 or j == vehicle.length - 1 or f.item[line[j + 1]].role == RELOAD
            if made == 0 or idle:
                pull(s, v, j)
            elif unit(s.rng) < _MERGE:
                pull(s, v, j)
                if not holds(f, s, v):
                    put(s, v, item, j)
    held = refresh(f, s, v)
    # a break is taken wherever the vehicle is: without the visit before it the way behind it may be longer
    if made > 0 and kind.breaks_end > kind.breaks and (not held or unit(s.rng) < _REST):
        move_breaks(f, s, v)


@bare
def holds(f: Any, s: Any, v: int) -> bool:
    """Whether times and loads of route v hold as it stands."""
    vehicle, line = s.vehicle[v], s.route[v]
    kind = f.kind[vehicle.kind]
    ride = f.ride[kind.profile]
    m = vehicle.length
    ok, _, _, _, _ = follow(ride, f.item, f.window, kind, vehicle.begun, line, m, s.trial_step)
    return ok and loads(f.item, f.amount, f.capacity[vehicle.kind], line, m, s.trial_load)


@bare
def move_breaks(f: Any, s: Any, v: int) -> None:
    """Put every break of route v where the route costs least."""
    vehicle = s.vehicle[v]
    kind = f.kind[vehicle.kind]
    ride = f.ride[kind.profile]
    for p in range(kind.breaks, kind.breaks_end):
        item, at = f.lists[p], -1
        for j in range(vehicle.done, vehicle.length):
            if s.route[v, j] == item:
                at = j
        if at < 0:
            continue
        pull(s, v, at)
        refresh(f, s, v)
        best, place = FAR, at
        t, m, hard = s.step[v], vehicle.length, must_hold(f.item[item])
        for j in range(vehicle.done, m + 1):
            out = -1.0
            if vehicle.spanned and hard:
                out = out_with(ride, f.item, f.window, kind, vehicle.begun, s.route[v], m, t, j, item)
            if out < 0.0:
                price = exact(f, s, v, item, j, -1, 0, False)
            elif out >= FAR or out > kind.max_duration + EPSILON:
                price = FAR
            else:
                price = dues(kind, t[m].cum, out) - vehicle.cost
            if price < best:
                best, place = price, j
        put(s, v, item, place)
        refresh(f, s, v)


@bare
def undo(f: Any, s: Any) -> None:
    """Put the touched routes and the absent visits back as they were before the iteration."""
    now = s.now[0]
    visits = len(s.visit)
    for k in range(now.touched):
        v = s.vehicle[k].touched
        for j in range(s.vehicle[v].length):
            if s.route[v, j] < visits:
                s.visit[s.route[v, j]].owner = -1
    for k in range(now.touched):
        v = s.vehicle[k].touched
        s.vehicle[v].length = s.vehicle[v].old_length
        for j in range(s.vehicle[v].length):
            s.route[v, j] = s.old_route[v, j]
        refresh(f, s, v)
    for k in range(now.old_absent):
        s.visit[k].absent = s.visit[k].old_absent
        s.visit[s.visit[k].absent].owner = -1
