"""Times and durations of a document: clock texts, timestamps and plain numbers, in the document's own unit of time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

UNITS = {"s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "day": 86400.0}
"""Seconds of a unit of time."""

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?")
_SHORT = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d|day|days)")
_LONG = re.compile(r"P(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_SHORT_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "day": 86400, "days": 86400}


def seconds_of(text: str) -> float | None:
    """Seconds of a duration such as ``30s``, ``5m``, ``1.5h`` or ``PT1H30M``; None when it is none."""
    short = _SHORT.fullmatch(text.strip().lower())
    if short:
        return float(short[1]) * _SHORT_SECONDS[short[2]]
    long = _LONG.fullmatch(text.strip().upper())
    if long and any(long.groups()):
        days, hours, minutes, seconds = (float(part or 0) for part in long.groups())
        return 86400 * days + 3600 * hours + 60 * minutes + seconds
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _moment(value: Any) -> Any:
    if _is_number(value) or (isinstance(value, str) and (_CLOCK.fullmatch(value.strip()) or day_and_time(value))):
        return value
    raise ValueError("a time is a number, a clock text such as 07:30, or a timestamp such as 2026-03-10T07:30")


def _duration(value: Any) -> Any:
    if (_is_number(value) and value >= 0) or (isinstance(value, str) and seconds_of(value) is not None):
        return value
    raise ValueError("a duration is a number that is not negative, or a text such as 30s, 5m, 1.5h or PT1H30M")


def day_and_time(text: str) -> datetime | None:
    """The moment that a timestamp names; None for a clock text, and for what is no time."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


Moment = Annotated[float | str, BeforeValidator(_moment)]
"""A time of a document; ``Clock.moment`` turns it into a number."""

Duration = Annotated[float | str, BeforeValidator(_duration)]
"""A duration of a document; ``Clock.duration`` turns it into a number."""


@dataclass(frozen=True)
class Clock:
    """How a document counts time.

    Parameters
    ----------
    unit
        Seconds of one unit.
    zero
        The time 0; None where the document names no day: then clock texts count from midnight.
    """

    unit: float = 60.0
    zero: datetime | None = None

    def moment(self, value: float | str) -> float:
        """A time as a number of units after 0.

        A clock text is on the first day: the day of ``zero``. Hours from 24 on are on the next days.

        Raises
        ------
        ValueError
            A timestamp without a day to count from, or before it with another offset from UTC.
        """
        if not isinstance(value, str):
            return float(value)
        clock = _CLOCK.fullmatch(value.strip())
        if clock:
            hours, minutes, seconds = (int(part or 0) for part in clock.groups())
            since_midnight = 3600 * hours + 60 * minutes + seconds
            return (since_midnight - self._of_day()) / self.unit
        stamp = day_and_time(value)
        if stamp is None or self.zero is None:
            raise ValueError("a timestamp needs a horizon with a start to count from")
        if (stamp.tzinfo is None) != (self.zero.tzinfo is None):
            raise ValueError("a timestamp has an offset from UTC exactly when the start of the horizon has one")
        return (stamp - self.zero).total_seconds() / self.unit

    def duration(self, value: float | str) -> float:
        """A duration as a number of units."""
        if isinstance(value, str):
            seconds = seconds_of(value)
            if seconds is None:
                raise ValueError(f"{value!r} is no duration")
            return seconds / self.unit
        return float(value)

    def text(self, value: float) -> str:
        """A number of units after 0 as a timestamp, or as a clock text where there is no day."""
        if self.zero is not None:
            return (self.zero + timedelta(seconds=round(value * self.unit))).isoformat()
        seconds = round(value * self.unit)
        sign = "-" if seconds < 0 else ""
        hours, rest = divmod(abs(seconds), 3600)
        text = f"{sign}{hours:02d}:{rest // 60:02d}"
        return text if rest % 60 == 0 else f"{text}:{rest % 60:02d}"

    def _of_day(self) -> float:
        """Seconds from midnight to 0."""
        if self.zero is None:
            return 0.0
        return float(3600 * self.zero.hour + 60 * self.zero.minute + self.zero.second)
