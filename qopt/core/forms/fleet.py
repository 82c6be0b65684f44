"""Fleet: vehicles of several kinds make visits within windows, loads, shifts, breaks and rules of order and company.

The rich relative of ``routes``. What a vehicle does is a sequence of *items*: visits, breaks and reloads. ``timing``
(``_fleet_timing.py``) says when each happens, so a proposal holds sequences alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bools, Floats, Indices, Ints, frozen, is_integral
from qopt.core.forms._fleet_judge import judge
from qopt.core.forms._fleet_timing import Timing
from qopt.core.solution import Check, Violation


class Role(IntEnum):
    """What an item is."""

    VISIT = 0  # made by one vehicle, at most once
    BREAK = 1  # of a kind of vehicle: once in every used route of it, wherever the vehicle is
    RELOAD = 2  # of a kind of vehicle: empties it and fills it for its next trip


MEASURES = ("unserved", "cost", "distance", "duration", "vehicles", "duration_spread", "end")
"""What an objective level may sum up, each made small: priorities of the visits not made; money (fixed, distance, time
and overtime of the vehicles, penalties of optional visits, prices of lateness, broken soft rules and changes); length;
time from departure to return; used vehicles; longest less shortest duration of the used vehicles; the last return."""


@dataclass(frozen=True, eq=False)
class Items:
    """Visits first, then breaks and reloads; all arrays have one line per item.

    Parameters
    ----------
    role
        Shape (items,), of ``Role``.
    place
        Row of the travel matrices; -1 for a break.
    service, setup
        Time an item takes; ``setup`` comes on top where the item before was at another place.
    deliver, collect, change
        Shape (items, loads), >= 0, >= 0, any sign: brought from where the trip began; taken to where it ends; what a
        shipment's pickup adds and its delivery takes away.
    window_start
        Shape (items + 1,): windows of item k are ``earliest/latest[window_start[k]..window_start[k+1]-1]``, ascending
        and apart; none: any time. An item starts within a window. A last window that ends before it begins has passed
        already: the item starts when it begins, late by the difference.
    late_price
        Price per unit of time by which it starts after its last window; infinity: it may not.
    priority
        What not making the visit counts in ``unserved``, >= 0.
    penalty
        Price of not making it; infinity: it must be made, unless a level minimises ``unserved``.
    delivery
        Item that delivers what this one picks up, -1 for none; both are made by the same vehicle in the same trip.
    owner
        Kind of vehicle that a break or a reload belongs to; -1 for visits.
    """

    role: NDArray[np.int8]
    place: Indices
    service: Floats
    setup: Floats
    deliver: Floats
    collect: Floats
    change: Floats
    window_start: Ints
    earliest: Floats
    latest: Floats
    late_price: Floats
    priority: Floats
    penalty: Floats
    delivery: Indices
    owner: Indices

    def __post_init__(self) -> None:
        for name in ("role", "place", "delivery", "owner"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int8 if name == "role" else np.int32))
        object.__setattr__(self, "window_start", frozen(self.window_start, np.int64))
        for name in ("service", "setup", "deliver", "collect", "change", "earliest", "latest"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        for name in ("late_price", "priority", "penalty"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))

    def __len__(self) -> int:
        return len(self.role)

    @cached_property
    def visits(self) -> int:
        """Number of visits: items 0..visits-1."""
        return int(np.count_nonzero(self.role == Role.VISIT))

    @cached_property
    def pickup(self) -> Indices:
        """Item that picks up what this one delivers, -1 for none."""
        out = np.full(len(self), -1, dtype=np.int32)
        out[self.delivery[self.delivery >= 0]] = np.flatnonzero(self.delivery >= 0)
        return frozen(out, np.int32)

    @cached_property
    def windows(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """Windows of every item, each from and to."""
        both = list(zip(self.earliest.tolist(), self.latest.tolist(), strict=True))
        cuts = self.window_start.tolist()
        return tuple(tuple(both[low:high]) for low, high in zip(cuts, cuts[1:]))


@dataclass(frozen=True, eq=False)
class Kinds:
    """Kinds of vehicles; all arrays have one line per kind.

    Parameters
    ----------
    count
        Vehicles of the kind.
    start, end
        Places; -1: the route begins at its first visit, ends at its last.
    profile
        Which travel matrices it goes by.
    capacity
        Shape (kinds, loads), infinity for none.
    earliest, latest
        Its shift: no departure before, no return after.
    overtime_after
        Duration from which on time costs ``per_overtime`` on top; infinity for never.
    max_distance, max_duration, max_stops
        Of a route; infinity for none. Stops are visits.
    fixed, per_distance, per_time, per_overtime
        Prices: of use, and of a unit.
    trips
        Most trips, 1 and reloads; a kind without reload items has 1.
    """

    count: Ints
    start: Indices
    end: Indices
    profile: Indices
    capacity: Floats
    earliest: Floats
    latest: Floats
    overtime_after: Floats
    max_distance: Floats
    max_duration: Floats
    max_stops: Floats
    fixed: Floats
    per_distance: Floats
    per_time: Floats
    per_overtime: Floats
    trips: Ints

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            whole = {"count": np.int64, "trips": np.int64, "start": np.int32, "end": np.int32, "profile": np.int32}
            object.__setattr__(self, name, frozen(value, whole.get(name, np.float64)))

    def __len__(self) -> int:
        return len(self.count)


@dataclass(frozen=True, eq=False)
class Company:
    """A rule between visits: all of ``together`` in one route, no two of ``apart`` in one, or ``before`` in this order.

    Parameters
    ----------
    kind
        ``together``, ``apart`` or ``before``. The first of ``before`` has ended when the second starts, whichever
        vehicles make them; a visit that is not made binds nobody.
    visits
        The items; two for ``before``.
    price
        Infinity for a hard rule; else the price of each route too many, of each pair in one route, of a wrong order.
    name
        For violations and for ``soft.NAME`` among the parts.
    """

    kind: str
    visits: tuple[int, ...]
    price: float = np.inf
    name: str = ""


@dataclass(frozen=True, eq=False)
class Current:
    """The plan that is being changed.

    Parameters
    ----------
    route
        Shape (visits,): kind of vehicle that makes each visit today, -1 for none. Every kind has one vehicle.
    price
        Shape (visits,): price of making it by another vehicle or not at all; infinity: it stays with its vehicle.
    done
        Items that each kind has begun with, in order: its route begins with them.
    tours
        The plan itself, where it is known as a whole.
    """

    route: Indices
    price: Floats
    done: tuple[tuple[int, ...], ...] = ()
    tours: tuple[Tour, ...] = ()


@dataclass(frozen=True, eq=False)
class Fleet:
    """Everything a dispatcher knows.

    Parameters
    ----------
    distance, time
        Shape (profiles, places, places).
    items, kinds
        What is to be done, and by whom.
    allowed
        Shape (kinds, items): whether the kind may make the visit; breaks and reloads only by their owners.
    company
        Rules between visits.
    levels
        Levels of the objective, first things first: names of ``MEASURES`` with their weights.
    current
        The plan of now, if any.
    names
        One name per item, for violations.
    """

    distance: Floats
    time: Floats
    items: Items
    kinds: Kinds
    allowed: Bools
    company: tuple[Company, ...] = ()
    levels: tuple[tuple[tuple[str, float], ...], ...] = ((("unserved", 1.0),), (("cost", 1.0),))
    current: Current | None = None
    names: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "distance", frozen(self.distance, np.float64))
        object.__setattr__(self, "time", frozen(self.time, np.float64))
        object.__setattr__(self, "allowed", frozen(self.allowed, np.bool_))
        n, k = len(self.items), len(self.kinds)
        if self.distance.shape != self.time.shape or self.distance.ndim != 3:
            raise ValueError(f"travel matrices of shapes {self.distance.shape} and {self.time.shape}")
        if self.allowed.shape != (k, n):
            raise ValueError(f"allowed has shape {self.allowed.shape}, expected {(k, n)}")
        unknown = {name for level in self.levels for name, _ in level} - set(MEASURES)
        if unknown or not self.levels:
            raise ValueError(f"levels need measures among {MEASURES}, got {sorted(unknown)}")

    @property
    def counts_unserved(self) -> bool:
        """Whether a level minimises what is not made, so that nothing must be made."""
        return any(name == "unserved" for level in self.levels for name, _ in level)

    @property
    def integral(self) -> bool:
        """Whether the first level is a whole number for every proposal."""
        names = {name for name, weight in self.levels[0] if weight}
        whole = is_integral(np.array([weight for _, weight in self.levels[0]]))
        return whole and names <= {"unserved", "vehicles"} and is_integral(self.items.priority)

    @property
    def planned(self) -> Proposal | None:
        """The plan of now, if any."""
        return None if self.current is None else Proposal(self.current.tours)

    @cached_property
    def judged(self) -> dict[tuple[int, bytes], tuple[Timing, tuple[Violation, ...]]]:
        """What the judge has found of tours, by their kinds and items; its own."""
        return {}

    def name(self, item: int) -> str:
        """Name of an item."""
        return self.names[item] if self.names else f"item {item}"


@dataclass(frozen=True, eq=False)
class Tour:
    """What one vehicle does: its kind, and its items in order."""

    kind: int
    items: Ints

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", frozen(self.items, np.int64))


@dataclass(frozen=True, eq=False)
class Proposal:
    """Tours of the used vehicles; tours without a visit are dropped."""

    tours: tuple[Tour, ...]

    def key(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """The same for proposals that differ only in the order of tours."""
        return tuple(sorted((tour.kind, tuple(tour.items.tolist())) for tour in self.tours if len(tour.items)))


def evaluate(form: Fleet, proposal: Proposal) -> Check:
    """Judge a proposal: every rule of the dispatcher, and the levels of the objective."""
    return judge(form, proposal)
