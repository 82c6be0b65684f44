"""NRP: nurse rostering instances of schedulingbenchmarks.org, in sections of comma-separated lines.

``SECTION_HORIZON`` holds the number of days (day 0 is a Monday), ``SECTION_SHIFTS`` ids, minutes and what may not
follow, ``SECTION_STAFF`` the contract of every person, then days off, wishes for and against shifts, and cover.
Lines that begin with ``#`` are remarks. Source of the layout: Curtois and Qu (2014).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.families.roster import RosterInstance
from qopt.models.source import member_of, text_of

_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_SECTIONS = {
    "HORIZON": 1,
    "SHIFTS": 3,
    "STAFF": 8,
    "DAYS_OFF": 0,
    "SHIFT_ON_REQUESTS": 4,
    "SHIFT_OFF_REQUESTS": 4,
    "COVER": 5,
}
"""Sections and the number of fields in their lines; 0 for any number from 1 on."""
_NEEDED = ("HORIZON", "SHIFTS", "STAFF")


@dataclass(frozen=True)
class Nrp:
    """Reader of NRP files."""

    suffixes: tuple[str, ...] = (".txt", ".ros")

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the whole text is one NRP instance."""
        if "SECTION_HORIZON" not in text:
            return False
        try:
            _Reader(text, "").instance("")
        except ModelError:
            return False
        return True

    def members(self, text: str) -> Sequence[str]:
        """A file holds one problem."""
        return _names(_Reader(text, "").instance(""))

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> RosterInstance:
        """The instance; days are numbered from 0.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        """
        text, file = text_of(source)
        made = _Reader(text, file).instance(source.stem if isinstance(source, Path) else "unnamed")
        member_of(_names(made), member, file)
        return made


def _names(made: RosterInstance) -> list[str]:
    return [f"1 ({len(made.staff)} people, {made.horizon.days} days, {len(made.shifts)} shifts)"]


@dataclass(frozen=True)
class _Field:
    """One field of a line, with its place."""

    text: str
    line: int
    column: int


