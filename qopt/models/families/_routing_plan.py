"""Plans of rich routing: what every vehicle does when, with what on board, at what cost; and back to proposals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.errors import RecordError
from qopt.core.forms._fleet_timing import Timing, timing
from qopt.core.forms.fleet import Fleet, Proposal, Role, Tour, evaluate
from qopt.models.families._routing_reasons import reason
from qopt.models.plans import entries

if TYPE_CHECKING:
    from qopt.models.families._routing_document import RoutingInstance

_WORDS = {Role.VISIT: "visit", Role.BREAK: "break", Role.RELOAD: "reload"}


def plan_of(instance: RoutingInstance, form: Fleet, proposal: Proposal) -> dict[str, Any]:
    """A proposal in a dispatcher's words, ready for JSON.

    Returns
    -------
    ``routes``: of each used vehicle its stops, its schedule, distance, duration, highest load and cost. ``unserved``:
    visits that nobody makes, each with a code and a reason. ``rules``: soft rules that are broken, with their cost.
    ``kpis``: the named parts of the objective.
    """
    routes = [_route(instance, form, tour, name) for tour, name in _named(instance, proposal)]
    made = {int(item) for tour in proposal.tours for item in tour.items}
    unserved = [
        {"visit": visit.id, **reason(instance, form, proposal, k)}
        for k, visit in enumerate(instance.stops)
        if k not in made
    ]
    parts = evaluate(form, proposal).parts
    soft = {name.removeprefix("soft."): value for name, value in parts.items() if name.startswith("soft.")}
    told = {rule.name or f"rules[{k}]": rule.why for k, rule in enumerate(instance.rules)}
    rules = [{"rule": name, "cost": tidy(cost), **_why(told.get(name))} for name, cost in soft.items()]
    kpis = {name: tidy(float(value)) for name, value in parts.items() if not name.startswith("soft.")}
    kpis["end"] = moment(instance, float(parts["end"]))
    return {"routes": routes, "unserved": unserved, "rules": rules, "kpis": kpis}


def _why(why: str | None) -> dict[str, str]:
    return {} if why is None else {"why": why}


def _named(instance: RoutingInstance, proposal: Proposal) -> list[tuple[Tour, str]]:
    """The tours in the order of their kinds and departures, each with the name of its vehicle."""
    out: list[tuple[Tour, str]] = []
    for k, vehicle in enumerate(instance.fleet):
        tours = sorted((t for t in proposal.tours if t.kind == k and len(t.items)), key=lambda t: t.items.tolist())
        for j, tour in enumerate(tours, start=1):
            out.append((tour, str(vehicle.id) if vehicle.count == 1 else f"{vehicle.id}-{j}"))
    return out


def _route(instance: RoutingInstance, form: Fleet, tour: Tour, name: str) -> dict[str, Any]:
    when = timing(form, tour.kind, tour.items)
    alone = Fleet(form.distance, form.time, form.items, form.kinds, form.allowed, names=form.names)
    parts = evaluate(alone, Proposal((tour,))).parts
    cost = sum(parts[part] for part in ("fixed", "travel", "time", "overtime", "late"))
    return {
        "vehicle": name,
        "kind": instance.fleet[tour.kind].id,
        "stops": [instance.stops[item].id for item in tour.items.tolist() if form.items.role[item] == Role.VISIT],
        "depart": moment(instance, when.depart),
        "end": moment(instance, when.end),
        "schedule": [_step(instance, form, tour, when, j) for j in range(len(tour.items))],
        "distance": tidy(when.distance),
        "duration": tidy(when.duration),
        "load": _load(instance, when.load.max(axis=0)),
        "cost": tidy(float(cost)),
    }


def _step(instance: RoutingInstance, form: Fleet, tour: Tour, when: Timing, j: int) -> dict[str, Any]:
    item = int(tour.items[j])
    out: dict[str, Any] = {"what": _WORDS[Role(int(form.items.role[item]))], "id": form.name(item)}
    if item < len(instance.stops):
        out["id"] = instance.stops[item].id
    for name in ("arrive", "start", "leave"):
        out[name] = moment(instance, float(getattr(when, name)[j]))
    if when.late[j] > 0:
        out["late"] = tidy(float(when.late[j]))
    out["load"] = _load(instance, when.load[j + 1])
    return out


def _load(instance: RoutingInstance, amounts: np.ndarray[Any, Any]) -> Any:
    if not instance.loads:
        return tidy(float(amounts[0]))
    return {name: tidy(float(amount)) for name, amount in zip(instance.loads, amounts, strict=True)}


def moment(instance: RoutingInstance, value: float) -> Any:
    """A time as the document writes times: a timestamp or clock text where it has a horizon, else a number."""
    return tidy(value) if instance.horizon is None else instance.clock.text(value)


def tidy(value: float) -> int | float:
    """A whole number as int; others without the noise of sums."""
    near = round(value, 9)
    return int(near) if float(near).is_integer() else near


def restore(instance: RoutingInstance, form: Fleet, plan: Mapping[str, Any]) -> Proposal:
    """A plan's vehicles and schedules (its stops, where it has no schedule) as tours of the form.

    Raises
    ------
    RecordError
        No routes, a vehicle that the fleet does not have, or a stop that this instance does not know.
    """
    kinds = {str(vehicle.id): k for k, vehicle in enumerate(instance.fleet)}
    number: dict[tuple[int, str], int] = {}
    for item in range(len(form.items)):
        owner = int(form.items.owner[item])
        for k in range(len(kinds)) if owner < 0 else (owner,):
            number.setdefault((k, str(form.name(item))), item)
    tours = []
    for r, route in enumerate(entries(plan, "routes")):
        if not isinstance(route, Mapping):
            raise RecordError(f"routes[{r}] is no route: {route!r}")
        name = str(route.get("kind", route.get("vehicle")))
        kind = kinds.get(name, kinds.get(name.rpartition("-")[0]))
        if kind is None:
            raise RecordError(f"routes[{r}] is of {name!r}; the fleet has: {', '.join(kinds)}")
        steps = route.get("schedule", route.get("stops"))
        if not isinstance(steps, (list, tuple)):
            raise RecordError(f"routes[{r}] has neither a schedule nor stops")
        items = []
        for step in steps:
            named = str(step.get("id") if isinstance(step, Mapping) else step)
            if (kind, named) not in number:
                raise RecordError(f"routes[{r}] stops at {named!r}, which is no visit of {instance.name}")
            items.append(number[kind, named])
        tours.append(Tour(kind, np.array(_with_breaks(form, kind, items), dtype=np.int64)))
    return Proposal(tuple(tour for tour in tours if len(tour.items)))


def _with_breaks(form: Fleet, kind: int, items: list[int]) -> list[int]:
    """The items with the breaks that a plan does not mention, each where the tour breaks least and ends first."""
    line = list(items)
    owned = (form.items.role == Role.BREAK) & (form.items.owner == kind)
    for item in np.flatnonzero(owned).tolist():
        if item in line or not line:
            continue
        tries = [[*line[:j], item, *line[j:]] for j in range(len(line) + 1)]
        line = min(tries, key=lambda tried: _misery(form, kind, tried))
    return line


def _misery(form: Fleet, kind: int, items: list[int]) -> tuple[float, float]:
    when = timing(form, kind, np.array(items, dtype=np.int64))
    return float(when.late.sum()), when.end
