"""A problem over bits: every hard rule a linear row in whole numbers, every soft one a piece of energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.compilers.passes.assemble import Forms, added, substituted
from qopt.compilers.passes.encode import Coded
from qopt.compilers.passes.indicators import unconditional
from qopt.compilers.passes.integers import IntegerRows, integer_rows, undecided
from qopt.compilers.passes.keep import kept
from qopt.compilers.passes.polynomial_rows import Lifted, lifted
from qopt.compilers.passes.soft import Priced, Prices, priced
from qopt.core.accepts import Accepts
from qopt.core.arrays import Bools
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Problem
from qopt.core.rows import Groups, Rows


@dataclass(frozen=True, eq=False)
class Draft:
    """A problem over bits, before rules and weights.

    Parameters
    ----------
    groups
        Over bits, kept by the backend.
    rows
        All other hard rules that are or became linear rows, those of product bits and of soft rows included.
    levels
        Energy of each level of the objective, to be made small, soft prices included.
    lifted, priced
        What polynomial rows and soft rows became.
    rounded
        Names of rows that had no exact scale.
    """

    groups: Groups
    rows: IntegerRows
    levels: tuple[Polynomial, ...]
    lifted: Lifted
    priced: Priced
    rounded: tuple[str, ...]

    @property
    def bits(self) -> int:
        """Number of bits so far: columns, products, violations."""
        return self.priced.bits

    def with_products(self, coded: Coded) -> Bools:
        """Mask of the rows that hold product bits."""
        first = coded.bits
        inside = (self.rows.matrix.indices >= first) & (self.rows.matrix.indices < first + len(self.lifted.pairs))
        owner = np.repeat(np.arange(len(self.rows)), np.diff(self.rows.matrix.indptr))
        return np.bincount(owner[inside], minlength=len(self.rows)) > 0


def lower(problem: Problem, coded: Coded, accepts: Accepts, *, rounding: bool) -> Draft:
    """Lower everything but what the backend keeps as a group.

    Parameters
    ----------
    rounding
        Whether rows without an exact scale may be rounded.

    Raises
    ------
    CompileError
        A row that can never hold, or without an exact scale, by name.
    """
    soft = problem.rows.soft
    linear, rounded = integer_rows(_rows(problem.rows, ~soft), coded, rounding=rounding)
    switched, rounded_switched = integer_rows(problem.indicators.rows, coded, rounding=rounding)
    groups, lines = kept(problem.groups, coded, accepts)
    up = lifted(problem.polynomial_rows, coded, rounding=rounding)
    prices, rounded_soft = _prices(_rows(problem.rows, soft), coded, rounding)
    paid = priced(Prices.concat([prices, up.soft], up.bits), up.bits)
    binding = unconditional(switched, problem.indicators, coded)
    rows = undecided(IntegerRows.concat([*lines, linear, binding, up.hard, *paid.rows], paid.bits))
    levels = tuple(_energy(problem, level, coded, paid) for level in range(len(problem.levels)))
    every_rounded = (*rounded, *rounded_switched, *rounded_soft, *up.rounded)
    return Draft(groups, rows, levels, up, paid, every_rounded)


def _rows(rows: Rows, keep: Bools) -> Rows:
    return rows if keep.all() else rows.select(keep)


def _prices(rows: Rows, coded: Coded, rounding: bool) -> tuple[Prices, tuple[str, ...]]:
    made, rounded = integer_rows(rows, coded, soft=True, rounding=rounding)
    m = len(rows)
    price = np.zeros(m) if rows.price is None else rows.price
    norm = np.zeros(m, np.int64) if rows.norm is None else rows.norm.astype(np.int64)
    level = np.zeros(m, np.int64) if rows.level is None else rows.level.astype(np.int64)
    return Prices(made, price, norm, level, np.arange(m)), rounded


def _energy(problem: Problem, level: int, coded: Coded, paid: Priced) -> Polynomial:
    wanted = substituted(problem.levels[level].total, coded)
    parts = [wanted if problem.sense.sign > 0 else wanted.scaled(-1.0)]
    mine = np.flatnonzero(paid.level == level)
    if len(mine):
        f = paid.forms
        parts.append(Forms(f.matrix[mine], f.constant[mine], f.alpha[mine], f.beta[mine]).polynomial(paid.bits))
    return added(parts, paid.bits)
