"""How long a vehicle is out with one visit more, in constant time: what is kept of a route from both its ends.

The earliest return is passed on from the left and the latest departure that allows it from the right, as in the
forward time slack of Savelsbergh (1992) and the concatenation of Vidal et al. (2013). Items may have several windows:
what is kept holds as long as every item stays in the window it starts in; where one would *leap* into another, earlier
or later, the route has to be followed item by item.

Kept of item j, in ``t[j]``: ``opens``, ``closes`` its window and ``later`` the opening of the next one; ``need`` the
time it takes. Of the way to the end of item j: ``spent`` the time it takes without waiting, ``depart`` the latest
departure that its windows allow, ``leap`` the latest end of item j from which on an item might start in a later window.
Of the way from there on: ``rest`` its time without waiting, ``back`` the earliest return that its windows allow,
``open`` the latest end of item j that they allow, ``jump`` the return from which on an item might leap.
"""

from typing import Any

from qopt.kernels.fleet_times import EPSILON, FAR, TIME, takes
from qopt.kernels.jit import bare


@bare
def extend(spent: float, depart: float, leap: float, ride: float, need: float, closes: float, later: float) -> Any:
    """``spent``, ``depart`` and ``leap`` after a ride and one more item with this window."""
    leap = leap + ride + need if closes - ride >= leap else FAR
    return spent + ride + need, min(depart, closes - spent - ride), min(leap, later + need)


@bare
def must_hold(item: Any) -> bool:
    """Whether an item may not start after its windows at any price, or has none."""
    return item.late_price >= FAR or item.window == item.window_end


@bare
def window_at(window: Any, item: Any, start: float) -> Any:
    """The window an item starts in: its opening, its closing, and the opening of the next one."""
    for w in range(item.window, item.window_end):
        if start <= window[w, 1] + EPSILON or w + 1 == item.window_end:
            return window[w, 0], window[w, 1], window[w + 1, 0] if w + 1 < item.window_end else FAR
    return -FAR, FAR, FAR


@bare
def spans(ride: Any, items: Any, window: Any, kind: Any, seq: Any, m: int, t: Any) -> bool:
    """Work ``t`` out for a route whose starts and places are known; False where lateness is only a matter of price.

    Those routes have to be followed item by item.
    """
    here, spent, depart, leap = kind.start, 0.0, FAR, FAR
    for j in range(m):
        item, q, at = items[seq[j]], t[j], t[j].at
        if not must_hold(item):
            return False
        q.opens, q.closes, q.later = window_at(window, item, t[j].start)
        q.need = takes(item, here, at)
        spent, depart, leap = extend(spent, depart, leap, ride[here, at, TIME], q.need, q.closes, q.later)
        q.spent, q.depart, q.leap = spent, depart, leap
        here = at
    rest = ride[here, kind.end, TIME]
    back, slack, jump = -FAR, kind.latest - rest, FAR
    for j in range(m - 1, -1, -1):
        q = t[j]
        q.rest, q.back, q.open, q.jump = rest, back, slack, jump
        before = ride[t[j - 1].at if j > 0 else kind.start, t[j].at, TIME]
        if slack - q.need >= q.later:
            jump = min(jump, q.later + q.need + rest)
        back = max(back, q.opens + q.need + rest)
        slack = min(q.closes, slack - q.need) - before
        rest += q.need + before
    return True


@bare
def out_for(
    ride: Any,
    items: Any,
    kind: Any,
    begun: bool,
    seq: Any,
    m: int,
    t: Any,
    j: int,
    here: int,
    leave: float,
    spent: float,
    depart: float,
    leap: float,
) -> float:
    """Duration of a route that leaves ``here`` at ``leave`` for item j and what follows; below 0 where that cannot be
    told without following it, FAR where windows forbid it. The rest is kept of the way up to there, as of a span."""
    if j == m:
        end, bound = leave + ride[here, kind.end, TIME], leave
        if end > kind.latest + EPSILON:
            return FAR
    else:
        item, q = items[seq[j]], t[j]
        if item.place < 0:
            return -1.0
        need, on = takes(item, here, item.place), ride[here, item.place, TIME]
        done = max(leave + on, q.opens) + need
        if done > t[j].slack + EPSILON:
            return FAR
        if done < t[j].leave - EPSILON or done - need > q.closes + EPSILON or done > q.open + EPSILON:
            return -1.0
        end = max(done + q.rest, q.back)
        latest = min(end - q.rest, q.open) - need
        if end >= q.jump - EPSILON or latest >= q.later - EPSILON:
            return -1.0
        bound = min(latest, q.closes) - on
    if begun:
        return end - kind.earliest
    if bound >= leap - EPSILON:
        return -1.0
    return end - max(kind.earliest, min(bound - spent, depart))


@bare
def out_with(
    ride: Any, items: Any, window: Any, kind: Any, begun: bool, seq: Any, m: int, t: Any, j: int, c: int
) -> float:
    """Duration with item c before item j, which is hard to be late for; below 0 as in ``out_for``."""
    item, here, left, spent, depart, leap = items[c], kind.start, kind.earliest, 0.0, FAR, FAR
    if j > 0:
        q = t[j - 1]
        here, left, spent, depart, leap = t[j - 1].at, t[j - 1].leave, q.spent, q.depart, q.leap
    place = item.place if item.place >= 0 else here
    on, need = ride[here, place, TIME], takes(item, here, place)
    opens, closes, later = window_at(window, item, left + on)
    begin = max(left + on, opens)
    if begin > closes + EPSILON:
        return FAR
    spent, depart, leap = extend(spent, depart, leap, on, need, closes, later)
    return out_for(ride, items, kind, begun, seq, m, t, j, place, begin + need, spent, depart, leap)
