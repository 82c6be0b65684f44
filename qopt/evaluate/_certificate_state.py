"""A problem while its presolve is retraced: bounds, rows and equal columns, in exact numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil, floor, isinf
from typing import Any

from qopt.core.problem import Kind, Problem
from qopt.core.rows import Rows
from qopt.evaluate._certificate_numbers import Number, Range, expect, fraction, meant, whole

Reference = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Line:
    """``lower <= sum of terms <= upper`` over columns; None for an open side."""

    terms: dict[int, Number]
    lower: Number | None
    upper: Number | None

    def holds(self, activity: Number) -> bool:
        """Whether an activity lies between the sides."""
        return (self.lower is None or self.lower <= activity) and (self.upper is None or activity <= self.upper)


@dataclass(eq=False)
class State:
    """Bounds of columns, rows and lines of groups, as far as the steps have come.

    Parameters
    ----------
    boxes
        Values of every column.
    copies
        Columns that are ``offset + scale * source``: ``(source, scale, offset)``; they occur in no line any more.
    lines
        Lines that were asked for or changed, by reference: ``("row", k)``, ``("group", line)``, ``("clique", k)``.
    dropped
        References of lines that follow from others.
    """

    problem: Problem
    boxes: list[Range] = field(default_factory=list)
    copies: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    lines: dict[Reference, Line] = field(default_factory=dict)
    dropped: set[Reference] = field(default_factory=set)
    cliques: int = 0

    def __post_init__(self) -> None:
        self.boxes = domain(self.problem)
        self.groups = self.problem.groups.as_rows()
        self.soft = self.problem.rows.soft

    def line(self, ref: Reference) -> Line:
        """The line of a reference as it is now."""
        expect(ref not in self.dropped, f"{self.name(ref)} was dropped before")
        if ref not in self.lines:
            kind, k = ref
            expect(kind in ("row", "group") and whole(k) >= 0, f"unknown reference {list(ref)!r}")
            expect(kind == "group" or not self.soft[k], f"row {k} is soft")
            given = line_of(self.problem.rows if kind == "row" else self.groups, k)
            self.lines[ref] = self.in_sources(given)
        return self.lines[ref]

    def in_sources(self, line: Line) -> Line:
        """A line with every column that is a copy put in terms of its source."""
        if not self.copies or not self.copies.keys() & line.terms.keys():
            return line
        terms: dict[int, Number] = {}
        shift: Number = 0
        for c, a in line.terms.items():
            if c in self.copies:
                source, scale, offset = self.copies[c]
                shift += a * offset
                c, a = source, a * scale
            terms[c] = terms.get(c, 0) + a
        sides = (None if side is None else side - shift for side in (line.lower, line.upper))
        return Line({c: a for c, a in terms.items() if a}, *sides)

    def live(self) -> Iterator[Reference]:
        """References of all hard lines that were not dropped."""
        for k in range(len(self.problem.rows)):
            if not self.soft[k]:
                yield ("row", k)
        yield from (("group", k) for k in range(len(self.groups)))
        yield from (("clique", k) for k in range(self.cliques))

    def name(self, ref: Reference) -> str:
        """The user's name of a line."""
        kind, k = ref[0], ref[1]
        tables = {"row": self.problem.rows.names, "group": self.groups.names}
        known = kind in tables and isinstance(k, int) and 0 <= k < len(tables[kind])
        return tables[kind][k] if known else " ".join(str(part) for part in ref)

    def reach(self, terms: Mapping[int, Number], fixed: Mapping[int, int] | None = None) -> tuple[Any, Any]:
        """Least and greatest sum of terms over the boxes, some columns fixed elsewhere; None where one is open."""
        low: Any = 0
        high: Any = 0
        for c, a in terms.items():
            if fixed is not None and c in fixed:
                ends: tuple[Any, Any] = (fixed[c], fixed[c])
            else:
                box = self.boxes[c]
                ends = (box.low, box.high) if a > 0 else (box.high, box.low)
            low = None if low is None or ends[0] is None else low + a * ends[0]
            high = None if high is None or ends[1] is None else high + a * ends[1]
        return low, high

    def values(self, column: int) -> tuple[int | None, int | None]:
        """Least and greatest value of a column, through its source where it is a copy."""
        if column not in self.copies:
            return self.boxes[column].low, self.boxes[column].high
        source, scale, offset = self.copies[column]
        box = self.boxes[source]
        assert box.low is not None and box.high is not None
        low, high = sorted((offset + scale * box.low, offset + scale * box.high))
        return low, high

    def always(self, line: Line) -> bool:
        """Whether a line holds on all of the boxes."""
        low, high = self.reach(line.terms)
        above = line.lower is None or (low is not None and line.lower <= low)
        return above and (line.upper is None or (high is not None and high <= line.upper))

    def least(self, terms: Mapping[int, Number], by: Any) -> Number:
        """A lower bound of a sum of terms on everything feasible, from multiples ``[[reference, multiplier], …]``.

        ``terms = sum of y * line + rest``; a line counts with its lower side for y > 0, else with its upper side.
        """
        rest = dict(terms)
        total: Number = 0
        for given, text in by:
            y, line = fraction(text), self.line(reference(given))
            side = line.lower if y > 0 else line.upper
            expect(y != 0 and side is not None, f"{self.name(reference(given))} has no such side")
            assert side is not None
            total += y * side
            for c, a in line.terms.items():
                rest[c] = rest.get(c, 0) - y * a
        low, _ = self.reach({c: a for c, a in rest.items() if a})
        expect(low is not None, "a bound rests on a column without one")
        return total + low


def reference(given: Any) -> Reference:
    """A reference as it is written down."""
    expect(isinstance(given, list) and len(given) >= 2 and isinstance(given[0], str), f"{given!r} is no reference")
    return tuple(given)


def domain(problem: Problem) -> list[Range]:
    """The values of every column."""
    columns, out = problem.columns, []
    for kind, lower, upper in zip(columns.kind.tolist(), columns.lower.tolist(), columns.upper.tolist()):
        expect(kind != Kind.REAL, "real variables have no certificate")
        low, high = None if isinf(lower) else ceil(lower), None if isinf(upper) else floor(upper)
        out.append(Range(low, high, 2 if kind == Kind.SPIN else 1))
    return out


def line_of(rows: Rows, k: int) -> Line:
    """A row of the problem as it was meant."""
    index, value = rows.row(k)
    terms = {c: meant(a) for c, a in zip(index.tolist(), value.tolist()) if a}
    sides = (None if isinf(side) else meant(side) for side in (float(rows.lower[k]), float(rows.upper[k])))
    return Line(terms, *sides)
