"""The layout that TSPLIB and CVRPLIB share: keywords with values, then sections of numbers.

Gerhard Reinelt, "TSPLIB 95" (1995). Lines that start with # are remarks, as in later collections.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from qopt.core.arrays import Floats, Ints
from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.models.source import text_of

_TOKEN = re.compile(r"\S+")
_INTEGER = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_ONLY = re.compile(r"[\d+\-.eE ]*", re.ASCII)
_KEYWORD = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*(?::\s*(.*?))?\s*", re.ASCII)

KEYWORDS = (
    *("NAME", "TYPE", "COMMENT", "DIMENSION", "CAPACITY", "VEHICLES"),
    *("EDGE_WEIGHT_TYPE", "EDGE_WEIGHT_FORMAT", "NODE_COORD_TYPE", "DISPLAY_DATA_TYPE"),
)
SECTIONS = ("NODE_COORD_SECTION", "EDGE_WEIGHT_SECTION", "DEMAND_SECTION", "DEPOT_SECTION", "DISPLAY_DATA_SECTION")
PLANE = {"EUC_2D": "nearest", "CEIL_2D": "up"}
WEIGHTS = (*PLANE, "GEO", "ATT", "EXPLICIT")


NUMBERING = {
    "NODE_COORD_SECTION": ("a coordinate",) * 2,
    "DISPLAY_DATA_SECTION": ("a coordinate",) * 2,
    "DEMAND_SECTION": ("a demand",),
}
"""Sections that number the nodes of a matrix file, and what stands behind the number."""


@dataclass(frozen=True)
class Entry:
    """A keyword's value and where it stands (1-based)."""

    value: str
    line: int
    column: int


@dataclass(frozen=True, eq=False)
class TspText:
    """A file cut into its keywords and the lines of its sections.

    Parameters
    ----------
    lines
        Every line of the file; places are found in them.
    entries
        Keywords with their values.
    sections
        Line (1-based) of each section's name, and the lines that hold its data.
    """

    file: str
    lines: list[str]
    entries: dict[str, Entry]
    sections: dict[str, tuple[int, list[int]]]

    def refuse(self, rule: str, value: str = "", line: int = 0, token: int = 0, suggestion: str = "") -> NoReturn:
        """Raise a ModelError at the ``token``-th word (from 0) of a line; at the file's end for line 0."""
        raise ModelError(Issue(rule, value, self._place(line, token), suggestion))

    def refuse_entry(self, name: str, rule: str, suggestion: str = "") -> NoReturn:
        """Raise a ModelError at a keyword's value."""
        entry = self.entries[name]
        raise ModelError(Issue(rule, entry.value, Place(self.file, entry.line, entry.column), suggestion))

    def _place(self, line: int, token: int) -> Place:
        if line == 0:
            return Place(self.file, max(1, len(self.lines)), 1)
        words = [word.start() + 1 for word in _TOKEN.finditer(self.lines[line - 1])]
        end = len(self.lines[line - 1].rstrip()) + 1
        return Place(self.file, line, words[token] if token < len(words) else end)

    def entry(self, name: str) -> str:
        """A keyword's value, or a ModelError when the file lacks it."""
        if name not in self.entries:
            self.refuse(f"the file has no {name}")
        return self.entries[name].value

    def number(self, name: str, least: int) -> int:
        """A keyword's value as a whole number >= ``least``."""
        text = self.entry(name)
        if not _INTEGER.fullmatch(text) or int(text) < least:
            self.refuse_entry(name, f"{name} must be a whole number >= {least}")
        return int(text)

    def section(self, name: str) -> tuple[int, list[int]]:
        """Line of a section's name and its data's lines, or a ModelError when the file lacks it."""
        if name not in self.sections:
            self.refuse(f"the file has no {name}")
        return self.sections[name]

    def table(self, name: str, count: int, columns: Sequence[str]) -> tuple[list[int], Floats]:
        """A section of ``count`` lines: a node's number, then numbers. Returns the node numbers and the rest."""
        head, at = self.section(name)
        if len(at) != count:
            where = at[count] if len(at) > count else (at[-1] if at else head)
            self.refuse(f"{name} needs {count} lines, one for each node", f"{len(at)}", where)
        ids: list[int] = []
        rest = np.empty((count, len(columns)))
        seen: dict[int, int] = {}
        for row, line in enumerate(at):
            words = self.lines[line - 1].split()
            if len(words) != 1 + len(columns):
                self.refuse(
                    f"a line of {name} holds a node and {' and '.join(columns)}",
                    f"{len(words)} words",
                    line,
                    len(words),
                )
            if not _INTEGER.fullmatch(words[0]):
                self.refuse("a node is a whole number", words[0], line)
            node = int(words[0])
            if node in seen:
                self.refuse(f"node {node} stands in line {seen[node]} already", words[0], line)
            seen[node] = line
            ids.append(node)
            rest[row] = [self.value(word, line, k) for k, word in enumerate(words[1:], start=1)]
        return ids, rest

    def value(self, word: str, line: int, token: int) -> float:
        """A finite number, or a ModelError at its place."""
        if not _NUMBER.fullmatch(word) or not isfinite(float(word)):
            self.refuse("a finite number is needed here", word, line, token)
        return float(word)

    def numbers(self, name: str, count: int) -> Floats:
        """A section of ``count`` numbers, none below 0, in free layout."""
        head, at = self.section(name)
        words = [self.lines[line - 1].split() for line in at]
        flat = [word for line in words for word in line]
        if len(flat) != count:
            where = at[-1] if at else head
            self.refuse(f"{name} needs {count:,} numbers", f"{len(flat):,}", where, len(words[-1]) if words else 1)
        values = np.full(1, np.nan)
        if _ONLY.fullmatch(" ".join(flat)):  # numpy takes more for numbers than a file may hold
            with suppress(ValueError):
                values = np.array(flat, dtype=np.float64)
        if not (np.isfinite(values).all() and values.min(initial=0.0) >= 0):
            for line, tokens in zip(at, words):
                for k, word in enumerate(tokens):
                    if self.value(word, line, k) < 0:
                        self.refuse("a distance is at least 0", word, line, k)
        return values


