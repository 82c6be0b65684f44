"""Whole-number rows become rules: the cheapest exact form of each, with as few slack bits as it can have.

For a row ``lo <= f <= hi`` over whole f, with S = hi - lo:

* *linear* ``f - lo`` (or ``hi - f``) where no bit string reaches below (above): no square at all;
* *equality* ``(f - lo)**2`` for S = 0;
* *window* ``g (g - 1) / 2`` with g = f - lo for S = 1: it is 0 exactly for g in {0, 1}, and a whole number >= 1 for
  every other whole g. One formula holds the known patterns: sum <= 1 (pairs), x <= y (x - xy), x + y >= 1,
  sum >= n - 1;
* *slack*: the same window over g = f - lo - t, where the slack number t takes values from 0 to S - 1 that leave no gap
  above 2, so that some t puts g into {0, 1} exactly when 0 <= f - lo <= S. Two values of f share each t, which spares
  one bit and half the coefficient of the usual square with slack 0..S.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from qopt.compilers.encodings import log
from qopt.compilers.lowered import Rules
from qopt.compilers.passes.assemble import Forms, widened
from qopt.compilers.passes.fill import BitMatrix, FillNumbers
from qopt.compilers.passes.integers import IntegerRows
from qopt.core.arrays import Ints


def rules_of(
    rows: IntegerRows, start: int, widest: int | None = None, *, plain: bool = False
) -> tuple[Rules, FillNumbers]:
    """Rules that are 0 exactly where the rows hold, slack bits from ``start`` on.

    Parameters
    ----------
    rows
        Rows that neither always nor never hold.
    widest
        Largest half weight of a slack digit, a power of two: shorter coefficients for more bits. None for no limit.
    plain
        The usual square with slack 0..S for every row, none of the cheaper forms: the yardstick of a report.

    Returns
    -------
    The rules, over ``start`` bits plus their slack, and how to fill the slack in.
    """
    lo, hi = np.maximum(rows.lo, rows.low), np.minimum(rows.hi, rows.high)
    room = hi - lo
    if plain:
        return _squares(rows, lo, room, start)
    least, most = rows.extremes()
    at_least, at_most = (room == 0) & (lo == least), (room == 0) & (hi == most)
    linear = at_least | at_most
    alpha = np.where(linear, 0.0, np.where(room == 0, 1.0, 0.5))
    beta = np.where(at_least, 1.0, np.where(at_most, -1.0, np.where(room == 0, 0.0, -0.5)))
    slack = np.flatnonzero(room >= 2)
    indptr, weight = window_digits(room[slack], widest)
    matrix = widened(rows.matrix, start + len(weight))
    if len(weight):
        owner = np.repeat(slack, np.diff(indptr))
        bit = start + np.arange(len(weight))
        matrix = matrix - sparse.csr_array((weight, (owner, bit)), shape=matrix.shape)
    count = np.zeros(len(rows), dtype=np.int64)
    count[slack] = np.diff(indptr)
    form = np.where(linear, "linear", np.where(room == 0, "equality", np.where(room == 1, "window", "slack")))
    forms = Forms(sparse.csr_array(matrix), -lo.astype(np.float64), alpha, beta)
    fill = FillNumbers(rows.matrix[slack], -lo[slack], room[slack], start, WindowCode(widest))
    return Rules(forms, rows.names, tuple(form.tolist()), count), fill


def _squares(rows: IntegerRows, lo: Ints, room: Ints, start: int) -> tuple[Rules, FillNumbers]:
    """``(f - lo - t)**2`` with t = 0..S for every row."""
    indptr, weight = log.digits(room)
    matrix = widened(rows.matrix, start + len(weight))
    bit = start + np.arange(len(weight))
    matrix = matrix - sparse.csr_array((weight, bit, indptr), shape=matrix.shape)
    one = np.ones(len(rows))
    forms = Forms(sparse.csr_array(matrix), -lo.astype(np.float64), one, 0 * one)
    form = tuple(np.where(room > 0, "slack", "equality").tolist())
    return Rules(forms, rows.names, form, np.diff(indptr)), FillNumbers(rows.matrix, -lo, room, start, log.code)


def window_digits(room: Ints, widest: int | None = None) -> tuple[Ints, Ints]:
    """Digit weights of slack numbers for rows with ``room`` = S >= 2: CSR pointer and weights, adding up to S - 1.

    Twice the digits of S // 2, the last one less when S is even: 2, 4, …, 2**(k-1), rest <= 2**k. The sums are the even
    numbers up to 2**k - 2, and those plus the rest, so neighbours differ by at most 2; likewise where ``widest`` limits
    the digits of S // 2.
    """
    indptr, weight = log.digits(room // 2, widest)
    weight = 2 * weight
    weight[indptr[1:] - 1] -= room % 2 == 0
    return indptr, weight


@dataclass(frozen=True)
class WindowCode:
    """Slack digits t for ``values`` = f - lo in 0..S such that f - lo - t is 0 or 1."""

    widest: int | None = None

    def __call__(self, values: Ints, room: Ints) -> BitMatrix:
        """Digits of each value, (rows, numbers) -> (rows, digits of all numbers)."""
        half = room // 2
        indptr, weight = log.digits(half, self.widest)
        last = weight[indptr[1:] - 1]
        last_used = values // 2 > half - last
        return log.code((values + (last_used & (room % 2 == 0))) // 2, half, self.widest)
