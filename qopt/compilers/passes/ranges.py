"""Sides that the relaxation proves: rows that would need slack, narrowed to what all rows together allow. Equivalent.

For a row's left side a x and multipliers y of the rows ``A x`` (which may be any numbers of the right sign),

    a x >= sum(y * side) + least value of (a - y A) x over the columns' bounds

on everything feasible. The multipliers come from the linear relaxation; they are rounded to multiples of 2**-16 and the
bound is computed in whole numbers, so it is a theorem whatever the relaxation's float noise. Where both ends meet, the
row is an equality and needs no slack at all: so it goes with the capacities of a fleet that its load fills.

The step's proof names, for every side that moved, its row, ``low`` or ``high``, and the multipliers by line (rows and
lines of groups as ``reduce.lines`` numbers them, with their numbers in ``GRID`` parts).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from qopt.core.arrays import Floats
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Problem
from qopt.core.rows import Groups, Rows
from qopt.core.watch import Watch
from qopt.milp.relax import relax
from qopt.reduce.lines import Lines
from qopt.reduce.steps import Done, ImpossibleRow, Step, domain, with_sides

MOST_WORK = 100_000
"""Rows to narrow times nonzeros of all rows: above it the relaxations would take longer than they are worth."""
GRID = 2.0**16
WIDEST = 2.0**52
_NAME = "range by the relaxation"
Prices = dict[int, int]
"""Multipliers by line, in ``GRID`` parts."""


def ranged(problem: Problem, *, most_work: int = MOST_WORK) -> Step:
    """The same problem with narrower sides for rows that would take slack.

    Raises
    ------
    ImpossibleRow
        A row whose left side the other rows keep outside its sides.
    """
    if len(problem.rows.value) > most_work or not len(problem.rows):
        return Step(problem, Done(_NAME))
    lines = Lines.of(problem)
    low, high = domain(problem.columns)
    least, most = lines.activity(low, high)
    room = np.minimum(lines.upper, most) - np.maximum(lines.lower, least)
    wide = np.flatnonzero((lines.row >= 0) & np.isfinite(room) & (room >= 2))
    finite = np.isfinite(low[lines.index]).all() and np.isfinite(high[lines.index]).all()
    if not finite or not len(wide) or len(wide) * len(lines.value) > most_work or len(lines) == len(wide) == 1:
        return Step(problem, Done(_NAME))
    matrix = sparse.csr_array((lines.value, (lines.owner, lines.index)), shape=(len(lines), problem.n))
    plain = _relaxable(problem, lines, matrix)
    lower, upper = np.array(problem.rows.lower), np.array(problem.rows.upper)
    proof: list[tuple[int, str, Prices]] = []
    for line in wide.tolist():
        k = int(lines.row[line])
        cost = np.zeros(problem.n)
        span = slice(*matrix.indptr[line : line + 2])
        cost[matrix.indices[span]] = matrix.data[span]
        from_below, prices_below = _least(plain, matrix, cost, low, high)
        from_above, prices_above = _least(plain, matrix, -cost, low, high)
        start = max(lines.lower[line], least[line], np.ceil(from_below))
        end = min(lines.upper[line], most[line], np.floor(-from_above))
        if start > end:
            why = f"the other rows keep it between {from_below:g} and {-from_above:g}"
            raise ImpossibleRow(problem.rows.names[k], least[line], most[line], lower[k], upper[k], why)
        # An end that the bounds of the columns give anyway stays open.
        if start > max(lower[k], least[line]):
            lower[k] = start
            proof.append((k, "low", prices_below))
        if end < min(upper[k], most[line]):
            upper[k] = end
            proof.append((k, "high", prices_above))
    moved = (lower != problem.rows.lower) | (upper != problem.rows.upper)
    if not moved.any():
        return Step(problem, Done(_NAME))
    names = problem.rows.names.select(np.flatnonzero(moved).tolist())
    met = int((moved & (lower == upper)).sum())
    counts = {"rows narrowed": int(moved.sum()) - met, "rows made equalities": met}
    done = Done(_NAME, counts={k: v for k, v in counts.items() if v}, restated=names)
    made = replace(problem, rows=with_sides(problem.rows, lower, upper))
    return Step(made, done, proof=tuple(proof))


def _relaxable(problem: Problem, lines: Lines, matrix: sparse.csr_array) -> Problem:
    """The columns with every line as a row, and nothing else."""
    names = type(problem.rows.names).numbered("line", len(lines))
    rows = Rows(matrix.indptr, matrix.indices, matrix.data, lines.lower, lines.upper, names)
    return Problem.build(problem.columns, Polynomial.zero(problem.n), rows=rows, groups=Groups())


def _least(plain: Problem, matrix: sparse.csr_array, cost: Floats, low: Floats, high: Floats) -> tuple[float, Prices]:
    """A proven lower bound of ``cost @ x`` on everything feasible, and its prices; -inf where none was found."""
    asked = Problem.build(plain.columns, Polynomial(cost), rows=plain.rows)
    watch = Watch(clock=lambda: 0.0, deadline=None, threads=1)
    answer = relax(asked, watch=watch)
    if answer.status != "optimal":
        return -np.inf, {}
    lower, upper = plain.rows.lower, plain.rows.upper
    y = _on_grid(answer.row_duals, lower, upper)
    priced = np.flatnonzero(y)
    found = proven_least(answer.row_duals, matrix, lower, upper, cost, low, high)
    return found, dict(zip(priced.tolist(), y[priced].astype(np.int64).tolist()))


def _on_grid(prices: Floats, lower: Floats, upper: Floats) -> Floats:
    """Prices in ``GRID`` parts, 0 where they lean on a side that there is not."""
    y: Floats = np.rint(prices * GRID)
    return np.where(np.isfinite(np.where(y > 0, lower, upper)), y, 0.0)


def proven_least(
    prices: Floats, matrix: sparse.csr_array, lower: Floats, upper: Floats, cost: Floats, low: Floats, high: Floats
) -> float:
    """``sum(y * side) + min (cost - y A) x``, y the prices on a grid; -inf where float64 could not hold it exactly."""
    y = _on_grid(prices, lower, upper)
    side = np.where(y > 0, lower, upper)
    side = np.where(y != 0, side, 0.0)
    rest = cost * GRID - matrix.T @ y
    size = np.abs(rest) * np.maximum(np.abs(low), np.abs(high))
    entries = abs(matrix).T @ np.abs(y)
    if float(np.abs(y * side).sum() + size.sum() + entries.max(initial=0.0)) >= WIDEST:
        return -np.inf
    total = float((y * side).sum() + np.minimum(rest * low, rest * high).sum())
    return total / GRID
