"""What a pass of the presolve hands on: a simpler problem, the way back, and what may be claimed of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Bools, Floats, Indices, frozen, no_floats, no_indices
from qopt.core.errors import CompileError
from qopt.core.names import NameTable
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import Rows


class Tag(StrEnum):
    """What a pass leaves true, the strongest first."""

    EQUIVALENT = "equivalent"  # the same feasible points at the same objective
    OPTIMUM = "optimum-preserving"  # every answer that was asked for is kept; others may be lost
    RELAXATION = "relaxation"  # infeasible points may have been added
    HEURISTIC = "heuristic"  # nothing is claimed


@dataclass(frozen=True, eq=False)
class Way:
    """The way back: ``x[column] = offset + scale * x[source]``; every other column is what it is.

    Parameters
    ----------
    column, source
        Shape (k,): columns that were replaced, and by which; a source is never itself replaced.
    scale, offset
        Shape (k,).
    """

    column: Indices = field(default_factory=no_indices)
    source: Indices = field(default_factory=no_indices)
    scale: Floats = field(default_factory=no_floats)
    offset: Floats = field(default_factory=no_floats)

    def __post_init__(self) -> None:
        for name, dtype in (("column", np.int32), ("source", np.int32), ("scale", np.float64), ("offset", np.float64)):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype))

    def __len__(self) -> int:
        return len(self.column)

    def lift(self, points: ArrayLike) -> Floats:
        """Points of the problem before, from points of the problem after: (rows, n) -> (rows, n)."""
        x = np.array(np.atleast_2d(points), dtype=np.float64)
        x[:, self.column] = self.offset + self.scale * x[:, self.source]
        return x

    def then(self, later: Way) -> Way:
        """Both ways as one, for ``later`` taken after this on the way in (and before it on the way back)."""
        if not len(later):
            return self
        of = {int(c): k for k, c in enumerate(later.column)}
        place = np.array([of.get(int(c), -1) for c in self.source], dtype=np.int64)
        moved = place >= 0
        source = np.where(moved, later.source[place], self.source)
        scale = np.where(moved, self.scale * later.scale[place], self.scale)
        offset = np.where(moved, self.offset + self.scale * later.offset[place], self.offset)
        parts = ((self.column, later.column), (source, later.source), (scale, later.scale), (offset, later.offset))
        return Way(*(np.concatenate(pair) for pair in parts))


@dataclass(frozen=True, eq=False)
class Done:
    """What one pass did.

    Parameters
    ----------
    name
        The pass, in the words of a report.
    counts
        What it did, in numbers: ``rows removed``, ``variables fixed``, …; empty when it did nothing.
    removed
        Rows that are gone.
    restated
        Rows that say the same in other numbers.
    """

    name: str
    tag: Tag = Tag.EQUIVALENT
    counts: Mapping[str, int] = field(default_factory=dict)
    removed: NameTable = field(default_factory=NameTable)
    restated: NameTable = field(default_factory=NameTable)


@dataclass(frozen=True, eq=False)
class Step:
    """A pass's answer: a problem over the same columns, the way back to the problem before, and what was done.

    Parameters
    ----------
    proof
        What cannot be told from the two problems alone, in the terms of the pass; empty for none.
    """

    problem: Problem
    done: Done
    way: Way = field(default_factory=Way)
    proof: tuple[Any, ...] = ()


class ImpossibleRow(CompileError):
    """A row that no point satisfies.

    Parameters
    ----------
    name
        The row.
    low, high
        Its left side lies between these, over the bounds of its columns.
    lower, upper
        What it must be.
    bounds
        Bounds of the columns when it was found, where they are tighter than those of the problem.
    why
        What else keeps it from holding, in words after "and", in place of the interval; empty for none.
    """

    bounds: tuple[Floats, Floats] | None = None

    def __init__(self, name: str, low: float, high: float, lower: float, upper: float, why: str = "") -> None:
        self.name, self.low, self.high, self.lower, self.upper, self.why = name, low, high, lower, upper, why
        must = sides_text(lower, upper)
        can = f"it can be {low:g}" if low == high else f"it can be {low:g} to {high:g}"
        text = f"it must be {must}, and {why}" if why else f"{can}, and must be {must}"
        super().__init__(f"row {name} can never hold: {text}")


def sides_text(lower: float, upper: float) -> str:
    """Two sides of a row in words."""
    if lower == upper:
        return f"{lower:g}"
    if lower > upper:
        return f"at least {lower:g} and at most {upper:g} at once"
    if np.isneginf(lower):
        return f"at most {upper:g}"
    return f"at least {lower:g}" if np.isposinf(upper) else f"between {lower:g} and {upper:g}"


def domain(columns: Columns) -> tuple[Floats, Floats]:
    """Least and greatest value of every column: bounds of whole-number columns rounded inwards."""
    whole = columns.kind == Kind.INTEGER
    return (
        np.where(whole, np.ceil(columns.lower), columns.lower),
        np.where(whole, np.floor(columns.upper), columns.upper),
    )


def whole_rows(problem: Problem) -> Bools:
    """Mask of the hard rows in whole numbers over whole-number columns, sides included."""
    rows = problem.rows
    with np.errstate(invalid="ignore"):
        entry = problem.columns.discrete[rows.index] & (rows.value == np.rint(rows.value))
        side = (rows.lower == np.rint(rows.lower)) & (rows.upper == np.rint(rows.upper))
    odd = np.bincount(rows.row_of_entry()[~entry], minlength=len(rows)) > 0
    return side & ~odd & ~rows.soft


def with_sides(rows: Rows, lower: Floats, upper: Floats, value: Floats | None = None) -> Rows:
    """The same rows with other sides, and other coefficients where given."""
    value = rows.value if value is None else value
    return Rows(rows.indptr, rows.index, value, lower, upper, rows.names, rows.price, rows.norm, rows.level)
