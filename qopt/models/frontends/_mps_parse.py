"""The sections of MPS files, from lines into a Draft."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

import numpy as np

from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.core.problem import Sense
from qopt.models.frontends._draft import Draft, Row
from qopt.models.frontends._quadratic import Quadratic

_WORD = re.compile(r"\S+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?|[+-]?inf(?:inity)?", re.ASCII | re.IGNORECASE)
_FIELDS = ((1, 3), (4, 12), (14, 22), (24, 36), (39, 47), (49, 61))
_GAPS = ((3, 4), (12, 14), (22, 24), (36, 39), (47, 49))
_SENSES = {"MIN": Sense.MINIMIZE, "MINIMIZE": Sense.MINIMIZE, "MAX": Sense.MAXIMIZE, "MAXIMIZE": Sense.MAXIMIZE}
_REFUSED = ("SOS", "SOS1", "SOS2", "CSECTION", "PWLOBJ", "GENCONS", "USERCUTS", "DELAYEDROWS", "MODELCUTS", "BRANCH")
_INFINITE_BOUNDS = {"FR": (-np.inf, np.inf), "MI": (-np.inf, None), "PL": (None, np.inf)}

Words = Sequence[tuple[int, str]]
"""Words of a line with the columns, from 1, where they begin."""


@dataclass
class _Bound:
    lower: float | None = None
    upper: float | None = None
    place: Place = Place()


class MpsParser:
    """Reads an MPS file.

    Parameters
    ----------
    file
        Its name, for messages.
    name
        What to call the problem if the file does not say.
    fixed
        Whether fields stand in fixed columns, so that names may hold blanks.
    """

    def __init__(self, text: str, file: str, name: str, *, fixed: bool = False) -> None:
        self.lines = text.split("\n")
        self.draft = Draft(file, name)
        self.file, self.fixed = file, fixed
        self.number = 0
        self.types: dict[str, str] = {}
        self.free: set[str] = set()
        self.aim = ""
        self.wanted = ""
        self.whole = False
        self.current = ""
        self.sets: dict[str, str] = {}
        self.bounds: dict[int, _Bound] = {}
        self.ranges: dict[str, tuple[Fraction, Place]] = {}
        self.matrices: dict[str, dict[tuple[int, int], tuple[float, Place]]] = {}
        self.header: Words = ()

    def parse(self) -> Draft:
        """The model.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        """
        read: Callable[[Words], None] | None = None
        seen: set[str] = set()
        for number, line in enumerate(self.lines, 1):
            self.number = number
            if line.startswith("*") or not line.strip():
                continue
            if not line[0].isspace():
                words = _words(line)
                section = words[0][1].upper()
                if section == "ENDATA":
                    break
                read = self._open(section, words, seen)
                seen.add(section)
            elif read is None:
                self._refuse("a section is needed here, such as ROWS", _words(line)[0])
            else:
                read(self._split(line))
        else:
            self._refuse("the file ends without ENDATA", (1, ""))
        for section in ("ROWS", "COLUMNS"):
            if section not in seen:
                self._refuse(f"the section {section} is missing", (1, ""))
        self._finish()
        return self.draft

    def _open(self, section: str, words: Words, seen: set[str]) -> Callable[[Words], None]:
        """The reader of the lines of a section."""
        self.header = words
        if section in _REFUSED:
            place = Place(self.file, self.number, 1)
            raise UnsupportedModelError(Issue("this section of an MPS file is not carried", section, place))
        if section in seen and section != "QCMATRIX":
            self._refuse("this section stands in the file twice", words[0])
        if section in ("NAME", "OBJSENSE", "OBJSENCE"):
            if section == "NAME" and len(words) > 1:
                self.draft.name = words[1][1]
            elif len(words) > 1:
                self._sense(words[1:])
            return self._sense
        known = {
            "ROWS": self._row,
            "COLUMNS": self._column,
            "RHS": self._rhs,
            "RANGES": self._range,
            "BOUNDS": self._bound,
            "OBJNAME": self._objname,
            "OBJECT": self._objname,
            "QUADOBJ": self._matrix,
            "QSECTION": self._matrix,
            "QMATRIX": self._matrix,
            "QCMATRIX": self._matrix,
            "INDICATORS": self._indicator,
        }
        if section not in known:
            self._refuse("an MPS file has no such section", words[0])
        if section == "QCMATRIX":
            self._member(words, 1)
        return known[section]

    def _split(self, line: str) -> Words:
        """The fields of a line: by blanks, or by columns in the fixed layout."""
        if not self.fixed or len(_words(line)) == 1:
            return _words(line)
        fields = []
        for start, end in _GAPS:
            if line[start:end].strip() and "$" not in line[:end]:
                self._refuse("blanks are needed between the fields of the fixed layout", (start + 1, line[start:end]))
        for start, end in _FIELDS:
            text = line[start:end].strip()
            if text.startswith("$"):
                break
            if text:
                fields.append((start + 1 + len(line[start:end]) - len(line[start:end].lstrip()), text))
        return fields

    def _refuse(self, rule: str, word: tuple[int, str], suggestion: str = "") -> NoReturn:
        column, text = word
        shown = text if len(text) <= 40 else text[:40] + "…"
        raise ModelError(Issue(rule, shown, Place(self.file, self.number, column), suggestion))

    def _place(self, word: tuple[int, str]) -> Place:
        return Place(self.file, self.number, word[0])

    def _number(self, words: Words, k: int) -> float:
        if k >= len(words):
            self._refuse("a number is missing at the end of this line", words[-1])
        text = words[k][1]
        if not _NUMBER.fullmatch(text):
            self._refuse("a number is needed here", words[k])
        value = float(_decimal(text))
        if abs(value) == np.inf and "inf" not in text.lower():
            self._refuse("a finite number is needed here", words[k])
        return value

    def _member(self, words: Words, k: int) -> str:
        """The name of a row that exists; the objective and free rows count."""
        if k >= len(words):
            self._refuse("the name of a row is missing", words[-1])
        if words[k][1] not in self.types:
            self._refuse("there is no such row", words[k])
        return words[k][1]

    def _variable(self, words: Words, k: int) -> int:
        if k >= len(words):
            self._refuse("the name of a variable is missing", words[-1])
        return self.draft.known(words[k][1], self._place(words[k]))

    def _sense(self, words: Words) -> None:
        if words[0][1].upper() not in _SENSES:
            self._refuse("the direction is MIN or MAX", words[0])
        self.draft.sense = _SENSES[words[0][1].upper()]

    def _objname(self, words: Words) -> None:
        self.wanted = words[0][1]

    def _row(self, words: Words) -> None:
        if len(words) != 2:
            self._refuse("a line of ROWS holds a type and a name", words[0])
        kind, name = words[0][1].upper(), words[1][1]
        if kind not in ("N", "E", "L", "G"):
            self._refuse("a row is of type N, E, L or G", words[0])
        if name in self.types:
            self._refuse("two rows have this name", words[1])
        self.types[name] = kind
        if kind == "N":
            self.free.add(name)
            return
        lower, upper = (-np.inf if kind == "L" else 0.0), (np.inf if kind == "G" else 0.0)
        self.draft.add(Row(name, Quadratic(), lower, upper, self._place(words[1])))

    def _objective(self) -> str:
        """Name of the objective: the first free row, or that of OBJNAME."""
        if not self.aim:
            names = [self.wanted] if self.wanted else [name for name in self.types if name in self.free]
            if self.wanted and self.wanted not in self.free:
                self._refuse("OBJNAME names a row of type N", (1, self.wanted))
            self.aim = names[0] if names else "\n"
        return self.aim

    def _column(self, words: Words) -> None:
        if len(words) >= 3 and words[1][1].strip("'\"").upper() == "MARKER":
            mark = words[-1][1].strip("'\"").upper()
            if mark not in ("INTORG", "INTEND"):
                self._refuse("a marker is INTORG or INTEND", words[-1], "special ordered sets are not carried")
            self.whole = mark == "INTORG"
            return
        name = words[0][1]
        if name != self.current:
            if name in self.draft.index:
                self._refuse("the entries of a variable stand together", words[0])
            self.current = name
            self.draft.integer[self.draft.column(name)] = self.whole
        k = self.draft.index[name]
        for row, value, word in self._entries(words, 1):
            if row == self._objective() or row not in self.free:
                function = self.draft.rows[row].function if row in self.draft.rows else self.draft.objective
                if function.linear and function.linear[-1][0] == k:
                    self._refuse("this entry stands in the file twice", word)
                function.linear.append((k, value))

    def _entries(self, words: Words, first: int) -> list[tuple[str, float, tuple[int, str]]]:
        """One or two pairs of row and number."""
        if len(words) == first or (len(words) - first) % 2:
            self._refuse("pairs of a row and a number are needed here", words[-1])
        pairs = range(first, len(words), 2)
        return [(self._member(words, j), self._number(words, j + 1), words[j]) for j in pairs]

    def _only(self, section: str, words: Words, given: bool) -> int:
        """Where the entries begin, after the name of the set; there may be only one set."""
        name = words[0][1] if given else ""
        if self.sets.setdefault(section, name) != name:
            self._refuse(f"a second set of {section} is not read", words[0], "leave only one in the file")
        return int(given)

    def _rhs(self, words: Words) -> None:
        first = self._only("RHS", words, bool(len(words) % 2))
        for name, value, _ in self._entries(words, first):
            if name == self._objective():
                self.draft.objective.constant = -value
            elif name not in self.free:
                row = self.draft.rows[name]
                row.lower = value if self.types[name] in "EG" else row.lower
                row.upper = value if self.types[name] in "EL" else row.upper

    def _range(self, words: Words) -> None:
        first = self._only("RANGES", words, bool(len(words) % 2))
        for name, value, word in self._entries(words, first):
            if abs(value) == np.inf:
                self._refuse("a range is finite", word)
            text = words[words.index(word) + 1][1]
            self.ranges[name] = (Fraction(_decimal(text)), self._place(word))

    def _bound(self, words: Words) -> None:
        kind = words[0][1].upper()
        bare = kind in ("FR", "MI", "PL", "BV")
        if kind in ("SC", "SI"):
            raise UnsupportedModelError(Issue("semi-continuous variables are not carried", kind, self._place(words[0])))
        if kind not in ("UP", "LO", "FX", "UI", "LI") and not bare:
            self._refuse("there is no such type of bound", words[0])
        least = 2 if bare else 3
        if len(words) < least:
            self._refuse("a bound holds a type, a variable and a number", words[0])
        named = len(words) > least and not (bare and len(words) == 3 and words[1][1] in self.draft.index)
        k = self._variable(words, 1 + self._only("BOUNDS", words[1:], named))
        bound = self.bounds.setdefault(k, _Bound())
        bound.place = self._place(words[0])
        if bare:
            if kind == "BV":
                self.draft.integer[k] = True
            lower, upper = _INFINITE_BOUNDS.get(kind, (0.0, 1.0))
        else:
            value = self._number(words, 2 + int(named))
            lower = value if kind in ("LO", "FX", "LI") else None
            upper = value if kind in ("UP", "FX", "UI") else None
            if kind in ("UI", "LI"):
                self.draft.integer[k] = True
        bound.lower = bound.lower if lower is None else lower
        bound.upper = bound.upper if upper is None else upper

    def _matrix(self, words: Words) -> None:
        if len(words) != 3:
            self._refuse("two variables and a number are needed here", words[0])
        section = self.header[0][1].upper()
        key = f"{section} {self.header[1][1]}" if section == "QCMATRIX" else section
        entries = self.matrices.setdefault(key, {})
        i, j = self._variable(words, 0), self._variable(words, 1)
        half = section in ("QUADOBJ", "QSECTION")
        if (i, j) in entries or (half and (j, i) in entries):
            rule = "this pair stands in the file twice"
            self._refuse(rule, words[0], f"{section} lists one triangle" if half else "")
        entries[i, j] = (self._number(words, 2), self._place(words[0]))

    def _indicator(self, words: Words) -> None:
        if len(words) != 4 or words[0][1].upper() != "IF" or words[3][1] not in ("0", "1"):
            self._refuse("a condition reads: IF row variable 0 or 1", words[0])
        name = self._member(words, 1)
        if name in self.free:
            self._refuse("a condition belongs to a constraint", words[1])
        self.draft.rows[name].switch = (self._variable(words, 2), int(words[3][1]))

    def _finish(self) -> None:
        """Ranges, bounds and matrices, once everything they speak of is known."""
        draft = self.draft
        for name, (value, place) in self.ranges.items():
            if name in self.free:
                raise ModelError(Issue("a free row has no range", name, place))
            row, kind = draft.rows[name], self.types[name]
            if kind == "L" or (kind == "E" and value < 0):
                row.lower = float(Fraction(row.upper) - abs(value))
            else:
                row.upper = float(Fraction(row.lower) + abs(value))
        for k, whole in enumerate(draft.integer):
            if whole and k not in self.bounds:
                draft.upper[k] = 1.0
        for k, bound in self.bounds.items():
            if bound.lower is None and bound.upper is not None and bound.upper < 0:
                rule = "an upper bound below 0 needs a lower bound beside it: readers disagree on the silent one"
                raise ModelError(Issue(rule, f"{bound.upper:g}", bound.place, "add a bound of type MI or LO"))
            draft.lower[k] = 0.0 if bound.lower is None else bound.lower
            draft.upper[k] = np.inf if bound.upper is None else bound.upper
        for key, entries in self.matrices.items():
            section, _, row_name = key.partition(" ")
            self._add_matrix(section, row_name, entries)

    def _add_matrix(self, section: str, row: str, entries: dict[tuple[int, int], tuple[float, Place]]) -> None:
        """Entries of a symmetric Q: one triangle or both, of ``x' Q x / 2`` or, in a row, of ``x' Q x``."""
        if section == "QCMATRIX" and row in self.free:
            raise ModelError(Issue("a free row has no matrix", row, next(iter(entries.values()))[1]))
        function = self.draft.rows[row].function if row else self.draft.objective
        half = section in ("QUADOBJ", "QSECTION")
        for (i, j), (value, place) in entries.items():
            if not half and i != j and entries.get((j, i), (None, place))[0] != value:
                rule = f"{section} lists both triangles: this pair has no equal one the other way round"
                raise ModelError(Issue(rule, f"{value:g}", place))
            scale = (0.5 if i == j else 1.0 if half else 0.5) if section != "QCMATRIX" else 1.0
            function.pairs.append((i, j, scale * value))


def _decimal(text: str) -> str:
    """A number with its exponent as today's languages write it."""
    return text.upper().replace("D", "E")


def _words(line: str) -> list[tuple[int, str]]:
    """The words of a line, up to a remark that begins with $."""
    words = [(found.start() + 1, found[0]) for found in _WORD.finditer(line)]
    stop = next((k for k, (_, word) in enumerate(words) if k >= 2 and word.startswith("$")), len(words))
    return words[:stop]
