"""MPS files, free and fixed: linear and quadratic objective and constraints over real, whole and binary variables.

Read: RANGES, BOUNDS of every type but semi-continuous, MARKER lines, OBJSENSE, OBJNAME, QUADOBJ (QSECTION), QMATRIX,
QCMATRIX, INDICATORS; the objective's constant is minus its RHS. A whole variable without any bound is binary. Free rows
other than the objective say nothing and are left out. Refused by name: special ordered sets, semi-continuous variables,
second sets of RHS, RANGES or BOUNDS, and an upper bound below 0 without a lower bound, which readers disagree on.
Written: the free layout, with the names as they are (blanks become underscores). Sources: IBM (1969); IBM ILOG CPLEX,
MPS file format; I. Maros and C. Meszaros, QPS (1999).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, Ints
from qopt.core.compiled import Compiled
from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind, Problem, Sense
from qopt.models.frontends._draft import INFINITE
from qopt.models.frontends._numbers import stem
from qopt.models.frontends._outgo import Names, carried, hard_rows
from qopt.models.frontends._pairs import written
from qopt.models.source import member_of, text_of

_BEGIN = re.compile(r"(?:\*[^\n]*\n|[ \t\r]*\n)*(?:NAME|OBJSENSE|ROWS)\b", re.IGNORECASE)
_ROWS = re.compile(r"^ROWS[ \t\r]*$.*^COLUMNS[ \t\r]*$", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_LAYOUTS = ("free", "fixed")


@dataclass(frozen=True)
class Mps:
    """Reader and writer of MPS files."""

    suffixes: tuple[str, ...] = (".mps", ".qps")
    latin1: bool = True
    writes: ClassVar[str] = "problem"

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the file begins with NAME, OBJSENSE or ROWS and has ROWS and COLUMNS, or the suffix is of MPS."""
        return path.suffix.lower() in self.suffixes or (
            _BEGIN.match(text) is not None and _ROWS.search(text) is not None
        )

    def members(self, text: str) -> Sequence[str]:
        """A file holds one model."""
        return ("1",)

    def read(
        self,
        source: str | Path,
        *,
        base_dir: Path | None = None,
        member: str | None = None,
        layout: str | None = None,
    ) -> Problem:
        """The model as a Problem.

        Parameters
        ----------
        layout
            ``free`` (fields parted by blanks) or ``fixed`` (fields in their columns). None: free where that can be
            read, else fixed.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        UnsupportedModelError
            Something that a Problem cannot hold.
        """
        from qopt.models.frontends._mps_parse import MpsParser

        text, file = text_of(source, latin1=True)
        member_of(("1",), member, file)
        if layout not in (None, *_LAYOUTS):
            raise ModelError(Issue("layout must be free or fixed", str(layout), Place(file)))
        try:
            return MpsParser(text, file, stem(source), fixed=layout == "fixed").parse().problem()
        except UnsupportedModelError:
            raise
        except ModelError as error:
            if layout is not None:
                raise
            try:
                return MpsParser(text, file, stem(source), fixed=True).parse().problem()
            except ModelError:
                raise error from None

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a problem of linear and quadratic functions; groups as constraints.

        Raises
        ------
        UnsupportedModelError
            Everything that the format cannot hold, by name.
        """
        problem = carried(thing, target, "an MPS file", conditions=True, infinite=INFINITE)
        text = "".join(f"{line}\n" for line in _Writer(problem).lines())
        target.write_text(text, encoding="utf-8")


class _Writer:
    """The lines of an MPS file."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        columns = Names(_clean)
        self.columns = [columns.of(name) for name in problem.columns.names]
        names = Names(_clean)
        self.aim = names.of("OBJ")
        self.linear, self.switched = hard_rows(problem), problem.indicators.rows
        self.rows = [names.of(name) for name in self.linear.names]
        self.curved = [names.of(row.name) for row in problem.polynomial_rows]
        self.conditional = [names.of(name) for name in self.switched.names]

    def lines(self) -> Iterator[str]:
        problem = self.problem
        yield f"NAME {_clean(problem.name)}"
        if problem.sense is Sense.MAXIMIZE:
            yield from ("OBJSENSE", "    MAX")
        lower = [*self.linear.lower, *(row.lower - row.polynomial.offset for row in problem.polynomial_rows)]
        upper = [*self.linear.upper, *(row.upper - row.polynomial.offset for row in problem.polynomial_rows)]
        lower, upper = [*lower, *self.switched.lower], [*upper, *self.switched.upper]
        names = [*self.rows, *self.curved, *self.conditional]
        sides = [self._side(float(low), float(high)) for low, high in zip(lower, upper)]
        yield from ("ROWS", f" N {self.aim}")
        yield from (f" {kind} {name}" for name, (kind, _, _) in zip(names, sides))
        yield "COLUMNS"
        yield from self._columns()
        yield "RHS"
        if problem.objective.offset:
            yield f" RHS {self.aim} {written([-problem.objective.offset])[0]}"
        for name, value in zip(names, written([side for _, side, _ in sides])):
            if value != "0":
                yield f" RHS {name} {value}"
        ranged = [(name, width) for name, (_, _, width) in zip(names, sides) if width]
        if ranged:
            yield "RANGES"
            yield from (f" RNG {name} {width}" for name, width in ranged)
        yield "BOUNDS"
        yield from self._bounds()
        yield from self._matrices()
        if len(self.switched):
            yield "INDICATORS"
            switches = problem.indicators
            for name, c, v in zip(self.conditional, switches.column.tolist(), switches.active.tolist()):
                yield f" IF {name} {self.columns[c]} {v}"
        yield "ENDATA"

    def _side(self, lower: float, upper: float) -> tuple[str, float, str]:
        """Type, right-hand side and range of a row; an empty range for none."""
        if lower == upper:
            return "E", lower, ""
        if upper == np.inf:
            return "G", lower, ""
        return ("L", upper, "") if lower == -np.inf else ("G", lower, _width(lower, upper))

    def _columns(self) -> Iterator[str]:
        """Entries column by column, whole columns between markers."""
        problem = self.problem
        parts: list[tuple[Ints, NDArray[np.integer[Any]], Floats]] = []
        parts.append((np.zeros(problem.n, np.int64), np.arange(problem.n), problem.objective.linear))
        parts.append((1 + self.linear.row_of_entry(), self.linear.index, self.linear.value))
        first = 1 + len(self.linear)
        for k, curved in enumerate(problem.polynomial_rows):
            used = np.flatnonzero(curved.polynomial.linear)
            parts.append((np.full(len(used), first + k), used, curved.polynomial.linear[used]))
        first += len(problem.polynomial_rows)
        parts.append((first + self.switched.row_of_entry(), self.switched.index, self.switched.value))
        row, col = (np.concatenate([part[k] for part in parts]) for k in range(2))
        value = np.concatenate([part[2] for part in parts])
        order = np.lexsort((row, col))
        texts = written(value[order])
        names = [self.aim, *self.rows, *self.curved, *self.conditional]
        whole = problem.columns.discrete
        inside, markers = False, 0
        for r, c, text in zip(row[order].tolist(), col[order].tolist(), texts):
            if r == 0 and whole[c] != inside:
                inside, markers = not inside, markers + 1
                yield f" MARKER{markers} 'MARKER' '{'INTORG' if inside else 'INTEND'}'"
            yield f" {self.columns[c]} {names[r]} {text}"
        if inside:
            yield f" MARKER{markers + 1} 'MARKER' 'INTEND'"

    def _bounds(self) -> Iterator[str]:
        columns = self.problem.columns
        lower, upper = written(columns.lower), written(columns.upper)
        binary = (columns.kind == Kind.BINARY) & (columns.lower == 0) & (columns.upper == 1)
        for k, name in enumerate(self.columns):
            low, high = columns.lower[k], columns.upper[k]
            if binary[k]:
                yield f" BV BND {name}"
            elif low == -np.inf and high == np.inf:
                yield f" FR BND {name}"
            elif low == high:
                yield f" FX BND {name} {lower[k]}"
            else:
                if low != 0 or high < 0:
                    yield f" MI BND {name}" if low == -np.inf else f" LO BND {name} {lower[k]}"
                if high < np.inf:
                    yield f" UP BND {name} {upper[k]}"
                elif columns.discrete[k]:
                    yield f" PL BND {name}"

    def _matrices(self) -> Iterator[str]:
        """One triangle of the objective's Q, both triangles of each quadratic row's."""
        if len(self.problem.objective.value):
            yield "QUADOBJ"
            yield from self._entries(self.problem.objective, 2.0, 1.0, both=False)
        for name, row in zip(self.curved, self.problem.polynomial_rows):
            yield f"QCMATRIX {name}"
            yield from self._entries(row.polynomial, 1.0, 0.5, both=True)

    def _entries(self, polynomial: Polynomial, square: float, pair: float, *, both: bool) -> Iterator[str]:
        scaled = polynomial.value * np.where(polynomial.row == polynomial.col, square, pair)
        for i, j, value in zip(polynomial.row.tolist(), polynomial.col.tolist(), written(scaled)):
            yield f" {self.columns[i]} {self.columns[j]} {value}"
            if both and i != j:
                yield f" {self.columns[j]} {self.columns[i]} {value}"


def _width(lower: float, upper: float) -> str:
    """How far it is from one side to the other: in so many digits that a reader who adds exactly gets there."""
    short = written([upper - lower])[0]
    if float(Fraction(lower) + Fraction(short)) == upper:
        return short
    with localcontext(prec=2000):
        return str(Decimal(upper) - Decimal(lower))


def _clean(name: str) -> str:
    """A name without blanks, which part the fields, and without a leading $, which begins a remark."""
    plain = re.sub(r"\s+", "_", name)
    return f"_{plain}" if plain.startswith("$") else plain


PLUGIN = Mps()
