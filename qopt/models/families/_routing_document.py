"""The document of a routing problem, the rules between its fields, and its arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator
from pydantic import Strict as Exact

from qopt.core.arrays import Floats
from qopt.core.forms.routes import Routes
from qopt.models import travel
from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name, Strict

Number = Annotated[float, Exact()]
Amount = Annotated[float, Exact(), Field(ge=0)]
Id = Name | Annotated[int, Exact()]
Loads = Amount | dict[str, Amount]


class Location(Strict):
    """A place: ``x`` and ``y`` in the plane, or ``lat`` and ``lon``; neither with a matrix."""

    id: Id
    x: Number | None = None
    y: Number | None = None
    lat: Number | None = None
    lon: Number | None = None


class Euclidean(Strict):
    """Straight lines in the plane; ``nearest`` rounds a half up (EUC_2D of TSPLIB), ``up`` is its CEIL_2D."""

    rounding: travel.Rounding = "none"


class Geo(Strict):
    """TSPLIB's GEO: whole kilometres on a sphere; ``lat`` and ``lon`` are written DDD.MM, degrees and minutes."""


class Att(Strict):
    """TSPLIB's ATT: the length in the plane over the root of 10, rounded up."""


class Travel(Strict):
    """What it costs to go from one location to another: exactly one of the four."""

    matrix: tuple[tuple[Amount, ...], ...] | None = None
    euclidean: Euclidean | None = None
    geo: Geo | None = None
    att: Att | None = None


class Vehicle(Strict):
    """A kind of vehicle: how many there are, where they start and end, and what they carry."""

    id: Id = "vehicle"
    count: Annotated[int, Exact(), Field(ge=1)] | Literal["unlimited"] = 1
    start: Id | None = None
    end: Id | None = None
    capacity: Loads | None = None


class Visit(Strict):
    """Something to be done at a location, once; ``at`` is the location of the same id when left out."""

    id: Id
    at: Id | None = None
    deliver: Loads = 0.0


def _location(given: Any) -> Any:
    """A bare id stands for a location without coordinates."""
    return {"id": given} if isinstance(given, (str, int)) and not isinstance(given, bool) else given


