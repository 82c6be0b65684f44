"""Times, loads and cost of one vehicle's items: the kernel twin of ``core.forms._fleet_timing``.

``f`` holds the constants of a fleet and ``s`` the state of a search: tuples of a few arrays, most of them of records,
which are described in ``solvers/proposers/_fleet_state.py``. A place below 0 is wherever the vehicle is (a break), or
nowhere in particular (a vehicle without start or end): going there takes nothing, as the last line of ``ride`` says.
"""

from typing import Any

from qopt.kernels.jit import bare

EPSILON = 1e-9
FAR = 1e18
RELOAD = 2
DELIVER, COLLECT, CHANGE = 0, 1, 2
LOAD, PRE, SUF = 0, 1, 2
WAY, TIME, WAY_BACK, TIME_BACK = 0, 1, 2, 3


@bare
def opening(window: Any, item: Any, arrival: float) -> float:
    """When an item starts for a vehicle that arrives then: after its last window, never before that begins."""
    for w in range(item.window, item.window_end):
        if arrival <= window[w, 1] + EPSILON or w + 1 == item.window_end:
            return max(arrival, window[w, 0])
    return arrival


@bare
def lateness(window: Any, item: Any, start: float) -> float:
    """By how much a start is after the last window."""
    if item.window == item.window_end:
        return 0.0
    return max(0.0, start - window[item.window_end - 1, 1])


@bare
def forbidden(window: Any, item: Any, start: float) -> bool:
    """Whether a start is late where it may not be."""
    return item.late_price >= FAR and lateness(window, item, start) > EPSILON


@bare
def last_opening(window: Any, item: Any, latest: float) -> float:
    """The last time within the windows that is not after ``latest``; -FAR for none."""
    if item.window == item.window_end:
        return latest
    for w in range(item.window_end - 1, item.window - 1, -1):
        if window[w, 0] <= latest + EPSILON:
            return min(latest, window[w, 1])
    return -FAR


@bare
def takes(item: Any, before: int, here: int) -> float:
    """Time of an item: its service, and its set-up where the vehicle comes from another place."""
    return float(item.service + (item.setup if before != here else 0.0))


@bare
def follow(ride: Any, items: Any, window: Any, kind: Any, begun: bool, seq: Any, m: int, t: Any) -> Any:
    """Go through a sequence; writes ``at``, ``start``, ``leave``, ``cum`` of ``t``: (ok, end, cost, idle, duration).

    ``t[j].at`` is the place of item j, ``t[j].cum`` the way gone on arrival there (``t[m].cum`` the whole). ``ok`` says
    that windows, shift, distance and duration hold; loads, stops and company are judged elsewhere. ``idle`` is the time
    spent neither moving nor working once the departure is as late as it can be (``timed``; else with the shift).
    """
    here, now, way, busy, late = kind.start, kind.earliest, 0.0, 0.0, 0.0
    ok = True
    for j in range(m):
        item = items[seq[j]]
        to = item.place if item.place >= 0 else here
        spent = ride[here, to, TIME]
        way += ride[here, to, WAY]
        begin = opening(window, item, now + spent)
        over = lateness(window, item, begin)
        if over > EPSILON:
            if item.late_price >= FAR:
                ok = False
            else:
                late += over * item.late_price
        need = takes(item, here, to)
        t[j].at, t[j].start, t[j].leave, t[j].cum = to, begin, begin + need, way
        busy += spent + need
        here, now = to, begin + need
    spent = ride[here, kind.end, TIME]
    way += ride[here, kind.end, WAY]
    t[m].at, t[m].cum = kind.end, way
    busy += spent
    end = now + spent
    depart = kind.earliest
    if kind.timed and m > 0 and not begun:
        bound, to = end, kind.end
        for j in range(m - 1, -1, -1):
            item = items[seq[j]]
            before = t[j - 1].at if j > 0 else kind.start
            latest = bound - ride[t[j].at, to, TIME] - takes(item, before, t[j].at)
            if lateness(window, item, t[j].start) > EPSILON:
                bound = t[j].start
            else:
                bound = max(t[j].start, last_opening(window, item, latest))
            to = t[j].at
        depart = max(depart, bound - ride[kind.start, to, TIME])
    duration = end - depart
    if end > kind.latest + EPSILON or way > kind.max_distance + EPSILON or duration > kind.max_duration + EPSILON:
        ok = False
    return ok, end, dues(kind, way, duration) + late, duration - busy, duration


