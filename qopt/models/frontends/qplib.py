"""QPLIB files: ``x' Q x / 2 + b x + c`` and constraints like it, of each symmetric Q the lower triangle.

So an entry q of two different indices adds ``q x[i] x[j]``, one on the diagonal ``q / 2 x[i] x[i]``. Variables
without a name are called ``x[0]``, ``x[1]``, … Starting points are left out. Source: Furini et al., QPLIB: a library of
quadratic programming instances, Mathematical Programming Computation 11 (2019).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.compiled import Compiled
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind, Problem
from qopt.models.frontends._outgo import Names, carried, hard_rows
from qopt.models.frontends._pairs import written
from qopt.models.source import member_of, text_of

_BEGIN = re.compile(
    r"(?:[ \t]*[#!%][^\n]*\n|\s*\n)*[^\n]+\n\s*[LDCQ][CBMIG][NBLDCQ]\s[^\n]*?\n?\s*(?:min|max)imize\b", re.IGNORECASE
)
_LARGEST = sys.float_info.max


@dataclass(frozen=True)
class Qplib:
    """Reader and writer of QPLIB files."""

    suffixes: tuple[str, ...] = (".qplib",)
    latin1: bool = True
    writes: ClassVar[str] = "problem"

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the file begins with a name, a type of three letters and a direction, or the suffix is .qplib."""
        return path.suffix.lower() in self.suffixes or _BEGIN.match(text) is not None

    def members(self, text: str) -> Sequence[str]:
        """A file holds one model."""
        return ("1",)

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> Problem:
        """The model as a Problem.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        """
        from qopt.models.frontends._qplib_parse import QplibParser

        text, file = text_of(source, latin1=True)
        member_of(("1",), member, file)
        return QplibParser(text, file).problem()

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a problem of linear and quadratic functions; groups as constraints.

        Raises
        ------
        UnsupportedModelError
            Everything that the format cannot hold, by name.
        """
        problem = carried(thing, target, "a QPLIB file", conditions=False)
        text = "".join(f"{line}\n" for line in _lines(problem))
        target.write_text(text, encoding="utf-8")


def _lines(problem: Problem) -> Iterator[str]:
    """The lines of a QPLIB file."""
    aim, rows, curved = problem.objective, hard_rows(problem), problem.polynomial_rows
    columns, m = problem.columns, len(rows) + len(curved)
    kinds = set(columns.kind.tolist())
    variables = _letter(kinds)
    narrow = (columns.kind == Kind.BINARY) & ((columns.lower != 0) | (columns.upper != 1))
    if variables == "B" and narrow.any():
        variables = "G"
    yield "_".join(problem.name.split()) or "unnamed"
    yield ("Q" if len(aim.value) else "L") + variables + ("Q" if curved else "L" if m else "B")
    yield problem.sense.value
    yield f"{problem.n} # number of variables"
    if m:
        yield f"{m} # number of constraints"
    if len(aim.value):
        yield f"{len(aim.value)} # number of quadratic terms in objective"
        yield from _triangle(aim)
    yield from _vector(aim.linear, 0.0, "linear coefficients in objective")
    yield f"{written([aim.offset])[0]} # objective constant"
    if curved:
        yield f"{sum(len(row.polynomial.value) for row in curved)} # number of quadratic terms in all constraints"
        for k, row in enumerate(curved, len(rows) + 1):
            yield from (f"{k} {line}" for line in _triangle(row.polynomial))
    if m:
        used = [np.flatnonzero(row.polynomial.linear) for row in curved]
        yield f"{len(rows.value) + sum(map(len, used))} # number of linear terms in all constraints"
        for r, c, v in zip(rows.row_of_entry().tolist(), rows.index.tolist(), written(rows.value)):
            yield f"{r + 1} {c + 1} {v}"
        for k, (row, some) in enumerate(zip(curved, used), len(rows) + 1):
            for c, v in zip(some.tolist(), written(row.polynomial.linear[some])):
                yield f"{k} {c + 1} {v}"
    yield f"{_LARGEST!r} # value for infinity"
    if m:
        offsets = [row.polynomial.offset for row in curved]
        lower = [*rows.lower, *(row.lower - offset for row, offset in zip(curved, offsets))]
        upper = [*rows.upper, *(row.upper - offset for row, offset in zip(curved, offsets))]
        yield from _vector(lower, -np.inf, "left-hand sides")
        yield from _vector(upper, np.inf, "right-hand sides")
    if variables != "B":
        yield from _vector(columns.lower, 0.0, "variable lower bounds")
        yield from _vector(columns.upper, np.inf, "variable upper bounds")
    if variables in "MG":
        codes = {Kind.REAL: 0.0, Kind.INTEGER: 1.0, Kind.BINARY: 2.0}
        yield from _vector([codes[Kind(kind)] for kind in columns.kind.tolist()], 2.0, "variable types")
    for what in ("variable primal values", *(("constraint dual values",) if m else ()), "variable bound dual values"):
        yield from _vector([], 0.0, f"{what} in starting point")
    names = [*rows.names, *(row.name for row in curved)]
    yield from _names(columns.names, "x", "variable")
    yield from _names(names, "c", "constraint")


def _letter(kinds: set[int]) -> str:
    """The letter of the kinds of variables."""
    if kinds <= {Kind.BINARY}:
        return "B"
    if kinds == {Kind.REAL}:
        return "C"
    if kinds == {Kind.INTEGER}:
        return "I"
    return "M" if kinds == {Kind.BINARY, Kind.REAL} else "G"


def _triangle(polynomial: Polynomial) -> Iterator[str]:
    """The lower triangle of Q."""
    entries = np.where(polynomial.row == polynomial.col, 2 * polynomial.value, polynomial.value)
    for i, j, v in zip(polynomial.row.tolist(), polynomial.col.tolist(), written(entries)):
        yield f"{j + 1} {i + 1} {v}"


def _vector(values: ArrayLike, default: float, what: str) -> Iterator[str]:
    """The default, and the entries that differ from it."""
    array = np.clip(np.asarray(values, dtype=np.float64), -_LARGEST, _LARGEST)
    default = float(np.clip(default, -_LARGEST, _LARGEST))
    other = np.flatnonzero(array != default)
    yield f"{written([default])[0]} # default value for {what}"
    yield f"{len(other)} # number of non-default {what}"
    yield from (f"{k + 1} {v}" for k, v in zip(other.tolist(), written(array[other])))


def _names(names: Sequence[str], letter: str, what: str) -> Iterator[str]:
    """Names that are not the silent ones, without blanks and remarks."""
    plain = Names(lambda name: re.sub(r"[\s#!%]+", "_", name))
    made = [(k, name, plain.of(name)) for k, name in enumerate(names)]
    silent = NameTable.numbered(letter, len(made))
    other = [(k, text) for k, name, text in made if name != silent[k]]
    yield f"{len(other)} # number of non-default {what} names"
    yield from (f"{k + 1} {text}" for k, text in other)


PLUGIN = Qplib()
