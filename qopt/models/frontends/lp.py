"""CPLEX LP files: linear and quadratic objective and constraints over real, whole and binary variables.

Read: quadratic terms in square brackets, ranges, bounds, ``free``, generals, binaries, lazy constraints (as
constraints), constraints with a condition (``b = 1 -> x <= 3``), constants anywhere. Refused by name: semi-continuous
variables, special ordered sets, user cuts, piecewise linear terms. Written: names with the characters that CPLEX
allows, so ``x[1,2]`` becomes ``x(1,2)``; every variable stands in the objective, if only with 0, so that their order
survives. Source: IBM ILOG CPLEX, LP file format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind, Problem, Sense
from qopt.core.rows import Rows
from qopt.models.frontends._draft import INFINITE
from qopt.models.frontends._numbers import stem
from qopt.models.frontends._outgo import Names, carried, hard_rows, replaced
from qopt.models.frontends._pairs import written
from qopt.models.source import member_of, text_of

_BEGIN = re.compile(r"(?:\s*\\[^\n]*\n)*\s*(?:min|max)(?:imi[sz]e|imum)?(?=\s)(?!\s*:)", re.IGNORECASE)
_TITLE = re.compile(r"(?:\s*\\[^\n]*\n)*?\s*\\ *Problem name: *([^\r\n]*)", re.IGNORECASE)
_BAD = re.compile(r"[^A-Za-z0-9_.(),#$%&!\"'?@`{}~;|]")
_FIRST = re.compile(
    r"[0-9.(),]|[eE][0-9]*\Z|(?:inf|infinity|free|st|min|max|bounds?|gen|generals?|int|integers?|bin|binary|binaries|end"
    r"|semis?|sos[12]?|minimi[sz]e|maximi[sz]e|minimum|maximum)\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Lp:
    """Reader and writer of LP files."""

    suffixes: tuple[str, ...] = (".lp",)
    latin1: bool = True
    writes: ClassVar[str] = "problem"

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the first word that is no remark is Minimize or Maximize, or the suffix is .lp."""
        return path.suffix.lower() in self.suffixes or _BEGIN.match(text) is not None

    def members(self, text: str) -> Sequence[str]:
        """A file holds one model."""
        return ("1",)

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> Problem:
        """The model as a Problem, columns in the order in which the file names them.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        UnsupportedModelError
            A section that a Problem cannot hold.
        """
        from qopt.models.frontends._lp_parse import parse

        text, file = text_of(source, latin1=True)
        member_of(("1",), member, file)
        title = _TITLE.match(text)
        return parse(text, file, title[1].strip() if title is not None and title[1].strip() else stem(source)).problem()

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a problem of linear and quadratic functions; groups as constraints.

        Raises
        ------
        UnsupportedModelError
            Everything that the format cannot hold, by name.
        """
        problem = carried(thing, target, "an LP file", conditions=True, infinite=INFINITE)
        text = "".join(f"{line}\n" for line in _Writer(problem).lines())
        target.write_text(text, encoding="utf-8")


class _Writer:
    """The lines of an LP file."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        names = Names(replaced(_BAD, _FIRST))
        self.columns = [names.of(name) for name in problem.columns.names]
        self.rows = Names(replaced(_BAD, _FIRST))

    def lines(self) -> Iterator[str]:
        problem = self.problem
        yield f"\\Problem name: {' '.join(problem.name.split())}"
        yield ""
        yield "Maximize" if problem.sense is Sense.MAXIMIZE else "Minimize"
        objective = problem.objective
        terms = [*self._linear(range(problem.n), objective.linear), *self._brackets(objective, 2.0, " / 2")]
        if objective.offset:
            terms.append(_signed(written([objective.offset])[0]))
        yield from _wrapped(" obj:", terms)
        yield "Subject To"
        yield from self._rows(hard_rows(problem))
        for row in problem.polynomial_rows:
            used = np.flatnonzero(row.polynomial.linear)
            terms = [*self._linear(used, row.polynomial.linear[used]), *self._brackets(row.polynomial, 1.0, "")]
            offset = row.polynomial.offset
            yield from self._row(row.name, terms, row.lower - offset, row.upper - offset)
        switches = problem.indicators
        conditions = [f"{self.columns[c]} = {v} ->" for c, v in zip(switches.column.tolist(), switches.active.tolist())]
        yield from self._rows(switches.rows, conditions)
        yield from self._domains()
        yield "End"

    def _rows(self, rows: Rows, conditions: Sequence[str] = ()) -> Iterator[str]:
        for k, name in enumerate(rows.names):
            index, value = rows.row(k)
            condition = conditions[k] if conditions else ""
            yield from self._row(
                name, self._linear(index, value), float(rows.lower[k]), float(rows.upper[k]), condition
            )

    def _row(self, name: str, terms: list[str], lower: float, upper: float, condition: str = "") -> Iterator[str]:
        terms = terms or self._linear([0], [0.0]) if self.columns else terms
        head = f" {self.rows.of(name)}:" + (f" {condition}" if condition else "")
        low, high = written([lower])[0], written([upper])[0]
        if lower == upper:
            yield from _wrapped(head, [*terms, f"= {low}"])
        elif upper == np.inf:
            yield from _wrapped(head, [*terms, f">= {low}"])
        elif lower == -np.inf:
            yield from _wrapped(head, [*terms, f"<= {high}"])
        else:
            yield from _wrapped(f"{head} {low} <=", [*terms, f"<= {high}"])

    def _linear(self, index: Iterable[int], value: Iterable[float]) -> list[str]:
        return [f"{_signed(v)} {self.columns[c]}" for c, v in zip(index, written(list(value)))]

    def _brackets(self, polynomial: Polynomial, factor: float, behind: str) -> list[str]:
        """The quadratic part in square brackets."""
        names = self.columns
        each = zip(polynomial.row.tolist(), polynomial.col.tolist(), written(factor * polynomial.value))
        terms = [f"{_signed(v)} {names[i]} " + ("^ 2" if i == j else f"* {names[j]}") for i, j, v in each]
        return [f"+ [ {terms[0].removeprefix('+ ')}", *terms[1:], f"]{behind}"] if terms else []

    def _domains(self) -> Iterator[str]:
        columns = self.problem.columns
        binary = (columns.kind == Kind.BINARY) & (columns.lower == 0) & (columns.upper == 1)
        yield "Bounds"
        lower, upper = written(columns.lower), written(columns.upper)
        for k in np.flatnonzero(~binary & ~((columns.lower == 0) & (columns.upper == np.inf))).tolist():
            name = self.columns[k]
            if columns.lower[k] == -np.inf and columns.upper[k] == np.inf:
                yield f" {name} free"
            elif columns.lower[k] == columns.upper[k]:
                yield f" {name} = {lower[k]}"
            elif columns.upper[k] == np.inf:
                yield f" {name} >= {lower[k]}"
            else:
                yield f" {lower[k]} <= {name} <= {upper[k]}"
        for head, chosen in (("Binaries", binary), ("Generals", columns.discrete & ~binary)):
            if chosen.any():
                yield head
                yield from _wrapped("", [self.columns[k] for k in np.flatnonzero(chosen).tolist()])


def _signed(number: str) -> str:
    return f"- {number[1:]}" if number.startswith("-") else f"+ {number}"


def _wrapped(head: str, words: Sequence[str], width: int = 100) -> Iterator[str]:
    """The words behind the head on lines of about that width."""
    line = head
    for word in words:
        if len(line) + len(word) >= width and line.strip() and not word.startswith(("<", ">", "=")):
            yield line
            line = "  "
        line += f" {word}"
    yield line


PLUGIN = Lp()
