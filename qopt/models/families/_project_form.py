"""A shop document as the form ``project``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from qopt.core.arrays import Ints
from qopt.core.forms.project import FOREVER, Current, Lags, Modes, Project, Resources, Soft
from qopt.models.families._shop_calendar import closed

if TYPE_CHECKING:
    from qopt.models.families._shop_document import ShopInstance
    from qopt.models.families._shop_parts import Rule, Setup

Line = tuple[int, int, bool, int, int]
"""A lag: before, after, from the start of before, least, most."""


def project(shop: ShopInstance) -> Project:
    """The form: machines, then resources, then one place per job whose tasks run one at a time in any order."""
    place = {str(thing.id): k for k, thing in enumerate(shop.things)}
    solo = [j for j, job in enumerate(shop.jobs) if job.order == "any"]
    durations, uses, starts = [], [], [0]
    numbers = {job.id: j for j, job in enumerate(shop.jobs)}
    for job, task, _ in shop.tasks:
        for way in task.ways:
            use = [] if way.machine is None else [(place[str(way.machine)], 1)]
            use += [(place[name], amount) for name, amount in way.uses.items()]
            use += [(len(place) + solo.index(numbers[job.id]), 1)] if job.order == "any" else []
            uses.append(use)
            durations.append(shop.length(way.time))
        starts.append(len(durations))
    modes = Modes(
        np.array(starts),
        np.array(durations),
        np.cumsum([0, *(len(use) for use in uses)]),
        np.array([r for use in uses for r, _ in use]),
        np.array([amount for use in uses for _, amount in use]),
    )
    families = sorted({task.family for _, task, _ in shop.tasks if task.family is not None})
    current = _current(shop, modes)
    return Project(
        modes,
        _resources(shop, len(solo), families),
        _lags(list(lags(shop))),
        np.array([numbers[job.id] for job, _, _ in shop.tasks]),
        _releases(shop, current),
        _deadlines(shop),
        np.array([FOREVER if job.due is None else shop.moment(job.due) for job in shop.jobs]),
        np.array([job.weight for job in shop.jobs]),
        np.array([-1 if task.family is None else families.index(task.family) for _, task, _ in shop.tasks]),
        levels(shop),
        current,
        tuple(f"{job.id}.{name}" for job, _, name in shop.tasks),
        _soft(shop),
    )


def levels(shop: ShopInstance) -> tuple[tuple[tuple[str, float], ...], ...]:
    """Levels of the objective, each a list of measures with their weights; prices of changes and of soft rules are in
    the first, unless the document names their levels."""
    out: list[list[tuple[str, float]]] = []
    for aim in shop.objective:
        if aim.weight is None or not out:
            out.append([])
        out[-1].append((aim.minimise, 1.0 if aim.weight is None else aim.weight))
    named = any(aim.minimise == "changes" for aim in shop.objective)
    if shop.plan is not None and shop.plan.change_cost > 0 and not named:
        out[0].append(("changes", 1.0))
    if any(rule.soft is not None for rule in shop.rules) and all(aim.minimise != "soft" for aim in shop.objective):
        out[0].append(("soft", 1.0))
    return tuple(tuple(level) for level in out)


def lags(shop: ShopInstance) -> Iterator[Line]:
    """What orders the tasks: their place in their jobs, then the hard rules."""
    first = 0
    for job in shop.jobs:
        inside = range(first, first + len(job.tasks))
        first += len(job.tasks)
        for a, b in pairwise(inside):
            wait = shop.tasks[b][1].start_within
            if job.order == "listed":
                yield a, b, False, 0, FOREVER if wait is None else shop.length(wait)
    for k, before, after in shop.links:
        if shop.rules[k].soft is None:
            yield _line(shop, shop.rules[k], before, after)


def _line(shop: ShopInstance, rule: Rule, before: int, after: int) -> Line:
    if rule.before is not None:
        return before, after, rule.lag_from == "start", shop.length(rule.lag), FOREVER
    return before, after, False, 0, 0 if rule.time is None else shop.length(rule.time)


def _soft(shop: ShopInstance) -> Soft | None:
    """The rules that may be missed, with their prices and names."""
    links = [(k, before, after) for k, before, after in shop.links if shop.rules[k].soft is not None]
    if not links:
        return None
    lines = [_line(shop, shop.rules[k], before, after) for k, before, after in links]
    names = tuple(rule_name(shop, k) for k, _, _ in links)
    return Soft(_lags(lines), np.array([shop.rules[k].soft for k, _, _ in links], dtype=np.float64), names)


def rule_name(shop: ShopInstance, k: int) -> str:
    """What a rule is called in plans."""
    return shop.rules[k].name or f"rules[{k}]"


def _lags(lines: list[Line]) -> Lags:
    columns = [np.array(column) for column in zip(*lines)] if lines else [np.zeros(0)] * 5
    return Lags(*columns)


def _resources(shop: ShopInstance, solo: int, families: list[str]) -> Resources:
    things = shop.things
    end = shop.end or 0
    last = max(
        (shop.moment(e[1]) for c in shop.calendars.values() for e in c.closed if not isinstance(e, str)), default=0
    )
    shut = {name: closed(calendar, shop.clock, max(end, last)) for name, calendar in shop.calendars.items()}
    stretches = [shut[thing.calendar] if thing.calendar is not None else [] for thing in things] + [[]] * solo
    setups = [None if m.setup is None else setup_table(shop, m.setup, families) for m in shop.machines]
    return Resources(
        np.array([*(thing.capacity for thing in things), *([1] * solo)]),
        np.cumsum([0, *(len(part) for part in stretches)]),
        np.array([low for part in stretches for low, _ in part]),
        np.array([high for part in stretches for _, high in part]),
        (*setups, *([None] * (len(shop.resources) + solo))),
    )


def setup_table(shop: ShopInstance, setup: Setup, families: list[str]) -> Ints:
    """Times between families, shape (families + 1, families); the last line is for the first task."""
    table = np.full((len(families) + 1, len(families)), shop.length(setup.other), dtype=np.int64)
    np.fill_diagonal(table, 0)
    table[-1] = 0
    for b, to in enumerate(families):
        for a, source in enumerate(families):
            given = setup.between.get(source, {}).get(to)
            table[a, b] = table[a, b] if given is None else shop.length(given)
        table[-1, b] = shop.length(setup.first.get(to, 0))
    return table


def _deadlines(shop: ShopInstance) -> Ints:
    end = FOREVER if shop.end is None else shop.end
    out = [
        min([end, *(shop.moment(t) for t in (job.deadline, task.deadline) if t is not None)])
        for job, task, _ in shop.tasks
    ]
    return np.array(out, dtype=np.int64)


def _releases(shop: ShopInstance, current: Current | None) -> Ints:
    """When tasks may start: not before the horizon, and, unless they have started, not before now."""
    start = None if shop.horizon is None else shop.horizon.start
    out = np.array(
        [
            max((shop.moment(t) for t in (start, job.release, task.release) if t is not None), default=0)
            for job, task, _ in shop.tasks
        ],
        dtype=np.int64,
    )
    if shop.plan is not None and shop.plan.now is not None and current is not None:
        free = np.isfinite(current.price) | (current.start < 0)
        out[free] = np.maximum(out[free], shop.moment(shop.plan.now))
    return out


def _current(shop: ShopInstance, modes: Modes) -> Current | None:
    """The plan of now, and what changing it costs."""
    plan = shop.plan
    if plan is None:
        return None
    mode, start = np.full(len(shop.tasks), -1), np.full(len(shop.tasks), -1)
    price = np.full(len(shop.tasks), plan.change_cost)
    now = None if plan.now is None else shop.moment(plan.now)
    before = None if plan.pinned.before is None else shop.moment(plan.pinned.before)
    for line in plan.tasks:
        t = shop.number[f"{line.job}.{line.task}"]
        way = way_of(shop, t, line.machine, line.uses)
        if way is None:
            continue
        mode[t], start[t] = modes.start[t] + way, shop.moment(line.start)
        end = start[t] + modes.duration[mode[t]]
        pinned = f"{line.job}.{line.task}" in plan.pinned.tasks
        pinned |= before is not None and start[t] < before
        pinned |= now is not None and end <= now
        pinned |= now is not None and plan.pinned.running and start[t] < now
        if pinned:
            price[t] = np.inf
    return Current(mode, start, price)


def way_of(
    shop: ShopInstance, t: int, machine: object, uses: Mapping[str, int] | None, time: int | None = None
) -> int | None:
    """The number of the way of task t that has this machine and these uses, None standing for any; None where none has.

    Of several the one that has them as they are told, and takes this time, else the first.
    """

    def told(k: int) -> tuple[bool, bool, bool]:
        way = ways[k]
        return str(machine) == str(way.machine), (uses or {}) == way.uses, time == shop.length(way.time)

    ways = shop.tasks[t][1].ways
    fitting = [
        k
        for k, way in enumerate(ways)
        if (machine is None or str(machine) == str(way.machine)) and uses in (None, way.uses)
    ]
    return max(fitting, key=told, default=None)
