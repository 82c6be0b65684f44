"""VROOM's solution: routes with their steps, what is unassigned, and sums; times are whole seconds.

What is told twice over in VROOM (``job`` beside ``id``, ``amount`` beside ``delivery``) is told once, and times of the
solver itself are left out. An unassigned task has a ``reason`` besides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qopt.core.errors import Issue, UnsupportedModelError
from qopt.models.families._routing_parts import ANYWHERE
from qopt.models.families.routing import RoutingInstance
from qopt.models.subject import Subject

_SHIPMENT = re.compile(r"(\d+)/(\d+)")
Step = dict[str, Any]


@dataclass(frozen=True)
class VroomSolution:
    """Writer of solutions as VROOM gives them."""

    suffixes: tuple[str, ...] = (".vroom", ".vroom.json")
    families: tuple[str, ...] = ("routing",)

    def check(self, subject: Subject) -> None:
        """Refuse what VROOM does not know: reloads."""
        instance = subject.instance
        assert isinstance(instance, RoutingInstance)
        for vehicle in instance.fleet:
            if vehicle.trips > 1:
                hint = "let the vehicle make one trip"
                raise UnsupportedModelError(Issue("VROOM has no reloads", f"trips: {vehicle.trips}", suggestion=hint))

    def texts(self, plan: Mapping[str, Any], subject: Subject) -> dict[str, str]:
        """The solution, under no name."""
        instance = subject.instance
        assert isinstance(instance, RoutingInstance)
        return {"": json.dumps(_Solution(plan, instance).document(), ensure_ascii=False, indent=1) + "\n"}


class _Solution:
    def __init__(self, plan: Mapping[str, Any], instance: RoutingInstance) -> None:
        from qopt.models.families._routing_plan import plan_of, restore

        rich = instance.rich
        timed = all("schedule" in route for route in plan["routes"])
        self.plan = plan if timed else plan_of(instance, rich, restore(instance, rich, plan))
        self.instance = instance
        self.visits = {str(visit.id): visit for visit in instance.stops}
        self.places = {place.id: place for place in instance.locations}

    @cached_property
    def tasks(self) -> dict[str, tuple[str, int]]:
        """VROOM's type and id of every visit; places in the document where an id is no number."""
        out: dict[str, tuple[str, int]] = {}
        ids = [visit.id for visit in self.instance.visits or ()]
        numeric = all(isinstance(one, int) and one >= 0 for one in ids)
        if self.instance.visits is None and not self.instance.shipments:
            ids, numeric = [visit.id for visit in self.instance.stops], False
        out |= {str(one): ("job", int(one) if numeric else k) for k, one in enumerate(ids)}
        found = [_SHIPMENT.fullmatch(str(shipment.id)) for shipment in self.instance.shipments]
        for k, (shipment, pair) in enumerate(zip(self.instance.shipments, found, strict=True)):
            numbers = pair.groups() if pair is not None and all(found) else (k, k)
            for end, number in zip(("pickup", "delivery"), numbers, strict=True):
                out[f"{shipment.id}.{end}"] = (end, int(number))
        return out

    def document(self) -> dict[str, Any]:
        """All of it."""
        routes = [self._route(k, route) for k, route in enumerate(self.plan["routes"])]
        unassigned = [self._unassigned(line) for line in self.plan["unserved"]]
        summed = ("cost", "setup", "service", "duration", "waiting_time", "priority", "distance")
        summary: dict[str, Any] = {"cost": 0, "routes": len(routes), "unassigned": len(unassigned)}
        summary |= {key: sum(route[key] for route in routes) for key in summed if all(key in r for r in routes)}
        for key in ("delivery", "pickup") if self.instance.loads else ():
            summary[key] = [sum(amounts) for amounts in zip(*(route[key] for route in routes))]
        summary["violations"] = [one for route in routes for one in route["violations"]]
        return {"code": 0, "summary": summary, "unassigned": unassigned, "routes": routes}

    def _unassigned(self, line: Mapping[str, Any]) -> dict[str, Any]:
        kind, number = self.tasks[str(line["visit"])]
        return {"id": number, "type": kind} | self._place(self._location(line["visit"])) | {"reason": line["reason"]}

    def _location(self, visit: Any) -> str | int:
        found = self.visits[str(visit)]
        return found.id if found.at is None else found.at

    def _place(self, location: str | int | None) -> dict[str, Any]:
        """Coordinates and matrix row of a location, where it has them."""
        if location is None or location == ANYWHERE:
            return {}
        place = self.places[location]
        out: dict[str, Any] = {} if place.lon is None or place.lat is None else {"location": [place.lon, place.lat]}
        indexed = self.instance.travel.matrix is not None
        return out | ({"location_index": self.instance.position[location]} if indexed else {})

    def _second(self, moment: Any) -> int:
        clock = self.instance.clock
        return round(clock.moment(moment) * clock.unit)

    def _route(self, k: int, route: Mapping[str, Any]) -> dict[str, Any]:
        vehicle = next(v for v in self.instance.fleet if v.id == route["kind"])
        steps = [self._step(step) for step in route["schedule"]]
        start = self.instance.locations[0].id if vehicle.start is None else vehicle.start
        end = start if vehicle.end is None else vehicle.end
        steps.insert(0, self._bare("start", start, route["depart"]))
        steps.append(self._bare("end", end, route["end"]))
        if start == ANYWHERE:
            steps.pop(0)
        if end == ANYWHERE:
            steps.pop()
        _travelled(steps)
        stops = [str(stop) for stop in route["stops"]]
        out: dict[str, Any] = {"vehicle": int(str(route["vehicle"])) if str(route["vehicle"]).isdecimal() else k}
        name = vehicle.label or ("" if str(out["vehicle"]) == str(route["vehicle"]) else str(route["vehicle"]))
        out |= {"description": name} if name else {}
        out |= {"cost": round(route["cost"])}
        out |= {key: sum(step[key] for step in steps) for key in ("setup", "service", "waiting_time")}
        out |= {"duration": steps[-1]["duration"], "priority": sum(self._priority(stop) for stop in stops)}
        if self.instance.travel_of(vehicle).haversine is not None:
            metres = {"km": 1000.0, "m": 1.0, "mi": 1609.344}.get(self.instance.units.distance, 1000.0)
            out["distance"] = round(route["distance"] * metres)
        if self.instance.loads:
            out |= self._loads(steps, stops)
        return out | {"steps": steps, "violations": [one for step in steps for one in step["violations"]]}

    def _bare(self, kind: str, location: str | int, moment: Any) -> Step:
        nothing = {"setup": 0, "service": 0, "waiting_time": 0}
        return {"type": kind, **self._place(location), **nothing, "arrival": self._second(moment), "violations": []}

    def _step(self, step: Mapping[str, Any]) -> Step:
        arrive, start = self._second(step["arrive"]), self._second(step["start"])
        late = (
            [{"cause": "delay", "duration": round(step["late"] * self.instance.clock.unit)}] if "late" in step else []
        )
        clock = self.instance.clock
        busy = round((clock.moment(step["leave"]) - clock.moment(step["start"])) * clock.unit)
        times = {"setup": 0, "service": busy, "waiting_time": start - arrive, "arrival": arrive}
        load = {"load": [_whole(amount) for amount in step["load"].values()]} if self.instance.loads else {}
        if step["what"] != "visit":
            number = re.search(r"\d+$", str(step["id"]))
            named = {"type": "break", "id": int(number[0]) if number else 0}
            return {**named, **times, **load, "violations": late, "description": str(step["id"])}
        visit = self.visits[str(step["id"])]
        kind, number_of = self.tasks[str(step["id"])]
        need = round(self.instance.clock.duration(visit.service) * self.instance.clock.unit)
        times["setup"], times["service"] = max(0, busy - need), min(need, busy)
        name = visit.label or ("" if str(number_of) == str(visit.id) or kind != "job" else str(visit.id))
        told = {"type": kind, "id": number_of, **self._place(self._location(visit.id)), **times, **load}
        return {**told, "violations": late} | ({"description": name} if name else {})

    def _priority(self, stop: str) -> int:
        """VROOM's priority behind the weight that the reader gives a task; 0 in documents of other origin."""
        each, rest = divmod(self.visits[stop].priority - 1, len(self.visits) + 1)
        return int(each) if rest == 0 else 0

    def _loads(self, steps: Sequence[Step], stops: Sequence[str]) -> dict[str, Any]:
        """What a route brings and takes, and the loads of its first and last step."""
        names, sums = self.instance.loads, {}
        ships = {f"{s.id}.delivery": s.load for s in self.instance.shipments}
        for key, own in (("delivery", "deliver"), ("pickup", "collect")):
            amounts = [getattr(self.visits[stop], own) for stop in stops] + [ships[s] for s in stops if s in ships]
            sums[key] = [_whole(total) for total in _totals(amounts, names)]
        aboard = [_whole(total) for total in _totals([self.visits[stop].deliver for stop in stops], names)]
        if steps[0]["type"] == "start":
            steps[0]["load"] = aboard
        if steps[-1]["type"] == "end":
            steps[-1]["load"] = steps[-2]["load"]
        return sums


def _totals(amounts: Sequence[Any], names: Sequence[str]) -> Iterator[float]:
    for k, name in enumerate(names):
        given = (a.get(name, 0.0) if isinstance(a, Mapping) else a * (k == 0) for a in amounts)
        yield sum(float(amount) for amount in given)


def _whole(amount: float) -> int:
    if abs(amount - round(amount)) > 1e-6:
        raise UnsupportedModelError(Issue("VROOM's amounts are whole numbers", f"{amount:g}", suggestion="scale them"))
    return round(amount)


def _travelled(steps: Sequence[Step]) -> None:
    """The time on the road until each step."""
    way, left = 0, steps[0]["arrival"]
    for step in steps:
        way += step["arrival"] - left
        step["duration"] = way
        left = step["arrival"] + step["waiting_time"] + step["setup"] + step["service"]


PLUGIN = VroomSolution()