@bare
def dues(kind: Any, way: float, duration: float) -> float:
    """What a used vehicle costs for its way and its time."""
    over = kind.per_overtime * max(0.0, duration - kind.overtime_after)
    return float(kind.fixed + kind.per_distance * way + kind.per_time * duration + over)


@bare
def settle(ride: Any, items: Any, window: Any, kind: Any, seq: Any, m: int, t: Any, depart: float) -> None:
    """``t[j].begin`` and ``t[j].done``: when items start and end after a departure that late, ``at`` being known."""
    here, now = kind.start, depart
    for j in range(m):
        item = items[seq[j]]
        t[j].begin = opening(window, item, now + ride[here, t[j].at, TIME])
        t[j].done = t[j].begin + takes(item, here, t[j].at)
        here, now = t[j].at, t[j].done


@bare
def slacken(ride: Any, items: Any, window: Any, kind: Any, seq: Any, m: int, t: Any) -> None:
    """The latest times at which everything after still starts within its windows: to leave item j, ``t[j].slack``, and
    to arrive at it if its set-up falls away, ``t[j].due``."""
    bound, to = kind.latest, kind.end
    t[m].due = bound
    for j in range(m - 1, -1, -1):
        item = items[seq[j]]
        t[j].slack = bound - ride[t[j].at, to, TIME]
        before = t[j - 1].at if j > 0 else kind.start
        latest, due = t[j].slack - takes(item, before, t[j].at), t[j].slack - item.service
        if item.late_price >= FAR:
            bound = last_opening(window, item, latest)
            t[j].due = bound if latest == due else last_opening(window, item, due)
        else:
            bound, t[j].due = latest, due
        to = t[j].at


@bare
def loads(items: Any, amount: Any, capacity: Any, seq: Any, m: int, load: Any) -> bool:
    """``load[LOAD, j]``: on board before item j; whether capacities hold. A trip begins with all it delivers."""
    ok = True
    low = 0
    while low <= m:
        high = low
        while high < m and items[seq[high]].role != RELOAD:
            high += 1
        for d in range(len(capacity)):
            total = 0.0
            for j in range(low, high):
                total += amount[seq[j], DELIVER, d]
            load[LOAD, low, d] = total
            ok = ok and total <= capacity[d] + EPSILON
            for j in range(low, high):
                part = amount[seq[j]]
                total += part[COLLECT, d] - part[DELIVER, d] + part[CHANGE, d]
                load[LOAD, j + 1, d] = total
                ok = ok and total <= capacity[d] + EPSILON
        low = high + 1
    return ok


@bare
def delivers(amount: Any, capacity: Any, seq: Any, m: int, load: Any) -> bool:
    """What ``loads`` tells of a plain vehicle, at the start and the end alone."""
    ok = True
    for d in range(len(capacity)):
        total = 0.0
        for j in range(m):
            total += amount[seq[j], DELIVER, d]
        load[LOAD, 0, d], load[LOAD, m, d] = total, 0.0
        ok = ok and total <= capacity[d] + EPSILON
    return ok


@bare
def peaks(items: Any, seq: Any, m: int, load: Any) -> None:
    """Highest loads of a trip up to (``load[PRE]``) and from (``load[SUF]``) each point between items."""
    for d in range(load.shape[2]):
        for j in range(m + 1):
            first = j == 0 or items[seq[j - 1]].role == RELOAD
            load[PRE, j, d] = load[LOAD, j, d] if first else max(load[PRE, j - 1, d], load[LOAD, j, d])
        for j in range(m, -1, -1):
            last = j == m or items[seq[j]].role == RELOAD
            load[SUF, j, d] = load[LOAD, j, d] if last else max(load[SUF, j + 1, d], load[LOAD, j, d])