class RoutingInstance(Instance):
    """Visits, a fleet, and what travelling costs.

    Parameters
    ----------
    locations
        Places; a bare id where the matrix says everything.
    travel
        Costs between locations: a matrix in the order of ``locations``, or a rule on their coordinates.
    loads
        Name of what is carried, at most one; needed only where amounts are given by name.
    fleet
        One kind of vehicle. Default: one vehicle without capacity from the first location, a travelling salesman.
    visits
        What is to be visited. Default: every location but the depot.
    """

    family: ClassVar[str] = "routing"

    problem: Literal["routing"] = "routing"
    locations: tuple[Annotated[Location, BeforeValidator(_location)], ...] = Field(min_length=2)
    travel: Travel
    loads: tuple[Name, ...] = Field(default=(), max_length=1)
    fleet: tuple[Vehicle, ...] = Field(default=(Vehicle(),), min_length=1, max_length=1)
    visits: tuple[Visit, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> RoutingInstance:
        refuse("routing", _unknown(self) or [*_unplaced(self), *_unfit(self)])
        return self

    @property
    def vehicle(self) -> Vehicle:
        """The kind of vehicle."""
        return self.fleet[0]

    @property
    def depot(self) -> str | int:
        """The location where routes start and end."""
        return self.locations[0].id if self.vehicle.start is None else self.vehicle.start

    @cached_property
    def stops(self) -> tuple[Visit, ...]:
        """The visits, in the order of the form's nodes 1, 2, …"""
        if self.visits is not None:
            return self.visits
        return tuple(Visit(id=place.id) for place in self.locations if place.id != self.depot)

    @cached_property
    def where(self) -> tuple[int, ...]:
        """The location's position in ``locations`` of every node of the form: the depot, then the visits."""
        position = {place.id: k for k, place in enumerate(self.locations)}
        return (position[self.depot], *(position[v.id if v.at is None else v.at] for v in self.stops))

    @cached_property
    def points(self) -> Floats | None:
        """Coordinates of the nodes of the form (x, y) or (lat, lon), shape (n, 2); None with a matrix."""
        if self.travel.matrix is not None:
            return None
        places = [self.locations[k] for k in self.where]
        if self.travel.geo is not None:
            return np.array([(p.lat, p.lon) for p in places], dtype=np.float64)
        return np.array([(p.x, p.y) for p in places], dtype=np.float64)

    @cached_property
    def form(self) -> Routes:
        """The native form: node 0 is the depot, node k the k-th visit."""
        rule, points = self.travel, self.points
        if points is None:
            distance = np.array(rule.matrix, dtype=np.float64)[np.ix_(self.where, self.where)]
        elif rule.euclidean is not None:
            distance = travel.euclidean(points, rule.euclidean.rounding)
        else:
            distance = travel.geographic(points) if rule.geo is not None else travel.pseudo_euclidean(points)
        np.fill_diagonal(distance, 0.0)
        demand = np.array([0.0, *(_amount(v.deliver) for v in self.stops)])
        count = len(self.stops) if self.vehicle.count == "unlimited" else self.vehicle.count
        capacity = np.inf if self.vehicle.capacity is None else _amount(self.vehicle.capacity)
        return Routes(distance, demand, capacity, count)


def _amount(load: Loads) -> float:
    """The number behind a load given plainly or by name."""
    return float(sum(load.values())) if isinstance(load, Mapping) else float(load)


def _unknown(instance: RoutingInstance) -> list[Fault]:
    """Ids that occur twice, and references to locations that do not exist."""
    faults: list[Fault] = []
    named: dict[str, Sequence[Location | Visit]] = {"locations": instance.locations, "visits": instance.visits or ()}
    for name, things in named.items():
        seen: set[str | int] = set()
        for k, thing in enumerate(things):
            if thing.id in seen:
                faults.append(((name, k, "id"), "ids must differ", thing.id))
            seen.add(thing.id)
    known = {place.id for place in instance.locations}
    for k, visit in enumerate(instance.visits or ()):
        if visit.at is None and visit.id not in known:
            faults.append((("visits", k, "id"), "a visit without at needs a location of the same id", visit.id))
        elif visit.at is not None and visit.at not in known:
            faults.append((("visits", k, "at"), "there is no such location", visit.at))
    vehicle = instance.vehicle
    if vehicle.start is not None and vehicle.start not in known:
        faults.append((("fleet", 0, "start"), "there is no such location", vehicle.start))
    if vehicle.end not in (None, instance.depot):
        rule = f"a vehicle ends where it starts, at {instance.depot}"
        faults.append((("fleet", 0, "end"), rule, vehicle.end))
    return faults


def _unplaced(instance: RoutingInstance) -> list[Fault]:
    """A travel section that does not fit the locations."""
    rule = instance.travel
    given = [name for name in ("matrix", "euclidean", "geo", "att") if getattr(rule, name) is not None]
    if len(given) != 1:
        return [(("travel",), "travel needs exactly one of matrix, euclidean, geo, att", ", ".join(given) or "none")]
    n = len(instance.locations)
    if rule.matrix is not None:
        if len(rule.matrix) != n:
            return [(("travel", "matrix"), f"the matrix needs a row for each of {n} locations", len(rule.matrix))]
        return [
            (("travel", "matrix", k), f"a row needs {n} numbers, one for each location", len(row))
            for k, row in enumerate(rule.matrix)
            if len(row) != n
        ]
    needed = ("lat", "lon") if rule.geo is not None else ("x", "y")
    return [
        (("locations", k), f"travel by {given[0]} needs {needed[0]} and {needed[1]} of every location", place.id)
        for k, place in enumerate(instance.locations)
        if any(getattr(place, name) is None for name in needed)
    ]


def _unfit(instance: RoutingInstance) -> list[Fault]:
    """Loads without a name in ``loads``, and visits that no vehicle can carry."""
    faults: list[Fault] = []
    vehicle = instance.vehicle
    amounts = [(("fleet", 0, "capacity"), vehicle.capacity)]
    amounts += [(("visits", k, "deliver"), visit.deliver) for k, visit in enumerate(instance.visits or ())]
    for where, load in amounts:
        for name in load if isinstance(load, Mapping) else ():
            if name not in instance.loads:
                known = f"it has {', '.join(instance.loads)}" if instance.loads else "it is empty"
                faults.append(((*where, name), f"loads does not name this; {known}", name))
    if vehicle.capacity is not None and not faults:
        room = _amount(vehicle.capacity)
        for k, visit in enumerate(instance.visits or ()):
            if _amount(visit.deliver) > room:
                rule = f"no vehicle can carry this; the capacity is {room:g}"
                faults.append((("visits", k, "deliver"), rule, f"{_amount(visit.deliver):g}"))
    return faults
