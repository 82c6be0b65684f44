"""A routing document as the form ``fleet``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.forms.fleet import Company, Fleet, Items, Kinds, Role
from qopt.models.families._routing_parts import amounts, limits
from qopt.models.families._routing_replan import replanned
from qopt.models.families._routing_travel import distances

if TYPE_CHECKING:
    from qopt.models.families._routing_document import RoutingInstance
    from qopt.models.families._routing_parts import Vehicle

FAR = np.inf


def fleet(instance: RoutingInstance) -> Fleet:
    """The form: visits and the ends of shipments, then the breaks and reloads of every kind of vehicle."""
    crew = [vehicle for vehicle, _ in instance.crew]
    profiles = list(dict.fromkeys((vehicle.profile, vehicle.speed_factor) for vehicle in crew))
    tables = {v.profile: distances(instance.travel_of(v), instance.locations, instance.units) for v in crew}
    items, names = _items(instance, crew)
    allowed = np.zeros((len(crew), len(items)), dtype=bool)
    for k, vehicle in enumerate(crew):
        skills = set(vehicle.skills)
        allowed[k, : len(instance.stops)] = [skills >= set(visit.skills) for visit in instance.stops]
        allowed[k] |= items.owner == k
    form = Fleet(
        np.stack([tables[name][0] for name, _ in profiles]),
        np.stack([tables[name][1] / factor for name, factor in profiles]),
        items,
        _kinds(instance, crew, profiles),
        allowed,
        tuple(_company(instance)),
        levels(instance),
        names=names,
    )
    return form if instance.plan is None else replanned(instance, form)


def levels(instance: RoutingInstance) -> tuple[tuple[tuple[str, float], ...], ...]:
    """Levels of the objective, each a list of measures with their weights."""
    out: list[list[tuple[str, float]]] = []
    for part in instance.objective:
        if part.weight is None or not out:
            out.append([])
        out[-1].append((part.minimise, 1.0 if part.weight is None else part.weight))
    return tuple(tuple(level) for level in out) or ((("cost", 1.0),),)


def hours(instance: RoutingInstance) -> float:
    """Units of time in an hour."""
    return 3600.0 / instance.clock.unit


def place_of(instance: RoutingInstance, vehicle: Vehicle, end: str) -> int:
    """Number of the location where a vehicle starts or ends, -1 for anywhere."""
    start = instance.locations[0].id if vehicle.start is None else vehicle.start
    chosen = start if end == "start" or vehicle.end is None else vehicle.end
    return instance.position.get(chosen, -1)


def _items(instance: RoutingInstance, crew: Sequence[Vehicle]) -> tuple[Items, tuple[str, ...]]:
    clock, loads = instance.clock, instance.loads
    stops, size = instance.stops, max(1, len(loads))
    free = 2 * len(instance.shipments)
    first = len(stops) - free
    change, delivery = np.zeros((len(stops), size)), np.full(len(stops), -1)
    for j, shipment in enumerate(instance.shipments):
        pickup = first + 2 * j
        change[pickup] = amounts(shipment.load, loads)
        change[pickup + 1] = -change[pickup]
        delivery[pickup] = pickup + 1
    rests = [(k, rest) for k, vehicle in enumerate(crew) for rest in vehicle.breaks]
    again = [(k, vehicle) for k, vehicle in enumerate(crew) if vehicle.trips > 1]
    windows = [visit.windows for visit in stops]
    windows += [rest.openings for _, rest in rests]
    windows += [() for _ in again]
    pairs = [sorted((clock.moment(a), clock.moment(b)) for a, b in part) for part in windows]
    more = len(rests) + len(again)

    def with_more(values: Iterable[float], rest: Sequence[float] = ()) -> Floats:
        return np.array([*values, *(rest or [0.0] * more)], dtype=np.float64)

    def table(rows: Sequence[Sequence[float]]) -> Floats:
        return np.concatenate([np.array(rows, dtype=np.float64).reshape(-1, size), np.zeros((more, size))])

    penalty = [np.inf if visit.optional is None else visit.optional.penalty for visit in stops]
    late = [np.inf if visit.late is None else visit.late / hours(instance) for visit in stops]
    items = Items(
        role=np.array([Role.VISIT] * len(stops) + [Role.BREAK] * len(rests) + [Role.RELOAD] * len(again)),
        place=np.array(
            [*instance.where[1:], *(-1 for _ in rests), *(place_of(instance, v, "start") for _, v in again)]
        ),
        service=with_more(
            (clock.duration(visit.service) for visit in stops),
            [*(clock.duration(rest.duration) for _, rest in rests), *(clock.duration(v.reload) for _, v in again)],
        ),
        setup=with_more(clock.duration(visit.setup) for visit in stops),
        deliver=table([amounts(visit.deliver, loads) for visit in stops]),
        collect=table([amounts(visit.collect, loads) for visit in stops]),
        change=table(change.tolist()),
        window_start=np.concatenate([[0], np.cumsum([len(part) for part in pairs])]),
        earliest=np.array([a for part in pairs for a, _ in part], dtype=np.float64),
        latest=np.array([b for part in pairs for _, b in part], dtype=np.float64),
        late_price=with_more(late, [np.inf] * more),
        priority=with_more(visit.priority for visit in stops),
        penalty=with_more(penalty, [np.inf] * more),
        delivery=np.concatenate([delivery, np.full(more, -1)]),
        owner=np.array([*(-1 for _ in stops), *(k for k, _ in rests), *(k for k, _ in again)]),
    )
    names = [str(visit.id) for visit in stops]
    names += [name for vehicle in crew for name in vehicle.break_names]
    names += [f"the reload of {vehicle.id}" for _, vehicle in again]
    return items, tuple(names)


def _kinds(instance: RoutingInstance, fleet: Sequence[Vehicle], profiles: Sequence[tuple[str | None, float]]) -> Kinds:
    clock, hour, size = instance.clock, hours(instance), max(1, len(instance.loads))
    start = 0.0 if instance.horizon is None else clock.moment(instance.horizon.start)
    last = np.inf if instance.horizon is None or instance.horizon.end is None else clock.moment(instance.horizon.end)

    def each(values: Iterable[float]) -> Floats:
        return np.array([*values], dtype=np.float64)

    shifts = [(start, last) if v.shift is None else tuple(clock.moment(t) for t in v.shift) for v in fleet]
    costs = [v.cost for v in fleet]
    return Kinds(
        count=np.array([len(instance.stops) if v.count == "unlimited" else v.count for v in fleet]),
        start=np.array([place_of(instance, v, "start") for v in fleet]),
        end=np.array([place_of(instance, v, "end") for v in fleet]),
        profile=np.array([profiles.index((v.profile, v.speed_factor)) for v in fleet]),
        capacity=np.array(
            [[np.inf] * size if v.capacity is None else limits(v.capacity, instance.loads) for v in fleet]
        ),
        earliest=each(shift[0] for shift in shifts),
        latest=each(shift[1] for shift in shifts),
        overtime_after=each(
            np.inf if c is None or c.overtime_after is None else clock.duration(c.overtime_after) for c in costs
        ),
        max_distance=each(np.inf if v.most.distance is None else v.most.distance for v in fleet),
        max_duration=each(np.inf if v.most.duration is None else clock.duration(v.most.duration) for v in fleet),
        max_stops=each(np.inf if v.most.stops is None else v.most.stops for v in fleet),
        fixed=each(0.0 if c is None else c.fixed for c in costs),
        per_distance=each(1.0 if c is None else c.per_distance for c in costs),
        per_time=each(0.0 if c is None else c.per_hour / hour for c in costs),
        per_overtime=each(0.0 if c is None else c.overtime_per_hour / hour for c in costs),
        trips=np.array([v.trips for v in fleet]),
    )


def _company(instance: RoutingInstance) -> Iterable[Company]:
    """The rules between visits; a shipment stands for its delivery (for its pickup where it comes first)."""
    number = {visit.id: k for k, visit in enumerate(instance.stops)}
    ships = {shipment.id for shipment in instance.shipments}
    for k, rule in enumerate(instance.rules):
        price = np.inf if rule.soft is None else rule.soft
        words = {"together": rule.keep_together, "apart": rule.keep_apart, "before": rule.before}
        kind, members = next((kind, given) for kind, given in words.items() if given is not None)
        visits = []
        for j, member in enumerate(members):
            end = "pickup" if kind == "before" and j == 1 else "delivery"
            visits.append(number[f"{member}.{end}" if member in ships and member not in number else member])
        yield Company(kind, tuple(visits), price, rule.name or f"rules[{k}]")
