"""What stands where in a Gantt chart: times as numbers with labels, and a row for every machine or part of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from qopt.report.tables import number

_STEPS = (1, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440, 2880, 7 * 1440, 28 * 1440, 364 * 1440)  # minutes


@dataclass(frozen=True)
class Axis:
    """Times of a plan as numbers from 0.

    Parameters
    ----------
    zero
        What is 0: a day where times are timestamps, minutes after midnight for clock texts; None for numbers.
    horizon
        The last time.
    """

    zero: datetime | int | None
    horizon: float

    @classmethod
    def of(cls, tasks: Sequence[Mapping[str, Any]]) -> Axis:
        """From 0 on where times are numbers, else from the full hour before the first task."""
        texts = [str(task["start"]) for task in tasks if isinstance(task["start"], str)]
        if not texts:
            return cls(None, max((task["end"] for task in tasks), default=0))
        if "T" in texts[0]:
            first = min(map(datetime.fromisoformat, texts))
            raw = cls(first.replace(minute=0, second=0, microsecond=0), 0)
        else:
            raw = cls(min(map(_minutes, texts)) // 60 * 60, 0)
        return cls(raw.zero, max(raw.at(task["end"]) for task in tasks))

    def at(self, moment: Any) -> float:
        """A time of the plan as a number."""
        if isinstance(self.zero, datetime):
            return (datetime.fromisoformat(moment) - self.zero).total_seconds() / 60
        return float(_minutes(moment) - self.zero) if isinstance(self.zero, int) else moment

    def label(self, value: float) -> str:
        """A number as a time of the plan, short: the day where a day begins."""
        if isinstance(self.zero, datetime):
            moment = self.zero + timedelta(minutes=value)
            return f"{moment:%a} {moment.day}" if moment.hour == moment.minute == 0 else f"{moment:%H:%M}"
        if isinstance(self.zero, int):
            hours, minutes = divmod(self.zero + round(value), 60)
            return f"{hours:02d}:{minutes:02d}"
        return number(value)

    def told(self, moment: Any) -> str:
        """A time of the plan in full, for people."""
        if isinstance(self.zero, datetime):
            when = datetime.fromisoformat(moment)
            return f"{when:%a} {when.day} {when:%b %H:%M}"
        return moment if isinstance(moment, str) else number(moment)

    def ticks(self, most: int) -> list[float]:
        """Round times from 0 to the horizon, at most ``most`` + 1 of them."""
        if self.zero is None:
            return ticks(self.horizon, most)
        zero = self.zero if isinstance(self.zero, int) else 60 * self.zero.hour
        step = next((step for step in _STEPS if self.horizon / step <= most), _STEPS[-1])
        first = -zero % step
        return [float(t) for t in range(first, int(self.horizon) + 1, step)]


def ticks(horizon: float, most: int) -> list[float]:
    """Round numbers from 0 to the horizon, at most ``most`` + 1; steps of 1, 2 or 5 times a power of ten."""
    step, factors = 1, (2, 2.5, 2)
    k = 0
    while horizon / step > most:
        step = int(step * factors[k % 3])
        k += 1
    return [step * k for k in range(int(horizon // step) + 1)]


def _minutes(text: str) -> int:
    """A clock text as minutes after midnight, seconds cut off."""
    sign = -1 if text.startswith("-") else 1
    hours, minutes = text.lstrip("-").split(":")[:2]
    return sign * (60 * int(hours) + int(minutes))


@dataclass(frozen=True)
class Bar:
    """A task in its row, with its times as numbers and what it is coloured by."""

    owner: Any
    start: float
    end: float
    task: Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A machine, or one of the lanes of what takes several tasks; ``closed`` are stretches from, until."""

    name: str
    bars: tuple[Bar, ...]
    closed: tuple[tuple[float, float], ...] = ()


def owners(tasks: Sequence[Mapping[str, Any]]) -> dict[Any, int]:
    """What colours stand for, by number, as they first occur: jobs, or the tasks of the only job of a project."""
    jobs = dict.fromkeys(task["job"] for task in tasks)
    found = dict.fromkeys(task["task"] for task in tasks) if is_project(tasks) else jobs
    return {owner: k for k, owner in enumerate(found)}


def is_project(tasks: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the tasks are those of one job and need no machines."""
    return len({task["job"] for task in tasks}) == 1 and all(task["machine"] is None for task in tasks)


def rows(plan: Mapping[str, Any], axis: Axis) -> list[Row]:
    """Rows of machines: numbers in ascending order, names as they first occur; then what is used without a machine.

    What takes several tasks at a time has as many rows as it needs, its name in the first.
    """
    tasks = plan["tasks"]
    project = is_project(tasks)
    told = {str(line["machine"]): line for line in plan.get("machines", ())}
    places: dict[Any, list[Bar]] = {}
    for task in tasks:
        owner = task["task"] if project else task["job"]
        bar = Bar(owner, axis.at(task["start"]), axis.at(task["end"]), task)
        places.setdefault(_place(task), []).append(bar)
    names = list(places)
    if all(str(name).isdecimal() for name in names):
        names.sort(key=lambda name: int(str(name)))
    out = []
    for name in names:
        line = told.get(str(name), {})
        closed = tuple((axis.at(low), axis.at(high)) for low, high in line.get("closed", ()))
        several = line.get("capacity", 1) > 1 or places[name][0].task["machine"] is None
        lanes = _lanes(places[name]) if several else [places[name]]
        out += [Row(str(name) if k == 0 else "", tuple(lane), closed) for k, lane in enumerate(lanes)]
    return out


def _place(task: Mapping[str, Any]) -> Any:
    """Its machine, else the first thing that it uses."""
    return task["machine"] if task["machine"] is not None else next(iter(task.get("uses", {})), "")


def _lanes(bars: Sequence[Bar]) -> list[list[Bar]]:
    """The bars in as few rows as keep them apart; what takes no time needs no room."""
    lanes: list[list[Bar]] = []
    for bar in sorted(bars, key=lambda bar: (bar.start, bar.end)):
        free = (lane for lane in lanes if bar.end == bar.start or lane[-1].end <= bar.start)
        lane = next(free, None)
        if lane is None:
            lanes.append([bar])
        elif bar.end > bar.start:
            lane.append(bar)
    return lanes
