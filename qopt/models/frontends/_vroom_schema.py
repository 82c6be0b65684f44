"""What a VROOM problem may hold: its keys, and those of them that qopt cannot carry.

Source: the API description of VROOM 1.14 (VROOM-Project/vroom, docs/API.md). Times are seconds, distances metres,
coordinates [lon, lat].
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator
from pydantic import Strict as Exact

from qopt.models.faults import Fault, refuse
from qopt.models.instance import Strict

Whole = Annotated[int, Exact(), Field(ge=0)]
Seconds = Annotated[float, Exact(), Field(ge=0)]
Window = tuple[Seconds, Seconds]
Point = tuple[Annotated[float, Exact(), Field(ge=-180, le=180)], Annotated[float, Exact(), Field(ge=-90, le=90)]]
Amounts = tuple[Whole, ...]
Table = tuple[tuple[Whole, ...], ...]
Text = Annotated[str, Field(max_length=200)]
Unsupported = Any


class Task(Strict):
    """A job, a pickup or a delivery: where, how long, when."""

    id: Whole
    description: Text | None = None
    location: Point | None = None
    location_index: Whole | None = None
    setup: Seconds = 0.0
    service: Seconds = 0.0
    setup_per_type: dict[str, Seconds] = Field(default_factory=dict)
    service_per_type: dict[str, Seconds] = Field(default_factory=dict)
    time_windows: tuple[Window, ...] = ()


class Job(Task):
    """A task of its own."""

    delivery: Amounts = ()
    pickup: Amounts = ()
    skills: tuple[Whole, ...] = ()
    priority: Annotated[int, Exact(), Field(ge=0, le=100)] = 0


class Shipment(Strict):
    """A pickup and a delivery by one vehicle."""

    pickup: Task
    delivery: Task
    amount: Amounts = ()
    skills: tuple[Whole, ...] = ()
    priority: Annotated[int, Exact(), Field(ge=0, le=100)] = 0


class Break(Strict):
    """A rest of the driver."""

    id: Whole
    description: Text | None = None
    service: Seconds = 0.0
    time_windows: tuple[Window, ...] = ()
    max_load: Unsupported = None


class Costs(Strict):
    """What a vehicle costs: in use, per hour of travel, per kilometre."""

    fixed: Seconds = 0.0
    per_hour: Seconds = 3600.0
    per_km: Seconds = 0.0
    per_task_hour: Unsupported = None


class Step(Strict):
    """A step of the plan that a vehicle has already."""

    type: Literal["start", "job", "pickup", "delivery", "break", "end"]
    id: Whole | None = None
    service_at: Unsupported = None
    service_after: Unsupported = None
    service_before: Unsupported = None


class Vehicle(Strict):
    """A vehicle."""

    id: Whole
    profile: Annotated[str, Field(min_length=1, max_length=100)] = "car"
    description: Text | None = None
    start: Point | None = None
    start_index: Whole | None = None
    end: Point | None = None
    end_index: Whole | None = None
    capacity: Amounts = ()
    costs: Costs = Costs()
    skills: tuple[Whole, ...] = ()
    type: str = ""
    time_window: Window | None = None
    breaks: tuple[Break, ...] = ()
    speed_factor: Annotated[float, Exact(), Field(gt=0, le=5)] = 1.0
    max_tasks: Whole | None = None
    max_travel_time: Seconds | None = None
    max_distance: Seconds | None = None
    steps: tuple[Step, ...] = ()


class Matrices(Strict):
    """Travel of one profile."""

    durations: Table
    distances: Table | None = None
    costs: Table | None = None


class Vroom(Strict):
    """A whole problem."""

    jobs: tuple[Job, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    vehicles: tuple[Vehicle, ...] = Field(min_length=1)
    matrices: dict[str, Matrices] = Field(default_factory=dict)
    matrix: Table | None = None
    options: Unsupported = None

    @model_validator(mode="after")
    def _carried(self) -> Vroom:
        refuse("VROOM", [*_unsupported(self)] or [*_inconsistent(self), *_windows(self)])
        return self

    @property
    def tables(self) -> dict[str, Matrices]:
        """The matrices by profile; ``matrix``, as older files have it, is that of cars."""
        return self.matrices or ({} if self.matrix is None else {"car": Matrices(durations=self.matrix)})

    def tasks(self) -> Iterator[tuple[tuple[str | int, ...], Task]]:
        """Every task with its place in the document."""
        yield from ((("jobs", k), job) for k, job in enumerate(self.jobs))
        for k, shipment in enumerate(self.shipments):
            yield ("shipments", k, "pickup"), shipment.pickup
            yield ("shipments", k, "delivery"), shipment.delivery


def _unsupported(problem: Vroom) -> Iterator[Fault]:
    """What would be lost, by name."""
    told = "qopt cannot carry this"
    types = {vehicle.type for vehicle in problem.vehicles}
    for where, task in problem.tasks():
        for key in ("setup_per_type", "service_per_type"):
            if getattr(task, key) and len(types) > 1:
                yield (*where, key), f"{told}: a task takes the same time with every vehicle", ", ".join(sorted(types))
    parts: list[tuple[tuple[str | int, ...], BaseModel]] = [((), problem)]
    for k, vehicle in enumerate(problem.vehicles):
        parts.append((("vehicles", k, "costs"), vehicle.costs))
        parts += [(("vehicles", k, "breaks", j), rest) for j, rest in enumerate(vehicle.breaks)]
        parts += [(("vehicles", k, "steps", j), step) for j, step in enumerate(vehicle.steps)]
    for where, part in parts:
        for key, field in type(part).model_fields.items():
            if field.annotation is Unsupported and key in part.model_fields_set:
                yield (*where, key), told, getattr(part, key)
    for k, vehicle in enumerate(problem.vehicles):
        yield from (
            ((("vehicles", k, key)), why, getattr(vehicle, key)) for key, why in _two_measures(problem, vehicle)
        )


def _two_measures(problem: Vroom, vehicle: Vehicle) -> Iterator[tuple[str, str]]:
    """Limits of a measure that is not what the vehicle's cost grows with (a route has one measure here), and prices of
    what is not known."""
    table, costs = problem.tables.get(vehicle.profile), vehicle.costs
    if table is None:
        return
    if table.costs is not None and costs.model_fields_set & {"per_hour", "per_km"}:
        yield "costs", "with a matrix of costs, prices of hours and kilometres say nothing"
    elif costs.per_km and table.distances is None:
        yield "costs", "a price of kilometres needs the matrix of distances"
    timed = costs.per_km == 0 and table.costs is None and costs.per_hour > 0
    lengthy = costs.per_hour == 0 and table.costs is None and costs.per_km > 0
    if vehicle.max_travel_time is not None and not timed:
        yield "max_travel_time", "qopt cannot carry this unless the vehicle costs per hour of travel alone"
    if vehicle.max_distance is not None and not lengthy:
        yield "max_distance", "qopt cannot carry this unless the vehicle costs per kilometre alone (per_hour: 0)"


def _inconsistent(problem: Vroom) -> Iterator[Fault]:
    """Ids that occur twice, amounts of different lengths, places that are missing or not in the matrix."""
    if not problem.jobs and not problem.shipments:
        yield ("jobs",), "there is nothing to do: give jobs or shipments", "none"
    seen: set[tuple[str, int]] = set()
    for where, task in problem.tasks():
        kind = str(where[-1]) if where[0] == "shipments" else "job"
        if (kind, task.id) in seen:
            yield (*where, "id"), f"ids of {kind}s must differ", task.id
        seen.add((kind, task.id))
    numbers = [vehicle.id for vehicle in problem.vehicles]
    for k, number in enumerate(numbers):
        if number in numbers[:k]:
            yield ("vehicles", k, "id"), "ids of vehicles must differ", number
    size = len(problem.vehicles[0].capacity)
    amounts: list[tuple[tuple[str | int, ...], Amounts]] = []
    amounts += [(("vehicles", k, "capacity"), vehicle.capacity) for k, vehicle in enumerate(problem.vehicles)]
    for k, job in enumerate(problem.jobs):
        amounts += [(("jobs", k, key), getattr(job, key)) for key in ("delivery", "pickup") if getattr(job, key)]
    amounts += [(("shipments", k, "amount"), ship.amount) for k, ship in enumerate(problem.shipments) if ship.amount]
    for where, amount in amounts:
        if len(amount) != size:
            yield where, f"the capacity of the first vehicle has {size} parts, so must this", f"{len(amount)} parts"
    yield from _places(problem)


def _places(problem: Vroom) -> Iterator[Fault]:
    tables = problem.tables
    size = len(next(iter(tables.values())).durations) if tables else 0
    for name, table in tables.items():
        for key in ("durations", "distances", "costs"):
            rows = getattr(table, key)
            if rows is not None and not all(len(row) == size for row in (rows, *rows)):
                at: tuple[str | int, ...] = ("matrices", name, key) if problem.matrices else ("matrix",)
                yield at, f"all matrices are square and of one size, {size}", f"{len(rows)} rows"
                return
    spots: list[tuple[tuple[str | int, ...], Point | None, int | None, bool]] = []
    for where, task in problem.tasks():
        spots.append(((*where, "location"), task.location, task.location_index, True))
    for k, vehicle in enumerate(problem.vehicles):
        if tables and vehicle.profile not in tables:
            yield (
                ("vehicles", k, "profile"),
                f"there is no matrix of it; there are: {', '.join(tables)}",
                vehicle.profile,
            )
        spots.append((("vehicles", k, "start"), vehicle.start, vehicle.start_index, False))
        spots.append((("vehicles", k, "end"), vehicle.end, vehicle.end_index, False))
        if {vehicle.start, vehicle.end, vehicle.start_index, vehicle.end_index} == {None}:
            yield ("vehicles", k), "a vehicle needs a start or an end", vehicle.id
    for where, point, index, needed in spots:
        at = (*where[:-1], f"{where[-1]}_index")
        if tables and index is not None and index >= size:
            yield at, f"the matrices have rows 0 to {size - 1}", index
        elif tables and index is None and (needed or point is not None):
            yield where[:-1], f"with matrices, {at[-1]} must say the row", "nothing"
        elif not tables and point is None and (needed or index is not None):
            yield where[:-1], f"without matrices, {where[-1]} must say the coordinates", "nothing"


def _windows(problem: Vroom) -> Iterator[Fault]:
    """Windows that end before they begin, and steps of things that do not exist."""
    windows: list[tuple[tuple[str | int, ...], Window]] = []
    for where, task in problem.tasks():
        windows += [((*where, "time_windows", w), window) for w, window in enumerate(task.time_windows)]
    for k, vehicle in enumerate(problem.vehicles):
        windows += [(("vehicles", k, "time_window"), vehicle.time_window)] if vehicle.time_window else []
        for j, rest in enumerate(vehicle.breaks):
            at = ("vehicles", k, "breaks", j, "time_windows")
            windows += [((*at, w), window) for w, window in enumerate(rest.time_windows)]
    for where, (low, high) in windows:
        if high < low:
            yield where, "it ends before it begins", f"{low:g} to {high:g}"
    known: dict[str, set[int]] = {"job": {job.id for job in problem.jobs}}
    known |= {kind: {getattr(s, kind).id for s in problem.shipments} for kind in ("pickup", "delivery")}
    for k, vehicle in enumerate(problem.vehicles):
        there = known | {"break": {rest.id for rest in vehicle.breaks}}
        for j, step in enumerate(vehicle.steps):
            if step.type not in ("start", "end") and step.id not in there[step.type]:
                yield ("vehicles", k, "steps", j, "id"), f"there is no such {step.type}", step.id
