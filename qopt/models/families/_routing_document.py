"""The document of a routing problem, and the rules between its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from qopt.core.arrays import Floats
from qopt.core.forms.fleet import Fleet
from qopt.core.forms.routes import Routes
from qopt.models.clock import UNITS, Clock
from qopt.models.families._routing_now import Plan
from qopt.models.families._routing_parts import (
    AnyLocation,
    AnyObjective,
    Horizon,
    Loads,
    Location,
    Matrix,
    Rule,
    Shipment,
    Travel,
    Units,
    Vehicle,
    Visit,
)
from qopt.models.families._routing_travel import distances
from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name

ANYWHERE = "anywhere"


class RoutingInstance(Instance):
    """Visits and shipments, a fleet, and what travelling takes.

    Parameters
    ----------
    units, horizon
        What numbers and times mean.
    locations
        Places; a bare id where the matrix says everything.
    travel
        From location to location: a matrix in the order of ``locations``, or a rule on their coordinates.
    profiles
        Other ways to travel by name, such as that of bicycles, for vehicles that name one.
    loads
        Names of what is carried; needed only where amounts are given by name.
    fleet
        Kinds of vehicles. Default: one vehicle without capacity from the first location, a travelling salesman.
    visits
        What is to be visited. Default, where there are no shipments: every location but the depot.
    shipments
        What is to be taken from one location to another.
    rules
        Between visits.
    objective
        Levels, first things first. Default: cost.
    plan
        The plan of now, for changing it.
    """

    family: ClassVar[str] = "routing"

    problem: Literal["routing"] = "routing"
    units: Units = Units()
    horizon: Horizon | None = None
    locations: tuple[AnyLocation, ...] = Field(min_length=2)
    travel: Travel
    profiles: dict[Name, Travel] = Field(default_factory=dict)
    loads: tuple[Name, ...] = ()
    fleet: tuple[Vehicle, ...] = Field(default=(Vehicle(),), min_length=1)
    visits: tuple[Visit, ...] | None = Field(default=None, min_length=1)
    shipments: tuple[Shipment, ...] = ()
    rules: tuple[Rule, ...] = ()
    objective: tuple[AnyObjective, ...] = ()
    plan: Plan | None = None

    @model_validator(mode="after")
    def _consistent(self) -> RoutingInstance:
        refuse("routing", [*_unknown(self)] or [*_unplaced(self), *_unfit(self), *_untimely(self), *_unplanned(self)])
        return self

    @cached_property
    def clock(self) -> Clock:
        """How times are counted."""
        zero = None
        if self.horizon is not None and isinstance(self.horizon.start, str) and "-" in self.horizon.start:
            zero = datetime.fromisoformat(self.horizon.start.strip())
        return Clock(UNITS[self.units.time], zero)

    @cached_property
    def crew(self) -> tuple[tuple[Vehicle, str], ...]:
        """The kinds of the form ``fleet`` with their names: those of the fleet, or where a plan of now is to be
        changed, every vehicle by itself."""
        if self.plan is None:
            return tuple((vehicle, str(vehicle.id)) for vehicle in self.fleet)
        most = max(len(self.stops), len(self.plan.routes))
        counts = [most if vehicle.count == "unlimited" else vehicle.count for vehicle in self.fleet]
        return tuple(
            (vehicle.model_copy(update={"count": 1}), str(vehicle.id) if vehicle.count == 1 else f"{vehicle.id}-{j}")
            for vehicle, count in zip(self.fleet, counts, strict=True)
            for j in range(1, count + 1)
        )

    @cached_property
    def holders(self) -> tuple[str | None, ...]:
        """The vehicle of ``crew`` that drives each route of the plan of now: the one of its name, else the first of its
        kind that drives no other; None where it is off."""
        if self.plan is None:
            return ()
        names = [name for _, name in self.crew]
        out = [str(route.vehicle) if str(route.vehicle) in names else None for route in self.plan.routes]
        for r, route in enumerate(self.plan.routes):
            if out[r] is None:
                kind = str(route.vehicle if route.kind is None else route.kind)
                free = (name for vehicle, name in self.crew if str(vehicle.id) == kind and name not in out)
                out[r] = next(free, None)
        return tuple(out)

    @property
    def vehicle(self) -> Vehicle:
        """The first kind of vehicle."""
        return self.fleet[0]

    @property
    def depot(self) -> str | int:
        """The location where routes of the first kind start and end."""
        start = self.vehicle.start
        return self.locations[0].id if start is None or start == ANYWHERE else start

    @cached_property
    def stops(self) -> tuple[Visit, ...]:
        """The visits, and the ends of the shipments, in the order of the form's visits."""
        if self.visits is not None or self.shipments:
            ends = [
                Visit(
                    id=f"{s.id}.{name}", **end.model_dump(), skills=s.skills, optional=s.optional, priority=s.priority
                )
                for s in self.shipments
                for name, end in (("pickup", s.pickup), ("delivery", s.delivery))
            ]
            return (*(self.visits or ()), *ends)
        return tuple(Visit(id=place.id) for place in self.locations if place.id != self.depot)

    @cached_property
    def position(self) -> dict[str | int, int]:
        """The number of each location."""
        return {place.id: k for k, place in enumerate(self.locations)}

    @cached_property
    def where(self) -> tuple[int, ...]:
        """The number of the location of every node of the form ``routes``: the depot, then the visits."""
        return (self.position[self.depot], *(self.position[v.id if v.at is None else v.at] for v in self.stops))

    @cached_property
    def points(self) -> Floats | None:
        """Coordinates of those nodes (x, y) or (lon, lat), shape (n, 2); None where some have none."""
        places = [self.locations[k] for k in self.where]
        for pairs in ([(p.lon, p.lat) for p in places], [(p.x, p.y) for p in places]):
            if all(None not in pair for pair in pairs):
                return np.array(pairs, dtype=np.float64)
        return None

    @cached_property
    def matrices(self) -> tuple[Floats, Floats]:
        """Distances and times between the locations, shapes (locations, locations)."""
        return distances(self.travel, self.locations, self.units)

    def travel_of(self, vehicle: Vehicle) -> Travel:
        """What a vehicle travels by."""
        return self.travel if vehicle.profile is None else self.profiles[vehicle.profile]

    @property
    def plain(self) -> bool:
        """Whether the form ``routes`` says everything: one kind of vehicle, one load, no times, prices or rules."""
        vehicle = self.vehicle
        said = {"id", "label", "count", "start", "end", "capacity"}
        simple = len(self.fleet) == 1 and vehicle.model_fields_set <= said and vehicle.start != ANYWHERE
        simple = simple and vehicle.end in (None, self.depot) and len(self.loads) <= 1
        simple = simple and not (self.shipments or self.rules or self.plan or self.horizon)
        simple = simple and all(o.minimise in ("cost", "distance") for o in self.objective) and len(self.objective) < 2
        matrix = self.travel.matrix
        simple = simple and not (isinstance(matrix, Matrix) and matrix.time is not None)
        return simple and all(v.model_fields_set <= {"id", "label", "at", "deliver"} for v in self.stops)

    @cached_property
    def form(self) -> Routes | Fleet:
        """The native form: ``routes`` where that says everything, else ``fleet``."""
        return self.routes if self.plain else self.rich

    @cached_property
    def told_routes(self) -> dict[tuple[int, bytes], dict[str, Any]]:
        """Routes in a dispatcher's words that were worked out already, by kind and items: plans have many in common."""
        return {}

    @cached_property
    def rich(self) -> Fleet:
        """The form ``fleet``, which says everything."""
        from qopt.models.families._routing_fleet import fleet

        return fleet(self)

    @cached_property
    def routes(self) -> Routes:
        """The form ``routes``: node 0 is the depot, node k the k-th visit. Only for what is ``plain``."""
        distance = self.matrices[0][np.ix_(self.where, self.where)]
        np.fill_diagonal(distance, 0.0)
        demand = np.array([0.0, *(float(sum(amounts(v.deliver, self.loads))) for v in self.stops)])
        count = len(self.stops) if self.vehicle.count == "unlimited" else self.vehicle.count
        capacity = np.inf if self.vehicle.capacity is None else limits(self.vehicle.capacity, self.loads)[0]
        return Routes(distance, demand, capacity, count)


