"""When a vehicle does what: the one rule by which sequences of a ``fleet`` get their times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qopt.core.arrays import Floats, Ints

if TYPE_CHECKING:
    from qopt.core.forms.fleet import Fleet

EPSILON = 1e-9


@dataclass(frozen=True, eq=False)
class Timing:
    """Times of one tour.

    Parameters
    ----------
    depart, end
        When it leaves its start and is back at its end.
    arrive, start, leave
        Shape (items,): when the vehicle is there, begins, has done.
    late
        Shape (items,): how long after its last window an item starts, 0 in time.
    distance
        Length of the tour.
    load
        Shape (items + 1, loads): on board when it departs and when it has done each item (a reload: as it leaves).
    """

    depart: float
    end: float
    arrive: Floats
    start: Floats
    leave: Floats
    late: Floats
    distance: float
    load: Floats

    @property
    def duration(self) -> float:
        """From departure to return."""
        return self.end - self.depart


def timing(form: Fleet, kind: int, items: Ints) -> Timing:
    """Times of a tour: everything as early as it can be, then the departure as late as that allows.

    First the vehicle departs when its shift begins and starts every item at the earliest time within its windows (or on
    arrival, where the last one has passed). That gives the return. Then, from the last item back, every item is moved
    as late as windows and the next item allow without a later return; so much later can the vehicle depart, and items
    follow as early as they can again. A tour that has begun (``current.done``) departs when its shift begins.
    """
    first = _forward(form, kind, items, float(form.kinds.earliest[kind]))
    begun = form.current is not None and bool(form.current.done) and bool(form.current.done[kind])
    if not len(items) or begun:
        return first
    return _forward(form, kind, items, _latest_departure(form, kind, items, first))


def legs(form: Fleet, kind: int, items: Ints) -> tuple[Floats, Floats, Ints]:
    """Distances and times (items + 1,) of going to every item and to the end, and the place (items,) of each item.

    A break is where the vehicle is; where nothing says, going costs nothing.
    """
    place = form.items.place[items].astype(np.int64)
    here = int(form.kinds.start[kind])
    for j in range(len(items)):
        if place[j] < 0:
            place[j] = here
        here = int(place[j])
    path = np.concatenate([[form.kinds.start[kind]], place, [form.kinds.end[kind]]]).astype(np.int64)
    a, b = path[:-1], path[1:]
    known = (a >= 0) & (b >= 0) & (a != b)
    profile = int(form.kinds.profile[kind])
    distance = np.where(known, form.distance[profile, a, b], 0.0)
    time = np.where(known, form.time[profile, a, b], 0.0)
    return distance, time, place


def takes(form: Fleet, kind: int, items: Ints, place: Ints) -> Floats:
    """Time each item takes, set-up included where the vehicle comes from another place."""
    before = np.concatenate([[form.kinds.start[kind]], place])[: len(items)]
    return np.asarray(form.items.service[items] + np.where(before != place, form.items.setup[items], 0.0))


def _forward(form: Fleet, kind: int, items: Ints, depart: float) -> Timing:
    distance, time, place = legs(form, kind, items)
    need = takes(form, kind, items, place)
    arrive, start, late = np.zeros((3, len(items)))
    now = depart
    for j, item in enumerate(items.tolist()):
        arrive[j] = now + time[j]
        start[j], late[j] = opening(form, item, arrive[j])
        now = start[j] + need[j]
    end = now + float(time[-1])
    return Timing(depart, end, arrive, start, start + need, late, float(distance.sum()), _loads(form, items))


def opening(form: Fleet, item: int, arrival: float) -> tuple[float, float]:
    """When an item starts for a vehicle that arrives then, and how late that is.

    Where its last window has passed, that is on arrival, but never before that window begins (see ``Items``).
    """
    low, high = form.items.window_start[item], form.items.window_start[item + 1]
    if low == high:
        return arrival, 0.0
    for w in range(low, high):
        if arrival <= form.items.latest[w] + EPSILON:
            break
    start, last = max(arrival, float(form.items.earliest[w])), float(form.items.latest[high - 1])
    return start, start - last if start > last + EPSILON else 0.0


def _latest_departure(form: Fleet, kind: int, items: Ints, first: Timing) -> float:
    """The latest departure that changes no return and makes nothing later than it has to be."""
    _, time, place = legs(form, kind, items)
    need = takes(form, kind, items, place)
    bound = first.end
    for j in range(len(items) - 1, -1, -1):
        latest = bound - float(time[j + 1]) - float(need[j])
        if first.late[j] > 0:
            latest = float(first.start[j])
        else:
            latest = max(float(first.start[j]), _last_opening(form, int(items[j]), latest))
        bound = latest
    return max(first.depart, bound - float(time[0]))


def _last_opening(form: Fleet, item: int, latest: float) -> float:
    """The last time within the windows of an item that is not after ``latest``; minus infinity for none."""
    low, high = form.items.window_start[item], form.items.window_start[item + 1]
    if low == high:
        return latest
    for w in range(high - 1, low - 1, -1):
        if form.items.earliest[w] <= latest:
            return min(latest, float(form.items.latest[w]))
    return -np.inf


def trips(form: Fleet, items: Ints) -> list[tuple[int, int]]:
    """First and last + 1 position of each trip's items, the reloads between them left out."""
    cuts = [j for j, item in enumerate(items.tolist()) if form.items.role[item] == 2]
    return list(zip([0, *(c + 1 for c in cuts)], [*cuts, len(items)]))


def _loads(form: Fleet, items: Ints) -> Floats:
    """Loads on board: a trip begins with all it delivers."""
    load = np.zeros((len(items) + 1, form.items.deliver.shape[1]))
    for low, high in trips(form, items):
        part = items[low:high]
        load[low] = form.items.deliver[part].sum(axis=0)
        steps = form.items.collect[part] - form.items.deliver[part] + form.items.change[part]
        load[low + 1 : high + 1] = load[low] + np.cumsum(steps, axis=0)
    return load