def parse(source: str | Path) -> TspText:
    """Cut a file into keywords and sections.

    Raises
    ------
    ModelError
        Text that is neither, a keyword or section twice, or something behind EOF.
    UnsupportedModelError
        A keyword or section that is not read, by name: nothing is dropped silently.
    """
    body, file = text_of(source, latin1=True)
    lines = body.splitlines()
    text = TspText(file, lines, {}, {})
    current: list[int] | None = None
    ended = False
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if ended:
            text.refuse("nothing may follow EOF", stripped[:40], number)
        match = _KEYWORD.fullmatch(line)
        if match is None or (current is not None and not stripped[0].isalpha()):
            if current is None:
                text.refuse("a line must be KEYWORD : value, or the name of a section", stripped[:40], number)
            current.append(number)
            continue
        word, value = match[1].upper(), match[2]
        if word == "EOF":
            ended = True
        elif word in SECTIONS:
            if word in text.sections:
                text.refuse(f"{word} stands in line {text.sections[word][0]} already", word, number)
            current = []
            text.sections[word] = (number, current)
        elif word in KEYWORDS and value is not None:
            if word in text.entries and word != "COMMENT":
                text.refuse(f"{word} stands in line {text.entries[word].line} already", value, number)
            text.entries[word] = Entry(value, number, match.start(2) + 1)
            current = None
        else:
            _unknown(text, word, number, KEYWORDS if value is not None else SECTIONS)
    return text


def _unknown(text: TspText, word: str, line: int, known: Sequence[str]) -> NoReturn:
    close = get_close_matches(word, [*known, "EOF"], n=1)
    suggestion = f"did you mean {close[0]}?" if close else ""
    rule = "this section is not read" if word.endswith("_SECTION") else "this keyword is not read"
    raise UnsupportedModelError(Issue(rule, word, text._place(line, 0), suggestion))


