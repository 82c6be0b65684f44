"""The document of a routing problem: its fields, how it counts time, and the forms that it becomes."""

from __future__ import annotations

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
    ANYWHERE,
    AnyLocation,
    AnyObjective,
    Horizon,
    Location,
    Matrix,
    Rule,
    Shipment,
    Travel,
    Units,
    Vehicle,
    Visit,
    amounts,
    limits,
)
from qopt.models.families._routing_travel import distances
from qopt.models.faults import refuse
from qopt.models.instance import Instance, Name

__all__ = ["Location", "RoutingInstance", "Travel", "Vehicle", "Visit"]


class RoutingInstance(Instance):
    """Visits and shipments, a fleet, and what travelling takes.

    Parameters
    ----------
    units, horizon
        What numbers and times mean.
    locations
        Places; a bare id where the matrix says everything.
    travel
        From location to location: a matrix in the order of ``locations`` or in a file, or a rule on their coordinates.
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

    @classmethod
    def unfolded(cls, document: Any) -> Any:
        """The document with its matrices in the place of the names of their files."""
        from qopt.models.families._routing_files import with_matrices

        return with_matrices(document)

    @model_validator(mode="after")
    def _consistent(self) -> RoutingInstance:
        from qopt.models.families._routing_faults import faults

        refuse("routing", faults(self))
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
