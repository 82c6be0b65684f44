"""What is wrong with a routing document: rules between its fields, each fault at its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.models.families import _routing_replan as replan
from qopt.models.families._routing_parts import (
    ANYWHERE,
    Loads,
    Location,
    Matrix,
    Shipment,
    Travel,
    Visit,
    amounts,
    limits,
)
from qopt.models.faults import Fault

if TYPE_CHECKING:
    from qopt.models.families._routing_document import RoutingInstance


def faults(instance: RoutingInstance) -> list[Fault]:
    """Every fault; where something is named that does not exist, only those."""
    return [*_unknown(instance)] or [
        *_unplaced(instance),
        *_unfit(instance),
        *_untimely(instance),
        *_unplanned(instance),
    ]


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
    for where, values in replan.times(instance):
        for value in values:
            try:
                instance.clock.moment(0.0 if value is None else value)
            except ValueError as error:
                yield where, str(error), value
                return
    yield from replan.faults(instance)
