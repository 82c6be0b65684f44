"""The judge of ``fleet`` proposals, in plain numpy and Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from qopt.core.arrays import Ints
from qopt.core.forms._fleet_timing import Timing, timing, trips
from qopt.core.solution import Check, Violation

if TYPE_CHECKING:
    from qopt.core.forms.fleet import Company, Fleet, Proposal, Tour

TOLERANCE = 1e-6
MOST_KEPT = 20_000
"""Tours whose times and faults are kept with a form: a few kB each."""
_VISIT, _BREAK, _RELOAD = 0, 1, 2


def judge(form: Fleet, proposal: Proposal) -> Check:
    """Every rule, every part of the objective, and its levels."""
    tours = [tour for tour in proposal.tours if len(tour.items)]
    told = [judged(form, tour) for tour in tours]
    times = [when for when, _ in told]
    broken: list[Violation] = list(_once(form, tours))
    broken += _pinned(form, tours)
    for _, faults in told:
        broken += faults
    parts = parts_of(form, tours, times)
    bound = {visit for rule in form.company for visit in rule.visits}
    where = {v: (r, j) for r, tour in enumerate(tours) for j, v in enumerate(tour.items.tolist()) if v in bound}
    for rule in form.company:
        amount = _company(rule, where, times)
        if amount and np.isinf(rule.price):
            broken.append(Violation(rule.name or rule.kind, amount, _told(form, rule)))
        elif amount:
            name = f"soft.{rule.name or rule.kind}"
            parts[name] = parts.get(name, 0.0) + amount * rule.price
    parts["cost"] = sum(value for name, value in parts.items() if name in _MONEY or name.startswith("soft."))
    levels = tuple(float(sum(weight * parts[name] for name, weight in level)) for level in form.levels)
    return Check(not broken, levels, tuple(broken), parts, TOLERANCE)


_MONEY = ("fixed", "travel", "time", "overtime", "late", "penalties", "changes")


def parts_of(form: Fleet, tours: list[Tour], times: list[Timing]) -> dict[str, float]:
    """Parts of the objective but for rules between visits."""
    kinds, items = form.kinds, form.items
    of = np.array([tour.kind for tour in tours], dtype=np.int64)
    distance = np.array([when.distance for when in times])
    duration = np.array([when.duration for when in times])
    made = made_by(form, tours)
    missed = np.flatnonzero(made < 0)
    late = 0.0
    for tour, when in zip(tours, times, strict=True):
        if when.late.any():
            price = items.late_price[tour.items]
            late += float((when.late * np.where(np.isfinite(price), price, 0.0)).sum())
    penalty = items.penalty[missed]
    parts = {
        "unserved": float(items.priority[missed].sum()),
        "distance": float(distance.sum()),
        "duration": float(duration.sum()),
        "vehicles": float(len(tours)),
        "duration_spread": float(duration.max() - duration.min()) if len(tours) else 0.0,
        "end": max((when.end for when in times), default=0.0),
        "fixed": float(kinds.fixed[of].sum()),
        "travel": float((kinds.per_distance[of] * distance).sum()),
        "time": float((kinds.per_time[of] * duration).sum()),
        "overtime": float((kinds.per_overtime[of] * _over(duration, kinds.overtime_after[of])).sum()),
        "late": late,
        "penalties": float(penalty[np.isfinite(penalty)].sum()),
    }
    if form.current is not None:
        changed = (form.current.route >= 0) & (form.current.route != made) & np.isfinite(form.current.price)
        parts["changes"] = float(form.current.price[changed].sum())
    return parts


def _over(amount: np.ndarray, limit: np.ndarray) -> np.ndarray:
    return np.maximum(0.0, amount - limit)


def made_by(form: Fleet, tours: list[Tour]) -> Ints:
    """Kind of vehicle that makes each visit (the last one, where several do), -1 for none; shape (visits,)."""
    made = np.full(len(form.items), -1, dtype=np.int64)
    for tour in tours:
        made[tour.items] = tour.kind
    return made[: form.items.visits]


def _once(form: Fleet, tours: list[Tour]) -> Iterator[Violation]:
    """Every visit at most once (exactly once, where it must be made), and no more vehicles than there are."""
    lines = np.concatenate([np.zeros(0, dtype=np.int64), *(tour.items for tour in tours)])
    count = np.bincount(lines, minlength=len(form.items))[: form.items.visits]
    for item in np.flatnonzero(count > 1).tolist():
        yield Violation("visits", float(count[item] - 1), f"{form.name(item)} is made {count[item]} times")
    if not form.counts_unserved:
        for item in np.flatnonzero((count == 0) & np.isinf(form.items.penalty[: form.items.visits])).tolist():
            yield Violation("visits", 1.0, f"{form.name(item)} is not made")
    pickups = np.flatnonzero(form.items.delivery[: form.items.visits] >= 0)
    deliveries = form.items.delivery[pickups]
    for pickup in pickups[(count[pickups] > 0) != (count[deliveries] > 0)].tolist():
        told = f"only one of {form.name(pickup)} and {form.name(int(form.items.delivery[pickup]))} is made"
        yield Violation("shipments", 1.0, told)
    used = np.bincount([tour.kind for tour in tours], minlength=len(form.kinds))
    for kind in np.flatnonzero(used > form.kinds.count).tolist():
        told = f"{used[kind]} vehicles of kind {kind}, there are {form.kinds.count[kind]}"
        yield Violation("vehicles", float(used[kind] - form.kinds.count[kind]), told)


def _pinned(form: Fleet, tours: list[Tour]) -> Iterator[Violation]:
    """Visits that stay with their vehicles."""
    if form.current is None:
        return
    made, route = made_by(form, tours), form.current.route
    for item in np.flatnonzero((route >= 0) & np.isinf(form.current.price) & (made != route)).tolist():
        if made[item] < 0:
            yield Violation("visits", 1.0, f"{form.name(item)} is left out, it stays with its vehicle")
        else:
            yield Violation("pinned", 1.0, f"{form.name(item)} changes its vehicle")


def judged(form: Fleet, tour: Tour) -> tuple[Timing, tuple[Violation, ...]]:
    """Times of one tour, and what it breaks by itself, whatever the others do.

    Plans of one search have most of their tours in common, so what was found is kept with the form.
    """
    key = (tour.kind, tour.items.tobytes())
    found = form.judged.get(key)
    if found is None:
        when = timing(form, tour.kind, tour.items)
        if len(form.judged) >= MOST_KEPT:
            form.judged.clear()
        found = form.judged[key] = when, tuple(_tour(form, tour, when))
    return found


def _tour(form: Fleet, tour: Tour, when: Timing) -> Iterator[Violation]:
    """What one tour breaks."""
    kinds, items, k = form.kinds, form.items, tour.kind
    role = items.role[tour.items]
    for item in tour.items[~form.allowed[k, tour.items]].tolist():
        yield Violation("allowed", 1.0, f"{form.name(item)} is not for vehicles of kind {k}")
    for item in np.flatnonzero((items.role == _BREAK) & (items.owner == k)).tolist():
        times = int(np.count_nonzero(tour.items == item))
        if times != 1:
            yield Violation("breaks", float(abs(times - 1)), f"{form.name(item)} is taken {times} times")
    made = int(np.count_nonzero(role == _VISIT))
    spent = int(np.count_nonzero(role == _RELOAD)) + 1
    limits = (
        ("stops", float(made), float(kinds.max_stops[k])),
        ("trips", float(spent), float(kinds.trips[k])),
        ("distance", when.distance, float(kinds.max_distance[k])),
        ("duration", when.duration, float(kinds.max_duration[k])),
        ("shift", when.end, float(kinds.latest[k])),
    )
    for name, amount, limit in limits:
        if amount > limit + TOLERANCE:
            yield Violation(name, amount - limit, f"{name} of a vehicle of kind {k}: {amount:g}, at most {limit:g}")
    hard = (when.late > TOLERANCE) & np.isinf(items.late_price[tour.items])
    for j in np.flatnonzero(hard).tolist():
        yield Violation("windows", float(when.late[j]), f"{form.name(int(tour.items[j]))} starts {when.late[j]:g} late")
    yield from _loads(form, tour, when)
    if form.current is not None and form.current.done:
        done = form.current.done[k]
        if tuple(tour.items[: len(done)].tolist()) != tuple(done):
            yield Violation("pinned", 1.0, f"a vehicle of kind {k} does not begin as it has begun")


def _loads(form: Fleet, tour: Tour, when: Timing) -> Iterator[Violation]:
    """Loads above capacity, and shipments that are not delivered after their pickup in the same trip."""
    over = when.load - form.kinds.capacity[tour.kind]
    if over.size and over.max() > TOLERANCE:
        yield Violation("capacity", float(over.max()), f"a vehicle of kind {tour.kind} carries {over.max():g} too much")
    place = {int(item): j for j, item in enumerate(tour.items)}
    trip = {j: t for t, (low, high) in enumerate(trips(form, tour.items)) for j in range(low, high)}
    for item, j in place.items():
        delivery = int(form.items.delivery[item])
        if delivery < 0:
            continue
        to = place.get(delivery)
        if to is None or to < j or trip[to] != trip[j]:
            told = f"{form.name(delivery)} does not follow {form.name(item)} in the same trip"
            yield Violation("shipments", 1.0, told)


def _company(rule: Company, where: dict[int, tuple[int, int]], times: list[Timing]) -> float:
    """How often a rule between visits is broken, which are made by that tour at that position."""
    found = [where[visit] for visit in rule.visits if visit in where]
    if rule.kind == "before":
        if len(found) < 2:
            return 0.0
        (r, j), (q, i) = found
        return float(times[q].start[i] < times[r].leave[j] - TOLERANCE)
    routes = [r for r, _ in found]
    if rule.kind == "together":
        return float(max(0, len(set(routes)) - 1))
    return float(sum(routes.count(r) * (routes.count(r) - 1) // 2 for r in set(routes)))


def _told(form: Fleet, rule: Company) -> str:
    names = ", ".join(form.name(visit) for visit in rule.visits)
    words = {"together": "are not made by one vehicle", "apart": "share a vehicle", "before": "are in the wrong order"}
    return f"{names} {words[rule.kind]}"
