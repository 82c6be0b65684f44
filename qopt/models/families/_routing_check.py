"""The plain judge of routing plans: a second opinion that shares no code with the form or the formulations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qopt.models.families._routing_document import RoutingInstance
from qopt.models.families._routing_parts import Matrix, Travel


def faults(instance: RoutingInstance, plan: Mapping[str, Any]) -> list[str]:
    """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
    broken: list[str] = []
    places = {visit.id: visit.id if visit.at is None else visit.at for visit in instance.stops}
    loads = {visit.id: _plain(visit.deliver) for visit in instance.stops}
    where = {place.id: k for k, place in enumerate(instance.locations)}
    made: dict[Any, int] = dict.fromkeys(places, 0)
    vehicle = instance.fleet[0]
    for route in plan["routes"]:
        known = [stop for stop in route["stops"] if stop in places]
        for stop in route["stops"]:
            if stop not in places:
                broken.append(f"{route['vehicle']}: there is no visit {stop}")
            else:
                made[stop] += 1
        if not route["stops"]:
            broken.append(f"{route['vehicle']}: a route makes at least one visit")
        load = math.fsum(loads[stop] for stop in known)
        if vehicle.capacity is not None and load > _plain(vehicle.capacity) * (1 + 1e-9):
            broken.append(f"{route['vehicle']} carries {load:g}, its capacity is {_plain(vehicle.capacity):g}")
        if not math.isclose(load, route["load"], rel_tol=1e-9, abs_tol=1e-6):
            broken.append(f"{route['vehicle']} states a load of {route['load']:g}, it is {load:g}")
        line = [instance.depot, *(places[stop] for stop in known), instance.depot]
        cost = math.fsum(leg(instance, where[a], where[b]) for a, b in zip(line, line[1:]))
        if not math.isclose(cost, route["cost"], rel_tol=1e-9, abs_tol=1e-6):
            broken.append(f"{route['vehicle']} states a cost of {route['cost']:g}, it is {cost:g}")
    for visit, times in made.items():
        if times != 1:
            broken.append(f"visit {visit} is made {times} times")
    if vehicle.count != "unlimited" and len(plan["routes"]) > vehicle.count:
        broken.append(f"{len(plan['routes'])} routes for {vehicle.count} vehicles")
    return broken


def leg(instance: RoutingInstance, i: int, j: int, rule: Travel | None = None) -> float:
    """What it costs to go from the i-th location to the j-th, by a profile or by ``travel``."""
    if i == j:
        return 0.0
    rule = instance.travel if rule is None else rule
    if rule.matrix is not None:
        rows = rule.matrix.distance or rule.matrix.time if isinstance(rule.matrix, Matrix) else rule.matrix
        return rows[i][j] if rows else 0.0
    p, q = instance.locations[i], instance.locations[j]
    if rule.geo is not None:
        return _geo(p.lat or 0.0, p.lon or 0.0, q.lat or 0.0, q.lon or 0.0)
    dx, dy = (p.x or 0.0) - (q.x or 0.0), (p.y or 0.0) - (q.y or 0.0)
    if rule.att is not None:
        exact = math.sqrt((dx * dx + dy * dy) / 10)
        return float(round(exact) if round(exact) >= exact else round(exact) + 1)
    exact = math.sqrt(dx * dx + dy * dy)
    rounding = "none" if rule.euclidean is None else rule.euclidean.rounding
    if rounding == "none":
        return exact
    if rounding == "down1":
        return math.floor(10 * exact + 1e-9) / 10
    return float({"nearest": int(exact + 0.5), "up": math.ceil(exact), "down": int(exact)}[rounding])


def _geo(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """TSPLIB's GEO rule, step by step as its document gives it."""

    def radians(value: float) -> float:
        degrees = int(value)
        return 3.141592 * (degrees + 5 * (value - degrees) / 3) / 180

    q1 = math.cos(radians(lon_a) - radians(lon_b))
    q2 = math.cos(radians(lat_a) - radians(lat_b))
    q3 = math.cos(radians(lat_a) + radians(lat_b))
    cosine = 0.5 * ((1 + q1) * q2 - (1 - q1) * q3)
    return float(int(6378.388 * math.acos(max(-1.0, min(1.0, cosine))) + 1))


def _plain(load: Any) -> float:
    return math.fsum(load.values()) if isinstance(load, Mapping) else load
