"""VROOM's JSON: jobs, shipments and vehicles with what they need, matrices or coordinates, and plans to begin with.

Levels are those of VROOM: first the priorities of what is not done, then how much of it there is, then cost, which is
travel (time, unless ``costs`` say otherwise), never service or waiting. VROOM rounds times divided by a speed factor to
whole seconds; qopt does not. What VROOM knows and qopt cannot carry is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.documents.document import Document, load_document
from qopt.models.documents.issues import issues_of
from qopt.models.documents.limits import Limits
from qopt.models.families.routing import RoutingInstance
from qopt.models.frontends._vroom_schema import Job, Point, Shipment, Table, Task, Vehicle, Vroom
from qopt.models.source import member_of, text_of

_KEYS = re.compile(r'"(vehicles|jobs|shipments|problem)"\s*:')
LIMITS = Limits(document_bytes=200_000_000)


@dataclass(frozen=True)
class VroomFormat:
    """Reader of VROOM problems."""

    suffixes: tuple[str, ...] = (".json",)

    def accepts(self, path: Path, text: str) -> bool:
        """Whether a text is an object with vehicles, and with jobs or shipments."""
        if not text.lstrip("\ufeff \t\r\n").startswith("{"):
            return False
        keys = set(_KEYS.findall(text))
        return "vehicles" in keys and "problem" not in keys and bool(keys & {"jobs", "shipments"})

    def members(self, text: str) -> Sequence[str]:
        """A file holds one problem."""
        return ("problem",)

    def read(
        self,
        source: str | Path,
        *,
        base_dir: Path | None = None,
        member: str | None = None,
        speed: float | str | None = None,
    ) -> RoutingInstance:
        """The routing instance of a problem: times in seconds after 0.

        Parameters
        ----------
        speed
            Kilometres per hour along great circles, for problems with coordinates and without matrices; VROOM asks a
            routing server instead, which qopt does not.

        Raises
        ------
        ModelError
            Every fault, with line and column; coordinates alone, without a speed.
        """
        text, file = text_of(source)
        document = load_document(text.removeprefix("\ufeff"), name=file, limits=LIMITS)
        member_of(["problem"], member, file)
        try:
            problem = Vroom.model_validate(document.data)
        except ValidationError as error:
            raise ModelError(issues_of(error, document.positions, Vroom)) from None
        pace = _pace(problem, speed, document)
        name = Path(file).stem.removesuffix(".vroom") if file else "vroom"
        return RoutingInstance.model_validate({"name": name or "vroom", **_document(problem, pace)})


def _pace(problem: Vroom, speed: float | str | None, document: Document) -> float | None:
    """The speed, where there are no matrices."""
    if problem.tables:
        if speed is not None:
            rule = "this problem has matrices, so a speed says nothing"
            raise ModelError(Issue(rule, str(speed), document.place(("matrices",)), "leave --speed out"))
        return None
    place = document.place(("vehicles",))
    if speed is None:
        rule = "the problem has coordinates alone; VROOM asks a routing server for times, qopt asks nobody"
        hint = "add matrices, or give a speed for great circles: --speed KMH"
        raise ModelError(Issue(rule, place=place, suggestion=hint))
    try:
        pace = float(speed)
    except ValueError:
        pace = 0.0
    if not 0 < pace < 1e6:
        raise ModelError(Issue("speed is a number of km per hour above 0", str(speed), Place(document.file)))
    return pace


def _document(problem: Vroom, pace: float | None) -> dict[str, Any]:
    """The problem as a routing document."""
    loads = [f"load {k}" for k in range(1, len(problem.vehicles[0].capacity) + 1)]
    places = _Places(problem)
    tasks = len(problem.jobs) + 2 * len(problem.shipments)
    travel = _Travel(problem, pace)
    out: dict[str, Any] = {
        "units": {"time": "s", "distance": "km" if pace else "m"},
        "locations": places.locations(),
        "loads": loads,
        "fleet": [_vehicle(problem, k, places, travel, loads) for k in range(len(problem.vehicles))],
        "objective": [{"minimise": "unserved"}, {"minimise": "cost"}],
        **travel.sections(),
    }
    if problem.jobs:
        out["visits"] = [_job(job, places, loads, tasks) for job in problem.jobs]
    if problem.shipments:
        out["shipments"] = [_shipment(ship, places, loads, tasks) for ship in problem.shipments]
    routes = [route for vehicle in problem.vehicles if (route := _route(problem, vehicle))["schedule"]]
    return out | ({"plan": {"routes": routes}} if routes else {})


class _Places:
    """Where and by whom. Locations: the rows of the matrices, or one for each pair of coordinates."""

    def __init__(self, problem: Vroom) -> None:
        spots = [(task.location_index, task.location) for _, task in problem.tasks()]
        for v in problem.vehicles:
            spots += [(v.start_index, v.start), (v.end_index, v.end)]
        self.type = problem.vehicles[0].type  # of all vehicles, where the time of a task depends on it
        self.point: dict[int, Point | None] = {}
        self._number: dict[Point, int] = {}
        if problem.tables:
            self.point = dict.fromkeys(range(len(next(iter(problem.tables.values())).durations)))
            for index, point in spots:
                if index is not None and self.point[index] is None:
                    self.point[index] = point
        else:
            for _, point in spots:
                if point is not None and point not in self._number:
                    self._number[point] = len(self._number)
            self.point = {number: point for point, number in self._number.items()}

    def of(self, index: int | None, point: Point | None) -> int | None:
        """The location of a row or of coordinates; None where neither is given."""
        if self._number:
            return None if point is None else self._number[point]
        return index

    def locations(self) -> list[dict[str, Any]]:
        """All of them, as a document lists them."""
        some = {"id": 0} if len(self.point) == 1 else None
        out = [{"id": n} | ({} if p is None else {"lon": p[0], "lat": p[1]}) for n, p in self.point.items()]
        return out if some is None else [*out, out[0] | {"id": 1}]


class _Travel:
    """Matrices of what vehicles pay and how long they take: one profile for each way of paying and each speed."""

    def __init__(self, problem: Vroom, pace: float | None) -> None:
        self.problem, self.pace = problem, pace
        self._names: dict[Any, str] = {}
        self._rules: dict[str, dict[str, Any]] = {}

    def of(self, vehicle: Vehicle) -> tuple[str | None, float, float | None]:
        """Profile, price of a unit of its measure, and the largest measure of a route of a vehicle."""
        costs = vehicle.costs
        if self.pace:
            rate = self.pace * vehicle.speed_factor  # km per hour
            limits = [] if vehicle.max_distance is None else [vehicle.max_distance / 1000]
            limits += [] if vehicle.max_travel_time is None else [vehicle.max_travel_time / 3600 * rate]
            return None, costs.per_hour / rate + costs.per_km, min(limits, default=None)
        key = (vehicle.profile, vehicle.speed_factor, costs.per_hour, costs.per_km)
        if key not in self._names:
            name = vehicle.profile if vehicle.profile not in self._rules else f"{vehicle.profile} {len(self._rules)}"
            self._names[key], self._rules[name] = name, self._rule(vehicle)
        if vehicle.max_travel_time is not None:
            return self._names[key], 1.0, vehicle.max_travel_time * costs.per_hour / 3600
        far = None if vehicle.max_distance is None else vehicle.max_distance * costs.per_km / 1000
        return self._names[key], 1.0, far

    def _rule(self, vehicle: Vehicle) -> dict[str, Any]:
        table, costs = self.problem.tables[vehicle.profile], vehicle.costs
        time = _scaled((table.durations, 1 / vehicle.speed_factor))
        if table.costs is not None:
            paid = _scaled((table.costs, 1.0))
        elif costs.per_km and table.distances is not None:
            rate = costs.per_hour / 3600 / vehicle.speed_factor
            paid = _scaled((table.durations, rate), (table.distances, costs.per_km / 1000))
        else:
            paid = _scaled((table.durations, costs.per_hour / 3600 / vehicle.speed_factor))
        return {"matrix": {"time": time, "distance": paid}}

    def sections(self) -> dict[str, Any]:
        """``travel`` and ``profiles``, once every vehicle has been asked for."""
        if self.pace:
            return {"travel": {"haversine": {"speed": self.pace}}}
        return {"travel": next(iter(self._rules.values())), "profiles": self._rules}


def _scaled(*parts: tuple[Table, float]) -> list[list[float]]:
    rows = range(len(parts[0][0]))
    return [[sum(table[i][j] * rate for table, rate in parts) for j in rows] for i in rows]


def _vehicle(problem: Vroom, k: int, places: _Places, travel: _Travel, loads: Sequence[str]) -> dict[str, Any]:
    v = problem.vehicles[k]
    profile, price, far = travel.of(v)
    start, end = places.of(v.start_index, v.start), places.of(v.end_index, v.end)
    most: dict[str, Any] = {} if far is None else {"distance": far}
    most |= {} if v.max_tasks is None else {"stops": v.max_tasks}
    out: dict[str, Any] = {
        "id": v.id,
        "start": "anywhere" if start is None else start,
        "end": "anywhere" if end is None else end,
        "cost": {"fixed": v.costs.fixed, "per_distance": price},
        "skills": [str(skill) for skill in v.skills],
        "breaks": [
            {"id": f"break {rest.id}", "duration": rest.service, "windows": list(rest.time_windows)}
            for rest in v.breaks
        ],
    }
    out |= {"max": most} if most else {}
    out |= {"capacity": dict(zip(loads, v.capacity, strict=True))} if loads else {}
    out |= {"shift": v.time_window} if v.time_window else {}
    out |= {"profile": profile} if profile else {"speed_factor": v.speed_factor}
    return out | ({"label": v.description} if v.description else {})


def _task(task: Task, places: _Places) -> dict[str, Any]:
    kind = places.type
    setup = task.setup_per_type.get(kind, task.setup)
    service = task.service_per_type.get(kind, task.service)
    out: dict[str, Any] = {"at": places.of(task.location_index, task.location), "setup": setup, "service": service}
    out |= {"windows": list(task.time_windows)} if task.time_windows else {}
    return out | ({"label": task.description} if task.description else {})


def _weight(priority: int, tasks: int) -> int:
    """What leaving a task out counts: its priority above all numbers of tasks, and one for the task."""
    return priority * (tasks + 1) + 1


def _job(job: Job, places: _Places, loads: Sequence[str], tasks: int) -> dict[str, Any]:
    return {
        "id": job.id,
        **_task(job, places),
        "deliver": dict(zip(loads, job.delivery)),
        "collect": dict(zip(loads, job.pickup)),
        "skills": [str(skill) for skill in job.skills],
        "priority": _weight(job.priority, tasks),
    }


def shipment_id(shipment: Shipment) -> str:
    """What a shipment is called: the ids of its pickup and of its delivery."""
    return f"{shipment.pickup.id}/{shipment.delivery.id}"


def _shipment(ship: Shipment, places: _Places, loads: Sequence[str], tasks: int) -> dict[str, Any]:
    return {
        "id": shipment_id(ship),
        "load": dict(zip(loads, ship.amount)),
        "pickup": _task(ship.pickup, places),
        "delivery": _task(ship.delivery, places),
        "skills": [str(skill) for skill in ship.skills],
        "priority": _weight(ship.priority, tasks),
    }


def _route(problem: Vroom, vehicle: Vehicle) -> Mapping[str, Any]:
    """The steps that a vehicle has already, as a route of the plan of now."""
    return {"vehicle": vehicle.id, "schedule": list(_steps(problem, vehicle))}


def _steps(problem: Vroom, vehicle: Vehicle) -> Iterator[dict[str, Any]]:
    for step in vehicle.steps:
        if step.type == "job":
            yield {"id": step.id}
        elif step.type == "break":
            yield {"id": f"break {step.id}", "what": "break"}
        elif step.type in ("pickup", "delivery"):
            ship = next(s for s in problem.shipments if getattr(s, step.type).id == step.id)
            yield {"id": f"{shipment_id(ship)}.{step.type}"}


PLUGIN = VroomFormat()
