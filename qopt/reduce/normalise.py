"""Rows in the smallest whole numbers that say the same. Equivalent.

Decimals are scaled up, columns of one value go into the sides, the common divisor is taken out and the sides are
rounded inwards to what whole numbers can reach.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.problem import Problem
from qopt.core.rows import Rows
from qopt.reduce.steps import Done, Step, domain

EXACT = 2**53
_ULPS = 2.0**-50
_NAME = "whole numbers"


def decimal_scale(owner: Ints, m: int, entries: tuple[Floats, ...], sides: tuple[Floats, ...] = ()) -> Floats:
    """The least power of ten up to 10**6 that makes every entry of each row whole, and its sides; 0 where none does.

    Parameters
    ----------
    owner
        The row of each entry.
    entries, sides
        Arrays over entries, and arrays over rows.
    """
    scale = np.zeros(m)
    for digits in range(7):
        factor = 10.0**digits
        bad = np.zeros(m, dtype=bool)
        for entry in entries:
            bad[owner[~_near_whole(entry * factor)]] = True
        for side in sides:
            bad |= ~_near_whole(side * factor)
        scale = np.where((scale == 0) & ~bad, factor, scale)
        if (scale > 0).all():
            break
    return scale


def snapped(side: Floats, noise: Floats | float, inwards: Any) -> Floats:
    """Sides rounded inwards (``np.ceil`` or ``np.floor``), those within relative ``noise`` of a whole number to it."""
    whole = np.rint(side)
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(side - whole) <= noise * np.maximum(1.0, np.abs(side)), whole, inwards(side))


def _near_whole(values: Floats) -> Bools:
    whole = np.rint(values)
    with np.errstate(invalid="ignore"):
        return (np.abs(values - whole) <= _ULPS * np.abs(values)) | np.isinf(values)


def normalised(problem: Problem) -> Step:
    """Hard rows over whole-number columns in whole numbers; rows with reals or without a decimal scale stay."""
    rows, columns = problem.rows, problem.columns
    m, owner = len(rows), rows.row_of_entry()
    low, high = domain(columns)
    usable = ~rows.soft
    usable[owner[~columns.discrete[rows.index]]] = False
    if not usable.any():
        return Step(problem, Done(_NAME))
    scale = decimal_scale(owner, m, (rows.value,))
    value = np.rint(rows.value * scale[owner])
    size = np.maximum(np.abs(low), np.abs(high))[rows.index]
    reach = np.bincount(owner, weights=np.abs(value) * np.where(np.isfinite(size), size, 1.0), minlength=m)
    usable &= (scale > 0) & (reach < EXACT)
    fixed = (low == high)[rows.index]
    gone = (fixed | (value == 0)) & usable[owner]
    shift = np.bincount(owner, weights=np.where(gone, value * np.where(fixed, low[rows.index], 0.0), 0.0), minlength=m)
    noise = np.where(scale == 1, 0.0, 1e-9)
    scale = np.where(usable, scale, 1.0)
    divisor = _divisors(np.where(gone, 0.0, value), rows.indptr, usable)
    lower = snapped(rows.lower * scale, noise, np.ceil) - shift
    upper = snapped(rows.upper * scale, noise, np.floor) - shift
    lower, upper = np.ceil(lower / divisor), np.floor(upper / divisor)
    lower, upper = np.where(usable, lower, rows.lower), np.where(usable, upper, rows.upper)
    value = np.where(usable[owner], value / divisor[owner], rows.value)
    restated = (lower != rows.lower) | (upper != rows.upper)
    restated[owner[gone | (value != rows.value)]] = True
    if not restated.any():
        return Step(problem, Done(_NAME))
    keep = ~gone
    indptr = np.concatenate([[0], np.cumsum(np.bincount(owner[keep], minlength=m))])
    made = Rows(indptr, rows.index[keep], value[keep], lower, upper, rows.names, rows.price, rows.norm, rows.level)
    names = rows.names.select(np.flatnonzero(restated).tolist())
    counts = {"rows restated": int(restated.sum())}
    return Step(replace(problem, rows=made), Done(_NAME, counts=counts, restated=names))


def _divisors(value: Floats, indptr: Ints, usable: Bools) -> Floats:
    """Common divisor of each usable row, 1 elsewhere."""
    divisor = np.ones(len(usable))
    filled = np.flatnonzero(np.diff(indptr))
    if len(filled):
        whole = np.where(np.repeat(usable, np.diff(indptr)), np.abs(value), 1.0).astype(np.int64)
        divisor[filled] = np.maximum(np.gcd.reduceat(whole, indptr[filled]), 1)
    return divisor
