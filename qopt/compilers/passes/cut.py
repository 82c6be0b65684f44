"""Leave out what cannot be among the wanted answers: reduced costs fix columns and narrow rows. Optimum-preserving.

Let L lie below the objective on everything feasible, as the relaxation's multipliers make it, and let nothing above a
limit be wanted. A value of a column, or of a row's activity, on which L is above the limit belongs to no wanted answer:
columns lose bits (often all of them), slack numbers get shorter. Feasible answers above the limit may be lost, none at
or below it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qopt.compilers.bounds import Prices, climbs, reach, reduced, shares_in_units
from qopt.compilers.passes.covers import pair_rows
from qopt.compilers.passes.encode import Coded
from qopt.compilers.passes.integers import IntegerRows
from qopt.core.arrays import Ints
from qopt.core.errors import CompileError
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns


@dataclass(frozen=True, eq=False)
class Limit:
    """Energies that are wanted: up to ``value``, judged in whole multiples of ``unit``."""

    value: float
    unit: float

    @property
    def units(self) -> int:
        """The limit in units, rounded down: bounds are whole."""
        return int(np.floor(self.value / self.unit))


@dataclass(frozen=True, eq=False)
class Slope:
    """What a cut was computed from: prices of rows and shares of pairs, in whole units."""

    unit: float
    prices: Ints
    shares: Ints


def priced_rows(rows: IntegerRows, prices: Prices, unit: float) -> tuple[Ints, Ints]:
    """Multipliers in units, and the side that each one prices: the upper for a positive one, else the lower."""
    price = np.rint(prices.rows / unit).astype(np.int64)
    return price, np.where(price > 0, np.minimum(rows.hi, rows.high), np.maximum(rows.lo, rows.low))


def cut_columns(
    columns: Columns, coded: Coded, objective: Polynomial, rows: IntegerRows, prices: Prices, limit: Limit
) -> tuple[Columns, Slope] | None:
    """Columns with the values that a wanted answer can have; None when all stay as they are.

    Raises
    ------
    CompileError
        Nothing feasible is as good as the limit says.
    """
    price, side = priced_rows(rows, prices, limit.unit)
    under = reduced(objective, prices.shares, limit.unit, rows.matrix, -side, price)
    steps = None if under is None else climbs(coded.counts, coded.shift, under)
    if under is None or steps is None:
        return None
    low, high = reach(steps, _budget(under.least, limit, objective))
    low, high = np.maximum(low, 0), np.minimum(high, coded.top)
    if np.array_equal(low, np.zeros_like(low)) and np.array_equal(high, coded.top):
        return None
    narrower = (low > 0) | (high < coded.top)
    lower, upper = coded.lower + coded.step * low, coded.lower + coded.step * high
    made = replace(
        columns, lower=np.where(narrower, lower, columns.lower), upper=np.where(narrower, upper, columns.upper)
    )
    shares = shares_in_units(objective, prices.shares, limit.unit).astype(np.int64)
    return made, Slope(limit.unit, price, shares)


def cut_rows(
    objective: Polynomial, rows: IntegerRows, prices: Prices, limit: Limit
) -> tuple[IntegerRows, Slope] | None:
    """Rows that need slack with the sides between which every wanted answer lies; None when all stay.

    A row that only forbids pairs needs none, and a second side would make it need some: it stays unless narrowing
    leaves two activities at most.

    Raises
    ------
    CompileError
        Nothing feasible is as good as the limit says.
    """
    price, side = priced_rows(rows, prices, limit.unit)
    under = reduced(objective, prices.shares, limit.unit, rows.matrix, -side, price)
    steps = None if under is None else climbs(rows.matrix, np.zeros(len(rows), np.int64), under)
    if under is None or steps is None:
        return None
    budget = _budget(under.least, limit, objective)
    least, most = reach(steps, budget)
    room = budget // np.maximum(np.abs(price), 1)
    least = np.where(price > 0, np.maximum(least, side - room), least)
    most = np.where(price < 0, np.minimum(most, side + room), most)
    lo, hi = np.maximum(rows.lo, rows.low), np.minimum(rows.hi, rows.high)
    worth = (hi - lo >= 2) & ((least > lo) | (most < hi))
    worth &= (np.minimum(hi, most) - np.maximum(lo, least) < 2) | ~pair_rows(rows)
    if not worth.any():
        return None
    lo, hi = np.where(worth, np.maximum(lo, least), rows.lo), np.where(worth, np.minimum(hi, most), rows.hi)
    _refuse(bool((lo > hi).any()))
    shares = shares_in_units(objective, prices.shares, limit.unit).astype(np.int64)
    return replace(rows, lo=lo, hi=hi), Slope(limit.unit, price, shares)


def _budget(least: int, limit: Limit, objective: Polynomial) -> int:
    """Units between the bound and the limit."""
    # Coefficients that are not whole come from sums of floats: each may be a unit off after rounding down.
    noise = 0 if objective.integral else objective.n + len(objective.value) + len(objective.products.index)
    _refuse(limit.units + noise < least)
    return limit.units + noise - least


def _refuse(wrong: bool) -> None:
    if wrong:
        raise CompileError("no feasible answer is as good as the incumbent that was given")
