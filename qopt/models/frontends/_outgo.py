"""What every way out of a Problem needs: refusing what a format cannot hold, and names that it can."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.compiled import Compiled
from qopt.core.errors import Issue, Place, UnsupportedModelError
from qopt.core.problem import Kind, Problem
from qopt.core.rows import Rows
from qopt.models.expressions.builder import joined_rows


def carried(
    thing: Problem | Compiled,
    target: Path,
    format: str,
    *,
    conditions: bool,
    extras: bool = False,
    infinite: float = np.inf,
) -> Problem:
    """The problem of linear and quadratic functions that a format is to hold; a compiled one as its QUBO.

    Parameters
    ----------
    conditions
        Whether the format has rows that hold under a condition.
    extras
        Whether the format has spins and soft constraints.
    infinite
        Bounds and sides of this size or more are infinite to readers of the format.

    Raises
    ------
    UnsupportedModelError
        Everything that would be lost, by name.
    """
    problem = _of_compiled(thing, target) if isinstance(thing, Compiled) else thing
    faults = [*_lost(problem, conditions, extras), *_too_far(problem, infinite)]
    if faults:
        raise UnsupportedModelError(
            [Issue(f"{format} cannot hold {what}", name, Place(str(target)), hint) for what, name, hint in faults]
        )
    return problem


def _of_compiled(compiled: Compiled, target: Path) -> Problem:
    from qopt.models.frontends._pairs import minimised

    polynomial, _ = minimised(compiled, target)
    return Compiled.of_polynomial(polynomial).problem


def _lost(problem: Problem, conditions: bool, extras: bool) -> Iterable[tuple[str, str, str]]:
    """What, its name, and what to do about it."""
    columns, rows = problem.columns, problem.rows
    spins = np.flatnonzero(columns.kind == Kind.SPIN)
    if len(spins) and not extras:
        yield "spin variables", columns.names[int(spins[0])], "write s = 2 b - 1 with a binary b"
    if len(problem.levels) > 1:
        yield "several levels of objectives", f"{len(problem.levels)} levels", "write one level at a time"
    if len(problem.objective.products):
        term = " * ".join(columns.names[int(c)] for c in problem.objective.products.term(0))
        yield "products of more than two variables", term, "compile it first"
    for k in () if extras else np.flatnonzero(rows.soft).tolist():
        yield "soft constraints", rows.names[k], "make it hard, or give its violation a variable of its own"
    for row in problem.polynomial_rows:
        if row.price is not None and not extras:
            yield "soft constraints", row.name, "make it hard, or give its violation a variable of its own"
        if len(row.polynomial.products):
            yield "products of more than two variables", row.name, "compile it first"
    switched = problem.indicators.rows
    for k in range(len(switched)):
        if not conditions:
            yield "constraints with a condition", switched.names[k], "write it with a big constant instead"
        elif np.isfinite([switched.lower[k], switched.upper[k]]).all() and switched.lower[k] != switched.upper[k]:
            yield "a condition on a constraint with two sides", switched.names[k], "write it as two"


def _too_far(problem: Problem, infinite: float) -> Iterable[tuple[str, str, str]]:
    """Finite bounds and sides that readers would take for infinite."""
    columns, rows, switched = problem.columns, problem.rows, problem.indicators.rows
    lines: list[tuple[Sequence[str], Floats]] = [
        (part.names, side) for part in (columns, rows, switched) for side in (part.lower, part.upper)
    ]
    lines += [([row.name], np.array([side])) for row in problem.polynomial_rows for side in (row.lower, row.upper)]
    for names, side in lines:
        for k in np.flatnonzero((np.abs(side) >= infinite) & np.isfinite(side)).tolist():
            yield f"finite bounds and sides of {infinite:g} or more", names[k], "make it infinite"


def hard_rows(problem: Problem) -> Rows:
    """Linear rows and groups as rows, without those that have no side."""
    rows = joined_rows([problem.rows, problem.groups.as_rows()]) if len(problem.groups) else problem.rows
    sided = np.isfinite(rows.lower) | np.isfinite(rows.upper)
    return rows if sided.all() else rows.select(sided)


class Names:
    """Names as a format can hold them, no two alike.

    Parameters
    ----------
    clean
        A name with the characters that the format allows.
    longest
        Most characters.
    """

    def __init__(self, clean: Callable[[str], str], longest: int = 255) -> None:
        self._clean, self._longest = clean, longest
        self._taken: set[str] = set()

    def of(self, name: str) -> str:
        """The name; with a number behind it when another one reads the same."""
        plain = self._clean(name)[: self._longest] or "_"
        made, k = plain, 1
        while made in self._taken:
            k += 1
            made = f"{plain[: self._longest - 8]}_{k}"
        self._taken.add(made)
        return made


def replaced(pattern: re.Pattern[str], first: re.Pattern[str]) -> Callable[[str], str]:
    """A cleaner: brackets become parentheses, what ``pattern`` matches an underscore, which also goes before a name
    that ``first`` matches."""

    def clean(name: str) -> str:
        plain = pattern.sub("_", name.replace("[", "(").replace("]", ")"))
        return f"_{plain}" if first.match(plain) else plain

    return clean