def amounts(load: Loads, names: Sequence[str]) -> list[float]:
    """One number per load: a plain number is of the first one, a load that is not named is 0."""
    if isinstance(load, Mapping):
        return [float(load.get(name, 0.0)) for name in names] or [0.0]
    return [float(load), *([0.0] * (max(1, len(names)) - 1))]


def limits(capacity: Loads, names: Sequence[str]) -> list[float]:
    """The same of a capacity: what is not named has no limit."""
    if isinstance(capacity, Mapping):
        return [float(capacity.get(name, np.inf)) for name in names] or [np.inf]
    return [float(capacity), *([np.inf] * (max(1, len(names)) - 1))]


def _unknown(instance: RoutingInstance) -> Iterator[Fault]:
    """Ids that occur twice, and references to what does not exist."""
    named: dict[str, Sequence[Location | Visit | Shipment]] = {
        "locations": instance.locations,
        "visits": instance.visits or (),
        "shipments": instance.shipments,
    }
    for name, things in named.items():
        seen: set[str | int] = set()
        for k, thing in enumerate(things):
            if thing.id in seen:
                yield (name, k, "id"), "ids must differ", thing.id
            seen.add(thing.id)
    known = {place.id for place in instance.locations}
    for k, visit in enumerate(instance.visits or ()):
        if visit.at is None and visit.id not in known:
            yield ("visits", k, "id"), "a visit without at needs a location of the same id", visit.id
        elif visit.at is not None and visit.at not in known:
            yield ("visits", k, "at"), "there is no such location", visit.at
    for k, shipment in enumerate(instance.shipments):
        for name, end in (("pickup", shipment.pickup), ("delivery", shipment.delivery)):
            if end.at not in known:
                yield ("shipments", k, name, "at"), "there is no such location", end.at
    for k, vehicle in enumerate(instance.fleet):
        for name, place in (("start", vehicle.start), ("end", vehicle.end)):
            if place is not None and place != ANYWHERE and place not in known:
                yield ("fleet", k, name), "there is no such location", place
        if vehicle.profile is not None and vehicle.profile not in instance.profiles:
            yield ("fleet", k, "profile"), "there is no such profile", vehicle.profile
        if vehicle.trips > 1 and vehicle.start == ANYWHERE:
            yield ("fleet", k, "trips"), "a vehicle that reloads needs a start", vehicle.trips
        if vehicle.id in {other.id for other in instance.fleet[:k]}:
            yield ("fleet", k, "id"), "ids must differ", vehicle.id
    yield from _unruly(instance)