class _Reader:
    """The sections of a text, as lines of fields."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.sections: dict[str, list[list[_Field]]] = {}
        current: list[list[_Field]] | None = None
        name = ""
        for number, line in enumerate(text.split("\n"), 1):
            content = line.strip()
            if not content or content.startswith("#"):
                continue
            if content.startswith("SECTION_"):
                name = content.removeprefix("SECTION_")
                if name not in _SECTIONS or name in self.sections:
                    rule = "this section occurs twice" if name in self.sections else "there is no such section"
                    self._refuse(rule, _Field(content, number, 1), f"sections are {', '.join(_SECTIONS)}")
                current = self.sections.setdefault(name, [])
                continue
            if current is None:
                self._refuse("a section must begin before anything else", _Field(content, number, 1))
            fields, at = [], 0
            for part in line.rstrip("\r").split(","):
                fields.append(_Field(part.strip(), number, at + len(part) - len(part.lstrip()) + 1))
                at += len(part) + 1
            wanted = _SECTIONS[name]
            if wanted and len(fields) != wanted:
                self._refuse(f"a line of {name} has {wanted} fields, this one has {len(fields)}", fields[0])
            current.append(fields)
        for name in _NEEDED:
            if not self.sections.get(name):
                place = _Field("", text.count("\n") + 1, 1)
                self._refuse(f"the section {name} is missing or empty", place)

    def instance(self, name: str) -> RosterInstance:
        """Everything as a roster."""
        horizon = self.sections["HORIZON"]
        if len(horizon) != 1:
            self._refuse("the section HORIZON holds one number of days", horizon[1][0])
        self.days = self._whole(horizon[0][0], 1, 1000)
        self.shifts = self._ids("SHIFTS")
        self.staff = self._ids("STAFF")
        off = self._days_off()
        document: dict[str, Any] = {
            "name": name or "unnamed",
            "horizon": {"days": self.days},
            "shifts": [
                {"id": fields[0].text, "minutes": self._whole(fields[1], 0, 10**6)} for fields in self._lines("SHIFTS")
            ],
            "contracts": {fields[0].text: self._contract(fields) for fields in self._lines("STAFF")},
            "staff": [{"id": p, "contract": p, "unavailable": off.get(p, [])} for p in self.staff],
            "cover": [self._cover(fields) for fields in self._lines("COVER")],
            "wishes": [
                self._wish(fields, key)
                for key, section in (("want", "SHIFT_ON_REQUESTS"), ("avoid", "SHIFT_OFF_REQUESTS"))
                for fields in self._lines(section)
            ],
        }
        try:
            return RosterInstance.model_validate(document)
        except ValueError as error:
            self._refuse(f"the file holds no roster: {error}", self.sections["SHIFTS"][0][0])

    def _lines(self, section: str) -> list[list[_Field]]:
        return self.sections.get(section, [])

    def _ids(self, section: str) -> list[str]:
        found: list[str] = []
        for fields in self._lines(section):
            if not fields[0].text or fields[0].text in found:
                self._refuse(f"every line of {section} begins with an id of its own", fields[0])
            found.append(fields[0].text)
        return found

    def _after(self, contract: dict[str, Any]) -> None:
        never = {}
        for fields in self._lines("SHIFTS"):
            others = [_Field(part, fields[2].line, fields[2].column) for part in fields[2].text.split("|") if part]
            if others:
                never[fields[0].text] = [self._known(other, self.shifts, "shift") for other in others]
        if never:
            contract["not_after"] = never

    def _contract(self, fields: list[_Field]) -> dict[str, Any]:
        """The contract of one person."""
        most: dict[str, int] = {}
        for part in fields[1].text.split("|"):
            shift, _, count = part.partition("=")
            at = fields[1].line, fields[1].column
            most[self._known(_Field(shift, *at), self.shifts, "shift")] = self._whole(_Field(count, *at), 0, 10**6)
        top, least, run, short, rest, weekends = (self._whole(field, 0, 10**9) for field in fields[2:])
        contract: dict[str, Any] = {
            "shifts": {shift: count for shift, count in most.items() if count < self.days},
            "minutes": [{"min": least, "max": top}],
            "run_of_work": {"min": max(1, short), "max": max(1, run)},
            "run_of_rest": {"min": max(1, rest)},
            "weekends": {"max": weekends},
        }
        self._after(contract)
        return contract

    def _days_off(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for fields in self._lines("DAYS_OFF"):
            person = self._known(fields[0], self.staff, "person")
            found.setdefault(person, []).extend(self._whole(field, 0, self.days - 1) for field in fields[1:])
        return found

    def _wish(self, fields: list[_Field], key: str) -> dict[str, Any]:
        return {
            "who": self._known(fields[0], self.staff, "person"),
            "days": self._whole(fields[1], 0, self.days - 1),
            key: self._known(fields[2], self.shifts, "shift"),
            "weight": self._whole(fields[3], 0, 10**9),
        }

    def _cover(self, fields: list[_Field]) -> dict[str, Any]:
        return {
            "days": self._whole(fields[0], 0, self.days - 1),
            "shift": self._known(fields[1], self.shifts, "shift"),
            "need": self._whole(fields[2], 0, 10**6),
            "under": self._whole(fields[3], 0, 10**9),
            "over": self._whole(fields[4], 0, 10**9),
        }

    def _known(self, field: _Field, ids: Sequence[str], what: str) -> str:
        if field.text not in ids:
            self._refuse(f"there is no such {what}", field)
        return field.text

    def _whole(self, field: _Field, least: int, most: int) -> int:
        if not _WHOLE.fullmatch(field.text) or not least <= int(field.text) <= most:
            self._refuse(f"a whole number from {least} to {most} is needed", field)
        return int(field.text)

    def _refuse(self, rule: str, field: _Field, suggestion: str = "") -> NoReturn:
        shown = field.text if len(field.text) <= 40 else field.text[:40] + "…"
        raise ModelError(Issue(rule, shown, Place(self.file, field.line, field.column), suggestion))


PLUGIN = Nrp()
