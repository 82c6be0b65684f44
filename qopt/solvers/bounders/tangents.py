"""Bound of a convex quadratic objective over whole columns by tangents (Duran & Grossmann, 1986).

Written to be minimised, the quadratic part is q(x) = sum_k w_k (v_k x)^2 with w_k > 0. Every square lies above its
tangents, y^2 >= 2 a y - a^2 for every a, so the least of the linear part plus sum_k w_k t_k, each t_k a column above
some tangents of (v_k x)^2, is a bound: a mixed-integer linear problem without any product. Squares are taken apart
because tangents of each say more than tangents of their sum (Hijazi, Bonami & Ouorou, 2014). Where the best point lies
below a square, the tangent there is added, and so on; first over the relaxation, which is cheap.

Binary columns help: x^2 = x, so a multiple of x^2 - x is added where that makes q convex. What rounding leaves out of
the squares is bounded by the ranges of the columns and taken off. Rows of higher degree are left out, which can only
loosen the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.arrays import Floats, Ints
from qopt.core.budget import Budget
from qopt.core.names import Labels
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.result import Bound, better_bound
from qopt.core.rows import Norm, Rows
from qopt.core.solution import Candidate, Origin
from qopt.core.watch import Watch
from qopt.milp.relax import relax
from qopt.milp.solve import solve

_SMALLEST = 1e-9
"""Smaller coefficients are dropped by HiGHS, so they are dropped before the rest is accounted for."""


@dataclass(frozen=True)
class Tangents:
    """Bounder for Problems with a convex quadratic objective in which columns take part that are not binary.

    The whole points that it meets are offered to the watch: with enough rounds the last one is the best there is.

    Parameters
    ----------
    first
        Tangents of each square to begin with, evenly spread over its range.
    rounds
        Most rounds over the relaxation, and over whole points.
    most
        Most columns with products; a larger problem is left alone.
    worth
        Relative gain of the bound below which the relaxation has told what it can.
    close
        How far the squares may lie above their tangents at the end, relative to the objective.
    """

    first: int = 9
    rounds: int = 60
    most: int = 400
    worth: float = 1e-4
    close: float = 1e-9
    offers: bool = True
    accepts: AcceptsForm = AcceptsForm("")

    def bound(self, subject: Problem, *, incumbent: float | None, budget: Budget, watch: Watch) -> Bound | None:
        """The bound, or None where the objective is not of this kind or time ends within the first round."""
        squares = _squares(subject, self.most)
        if squares is None:
            return None
        watch = watch.within(budget.seconds)
        at = [np.linspace(low, high, self.first) for low, high in zip(*squares.ranges())]
        best: Bound | None = None
        for _ in range(self.rounds):
            found = relax(squares.problem(at), watch=watch)
            if found.status != "optimal" or watch.expired():
                break
            before, best = best, self._tell(squares, best, found.objective, watch)
            held = self._held(squares, at, found.values)
            if held or (before and abs(best.value - before.value) <= self.worth * abs(best.value)):
                break
        points: dict[bytes, Floats] = {}
        for _ in range(self.rounds):
            start = min(points.values(), key=squares.value) if points else None
            outcome = solve(squares.problem(at), watch=watch, start=start, threads=watch.threads, level=0)
            if outcome.bound is not None:
                best = self._tell(squares, best, outcome.bound.value, watch)
            if not outcome.values or outcome.status != "optimal" or watch.expired():
                break
            point = squares.whole(outcome.values[0])
            known = point.tobytes() in points
            points[point.tobytes()] = point
            values = point[: subject.n]
            candidate, objective = Candidate(Origin.EXACT, "tangents", values), subject.objectives(values)[0, 0]
            watch.offer(candidate, float(objective), "tangents")
            if self._held(squares, at, outcome.values[0]) or known:
                break
        return best

    def _tell(self, squares: _Squares, known: Bound | None, value: float, watch: Watch) -> Bound:
        """The better of the bound that is known and a new one, which the watch hears of."""
        sense = squares.given.sense
        told = Bound(sense.sign * (value - squares.lost) + 0.0, "highs", source="tangents")
        watch.bound(told)
        return better_bound(known, told, sense) or told

    def _held(self, squares: _Squares, at: list[Any], point: Floats) -> bool:
        """Whether the tangents hold a point up to its squares; where they do not, the tangents there are added."""
        value = squares.factors(point)
        short = squares.weight * (value**2 - point[squares.n :])
        for k in np.flatnonzero(short > 0).tolist():
            at[k] = np.append(at[k], value[k])
        return float(short[short > 0].sum()) <= self.close * max(1.0, abs(squares.value(squares.whole(point))))


@dataclass(frozen=True, eq=False)
class _Squares:
    """A problem to be minimised as a linear part and a sum of squares.

    Parameters
    ----------
    given
        The problem.
    linear, offset
        The part of the objective that is no square, to be minimised.
    weight, vector
        Shapes (squares,) and (squares, members): ``weight * (vector @ x[members])**2``.
    size
        Shape (members,): largest absolute value of each column.
    lost
        At most so much lies between these squares and the quadratic part.
    """

    given: Problem
    members: Ints
    linear: Floats
    offset: float
    weight: Floats
    vector: Floats
    size: Floats
    lost: float

    @property
    def n(self) -> int:
        """Columns of the problem; those of the squares come behind."""
        return self.given.n

    def factors(self, point: Floats) -> Floats:
        """What is squared, at a point."""
        out: Floats = np.einsum("km,m->k", self.vector, point[self.members])
        return out

    def whole(self, point: Floats) -> Floats:
        """The point with its squares as they are."""
        return np.concatenate([point[: self.n], self.factors(point) ** 2])

    def value(self, point: Floats) -> float:
        """The objective of a point with its squares, soft rows left out."""
        return self.offset + float((self.linear * point[: self.n]).sum() + (self.weight * point[self.n :]).sum())

    def ranges(self) -> tuple[Floats, Floats]:
        """Least and largest values of what is squared."""
        columns = self.given.columns
        ends = self.vector * columns.lower[self.members], self.vector * columns.upper[self.members]
        return np.minimum(*ends).sum(axis=1), np.maximum(*ends).sum(axis=1)

    def problem(self, at: Sequence[Floats]) -> Problem:
        """The problem with a column for each square, above its tangents at these values."""
        given, count = self.given, len(self.weight)
        columns = given.columns
        names = columns.names.extended(Labels("square", (count,)))
        more = np.zeros(count)
        table = Columns(
            np.append(columns.kind, np.full(count, Kind.REAL)),
            np.append(columns.lower, more),
            np.append(columns.upper, np.full(count, np.inf)),
            names,
            None if columns.resolution is None else np.append(columns.resolution, more),
        )
        objective = Polynomial(np.append(self.linear, self.weight), offset=self.offset)
        rows = self._tangents(at)
        return Problem.build(table, objective, rows=rows, groups=given.groups, indicators=given.indicators)

    def _rows(self) -> Rows:
        """The rows without those whose price belongs to a later level."""
        rows = self.given.rows
        return rows if rows.level is None else rows.select(~rows.soft | (rows.level == 0))

    def _tangents(self, at: Sequence[Floats]) -> Rows:
        """The rows of the problem, and ``t >= 2 a (v x) - a^2`` for every square and value."""
        rows, width = self._rows(), len(self.members) + 1
        square = np.repeat(np.arange(len(at)), [len(values) for values in at])
        value = np.concatenate([np.asarray(values) for values in at])
        count = len(value)
        index = np.hstack([np.tile(self.members, (count, 1)), (self.n + square)[:, None]])
        slope = np.hstack([-2.0 * value[:, None] * self.vector[square], np.ones((count, 1))])
        small = np.abs(slope) < _SMALLEST
        reach = np.append(self.size, 0.0)
        below = np.where(small, np.abs(slope) * reach, 0.0).sum(axis=1)
        slope[small] = 0.0
        return Rows(
            np.append(rows.indptr, rows.indptr[-1] + width * np.arange(1, count + 1)),
            np.append(rows.index, index.ravel()),
            np.append(rows.value, slope.ravel()),
            np.append(rows.lower, -(value**2) - below),
            np.append(rows.upper, np.full(count, np.inf)),
            rows.names.extended(Labels("tangent", (count,))),
            None if rows.price is None else np.append(rows.price, np.full(count, np.nan)),
            None if rows.norm is None else np.append(rows.norm, np.full(count, Norm.LINEAR)),
            None if rows.level is None else np.append(rows.level, np.zeros(count, np.int32)),
        )


def _squares(problem: Problem, most: int) -> _Squares | None:
    """The first level as squares; None where it has none, is not convex, or is all of binary columns."""
    total, sign, columns = problem.objective, problem.sense.sign, problem.columns
    if not len(total.value) or len(total.products):
        return None
    members = np.unique(np.concatenate([total.row, total.col])).astype(np.int64)
    binary = columns.binary[members]
    size = np.maximum(np.abs(columns.lower[members]), np.abs(columns.upper[members]))
    if len(members) > most or binary.all() or not np.isfinite(size).all():
        return None
    if (columns.kind[members] == Kind.SPIN).any():
        return None
    i, j = np.searchsorted(members, total.row), np.searchsorted(members, total.col)
    matrix = np.zeros((len(members), len(members)))
    np.add.at(matrix, (i, j), sign * total.value / 2)
    np.add.at(matrix, (j, i), sign * total.value / 2)
    shift = _shift(matrix, binary)
    if shift is None:
        return None
    matrix[np.diag_indices_from(matrix)] += np.where(binary, shift, 0.0)
    linear = sign * total.linear
    linear[members] -= np.where(binary, shift, 0.0)
    weight, vector = np.linalg.eigh(matrix)
    keep = weight > 1e-12 * weight[-1]
    weight, vector = weight[keep], np.where(np.abs(vector.T[keep]) < _SMALLEST, 0.0, vector.T[keep])
    away = np.abs(matrix - np.einsum("k,ki,kj->ij", weight, vector, vector))
    away += 4 * len(members) * np.finfo(float).eps * np.abs(matrix)
    lost = float(np.einsum("ij,i,j->", away, size, size))
    return _Squares(problem, members, linear, sign * total.offset, weight, vector, size, lost)


def _shift(matrix: Floats, binary: np.ndarray[Any, Any]) -> float | None:
    """The least multiple of the binary columns' squares that makes a matrix convex; None where none does."""
    scale = float(np.abs(matrix).max())

    def convex(shift: float) -> bool:
        moved = matrix + np.diag(np.where(binary, shift, 0.0))
        return float(np.linalg.eigvalsh(moved)[0]) >= -1e-12 * (scale + shift)

    if convex(0.0):
        return 0.0
    low, high = 0.0, 2.0 * len(matrix) * scale
    if not binary.any() or not convex(high):
        return None
    while high - low > 1e-6 * scale:
        middle = (low + high) / 2
        low, high = (low, middle) if convex(middle) else (middle, high)
    return high


PLUGIN = Tangents()