def expect_type(text: TspText, types: Sequence[str]) -> str:
    """The file's TYPE, one of ``types``; words behind it (as in ``TSP (M. Hofmeister)``) are remarks."""
    given = text.entry("TYPE").split()
    if not given or given[0].upper() not in types:
        text.refuse_entry("TYPE", f"this format has TYPE {' or '.join(types)}")
    return given[0].upper()


def expect_sections(text: TspText, sections: Sequence[str], keywords: Sequence[str] = ()) -> None:
    """Refuse sections and keywords that a file of this type does not have."""
    for name, (line, _) in text.sections.items():
        if name not in sections:
            text.refuse("a file of this TYPE has no such section", name, line)
    for name in ("CAPACITY", "VEHICLES"):
        if name in text.entries and name not in keywords:
            text.refuse_entry(name, f"a file of this TYPE has no {name}")


def travel(text: TspText) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The ``travel`` section of a routing document and its locations, in the file's order.

    Locations carry the file's own node numbers. A matrix file that numbers no node (in DEMAND_SECTION or
    DISPLAY_DATA_SECTION) gets numbers from 0.
    """
    n = text.number("DIMENSION", 2)
    kind = text.entry("EDGE_WEIGHT_TYPE").upper()
    if kind not in WEIGHTS:
        close = get_close_matches(kind, WEIGHTS, n=1)
        suggestion = f"did you mean {close[0]}?" if close else f"these are read: {', '.join(WEIGHTS)}"
        entry = text.entries["EDGE_WEIGHT_TYPE"]
        place = Place(text.file, entry.line, entry.column)
        raise UnsupportedModelError(Issue("this EDGE_WEIGHT_TYPE is not read", entry.value, place, suggestion))
    if kind == "EXPLICIT":
        return {"matrix": _matrix(text, n).tolist()}, [{"id": node} for node in _numbered(text, n)]
    if "EDGE_WEIGHT_SECTION" in text.sections:
        head = text.sections["EDGE_WEIGHT_SECTION"][0]
        text.refuse(f"EDGE_WEIGHT_TYPE {kind} has no such section", "EDGE_WEIGHT_SECTION", head)
    ids, points = text.table("NODE_COORD_SECTION", n, ("two coordinates",) * 2)
    axes = ("lat", "lon") if kind == "GEO" else ("x", "y")
    places = [{"id": node, axes[0]: x, axes[1]: y} for node, (x, y) in zip(ids, points.tolist())]
    return ({"euclidean": {"rounding": PLANE[kind]}} if kind in PLANE else {kind.lower(): {}}), places


def _numbered(text: TspText, n: int) -> list[int]:
    """Node numbers of a matrix file."""
    found = None
    for name, columns in NUMBERING.items():
        if name in text.sections:
            nodes = text.table(name, n, columns)[0]
            found = nodes if found is None else found
    return list(range(n)) if found is None else found


def _matrix(text: TspText, n: int) -> Floats:
    """The full matrix of an EDGE_WEIGHT_SECTION, diagonal 0."""
    row, column = _entries(text, n)
    values = text.numbers("EDGE_WEIGHT_SECTION", len(row))
    out = np.zeros((n, n))
    out[row, column] = values
    if text.entry("EDGE_WEIGHT_FORMAT").upper() != "FULL_MATRIX":
        out[column, row] = values
    np.fill_diagonal(out, 0.0)
    return out


def _entries(text: TspText, n: int) -> tuple[Ints, Ints]:
    """Row and column of each number of an EDGE_WEIGHT_SECTION."""
    formats = {
        "FULL_MATRIX": lambda: np.divmod(np.arange(n * n), n),
        "UPPER_ROW": lambda: np.triu_indices(n, 1),
        "UPPER_DIAG_ROW": lambda: np.triu_indices(n),
        "LOWER_ROW": lambda: np.tril_indices(n, -1),
        "LOWER_DIAG_ROW": lambda: np.tril_indices(n),
    }
    given = text.entry("EDGE_WEIGHT_FORMAT").upper()
    if given not in formats:
        text.refuse_entry("EDGE_WEIGHT_FORMAT", f"EDGE_WEIGHT_FORMAT must be one of {', '.join(formats)}")
    row, column = formats[given]()
    return row, column
