"""Rules between the fields of a shop document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qopt.models.families._project_form import way_of
from qopt.models.families._shop_calendar import day_of, days_of, hours_of
from qopt.models.faults import Fault

if TYPE_CHECKING:
    from qopt.models.families._shop_document import ShopInstance

Path = tuple[str | int, ...]
_READ = "files of jobs are read as a document is loaded; without a file, write the jobs out"


def faults(shop: ShopInstance) -> list[Fault]:
    """Everything that is wrong; what later rules need is looked at first."""
    return (
        [*_repeated(shop), *_shapes(shop)]
        or [*_unknown(shop), *_unruly(shop)]
        or list(_untimely(shop))
        or [*_calendars(shop)]
        or list(_too_long(shop))
    )


def _twice(ids: Iterable[str | int]) -> Iterator[int]:
    """Positions of ids that occurred before; 1 and "1" look the same to a person and count as equal."""
    seen: set[str] = set()
    for k, name in enumerate(ids):
        if str(name) in seen:
            yield k
        seen.add(str(name))


def _listed(names: Sequence[Any]) -> str:
    return ", ".join(str(name) for name in names[:10]) + (", …" if len(names) > 10 else "")


def _repeated(shop: ShopInstance) -> Iterator[Fault]:
    """Ids that occur twice."""
    machines, jobs = [machine.id for machine in shop.machines], [job.id for job in shop.jobs]
    for k in _twice(machines):
        yield ("machines", k), "every machine needs an id of its own", machines[k]
    for k in _twice([*machines, *(resource.id for resource in shop.resources)]):
        if k >= len(machines):
            place = k - len(machines)
            rule = "every resource needs an id of its own, and none of a machine"
            yield ("resources", place, "id"), rule, shop.resources[place].id
    for k in _twice(jobs):
        yield ("jobs", k, "id"), "every job needs an id of its own", jobs[k]
    for j, job in enumerate(shop.jobs):
        ids = [k if task.id is None else task.id for k, task in enumerate(job.tasks)]
        rule = "every task of a job needs an id of its own (a task without one has its number, from 0)"
        for k in _twice(ids):
            yield ("jobs", j, "tasks", k), rule, ids[k]


def _shapes(shop: ShopInstance) -> Iterator[Fault]:
    """Tasks with too much or too little, and set-ups on machines that take several tasks."""
    for k, entry in enumerate(shop.imports):
        yield ("imports", k, "file"), _READ, entry.file
    for j, job in enumerate(shop.jobs):
        if job.source is not None:
            yield ("jobs", j, "import"), _READ, job.source.file
        elif "tasks" not in job.model_fields_set:
            yield ("jobs", j), "a job needs tasks, or import", job.id
        for k, task in enumerate(job.tasks):
            where = ("jobs", j, "tasks", k)
            if task.any_of is not None and (task.machine is not None or task.time is not None or task.uses):
                yield where, "a task has any_of, or machine, time and uses", task.id
            elif task.any_of is None and task.time is None:
                yield where, "a task needs a time, or any_of", task.id
            told = [(str(way.machine), way.uses, shop.length(way.time)) for way in task.ways]
            for w in range(len(told)):
                if told[w] in told[:w]:
                    yield (*where, "any_of", w), "this way stands there already", told[w][0]
    for m, machine in enumerate(shop.machines):
        if machine.setup is not None and machine.capacity != 1:
            yield ("machines", m, "setup"), "only machines that take one task at a time have set-ups", machine.capacity


def _unknown(shop: ShopInstance) -> Iterator[Fault]:
    """Machines, resources and calendars that are named and not there, and amounts that there never are."""
    machines = {machine.id for machine in shop.machines}
    named = any(way.machine is not None for _, task, _ in shop.tasks for way in task.ways)
    if not machines and named and "machines" in shop.model_fields_set:
        yield ("machines",), "tasks name machines, so at least one is needed", "[]"
        return
    rooms = {str(resource.id): resource.capacity for resource in shop.resources}
    listed = _listed([machine.id for machine in shop.machines])
    for j, job in enumerate(shop.jobs):
        for k, task in enumerate(job.tasks):
            for w, way in enumerate(task.ways):
                where: Path = ("jobs", j, "tasks", k, *(() if task.any_of is None else ("any_of", w)))
                if way.machine is not None and way.machine not in machines:
                    rule = f"a task names a machine that is not listed; there are: {listed or 'none'}"
                    yield (*where, "machine"), rule, way.machine
                for name, amount in way.uses.items():
                    if name not in rooms:
                        known = _listed(list(rooms)) or "none"
                        yield (*where, "uses", name), f"there is no such resource; there are: {known}", name
                    elif amount > rooms[name]:
                        yield (*where, "uses", name), f"there are never more than {rooms[name]}", amount
    for k, thing in enumerate(shop.things):
        if thing.calendar is not None and thing.calendar not in shop.calendars:
            own = ("machines", k) if k < len(shop.machines) else ("resources", k - len(shop.machines))
            known = _listed(list(shop.calendars)) or "none"
            yield (*own, "calendar"), f"there is no such calendar; there are: {known}", thing.calendar


def _unruly(shop: ShopInstance) -> Iterator[Fault]:
    """Rules that say several things or nothing, or name no task; pins and planned tasks that are none; levels."""
    for k, rule in enumerate(shop.rules):
        kinds = list(rule.kinds())
        if len(kinds) != 1:
            told = "a rule needs exactly one of before, no_wait, start_within"
            yield ("rules", k), told, ", ".join(kinds) or "none"
            continue
        sides = [shop.meant(name, last=j == 0 and rule.lag_from == "end") for j, name in enumerate(rule.pair)]
        for j, (name, tasks) in enumerate(zip(rule.pair, sides, strict=True)):
            if not tasks:
                told = "there is no such task or job; a task is named JOB.TASK"
                yield ("rules", k, kinds[0], j), told, name
            elif len(tasks) > 1 and (kinds[0] != "before" or rule.soft is not None):
                yield ("rules", k, kinds[0], j), "of a job without an order, this rule needs one task, JOB.TASK", name
        if set(sides[0]) & set(sides[1]):
            yield ("rules", k, kinds[0]), "a rule needs two different tasks", ", ".join(dict.fromkeys(rule.pair))
        if (kinds[0] == "start_within") != (rule.time is not None):
            yield ("rules", k), "start_within, and nothing else, needs a time", "none" if rule.time is None else "time"
        if kinds[0] != "before" and (rule.lag != 0 or rule.lag_from != "end"):
            yield ("rules", k), "only before has a lag", rule.lag
    if shop.plan is not None:
        for j, name in enumerate(shop.plan.pinned.tasks):
            if name not in shop.number:
                yield ("plan", "pinned", "tasks", j), "there is no such task; a task is named JOB.TASK", name
        for k, line in enumerate(shop.plan.tasks):
            name = f"{line.job}.{line.task}"
            if name not in shop.number:
                yield ("plan", "tasks", k), "there is no such task", name
            elif way_of(shop, shop.number[name], line.machine, line.uses) is None:
                yield ("plan", "tasks", k), "the task cannot be done in this way", f"{name} on {line.machine}"
        if shop.plan.pinned.running and shop.plan.now is None:
            yield ("plan", "pinned", "running"), "to know what runs, plan.now must say when, or now in its file", True
    aims = [objective.minimise for objective in shop.objective]
    for k in _twice(aims):
        yield ("objective", k, "minimise"), "this is minimised already", aims[k]


def _moments(shop: ShopInstance) -> Iterator[tuple[Path, float | str]]:
    """Every time of the document, with its path."""
    found: list[tuple[Path, float | str | None]] = []
    if shop.horizon is not None:
        found += [(("horizon", "start"), shop.horizon.start), (("horizon", "end"), shop.horizon.end)]
    for name, calendar in shop.calendars.items():
        for k, entry in enumerate(calendar.closed):
            if not isinstance(entry, str):
                found += [(("calendars", name, "closed", k, e), moment) for e, moment in enumerate(entry)]
    for j, job in enumerate(shop.jobs):
        found += [(("jobs", j, key), getattr(job, key)) for key in ("release", "due", "deadline")]
        for k, task in enumerate(job.tasks):
            found += [(("jobs", j, "tasks", k, key), getattr(task, key)) for key in ("release", "deadline")]
    if shop.plan is not None:
        found += [(("plan", "now"), shop.plan.now), (("plan", "pinned", "before"), shop.plan.pinned.before)]
        found += [(("plan", "tasks", k, "start"), line.start) for k, line in enumerate(shop.plan.tasks)]
    return ((where, value) for where, value in found if value is not None)


def _lengths(shop: ShopInstance) -> Iterator[tuple[Path, float | str]]:
    """Every duration that may be a text, with its path."""
    for j, job in enumerate(shop.jobs):
        for k, task in enumerate(job.tasks):
            where = ("jobs", j, "tasks", k)
            if task.any_of is not None:
                yield from (((*where, "any_of", w, "time"), way.time) for w, way in enumerate(task.any_of))
            elif task.time is not None:
                yield (*where, "time"), task.time
            if task.start_within is not None:
                yield (*where, "start_within"), task.start_within
    for k, rule in enumerate(shop.rules):
        yield ("rules", k, "lag"), rule.lag
        if rule.time is not None:
            yield ("rules", k, "time"), rule.time
    for m, machine in enumerate(shop.machines):
        if machine.setup is not None:
            yield ("machines", m, "setup", "other"), machine.setup.other
            for name, line in [*machine.setup.between.items(), ("", machine.setup.first)]:
                path: Path = ("setup", "between", name) if name else ("setup", "first")
                yield from ((("machines", m, *path, to), time) for to, time in line.items())


def _untimely(shop: ShopInstance) -> Iterator[Fault]:
    """Times and durations that are no whole number of units, or that nothing says how to count."""
    texts = [(where, value) for where, value in (*_moments(shop), *_lengths(shop)) if isinstance(value, str)]
    if shop.unit is None and texts:
        assert shop.units is not None
        rule = "times of the clock and durations with a unit need units.time such as s, min, h, day or 5 min"
        yield ("units", "time"), rule, shop.units.time
        return
    for where, value in _moments(shop):
        try:
            number = shop.clock.moment(value)
        except ValueError as error:
            yield where, str(error), value
            continue
        if abs(number - round(number)) > 1e-6:
            yield where, "this is no whole number of units of time", value
        elif number < 0:
            yield where, "this is before time 0, the start of the horizon", value
    for where, value in _lengths(shop):
        if isinstance(value, str) and abs((number := shop.clock.duration(value.lstrip("-"))) - round(number)) > 1e-6:
            yield where, "this is no whole number of units of time", value


def _calendars(shop: ShopInstance) -> Iterator[Fault]:
    """Opening hours without a day to count from, and stretches that end before they begin."""
    for name, calendar in shop.calendars.items():
        where = ("calendars", name)
        dated = bool(calendar.weekly)
        for k, entry in enumerate(calendar.closed):
            if isinstance(entry, str):
                dated = True
                try:
                    day = day_of(entry)
                except ValueError as error:
                    yield (*where, "closed", k), str(error), entry
                    continue
                if day is None:
                    yield (*where, "closed", k), "a closed day is written 2026-03-13, or as [from, until]", entry
            elif shop.clock.moment(entry[0]) >= shop.clock.moment(entry[1]):
                yield (*where, "closed", k), "it ends before it begins", f"{entry[0]} to {entry[1]}"
        for days, windows in calendar.weekly.items():
            try:
                days_of(days)
            except ValueError as error:
                yield (*where, "weekly", days), str(error), days
            for k, window in enumerate(windows):
                try:
                    hours_of(window)
                except ValueError as error:
                    yield (*where, "weekly", days, k), str(error), f"{window[0]} to {window[1]}"
        if dated and shop.clock.zero is None:
            rule = "opening hours and closed days need a horizon whose start names a day, or a release that does"
            yield where, rule, name
    if shop.horizon is not None and shop.horizon.end is not None:
        first, last = shop.clock.moment(shop.horizon.start), shop.clock.moment(shop.horizon.end)
        if last < first:
            yield ("horizon", "end"), "it ends before it begins", shop.horizon.end


def _too_long(shop: ShopInstance) -> Iterator[Fault]:
    """Times so long that a makespan would not be exact."""
    from qopt.models.families._shop_document import LONGEST

    total = sum(max(shop.length(way.time) for way in task.ways) for _, task, _ in shop.tasks)
    if total > LONGEST:
        yield ("jobs",), f"all times together may be at most {LONGEST:,}", total
    if shop.plain:
        return
    for where, value in (*_moments(shop), *_lengths(shop)):
        if not isinstance(value, str) and abs(value) > LONGEST // 2**12:
            yield where, f"times may be at most {LONGEST // 2**12:,}", value
