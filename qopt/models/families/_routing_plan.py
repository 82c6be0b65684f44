"""Plans of rich routing: what every vehicle does when, with what on board, at what cost; and back to proposals."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.errors import RecordError
from qopt.core.forms._fleet_judge import parts_of
from qopt.core.forms._fleet_timing import Timing, timing
from qopt.core.forms.fleet import Fleet, Proposal, Role, Tour, evaluate
from qopt.models.families._routing_items import Numbers, vroom_steps, with_breaks
from qopt.models.families._routing_reasons import Reasons
from qopt.models.families._routing_replan import changes
from qopt.models.plans import entries

if TYPE_CHECKING:
    from qopt.models.families._routing_document import RoutingInstance

_WORDS = {Role.VISIT: "visit", Role.BREAK: "break", Role.RELOAD: "reload"}


def plan_of(instance: RoutingInstance, form: Fleet, proposal: Proposal) -> dict[str, Any]:
    """A proposal in a dispatcher's words, ready for JSON.

    Returns
    -------
    ``routes``: of each used vehicle its stops, its schedule, distance, duration, highest load and cost. ``unserved``:
    visits that nobody makes; ``told`` says why. ``rules``: soft rules that are broken, with their cost.
    ``kpis``: the named parts of the objective. ``changes``, where there is a plan of now: what becomes of it.
    """
    routes = []
    for tour, name in _named(instance, proposal):
        key = (tour.kind, tour.items.tobytes())
        if key not in instance.told_routes:
            instance.told_routes[key] = _route(instance, form, tour)
        routes.append({"vehicle": name, **instance.told_routes[key]})
    made = {int(item) for tour in proposal.tours for item in tour.items}
    unserved = [
        {"visit": visit.id, "reason": "no route makes this visit"}
        for k, visit in enumerate(instance.stops)
        if k not in made
    ]
    parts = evaluate(form, proposal).parts
    soft = {name.removeprefix("soft."): value for name, value in parts.items() if name.startswith("soft.")}
    told = {rule.name or f"rules[{k}]": rule.words for k, rule in enumerate(instance.rules)}
    rules = [{"rule": name, "cost": tidy(cost), **told.get(name, {})} for name, cost in soft.items()]
    kpis = {name: tidy(float(value)) for name, value in parts.items() if not name.startswith("soft.")}
    kpis["end"] = moment(instance, float(parts["end"]))
    plan = {"routes": routes, "unserved": unserved, "rules": rules, "kpis": kpis}
    return plan if instance.plan is None else plan | {"changes": changes(instance, form, proposal)}


def told(instance: RoutingInstance, form: Fleet, plan: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with a code and a reason for every visit that nobody makes."""
    if not plan["unserved"]:
        return dict(plan)
    reasons = Reasons(instance, form, restore(instance, form, plan))
    number = {visit.id: k for k, visit in enumerate(instance.stops)}
    lines = [{"visit": line["visit"], **reasons.of(number[line["visit"]])} for line in plan["unserved"]]
    return {**plan, "unserved": lines}


def _named(instance: RoutingInstance, proposal: Proposal) -> list[tuple[Tour, str]]:
    """The tours in the order of their kinds and departures, each with the name of its vehicle."""
    out: list[tuple[Tour, str]] = []
    for k, (vehicle, name) in enumerate(instance.crew):
        tours = sorted((t for t in proposal.tours if t.kind == k and len(t.items)), key=lambda t: t.items.tolist())
        for j, tour in enumerate(tours, start=1):
            out.append((tour, name if vehicle.count == 1 else f"{name}-{j}"))
    return out


def _route(instance: RoutingInstance, form: Fleet, tour: Tour) -> dict[str, Any]:
    when = timing(form, tour.kind, tour.items)
    parts = parts_of(form, [tour], [when])
    cost = sum(parts[part] for part in ("fixed", "travel", "time", "overtime", "late"))
    return {
        "kind": instance.crew[tour.kind][0].id,
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
    numbers, tours = Numbers(form), list[Tour]()
    for r, route in enumerate(entries(plan, "routes")):
        if not isinstance(route, Mapping):
            raise RecordError(f"routes[{r}] is no route: {route!r}")
        kind = _kind(instance, route, {tour.kind for tour in tours})
        if kind is None:
            known = ", ".join(name for _, name in instance.crew)
            raise RecordError(f"routes[{r}] is of {route.get('vehicle')!r}; the fleet has: {known}")
        steps = route.get("schedule", route.get("stops", vroom_steps(instance, route)))
        if not isinstance(steps, (list, tuple)):
            raise RecordError(f"routes[{r}] has neither a schedule nor stops")
        items: list[int] = []
        for step in steps:
            named = str(step.get("id") if isinstance(step, Mapping) else step)
            item = numbers.of(kind, named, items, step.get("what") if isinstance(step, Mapping) else None)
            if item is None:
                raise RecordError(f"routes[{r}] stops at {named!r}, which is no visit of {instance.name}")
            items.append(item)
        tours.append(Tour(kind, np.array(with_breaks(form, kind, items), dtype=np.int64)))
    return Proposal(tuple(tour for tour in tours if len(tour.items)))


def _kind(instance: RoutingInstance, route: Mapping[str, Any], taken: Collection[int]) -> int | None:
    """The kind of the form that a route is of: by the name of its vehicle, else the first free one of its kind."""
    names = {name: k for k, (_, name) in enumerate(instance.crew)}
    vehicle = str(route.get("vehicle"))
    if vehicle in names:
        return names[vehicle]
    wanted = {str(route.get("kind", vehicle)), vehicle.rpartition("-")[0]}
    found = [k for k, (kind, _) in enumerate(instance.crew) if str(kind.id) in wanted]
    return next((k for k in found if k not in taken), found[0] if found else None)
