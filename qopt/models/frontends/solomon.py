"""Solomon's and Homberger's text: capacitated vehicle routing with time windows.

Distances and travel times are those in the plane with one decimal kept, the convention of the DIMACS challenge under
which best known values are published; ``rounding=none`` takes them exact. Source of the layout: Solomon (1987);
Gehring and Homberger (1999).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from qopt.core.errors import Issue, ModelError, Place
from qopt.models.families.routing import RoutingInstance
from qopt.models.source import member_of, text_of

_WORD = re.compile(r"\S+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
ROUNDINGS = ("down1", "none", "nearest", "up", "down")
FIELDS = ("a customer number", "x", "y", "a demand", "a ready time", "a due date", "a service time")


@dataclass(frozen=True)
class Solomon:
    """Reader of Solomon's files."""

    suffixes: tuple[str, ...] = (".txt",)

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the whole text is such an instance."""
        try:
            _Reader(text, "").rows()
        except ModelError:
            return False
        return True

    def members(self, text: str) -> Sequence[str]:
        """A file holds one problem: its first line."""
        return [_Reader(text, "").name]

    def read(
        self,
        source: str | Path,
        *,
        base_dir: Path | None = None,
        member: str | None = None,
        rounding: str = "down1",
        vehicles: int | str | None = None,
    ) -> RoutingInstance:
        """The instance: visits as the file numbers its customers, the distance as its objective.

        Parameters
        ----------
        rounding
            Of distances and travel times: ``down1``, ``none``, ``nearest``, ``up`` or ``down``.
        vehicles
            Fleet limit instead of the file's: a number from 1, or ``unlimited``.

        Raises
        ------
        ModelError
            The first fault, with its line and column; or options that are none.
        """
        text, file = text_of(source)
        reader = _Reader(text, file)
        rows = reader.rows()
        member_of([reader.name], member, file)
        if rounding not in ROUNDINGS:
            raise ModelError(Issue(f"rounding is one of {', '.join(ROUNDINGS)}", str(rounding), Place(file)))
        count: int | str = reader.vehicles
        if vehicles is not None:
            count = str(vehicles).strip()
            if count != "unlimited":
                if not (count.isascii() and count.isdigit() and int(count) >= 1):
                    raise ModelError(Issue("vehicles is a number from 1, or unlimited", count, Place(file)))
                count = int(count)
        depot = rows[0]
        note = "distances and times keep one decimal, as best known values do (rounding=none takes them exact)"
        return RoutingInstance.model_validate(
            {
                "name": reader.name,
                "notes": [note] if rounding == "down1" else [],
                "locations": [{"id": int(row[0]), "x": row[1], "y": row[2]} for row in rows],
                "travel": {"euclidean": {"rounding": rounding}},
                "fleet": [
                    {"count": count, "start": int(depot[0]), "capacity": reader.capacity, "shift": [depot[4], depot[5]]}
                ],
                "visits": [
                    {"id": int(row[0]), "deliver": row[3], "windows": [[row[4], row[5]]], "service": row[6]}
                    for row in rows[1:]
                ],
            }
        )


class _Reader:
    """One file, word by word."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = [(k, line) for k, line in enumerate(text.split("\n"), start=1) if line.strip()]
        if len(self.lines) < 7:
            self.refuse("a name, VEHICLE, a fleet, CUSTOMER and customers are expected", "", 1)
        self.name = self.lines[0][1].strip()
        self._expect(1, "VEHICLE")
        self._expect(2, "NUMBER", "CAPACITY")
        fleet = self._numbers(3, ("the number of vehicles", "a capacity"))
        if fleet[0] < 1 or not fleet[0].is_integer():
            self.refuse("the number of vehicles is a whole number from 1", f"{fleet[0]:g}", self.lines[3][0])
        self.vehicles, self.capacity = int(fleet[0]), fleet[1]
        self._expect(4, "CUSTOMER")
        self._expect(5, "CUST")

    def rows(self) -> list[list[float]]:
        """Every customer's numbers, the depot first."""
        rows = [self._numbers(k, FIELDS) for k in range(6, len(self.lines))]
        seen: set[float] = set()
        for (line, _), row in zip(self.lines[6:], rows, strict=True):
            if row[0] in seen or not row[0].is_integer():
                self.refuse("customers have different whole numbers", f"{row[0]:g}", line)
            seen.add(row[0])
            if row[5] < row[4]:
                self.refuse("a due date lies before its ready time", f"{row[5]:g}", line)
            if row[3] > self.capacity:
                self.refuse(f"a demand is above the capacity, {self.capacity:g}", f"{row[3]:g}", line)
        if len(rows) < 2 or rows[0][3] != 0:
            self.refuse("a depot without demand and at least one customer are expected", "", self.lines[6][0])
        return rows

    def _expect(self, k: int, *words: str) -> None:
        line, text = self.lines[k]
        if text.upper().split()[: len(words)] != list(words):
            self.refuse(f"{' '.join(words)} is expected", text.strip()[:60], line)

    def _numbers(self, k: int, fields: Sequence[str]) -> list[float]:
        line, text = self.lines[k]
        words = list(_WORD.finditer(text))
        if len(words) != len(fields):
            self.refuse(f"{len(fields)} numbers are expected: {', '.join(fields)}", text.strip()[:60], line)
        for word, field in zip(words, fields, strict=True):
            if not _NUMBER.fullmatch(word[0]):
                self.refuse(f"{field} is expected, a number that is not negative", word[0], line, word.start() + 1)
        return [float(word[0]) for word in words]

    def refuse(self, rule: str, value: str, line: int, column: int = 1) -> NoReturn:
        """Raise a ModelError at a place."""
        raise ModelError(Issue(rule, value, Place(self.file, line, column)))


PLUGIN = Solomon()
