"""Calendars of a shop document as closed stretches of time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from qopt.models.clock import Clock
from qopt.models.families._shop_parts import Calendar

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")

Stretch = tuple[int, int]
"""Closed from the first time on until the second."""


def days_of(text: str) -> list[int]:
    """Days of the week, from 0 for Monday: ``mon-fri``, ``sat, sun``, ``all``.

    Raises
    ------
    ValueError
        No such days.
    """
    if text.strip().lower() == "all":
        return list(range(7))
    out: list[int] = []
    for part in text.lower().split(","):
        first, _, last = (name.strip() for name in part.partition("-"))
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError("days are written as mon-fri or sat, sun, or all")
        low, high = DAYS.index(first), DAYS.index(last or first)
        out += [day % 7 for day in range(low, high + 1 if low <= high else high + 8)]
    return out


def hours_of(window: tuple[str, str]) -> tuple[int, int]:
    """Minutes after midnight at which it opens and closes; what closes before it opens closes on the next day.

    Raises
    ------
    ValueError
        A text that is no time of day.
    """
    found = [_CLOCK.fullmatch(text.strip()) for text in window]
    if found[0] is None or found[1] is None:
        raise ValueError("opening hours are two times of day such as 06:00 and 14:30")
    low, high = (60 * int(match[1]) + int(match[2]) for match in found if match is not None)
    return low, high if high > low else high + 24 * 60


def day_of(entry: object) -> date | None:
    """The day that an entry of ``closed`` names; None for anything else.

    Raises
    ------
    ValueError
        It looks like a day, but there is none such.
    """
    if isinstance(entry, str) and _DAY.fullmatch(entry.strip()):
        return date.fromisoformat(entry.strip())
    return None


def closed(calendar: Calendar, clock: Clock, end: int) -> list[Stretch]:
    """When a calendar is closed between 0 and ``end``, ascending and apart.

    Times between two units are closed from the unit before, until the unit behind.
    """
    out: list[tuple[float, float]] = []
    for entry in calendar.closed:
        day = day_of(entry)
        if day is not None:
            out.append(_units(clock, _midnight(clock, day), 24 * 60))
        elif not isinstance(entry, str):
            out.append((clock.moment(entry[0]), clock.moment(entry[1])))
    if calendar.weekly:
        gap = 0.0
        for opens, closes in _merged(list(_open(calendar, clock, end))):
            out.append((gap, opens))
            gap = closes
        out.append((gap, float(end)))
    whole = [(max(0, math.floor(a + 1e-9)), min(end, math.ceil(b - 1e-9))) for a, b in out]
    return [(int(a), int(b)) for a, b in _merged([(a, b) for a, b in whole if a < b])]


def _midnight(clock: Clock, day: date) -> datetime:
    assert clock.zero is not None, "days are refused where no time is named"
    return datetime.combine(day, time(), clock.zero.tzinfo)


def _units(clock: Clock, start: datetime, minutes: float) -> tuple[float, float]:
    assert clock.zero is not None
    low = (start - clock.zero).total_seconds() / clock.unit
    return low, low + 60 * minutes / clock.unit


def _open(calendar: Calendar, clock: Clock, end: int) -> Iterator[tuple[float, float]]:
    """Opening times that touch the stretch from 0 to ``end``."""
    assert clock.zero is not None
    hours: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    for days, windows in calendar.weekly.items():
        for weekday in days_of(days):
            hours[weekday] += [hours_of(window) for window in windows]
    day = clock.zero.date() - timedelta(days=1)
    last = (clock.zero + timedelta(seconds=end * clock.unit)).date()
    while day <= last:
        for low, high in hours[day.weekday()]:
            opens, closes = _units(clock, _midnight(clock, day) + timedelta(minutes=low), high - low)
            if closes > 0 and opens < end:
                yield max(0.0, opens), min(float(end), closes)
        day += timedelta(days=1)


def _merged(stretches: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same, ascending; those that touch become one."""
    out: list[tuple[float, float]] = []
    for low, high in sorted(stretches):
        if out and low <= out[-1][1]:
            out[-1] = out[-1][0], max(out[-1][1], high)
        else:
            out.append((low, high))
    return out