def _unruly(instance: RoutingInstance) -> Iterator[Fault]:
    """Rules and pins that name no visit, and rules that say several things or nothing."""
    visits = {visit.id for visit in instance.visits or ()} | {s.id for s in instance.shipments}
    if instance.visits is None and not instance.shipments:
        visits |= {visit.id for visit in instance.stops}
    for k, rule in enumerate(instance.rules):
        kinds = [name for name in ("keep_together", "keep_apart", "before") if getattr(rule, name) is not None]
        if len(kinds) != 1:
            told = "a rule needs exactly one of keep_together, keep_apart, before"
            yield ("rules", k), told, ", ".join(kinds) or "none"
            continue
        members = getattr(rule, kinds[0])
        for j, visit in enumerate(members):
            if visit not in visits:
                yield ("rules", k, kinds[0], j), "there is no such visit", visit
            elif visit in members[:j]:
                yield ("rules", k, kinds[0], j), "the same visit stands twice in a rule", visit


def _unplaced(instance: RoutingInstance) -> Iterator[Fault]:
    """A travel section, or a profile, that does not fit the locations."""
    yield from _unplaced_by(instance, instance.travel, ("travel",))
    for name, rule in instance.profiles.items():
        yield from _unplaced_by(instance, rule, ("profiles", name))


def _unplaced_by(instance: RoutingInstance, rule: Travel, at: tuple[str | int, ...]) -> Iterator[Fault]:
    ways = ("matrix", "euclidean", "haversine", "geo", "att")
    given = [name for name in ways if getattr(rule, name) is not None]
    if len(given) != 1:
        yield at, f"travel needs exactly one of {', '.join(ways)}", ", ".join(given) or "none"
        return
    n = len(instance.locations)
    if rule.matrix is not None:
        for where, rows in matrix_rows(rule):
            if len(rows) != n:
                yield (*at, *where), f"the matrix needs a row for each of {n} locations", len(rows)
                continue
            for k, row in enumerate(rows):
                if len(row) != n:
                    yield (*at, *where, k), f"a row needs {n} numbers, one for each location", len(row)
        if isinstance(rule.matrix, Matrix) and rule.matrix.time is None and rule.matrix.distance is None:
            yield (*at, "matrix"), "a matrix needs time or distance", "none"
        return
    needed = ("lat", "lon") if given[0] in ("geo", "haversine") else ("x", "y")
    for k, place in enumerate(instance.locations):
        if any(getattr(place, name) is None for name in needed):
            yield (
                ("locations", k),
                f"travel by {given[0]} needs {needed[0]} and {needed[1]} of every location",
                place.id,
            )


