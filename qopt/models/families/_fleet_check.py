"""The plain judge of rich routing plans: it believes no number of a plan and shares no code with the form."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from qopt.models.families._routing_check import leg
from qopt.models.families._routing_document import RoutingInstance
from qopt.models.families._routing_now import Plan, PlannedRoute, PlannedStep
from qopt.models.families._routing_parts import Cost, Matrix, Vehicle

NEAR = 1e-6
_STAMPED = 1.0  # a second, which is what timestamps are rounded to


def faults(instance: RoutingInstance, plan: Mapping[str, Any]) -> list[str]:
    """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
    broken: list[str] = []
    where: dict[Any, tuple[int, Mapping[str, Any]]] = {}
    times: dict[Any, int] = {visit.id: 0 for visit in instance.stops}
    for r, route in enumerate(plan["routes"]):
        broken += _Route(instance, route).faults()
        for step in route["schedule"]:
            if step["what"] == "visit":
                times[step["id"]] = times.get(step["id"], 0) + 1
                where[step["id"]] = (r, step)
    unserved = {line["visit"] for line in plan["unserved"]}
    for visit in instance.stops:
        if times[visit.id] > 1:
            broken.append(f"{visit.id} is made {times[visit.id]} times")
        if (times[visit.id] == 0) != (visit.id in unserved):
            broken.append(f"{visit.id} is made {times[visit.id]} times, and listed as unserved or not accordingly")
        must = visit.optional is None and not any(o.minimise == "unserved" for o in instance.objective)
        if must and times[visit.id] == 0:
            broken.append(f"{visit.id} is not made")
    for vehicle in instance.fleet:
        used = sum(route["kind"] == vehicle.id for route in plan["routes"])
        if vehicle.count != "unlimited" and used > vehicle.count:
            broken.append(f"{used} vehicles of {vehicle.id}, there are {vehicle.count}")
    for shipment in instance.shipments:
        ends = [where.get(f"{shipment.id}.{name}") for name in ("pickup", "delivery")]
        if (ends[0] is None) != (ends[1] is None):
            broken.append(f"{shipment.id} is only half done")
        elif ends[0] is not None and ends[1] is not None and ends[0][0] != ends[1][0]:
            broken.append(f"{shipment.id} changes its vehicle")
    broken += _company(instance, plan, where)
    if instance.plan is not None:
        broken += _replanned(instance, instance.plan, plan)
    return broken


def _replanned(instance: RoutingInstance, now: Plan, plan: Mapping[str, Any]) -> Iterator[str]:
    """What should have stayed, what begins in the past, and changes that cost something else than stated."""
    told = {name: route for name, route in zip(instance.holders, now.routes, strict=True) if name is not None}
    was = {str(step.id): name for name, route in told.items() for step in route.steps}
    made = {str(stop): str(route["vehicle"]) for route in plan["routes"] for stop in route["stops"]}
    pins = {f"{pin}{end}" for pin in now.pinned.visits for end in ("", ".pickup", ".delivery")}
    moved, done = 0, {str(step.id) for route in told.values() for step in _done(instance, route)}
    for visit in instance.stops:
        before, after = was.get(str(visit.id)), made.get(str(visit.id))
        if before is None or before == after:
            continue
        if str(visit.id) in pins | done:
            yield f"{visit.id} leaves {before}, where it is pinned"
        moved += 1
    paid, cost = float(plan["kpis"].get("changes", 0.0)), moved * now.change_cost
    if not math.isclose(paid, cost, abs_tol=NEAR):
        yield f"changes cost {cost:g}, the plan says {paid:g}"
    for route in plan["routes"]:
        before_it = told.get(str(route["vehicle"]))
        done_by_it = [] if before_it is None else _done(instance, before_it)
        first = [(s.what, str(s.id)) for s in done_by_it if s.what != "visit" or str(s.id) in made]
        steps = [(str(s["what"]), str(s["id"])) for s in route["schedule"]]
        whole = before_it is not None and bool(before_it.schedule)  # stops alone do not say where breaks are
        begins = steps if whole else [step for step in steps if step[0] == "visit"]
        if begins[: len(first)] != first:
            yield f"{route['vehicle']} does not begin as it has begun"
        if now.pinned.before is None:
            continue
        past = instance.clock.moment(now.pinned.before) - _slack(instance)
        if not first and instance.clock.moment(route["depart"]) < past:
            yield f"{route['vehicle']} would depart in the past"
        for place, step in enumerate(route["schedule"]):
            over = place >= len(first) and (str(step["what"]), str(step["id"])) not in first
            if over and instance.clock.moment(step["start"]) < past:
                yield f"{step['id']} would begin in the past"


