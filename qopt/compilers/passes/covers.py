"""Knapsack rows that only forbid pairs: no slack, no square, coefficients of 1.

Read every coefficient as that of a literal (a bit, or its complement where the coefficient is negative), so that the
row says ``sum a_i l_i <= b`` with a > 0. When every minimal cover (a set of literals that does not fit, all of whose
proper subsets do) has two members, the row holds exactly where no two set literals exceed b, and

    P = sum of l_i l_j over all pairs with a_i + a_j > b

is 0 where it holds and at least 1 elsewhere. A set without such a pair whose heaviest member is i may hold everything
lighter that fits beside i, so the condition is ``a_i + sum(a_j of these) <= b`` for every i.
"""

from __future__ import annotations

import numpy as np

from qopt.compilers.lowered import PolynomialRule
from qopt.compilers.passes.assemble import gathered
from qopt.compilers.passes.integers import IntegerRows
from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.polynomial import Polynomial

MOST_LITERALS = 5_000
"""Rows with more keep their slack: all their pairs would be laid out."""


def pair_rows(rows: IntegerRows) -> Bools:
    """Mask of the rows that need slack and only forbid pairs."""
    least, most = rows.extremes()
    lo, hi = np.maximum(rows.lo, rows.low), np.minimum(rows.hi, rows.high)
    above, below = hi < most, lo > least
    size = np.diff(rows.matrix.indptr)
    chosen = (above ^ below) & (hi - lo >= 2) & (size <= MOST_LITERALS) & (size > 1)
    # All literals of at most half the side fit in pairs, so together they must fit too: a quick test for most rows.
    owner = np.repeat(np.arange(len(rows)), size)
    side = np.where(above, hi - least, most - lo)
    weight = np.abs(rows.matrix.data)
    light = 2 * weight <= side[owner]
    chosen &= np.bincount(owner[light], weights=weight[light], minlength=len(rows)) <= side
    for k in np.flatnonzero(chosen).tolist():
        span = slice(rows.matrix.indptr[k], rows.matrix.indptr[k + 1])
        chosen[k] = _only_pairs(weight[span], int(side[k]))
    return chosen


def _only_pairs(weight: Ints, side: int) -> bool:
    """Whether all minimal covers have two members; one of one member would be a fixed bit, which is none."""
    a = np.sort(weight)
    if a[-1] > side:
        return False
    total = np.concatenate([[0], np.cumsum(a)])
    each = np.arange(len(a))
    # Lighter ones (before i in this order) that fit beside i.
    fitting = np.minimum(np.searchsorted(a, side - a, side="right"), each)
    return bool((a + total[fitting] <= side).all())


def pair_rules(rows: IntegerRows, bits: int) -> tuple[PolynomialRule, ...]:
    """The rules of rows that only forbid pairs, over n bits."""
    least, most = rows.extremes()
    lo, hi = np.maximum(rows.lo, rows.low), np.minimum(rows.hi, rows.high)
    made = []
    for k in range(len(rows)):
        span = slice(rows.matrix.indptr[k], rows.matrix.indptr[k + 1])
        index, value = rows.matrix.indices[span].astype(np.int64), rows.matrix.data[span]
        above = bool(hi[k] < most[k])
        side = int(hi[k] - least[k] if above else most[k] - lo[k])
        turned = (value < 0) if above else (value > 0)
        made.append(PolynomialRule(rows.names[k], "pairs", _forbidden(index, np.abs(value), turned, side, bits)))
    return tuple(made)


def _forbidden(index: Ints, weight: Ints, turned: Bools, side: int, bits: int) -> Polynomial:
    """Sum of the products of literals that do not fit together; literal i is ``c_i + s_i x_i``."""
    i, j = np.triu_indices(len(index), k=1)
    clash = weight[i] + weight[j] > side
    i, j = i[clash], j[clash]
    sign: Floats = np.where(turned, -1.0, 1.0)
    constant = np.where(turned, 1.0, 0.0)
    linear = np.zeros(bits)
    np.add.at(linear, index[i], sign[i] * constant[j])
    np.add.at(linear, index[j], sign[j] * constant[i])
    offset = float((constant[i] * constant[j]).sum())
    return gathered(linear, index[i], index[j], sign[i] * sign[j], offset)
