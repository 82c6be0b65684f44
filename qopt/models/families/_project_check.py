"""The plain judge of rich shop plans: it believes no number of a plan and shares no code with the form."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from qopt.models.clock import seconds_of
from qopt.models.families._shop_document import ShopInstance
from qopt.models.families._shop_now import Planned
from qopt.models.families._shop_parts import Calendar, Setup, Way

Span = tuple[Fraction, Fraction]


def faults(shop: ShopInstance, plan: Mapping[str, Any]) -> list[str]:
    """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
    return list(_Judge(shop, plan).faults())


class _Judge:
    """A plan, with its times as fractions of a unit."""

    def __init__(self, shop: ShopInstance, plan: Mapping[str, Any]) -> None:
        self.shop, self.plan = shop, plan
        self.where = {f"{job.id}.{name}": (job, task) for job, task, name in shop.tasks}
        self.lines: dict[str, Mapping[str, Any]] = {}
        self.span: dict[str, Span] = {}
        self.way: dict[str, Way] = {}

    def faults(self) -> Iterator[str]:
        """What is wrong with it."""
        yield from self._read()
        yield from self._tasks()
        yield from self._orders()
        for thing in self.shop.machines:
            users = {name: 1 for name, way in self.way.items() if way.machine == thing.id}
            yield from self._room(str(thing.id), thing.capacity, thing.calendar, users)
            if thing.setup is not None:
                yield from self._setups(str(thing.id), thing.setup, list(users))
        for resource in self.shop.resources:
            name = str(resource.id)
            amounts = {task: way.uses[name] for task, way in self.way.items() if name in way.uses}
            yield from self._room(name, resource.capacity, resource.calendar, amounts)
        for job in self.shop.jobs:
            if job.order == "any":
                own = {name: 1 for name in self.way if self.where[name][0] is job}
                yield from self._room(f"job {job.id}", 1, None, own)
        yield from self._changes()
        yield from self._numbers()

    def _at(self, value: Any) -> Fraction:
        return Fraction(self.shop.clock.moment(value)).limit_denominator(10**6)

    def _length(self, value: int | str) -> Fraction:
        if not isinstance(value, str):
            return Fraction(value)
        seconds = seconds_of(value.lstrip("-"))
        assert seconds is not None
        return (-1 if value.startswith("-") else 1) * Fraction(seconds) / Fraction(self.shop.clock.unit)

    def _read(self) -> Iterator[str]:
        """Every task once, in a way that the document has, with its time."""
        for line in self.plan["tasks"]:
            name = f"{line['job']}.{line['task']}"
            if name not in self.where:
                yield f"{name} is planned but not in the document"
            elif name in self.span:
                yield f"{name} is planned twice"
            else:
                self.span[name] = self._at(line["start"]), self._at(line["end"])
                took = self.span[name][1] - self.span[name][0]
                here = [
                    w
                    for w in self.where[name][1].ways
                    if w.machine == line["machine"] and w.uses == line.get("uses", {})
                ]
                fitting = [way for way in here if self._length(way.time) == took]
                if fitting:
                    self.way[name] = fitting[0]
                elif here:
                    yield f"{name} takes {float(took):g}, it needs {here[0].time}"
                else:
                    yield f"{name} cannot be done on {line['machine']} with {line.get('uses', {})}"
        yield from (f"{name} is not planned" for name in self.where if name not in self.span)

    def _tasks(self) -> Iterator[str]:
        """Releases, deadlines and the horizon."""
        horizon = self.shop.horizon
        for name, (start, end) in self.span.items():
            job, task = self.where[name]
            plan = self.shop.plan
            told = (job.release, task.release, None if horizon is None else horizon.start)
            if start < max((self._at(time) for time in told if time is not None), default=Fraction(0)) or start < 0:
                yield f"{name} starts before it may"
            if plan is not None and plan.now is not None and start < self._at(plan.now) and not self._begun(name):
                yield f"{name} starts before now"
            for last in (job.deadline, task.deadline, None if horizon is None else horizon.end):
                if last is not None and end > self._at(last):
                    yield f"{name} ends after {last if isinstance(last, str) else format(last, 'g')}"

    def _orders(self) -> Iterator[str]:
        """Orders in jobs, and the rules."""
        for job in self.shop.jobs:
            names = [f"{job.id}.{k if task.id is None else task.id}" for k, task in enumerate(job.tasks)]
            if job.order != "listed":
                continue
            for (a, b), task in zip(pairwise(names), job.tasks[1:]):
                if a in self.span and b in self.span:
                    wait = self.span[b][0] - self.span[a][1]
                    if wait < 0:
                        yield f"{b} starts before {a} has ended"
                    if task.start_within is not None and wait > self._length(task.start_within):
                        yield f"{b} starts later than {task.start_within} after {a}"
        prices: dict[str, Fraction] = {}
        for k, rule in enumerate(self.shop.rules):
            a, b = rule.pair
            first, second = self._spans(a), self._spans(b)
            if not first or not second:
                continue
            from_start = rule.lag_from == "start"
            wait = min(second)[0] - (first[0][0] if from_start else max(end for _, end in first))
            told = rule.why or f"{a}, then {b}"
            if rule.before is not None:
                missed, what = max(Fraction(0), self._length(rule.lag) - wait), "too early"
            elif rule.no_wait is not None:
                missed, what = abs(wait), "it may not wait"
            else:
                assert rule.time is not None
                missed, what = max(-wait, Fraction(0), wait - self._length(rule.time)), f"not within {rule.time}"
            if rule.soft is None:
                yield from [f"{what}: {told}"] if missed else []
            elif missed and rule.soft:
                name = rule.name or f"rules[{k}]"
                prices[name] = prices.get(name, Fraction(0)) + missed * Fraction(rule.soft)
        stated = {line["rule"]: line["cost"] for line in self.plan.get("rules", ())}
        for name in sorted({*prices, *stated}):
            price = float(prices.get(name, 0))
            if not math.isclose(price, stated.get(name, 0), rel_tol=1e-9, abs_tol=1e-6):
                yield f"{name} costs {price:g}, the plan says {stated.get(name, 0):g}"

    def _spans(self, name: str) -> list[Span]:
        """The task of that name, or the tasks of the job, in the order of their starts; from the last start on where
        the job has no order."""
        if name in self.span:
            return [self.span[name]]
        own = [task for task in self.span if str(self.where[task][0].id) == name]
        listed = all(self.where[task][0].order == "listed" for task in own)
        spans = sorted(self.span[task] for task in own)
        return spans if listed else spans[::-1]

    def _room(self, name: str, capacity: int, calendar: str | None, amounts: Mapping[str, int]) -> Iterator[str]:
        """Never more than there is, and nothing while it is closed."""
        busy = [task for task in amounts if self.span[task][0] < self.span[task][1]]
        for task in busy:
            now = self.span[task][0]
            load = sum(amounts[other] for other in busy if self.span[other][0] <= now < self.span[other][1])
            if load > capacity:
                yield f"{load} of {name} are used as {task} starts, there are {capacity}"
            if calendar is not None and not self._is_open(self.shop.calendars[calendar], *self.span[task]):
                yield f"{task} runs while {name} is closed"

    def _is_open(self, calendar: Calendar, start: Fraction, end: Fraction) -> bool:
        """Whether a stretch of time is open: walk from opening to opening until its end is reached."""
        zero, unit = self.shop.clock.zero, self.shop.clock.unit
        for entry in calendar.closed:
            if isinstance(entry, str):
                assert zero is not None
                day = datetime.fromisoformat(entry.strip()).replace(tzinfo=zero.tzinfo)
                low = Fraction((day - zero).total_seconds() / unit)
                high = low + Fraction(86400) / Fraction(unit)
            else:
                low, high = self._at(entry[0]), self._at(entry[1])
            if start < high and end > low:
                return False
        if not calendar.weekly:
            return True
        assert zero is not None
        at, stop = (zero + timedelta(seconds=float(t) * unit) for t in (start, end))
        while at < stop:
            until = max((close for open_, close in _openings(calendar, at) if open_ <= at), default=at)
            if until <= at:
                return False
            at = until
        return True

    def _setups(self, machine: str, setup: Setup, users: list[str]) -> Iterator[str]:
        """Time for the set-up in front of every task."""
        line = sorted((name for name in users if self.span[name][0] < self.span[name][1]), key=lambda n: self.span[n])
        for before, name in pairwise([None, *line]):
            assert name is not None
            need = self._set_up(setup, None if before is None else self.where[before][1].family, name, before is None)
            if self.span[name][0] < (0 if before is None else self.span[before][1]) + need:
                yield f"{machine} is not set up for {name} when it starts"

    def _set_up(self, setup: Setup, before: str | None, name: str, is_first: bool) -> Fraction:
        family = self.where[name][1].family
        if family is None or (before is None and not is_first):
            return Fraction(0)
        if before is None:
            return self._length(setup.first.get(family, 0))
        given = setup.between.get(before, {}).get(family)
        return self._length((0 if before == family else setup.other) if given is None else given)

    def _begun(self, name: str) -> bool:
        """Whether a task is pinned by the plan of now."""
        plan = self.shop.plan
        line = next((p for p in plan.tasks if f"{p.job}.{p.task}" == name), None) if plan is not None else None
        if plan is None or line is None:
            return False
        start = self._at(line.start)
        end = start + self._length(self._planned(name, line).time)
        pinned = name in plan.pinned.tasks
        pinned = pinned or (plan.pinned.before is not None and start < self._at(plan.pinned.before))
        if plan.now is not None:
            now = self._at(plan.now)
            pinned = pinned or end <= now or (plan.pinned.running and start < now)
        return pinned

    def _planned(self, name: str, line: Planned) -> Way:
        """How the plan of now does a task; what it leaves out fits anything, but best nothing."""
        ways = [w for w in self.where[name][1].ways if line.machine is None or str(w.machine) == str(line.machine)]
        ways = [w for w in ways if line.uses is None or w.uses == line.uses]
        ways.sort(key=lambda w: (str(w.machine) != str(line.machine), w.uses != (line.uses or {})))
        return ways[0]

    def _changes(self) -> Iterator[str]:
        """What is pinned stays."""
        for line in self.shop.plan.tasks if self.shop.plan is not None else ():
            name = f"{line.job}.{line.task}"
            if name not in self.way or not self._begun(name):
                continue
            if self.span[name][0] != self._at(line.start) or self.way[name] != self._planned(name, line):
                yield f"{name} is pinned and not done as it was planned"

    def _numbers(self) -> Iterator[str]:
        """The makespan, the ends of the jobs and their lateness, as stated."""
        last = max((end for _, end in self.span.values()), default=Fraction(0))
        if self.plan["makespan"] != last:
            yield f"the makespan is stated as {self.plan['makespan']}, the last task ends at {float(last):g}"
        late = Fraction(0)
        for job, line in zip(self.shop.jobs, self.plan["jobs"], strict=True):
            done = max((end for name, (_, end) in self.span.items() if self.where[name][0] is job), default=Fraction(0))
            if str(line["job"]) != str(job.id) or self._at(line["end"]) != done:
                yield f"job {job.id} ends at {float(done):g}, the plan says {line['end']} of {line['job']}"
            over = Fraction(0) if job.due is None else max(Fraction(0), done - self._at(job.due))
            if line.get("late", 0) != over:
                yield f"job {job.id} is {float(over):g} late, the plan says {line.get('late', 0)}"
            late += over * Fraction(job.weight)
        stated = self.plan["kpis"].get("weighted_tardiness", 0)
        if not math.isclose(stated, float(late), rel_tol=1e-9, abs_tol=1e-6):
            yield f"the weighted tardiness is stated as {stated:g}, it is {float(late):g}"


_NAMES = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _openings(calendar: Calendar, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Openings that begin on the day of a time or on the one before."""
    for back in (1, 0):
        day = datetime.combine(at.date() - timedelta(days=back), datetime.min.time(), at.tzinfo)
        for days, windows in calendar.weekly.items():
            if not _names(days, _NAMES[day.weekday()]):
                continue
            for opens, closes in windows:
                low, high = (
                    timedelta(hours=int(h), minutes=int(m)) for h, m in (t.split(":") for t in (opens, closes))
                )
                yield day + low, day + high + timedelta(days=int(high <= low))


def _names(days: str, day: str) -> bool:
    """Whether a text such as ``mon-fri, sun`` names a day of the week."""
    for part in (part.strip() for part in days.lower().split(",")):
        if part in ("all", day):
            return True
        if "-" in part:
            first, last = (_NAMES.index(name.strip()) for name in part.split("-"))
            if (_NAMES.index(day) - first) % 7 <= (last - first) % 7:
                return True
    return False