def matrix_rows(rule: Travel) -> Iterator[tuple[tuple[str, ...], tuple[tuple[float, ...], ...]]]:
    """The matrices of a travel section, each with its path in it."""
    if isinstance(rule.matrix, Matrix):
        for name in ("time", "distance"):
            rows = getattr(rule.matrix, name)
            if rows is not None:
                yield ("matrix", name), rows
    elif rule.matrix is not None:
        yield ("matrix",), rule.matrix


def _unfit(instance: RoutingInstance) -> Iterator[Fault]:
    """Loads without a name in ``loads``, and visits that no vehicle can carry."""
    named: list[tuple[tuple[str | int, ...], Loads | None]] = []
    named += [(("fleet", k, "capacity"), vehicle.capacity) for k, vehicle in enumerate(instance.fleet)]
    for k, visit in enumerate(instance.visits or ()):
        named += [(("visits", k, "deliver"), visit.deliver), (("visits", k, "collect"), visit.collect)]
    named += [(("shipments", k, "load"), shipment.load) for k, shipment in enumerate(instance.shipments)]
    faults: list[Fault] = []
    for where, load in named:
        for name in load if isinstance(load, Mapping) else ():
            if name not in instance.loads:
                known = f"it has {', '.join(instance.loads)}" if instance.loads else "it is empty"
                faults.append(((*where, name), f"loads does not name this; {known}", name))
    yield from faults
    if faults or instance.objective or any(vehicle.capacity is None for vehicle in instance.fleet):
        return
    rooms = np.array([limits(v.capacity, instance.loads) for v in instance.fleet if v.capacity is not None])
    for where, load in named[len(instance.fleet) :]:
        need = np.array(amounts(load, instance.loads)) if load is not None else np.zeros(rooms.shape[1])
        if not (need <= rooms).all(axis=1).any():
            room = rooms.max(axis=0)
            d = int(np.argmax(need - room))
            yield where, f"no vehicle can carry this; the capacity is {room[d]:g}", f"{need[d]:g}"


def _untimely(instance: RoutingInstance) -> Iterator[Fault]:
    """Times that cannot be counted, and windows that end before they begin."""
    windows: list[tuple[tuple[str | int, ...], Any]] = []
    for k, vehicle in enumerate(instance.fleet):
        windows.append((("fleet", k, "shift"), vehicle.shift))
        windows += [(("fleet", k, "breaks", j, "between"), b.between) for j, b in enumerate(vehicle.breaks)]
        for j, rest in enumerate(vehicle.breaks):
            windows += [(("fleet", k, "breaks", j, "windows", w), window) for w, window in enumerate(rest.windows)]
    for k, visit in enumerate(instance.visits or ()):
        windows += [(("visits", k, "windows", j), window) for j, window in enumerate(visit.windows)]
    for k, shipment in enumerate(instance.shipments):
        for name, end in (("pickup", shipment.pickup), ("delivery", shipment.delivery)):
            windows += [(("shipments", k, name, "windows", j), window) for j, window in enumerate(end.windows)]
    if instance.horizon is not None and instance.horizon.end is not None:
        windows.append((("horizon",), (instance.horizon.start, instance.horizon.end)))
    for where, window in windows:
        if window is None:
            continue
        try:
            first, last = (instance.clock.moment(value) for value in window)
        except ValueError as error:
            yield where, str(error), f"{window[0]} to {window[1]}"
            continue
        if last < first:
            yield where, "it ends before it begins", f"{window[0]} to {window[1]}"


def _unplanned(instance: RoutingInstance) -> Iterator[Fault]:
    """What is wrong with the plan of now."""
    from qopt.models.families._routing_replan import faults, times

    for where, values in times(instance):
        for value in values:
            try:
                instance.clock.moment(0.0 if value is None else value)
            except ValueError as error:
                yield where, str(error), value
                return
    yield from faults(instance)
