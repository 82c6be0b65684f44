"""Calendars (RFC 5545), one for each vehicle, machine or person, for whatever people have on their telephones.

A later plan of the same problem has the same identifiers, so that importing it again moves appointments instead of
doubling them. Nothing is taken from the clock: the stamp is the begin of the document's horizon.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qopt.models.subject import Subject
from qopt.report.exports._agenda import FAMILIES, Appointment, agenda, begin, dated

_ESCAPES = (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n"))
OCTETS = 75
"""Longest line, its end not counted."""


@dataclass(frozen=True)
class Calendars:
    """Writer of calendars."""

    suffixes: tuple[str, ...] = (".ics",)
    families: tuple[str, ...] = FAMILIES

    def check(self, subject: Subject) -> None:
        """Refuse documents without dates, with a time zone that nobody knows, or with shifts without times."""
        dated(subject)

    def texts(self, plan: Mapping[str, Any], subject: Subject) -> dict[str, str]:
        """The text of each calendar, by its owner."""
        lines: dict[str, list[Appointment]] = {}
        for appointment in agenda(plan, subject):
            lines.setdefault(appointment.who, []).append(appointment)
        return {who: _calendar(who, part, subject.name, begin(subject)) for who, part in lines.items()}


def _calendar(who: str, appointments: Iterable[Appointment], name: str, stamp: datetime) -> str:
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//qopt//plan//EN",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(f'{who}, {name}')}",
    ]
    for one in appointments:
        identity = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:qopt:{name}:{stamp:%Y%m%d}:{one.key}")
        lines += ["BEGIN:VEVENT", f"UID:{identity}", f"DTSTAMP:{_time(stamp)}", f"DTSTART:{_time(one.start)}"]
        lines += [f"DTEND:{_time(one.end)}"] if one.end > one.start else []  # an end has to be later
        lines += [f"SUMMARY:{_text(one.title)}"]
        lines += [f"LOCATION:{_text(one.place)}"] if one.place else []
        lines += [f"GEO:{one.spot[1]:.6f};{one.spot[0]:.6f}"] if one.spot is not None else []
        lines += [f"DESCRIPTION:{_text(one.note)}"] if one.note else []
        lines.append("END:VEVENT")
    return "".join(f"{folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _time(when: datetime) -> str:
    """A moment: with Z in UTC, without as the local time of whoever reads it."""
    return f"{when:%Y%m%dT%H%M%S}" + ("" if when.tzinfo is None else "Z")


def _text(value: str) -> str:
    """A text with what has a meaning in calendars escaped; control characters are left out."""
    for plain, escaped in _ESCAPES:
        value = value.replace(plain, escaped)
    return "".join(char for char in value if char.isprintable() or char == "\t")


def folded(line: str) -> str:
    """A line with a break and a space before what would be its 76th octet; characters stay whole."""
    out, room = "", OCTETS
    for char in line:
        size = len(char.encode())
        if size > room:
            out, room = out + "\r\n ", OCTETS - 1
        out, room = out + char, room - size
    return out


PLUGIN = Calendars()
