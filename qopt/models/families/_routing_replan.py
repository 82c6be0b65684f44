"""Changing a plan: the form of a routing document with a plan of now, and what an answer changes.

Every vehicle becomes a kind of its own, so that "the same vehicle" means something. A vehicle that has begun leaves
when it left, its done items start when they did, and nothing else starts before ``pinned.before``: what had windows
only before then is late by the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.forms._fleet_judge import made_by
from qopt.core.forms._fleet_timing import timing
from qopt.core.forms.fleet import Current, Fleet, Items, Proposal, Tour
from qopt.models.families._routing_items import Numbers, with_breaks

if TYPE_CHECKING:
    from qopt.models.families._routing_document import RoutingInstance
    from qopt.models.families._routing_now import PlannedRoute
    from qopt.models.faults import Fault


def done_steps(instance: RoutingInstance, route: PlannedRoute) -> int:
    """How many steps of a route of the plan of now are done."""
    assert instance.plan is not None
    pinned, steps = instance.plan.pinned, route.steps
    visits = [j for j, step in enumerate(steps) if step.what == "visit"]
    first, cut = pinned.first.get(str(route.vehicle), 0), 0
    if isinstance(first, int):
        cut = visits[first - 1] + 1 if first else 0
    else:
        cut = 1 + next(j for j in visits if str(steps[j].id) == first)
    if pinned.before is not None:
        now = instance.clock.moment(pinned.before)
        starts = [instance.clock.moment(step.start) for step in steps if step.start is not None]
        cut = max([cut, *(j for j, start in enumerate(starts, start=1) if start < now)])
    return cut


def replanned(instance: RoutingInstance, base: Fleet) -> Fleet:
    """The form with the plan of now: what is done, what is pinned, and what changes cost."""
    plan = instance.plan
    assert plan is not None
    numbers, clock, n = Numbers(base), instance.clock, base.items.visits
    now = None if plan.pinned.before is None else clock.moment(plan.pinned.before)
    earliest = np.array(base.kinds.earliest)
    if now is not None:
        earliest = np.maximum(earliest, now)
    route, price = np.full(n, -1), np.full(n, plan.change_cost)
    tours: list[Tour] = []
    done: list[tuple[int, ...]] = [()] * len(base.kinds)
    began: dict[int, float] = {}
    kinds = {name: k for k, (_, name) in enumerate(instance.crew)}
    for planned, holder in zip(plan.routes, instance.holders, strict=True):
        if holder is None:
            continue
        kind = kinds[holder]
        cut, line, told = done_steps(instance, planned), list[int](), dict[int, Any]()
        for j, step in enumerate(planned.steps):
            item = numbers.of(kind, str(step.id), line, step.what)
            if item is not None:
                line.append(item)
                told |= {item: step.start} if j < cut else {}
        line = with_breaks(base, kind, line)
        begun = line[: line.index(list(told)[-1]) + 1] if told else []
        if begun:
            done[kind] = tuple(begun)
            when = timing(base, kind, np.array(line, dtype=np.int64))
            earliest[kind] = _told(instance, planned.depart, when.depart)
            began |= {
                i: _told(instance, told[i], float(when.start[line.index(i)])) for i in begun if told.get(i) is not None
            }
        visits = np.array([item for item in line if item < n], dtype=np.int64)
        route[visits] = kind
        price[[item for item in begun if item < n]] = np.inf
        if len(visits):
            tours.append(Tour(kind, np.array(line, dtype=np.int64)))
    price[[k for k, visit in enumerate(instance.stops) if _is_pinned(instance, visit.id)]] = np.inf
    loaded = [item for part in done for item in part if base.items.delivery[item] >= 0]
    price[base.items.delivery[loaded]] = np.inf  # what is on board is delivered by the vehicle that has it
    route[base.items.delivery[loaded]] = route[loaded]
    allowed = np.array(base.allowed)
    stays = np.isinf(price) & (route >= 0)
    allowed[:, :n] &= ~stays | (np.arange(len(base.kinds))[:, None] == route)
    return replace(
        base,
        items=_with_windows(base.items, {item for part in done for item in part}, began, now),
        kinds=replace(base.kinds, earliest=earliest),
        allowed=allowed,
        current=Current(route, price, tuple(done), tuple(tours)),
    )


def _told(instance: RoutingInstance, text: Any, known: float) -> float:
    """A time of the plan of now; the known one where the plan says the same but for its rounding, or nothing."""
    value = known if text is None else instance.clock.moment(text)
    return known if abs(value - known) * instance.clock.unit <= 1.0 else value


def _is_pinned(instance: RoutingInstance, visit: Any) -> bool:
    """Whether a visit, or the shipment that it is an end of, stays with its vehicle."""
    assert instance.plan is not None
    ends = {f"{s.id}.{end}": s.id for s in instance.shipments for end in ("pickup", "delivery")}
    return visit in instance.plan.pinned.visits or ends.get(visit) in instance.plan.pinned.visits


def _with_windows(items: Items, done: set[int], began: dict[int, float], now: float | None) -> Items:
    """The items with windows as they are left: done ones begin when they did, others not before now."""
    windows: list[list[tuple[float, float]]] = []
    for k in range(len(items)):
        span = range(items.window_start[k], items.window_start[k + 1])
        own = [(float(items.earliest[w]), float(items.latest[w])) for w in span]
        if k in done:
            own = [(began[k], np.inf)] if k in began else own
        elif now is not None:
            own = own or [(now, np.inf)]
            left = [(max(low, now), high) for low, high in own if high >= now]
            own = left or [(now, own[-1][1])]
        windows.append(own)
    flat = np.array([window for own in windows for window in own], dtype=np.float64).reshape(-1, 2)
    start = np.concatenate([[0], np.cumsum([len(own) for own in windows])])
    return replace(items, window_start=start, earliest=flat[:, 0], latest=flat[:, 1])


def changes(instance: RoutingInstance, form: Fleet, proposal: Proposal) -> list[dict[str, Any]]:
    """What an answer changes: visits with another vehicle than now, new ones, those left out and those that are off."""
    assert instance.plan is not None and form.current is not None
    made = made_by(form, list(proposal.tours))
    was = {
        str(step.id): route.vehicle for route in instance.plan.routes for step in route.steps if step.what == "visit"
    }
    out: list[dict[str, Any]] = []
    for k, visit in enumerate(instance.stops):
        before, after = was.pop(str(visit.id), None), int(made[k])
        if form.current.route[k] == after and (after >= 0 or before is None):
            continue
        to = instance.crew[after][1] if after >= 0 else None
        paid = form.current.route[k] >= 0 and np.isfinite(form.current.price[k])
        cost = float(form.current.price[k]) if paid else 0.0
        out.append({"visit": visit.id, "from": before, "to": to, "cost": int(cost) if cost.is_integer() else cost})
    return out + [{"visit": visit, "from": vehicle, "to": None, "off": True} for visit, vehicle in was.items()]


def faults(instance: RoutingInstance) -> Iterator[Fault]:
    """Pins that name nothing of the plan of now, times that cannot be counted, and visits that it makes twice."""
    plan = instance.plan
    if plan is None:
        return
    pinned, routes = plan.pinned, {str(route.vehicle): route for route in plan.routes}
    seen: set[str] = set()
    for r, route in enumerate(plan.routes):
        if route is not routes[str(route.vehicle)]:
            yield ("plan", "routes", r, "vehicle"), "a vehicle has one route", route.vehicle
        for j, step in enumerate(route.steps):
            if step.what == "visit" and str(step.id) in seen:
                where = ("schedule", j, "id") if route.schedule else ("stops", j)
                yield ("plan", "routes", r, *where), "the plan makes this visit twice", step.id
            seen |= {str(step.id)} if step.what == "visit" else set()
            if pinned.before is not None and step.start is None:
                told = "to know what begins before a time, the plan needs a schedule with a start for every step"
                yield ("plan", "pinned", "before"), told, f"{step.id} has none"
                return
    for name, first in pinned.first.items():
        stops = [str(step.id) for step in routes[name].steps if step.what == "visit"] if name in routes else []
        if name not in routes:
            yield ("plan", "pinned", "first", name), f"the plan has no such vehicle; it has: {', '.join(routes)}", name
        elif isinstance(first, int) and first > len(stops):
            yield ("plan", "pinned", "first", name), f"the plan has {len(stops)} stops of it", first
        elif isinstance(first, str) and first not in stops:
            yield ("plan", "pinned", "first", name), f"it does not make this visit; it makes: {', '.join(stops)}", first
    ships = {str(s.id): {f"{s.id}.pickup", f"{s.id}.delivery"} for s in instance.shipments}
    known = {str(visit.id) for visit in instance.stops} | set(ships)
    for j, pin in enumerate(pinned.visits):
        if str(pin) not in known:
            yield ("plan", "pinned", "visits", j), "there is no such visit", pin
        elif not ships.get(str(pin), {str(pin)}) <= seen:
            yield ("plan", "pinned", "visits", j), "only what the plan of now makes can stay with its vehicle", pin
    levels = {part.minimise for part in instance.objective}
    if plan.change_cost and levels and "cost" not in levels:
        yield ("plan", "change_cost"), "a change costs, but the objective does not name cost", plan.change_cost


def times(instance: RoutingInstance) -> Iterator[tuple[tuple[str | int, ...], Sequence[Any]]]:
    """Every time that the section ``plan`` names, with its path."""
    if instance.plan is None:
        return
    yield ("plan", "pinned", "before"), [instance.plan.pinned.before]
    for r, route in enumerate(instance.plan.routes):
        yield ("plan", "routes", r, "depart"), [route.depart]
        for j, step in enumerate(route.schedule):
            yield ("plan", "routes", r, "schedule", j, "start"), [step.start]
