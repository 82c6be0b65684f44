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
    way = _Way.of(form, kind, items)
    depart = earliest = float(form.kinds.earliest[kind])
    start, late, end = _forward(way, earliest)
    begun = form.current is not None and bool(form.current.done) and bool(form.current.done[kind])
    if len(items) and not begun:
        depart = max(earliest, _latest_departure(way, start, late, end))
        start, late, end = _forward(way, depart)
    leave = [begin + need for begin, need in zip(start, way.need, strict=True)]
    arrive = np.array([depart, *leave])[: len(items)] + way.time[:-1]
    load = _loads(form, items)
    return Timing(depart, end, arrive, np.array(start), np.array(leave), np.array(late), way.distance, load)


@dataclass(frozen=True)
class _Way:
    """What does not depend on the departure, in lists, which plain Python reads faster than arrays."""

    windows: list[tuple[tuple[float, float], ...]]
    time: list[float]
    need: list[float]
    distance: float

    @classmethod
    def of(cls, form: Fleet, kind: int, items: Ints) -> _Way:
        distance, time, place = legs(form, kind, items)
        known = form.items.windows
        windows = [known[item] for item in items.tolist()]
        return cls(windows, time.tolist(), takes(form, kind, items, place).tolist(), float(distance.sum()))


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


def _forward(way: _Way, depart: float) -> tuple[list[float], list[float], float]:
    """Starts and latenesses of the items after a departure, and the return."""
    start, late = [], []
    now = depart
    for j, windows in enumerate(way.windows):
        begin, over = opening(windows, now + way.time[j])
        start.append(begin)
        late.append(over)
        now = begin + way.need[j]
    return start, late, now + way.time[-1]


def opening(windows: tuple[tuple[float, float], ...], arrival: float) -> tuple[float, float]:
    """When an item starts for a vehicle that arrives then, and how late that is.

    Where its last window has passed, that is on arrival, but never before that window begins (see ``Items``).
    """
    if not windows:
        return arrival, 0.0
    begins = next((opens for opens, closes in windows if arrival <= closes + EPSILON), windows[-1][0])
    start, last = max(arrival, begins), windows[-1][1]
    return start, start - last if start > last + EPSILON else 0.0


def _latest_departure(way: _Way, start: list[float], late: list[float], end: float) -> float:
    """The latest departure that changes no return and makes nothing later than it has to be."""
    bound = end
    for j in range(len(start) - 1, -1, -1):
        latest = bound - way.time[j + 1] - way.need[j]
        bound = start[j] if late[j] > 0 else max(start[j], _last_opening(way.windows[j], latest))
    return bound - way.time[0]


def _last_opening(windows: tuple[tuple[float, float], ...], latest: float) -> float:
    """The last time within the windows of an item that is not after ``latest``; minus infinity for none."""
    if not windows:
        return latest
    for opens, closes in reversed(windows):
        if opens <= latest:
            return min(latest, closes)
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