def _done(instance: RoutingInstance, route: PlannedRoute) -> list[PlannedStep]:
    """What a vehicle has done by the pins of the document."""
    assert instance.plan is not None
    pinned, out, made = instance.plan.pinned, 0, 0
    first = pinned.first.get(str(route.vehicle), 0)
    for j, step in enumerate(route.steps, start=1):
        made += step.what == "visit"
        if step.what == "visit" and (made == first or str(step.id) == first):
            out = max(out, j)
        if pinned.before is not None and step.start is not None:
            begun = instance.clock.moment(step.start) < instance.clock.moment(pinned.before)
            out = max(out, j) if begun else out
    return list(route.steps[:out])


def _company(
    instance: RoutingInstance, plan: Mapping[str, Any], where: Mapping[Any, tuple[int, Mapping[str, Any]]]
) -> Iterator[str]:
    """Hard rules that are broken, and soft ones whose cost the plan does not state."""
    ships = {shipment.id for shipment in instance.shipments}
    stated: dict[str, float] = {}
    for line in plan["rules"]:
        stated[line["rule"]] = stated.get(line["rule"], 0.0) + float(line["cost"])
    due: dict[str, float] = {}
    for k, rule in enumerate(instance.rules):
        members = list(rule.keep_together or rule.keep_apart or rule.before or ())
        found = []
        for j, member in enumerate(members):
            end = "pickup" if rule.before is not None and j == 1 else "delivery"
            found.append(where.get(f"{member}.{end}" if member in ships else member))
        amount = 0.0
        made = [place for place in found if place is not None]
        if rule.before is not None:
            if len(made) == 2:
                first, second = (instance.clock.moment(made[j][1][key]) for j, key in ((0, "leave"), (1, "start")))
                amount = float(second < first - _slack(instance))
        elif rule.keep_together is not None:
            amount = float(max(0, len({r for r, _ in made}) - 1))
        else:
            routes = [r for r, _ in made]
            amount = sum(math.comb(routes.count(r), 2) for r in set(routes))
        name = rule.name or f"rules[{k}]"
        if amount and rule.soft is None:
            yield f"{name} is broken: {rule.why or ', '.join(str(m) for m in members)}"
        elif amount:
            due[name] = due.get(name, 0.0) + amount * (rule.soft or 0.0)
    for name in due.keys() | stated.keys():
        if not math.isclose(due.get(name, 0.0), stated.get(name, 0.0), abs_tol=NEAR):
            yield f"{name} costs {due.get(name, 0.0):g}, the plan says {stated.get(name, 0.0):g}"


def _slack(instance: RoutingInstance) -> float:
    """How far a stated time may be off, in units of time."""
    return NEAR if instance.horizon is None else _STAMPED / instance.clock.unit


