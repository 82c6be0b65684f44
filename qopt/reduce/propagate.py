"""Bounds that rows imply for single columns. Equivalent.

For a row ``sum a_c x_c <= hi`` and any of its columns, ``a_c x_c <= hi - (least value of the others)``. Whole-number
columns round that inwards; a column whose bounds meet is fixed, an integer without a bound may get one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qopt.core.arrays import Bools, Floats
from qopt.core.problem import Kind, Problem
from qopt.reduce.lines import Lines
from qopt.reduce.normalise import EXACT
from qopt.reduce.steps import Done, ImpossibleRow, Step, domain

MOST_ROUNDS = 50
"""Bounds of wide integers can creep towards each other forever; whatever was reached is right."""


def propagated(problem: Problem) -> Step:
    """The same problem with the tightest bounds that single rows prove.

    Raises
    ------
    ImpossibleRow
        A row that cannot hold within the bounds that others leave.
    """
    lines = Lines.of(problem)
    first, last = domain(problem.columns)
    low, high = first.copy(), last.copy()
    spin = problem.columns.kind == Kind.SPIN
    for _ in range(MOST_ROUNDS):
        try:
            at_least, at_most = _implied(lines, low, high)
        except ImpossibleRow as error:
            error.bounds = (low, high)
            raise
        new_low, new_high = low.copy(), high.copy()
        tighter = np.flatnonzero(at_least > low[lines.index])
        np.maximum.at(new_low, lines.index[tighter], at_least[tighter])
        tighter = np.flatnonzero(at_most < high[lines.index])
        np.minimum.at(new_high, lines.index[tighter], at_most[tighter])
        new_low, new_high = (
            np.where(spin & (new_low > -1), 1.0, new_low),
            np.where(spin & (new_high < 1), -1.0, new_high),
        )
        # Where both ends cross, one is moved alone: the next round finds the row that this makes impossible.
        crossed = new_low > new_high
        new_high = np.where(crossed, np.maximum(high, new_low), new_high)
        if np.array_equal(new_low, low) and np.array_equal(new_high, high):
            break
        low, high = new_low, new_high
    tightened = (low > first) | (high < last)
    if not tightened.any():
        return Step(problem, Done("bounds"))
    fixed = tightened & (low == high) & (first < last)
    bounded = ~fixed & tightened
    counts = {"variables fixed": int(fixed.sum()), "ranges narrowed": int(bounded.sum())}
    columns = replace(
        problem.columns,
        lower=np.where(tightened, low, problem.columns.lower),
        upper=np.where(tightened, high, problem.columns.upper),
    )
    return Step(replace(problem, columns=columns), Done("bounds", counts={k: v for k, v in counts.items() if v}))


def _implied(lines: Lines, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Least and greatest value of the column of each entry that its line allows.

    Raises
    ------
    ImpossibleRow
    """
    a, b = lines.value * low[lines.index], lines.value * high[lines.index]
    small, large = np.minimum(a, b), np.maximum(a, b)
    open_below, open_above = np.isneginf(small), np.isposinf(large)
    below, above = lines.sums(open_below), lines.sums(open_above)
    least, most = lines.sums(np.where(open_below, 0.0, small)), lines.sums(np.where(open_above, 0.0, large))
    exact = lines.sums(np.where(open_below, 0.0, np.abs(small)) + np.where(open_above, 0.0, np.abs(large))) < EXACT
    sure_least = np.where(exact & (below == 0), least, -np.inf)
    sure_most = np.where(exact & (above == 0), most, np.inf)
    lines.refuse_impossible(sure_least, sure_most)
    rest_least = _others(lines, least, below, small, open_below, exact, -np.inf)
    rest_most = _others(lines, most, above, large, open_above, exact, np.inf)
    up, down = lines.upper[lines.owner] - rest_least, lines.lower[lines.owner] - rest_most
    positive = lines.value > 0
    # Quotients of whole numbers below 2**53 never round past a whole number, so floor and ceil are exact.
    at_most = np.floor(np.where(positive, up, down) / lines.value)
    at_least = np.ceil(np.where(positive, down, up) / lines.value)
    return at_least, at_most


def _others(
    lines: Lines, total: Floats, opens: Floats, own: Floats, own_open: Bools, exact: Bools, open_end: float
) -> Floats:
    """For each entry, the end of the line's range without it; infinite where another entry is open."""
    alone = opens[lines.owner] == own_open
    rest = total[lines.owner] - np.where(own_open, 0.0, own)
    return np.where(alone & exact[lines.owner], rest, open_end)