class _Route:
    """One route of a plan."""

    def __init__(self, instance: RoutingInstance, route: Mapping[str, Any]) -> None:
        self.instance, self.route = instance, route
        self.vehicle: Vehicle = next(v for v in instance.fleet if v.id == route["kind"])
        self.name = route["vehicle"]
        self.visit = {visit.id: visit for visit in instance.stops}
        self.index = {place.id: k for k, place in enumerate(instance.locations)}
        self.slack = _slack(instance)
        now = dict(zip(instance.holders, instance.plan.routes)) if instance.plan is not None else {}
        begun = _done(instance, now[self.name]) if self.name in now else []
        self.began = {str(s.id): instance.clock.moment(s.start) for s in begun if s.start is not None}

    def faults(self) -> Iterator[str]:
        """What is wrong with it."""
        yield from self._times()
        yield from self._loads()
        yield from self._who()

    def _at(self, key: str, step: Mapping[str, Any]) -> float:
        return self.instance.clock.moment(step[key])

    def _end(self, which: str) -> int | None:
        """Number of the location where it starts or ends; None for anywhere."""
        first = self.instance.locations[0].id if self.vehicle.start is None else self.vehicle.start
        place = first if which == "start" or self.vehicle.end is None else self.vehicle.end
        return self.index.get(place)

    def _ride(self, a: int | None, b: int | None) -> tuple[float, float]:
        """Distance and time from one location to another."""
        if a is None or b is None or a == b:
            return 0.0, 0.0
        instance, rule = self.instance, self.instance.travel_of(self.vehicle)
        if isinstance(rule.matrix, Matrix):
            rows = rule.matrix.distance or rule.matrix.time, rule.matrix.time or rule.matrix.distance
            distance, time = (table[a][b] if table else 0.0 for table in rows)
        elif rule.haversine is not None:
            p, q = instance.locations[a], instance.locations[b]
            distance = _arc(p.lat or 0.0, p.lon or 0.0, q.lat or 0.0, q.lon or 0.0)
            distance *= rule.haversine.detour / {"m": 0.001, "mi": 1.609344}.get(instance.units.distance, 1.0)
            time = distance / rule.haversine.speed * {"s": 3600.0, "min": 60.0, "h": 1.0}[instance.units.time]
        else:
            distance = leg(instance, a, b, rule)
            time = distance if rule.euclidean is None else distance / rule.euclidean.speed
        return distance, time / self.vehicle.speed_factor

    def _times(self) -> Iterator[str]:
        """Stated times against travel, service, windows and shift; distance, duration and cost against limits."""
        clock, vehicle = self.instance.clock, self.vehicle
        depart, back = self._at("depart", self.route), self._at("end", self.route)
        here, now, way, late = self._end("start"), depart, 0.0, 0.0
        for step in self.route["schedule"]:
            to, need, windows, price = self._facts(step, here)
            distance, ride = self._ride(here, to)
            way += distance
            arrive, start, leave = (self._at(key, step) for key in ("arrive", "start", "leave"))
            if arrive < now + ride - self.slack:
                yield f"{self.name} cannot be at {step['id']} that early"
            if start < arrive - self.slack or leave < start + need - self.slack:
                yield f"{self.name} has no time for {step['id']}"
            within = [a - self.slack <= start <= b + self.slack for a, b in windows]
            if windows and not any(within):
                over = start - windows[-1][1]
                if price is None or over < 0:
                    yield f"{step['id']} starts outside its windows"
                else:
                    late += over * price
            here, now = to, leave
        distance, ride = self._ride(here, self._end("end"))
        way += distance
        if back < now + ride - self.slack:
            yield f"{self.name} cannot be back that early"
        shift = [clock.moment(value) for value in vehicle.shift] if vehicle.shift is not None else []
        if shift and (depart < shift[0] - self.slack or back > shift[1] + self.slack):
            yield f"{self.name} drives outside its shift"
        duration, most = back - depart, vehicle.most
        if most.distance is not None and way > most.distance + NEAR:
            yield f"{self.name} goes {way:g}, at most {most.distance:g}"
        if most.duration is not None and duration > clock.duration(most.duration) + self.slack:
            yield f"{self.name} takes {duration:g}, at most {clock.duration(most.duration):g}"
        if not math.isclose(way, self.route["distance"], rel_tol=1e-6, abs_tol=NEAR):
            yield f"{self.name} states a distance of {self.route['distance']:g}, it is {way:g}"
        cost, slack = self._cost(way, duration) + late, self._cost(0.0, 2 * self.slack) + late * 1e-3 + 1e-3
        if abs(cost - self.route["cost"]) > max(slack, 1e-6 * cost):
            yield f"{self.name} states a cost of {self.route['cost']:g}, it is {cost:g}"

    def _cost(self, way: float, duration: float) -> float:
        """Cost of a used vehicle by the document's prices, lateness left out."""
        cost: Cost | None = self.vehicle.cost
        if cost is None:
            return way
        hour = 3600.0 / self.instance.clock.unit
        over = math.inf if cost.overtime_after is None else self.instance.clock.duration(cost.overtime_after)
        extra = max(0.0, duration - over) * cost.overtime_per_hour / hour
        return cost.fixed + cost.per_distance * way + cost.per_hour * duration / hour + extra

    def _facts(
        self, step: Mapping[str, Any], here: int | None
    ) -> tuple[int | None, float, list[tuple[float, float]], float | None]:
        """Location, time it takes, windows, and price of a unit of lateness of a step."""
        clock = self.instance.clock
        if step["what"] == "visit":
            visit = self.visit[step["id"]]
            to = self.index[visit.id if visit.at is None else visit.at]
            need = clock.duration(visit.service) + (clock.duration(visit.setup) if to != here else 0.0)
            if str(step["id"]) in self.began:
                return to, need, [(self.began[str(step["id"])], math.inf)], None
            price = None if visit.late is None else visit.late * clock.unit / 3600.0
            return to, need, sorted((clock.moment(a), clock.moment(b)) for a, b in visit.windows), price
        if step["what"] == "reload":
            return self._end("start"), clock.duration(self.vehicle.reload), [], None
        rest = self._rest(step)
        if str(step["id"]) in self.began:
            return here, clock.duration(rest.duration), [(self.began[str(step["id"])], math.inf)], None
        between = [rest.between] if rest.between is not None else []
        windows = sorted((clock.moment(a), clock.moment(b)) for a, b in (*between, *rest.windows))
        return here, clock.duration(rest.duration), windows, None

    def _rest(self, step: Mapping[str, Any]) -> Any:
        """The break that a step is."""
        return self.vehicle.breaks[self.vehicle.break_names.index(str(step["id"]))]

    def _loads(self) -> Iterator[str]:
        """Loads along the way, trip by trip, against the capacity and what is stated."""
        names = self.instance.loads or ("",)
        trips: list[list[Mapping[str, Any]]] = [[]]
        for step in self.route["schedule"]:
            if step["what"] == "reload":
                trips.append([])
            else:
                trips[-1].append(step)
        if len(trips) > self.vehicle.trips:
            yield f"{self.name} makes {len(trips)} trips, at most {self.vehicle.trips}"
        half = {
            f"{s.id}.{end}": (s, sign)
            for s in self.instance.shipments
            for end, sign in (("pickup", 1), ("delivery", -1))
        }
        for name in names:
            room = _amount(self.vehicle.capacity, name, names, math.inf)
            for trip in trips:
                load = math.fsum(
                    _amount(self.visit[s["id"]].deliver, name, names) for s in trip if s["what"] == "visit"
                )
                most = load
                aboard: set[Any] = set()
                for step in trip:
                    if step["what"] != "visit":
                        continue
                    visit = self.visit[step["id"]]
                    load += _amount(visit.collect, name, names) - _amount(visit.deliver, name, names)
                    if step["id"] in half:
                        shipment, sign = half[step["id"]]
                        load += sign * _amount(shipment.load, name, names)
                        if sign < 0 and shipment.id not in aboard:
                            yield f"{self.name} delivers {shipment.id} before it has it"
                        aboard ^= {shipment.id}
                    most = max(most, load)
                    said = step["load"][name] if self.instance.loads else step["load"]
                    if not math.isclose(load, said, rel_tol=1e-6, abs_tol=NEAR):
                        yield f"{self.name} states a load of {said:g} after {step['id']}, it is {load:g}"
                if aboard:
                    yield f"{self.name} ends a trip with {', '.join(str(s) for s in sorted(aboard, key=str))} on board"
                if most > room + NEAR:
                    yield f"{self.name} carries {most:g} {name}, its capacity is {room:g}".replace("  ", " ")

    def _who(self) -> Iterator[str]:
        """Skills, stops and breaks."""
        steps = [step for step in self.route["schedule"] if step["what"] == "visit"]
        if [step["id"] for step in steps] != list(self.route["stops"]) or not steps:
            yield f"{self.name}: stops and schedule disagree, or are empty"
        if self.vehicle.most.stops is not None and len(steps) > self.vehicle.most.stops:
            yield f"{self.name} stops {len(steps)} times, at most {self.vehicle.most.stops}"
        for step in steps:
            lacking = set(self.visit[step["id"]].skills) - set(self.vehicle.skills)
            if lacking:
                yield f"{self.name} lacks {', '.join(sorted(lacking))} for {step['id']}"
        rests = [step for step in self.route["schedule"] if step["what"] == "break"]
        if sorted(str(step["id"]) for step in rests) != sorted(self.vehicle.break_names):
            yield f"{self.name} takes {len(rests)} breaks of {len(self.vehicle.breaks)}"


def _amount(load: Any, name: str, names: tuple[str, ...], otherwise: float = 0.0) -> float:
    """The amount of one load; a plain number is of the first."""
    if load is None:
        return otherwise
    if isinstance(load, Mapping):
        return float(load.get(name, otherwise))
    return float(load) if name == names[0] else otherwise


def _arc(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great circle in km by the spherical law of cosines."""
    a, b = math.radians(lat_a), math.radians(lat_b)
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(math.radians(lon_a - lon_b))
    return 6371.0088 * math.acos(max(-1.0, min(1.0, cosine)))
