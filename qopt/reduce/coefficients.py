"""Smaller coefficients and sides for rows over binaries. Equivalent."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.problem import Problem
from qopt.reduce.normalise import EXACT
from qopt.reduce.steps import Done, ImpossibleRow, Step, domain, whole_rows, with_sides

MOST_WORK = 200_000_000
"""Bits of subset sums that are looked through at most, in all; rows beyond keep their sides."""


@dataclass(frozen=True, eq=False)
class _OneSided:
    """Rows of which one side can be broken, read as ``sign * a x <= sign * side``.

    Parameters
    ----------
    mask, sign, side
        Shape (rows,); sign 0 where the row is none of them.
    excess
        How far the left side can go beyond the side, > 0.
    """

    mask: Bools
    sign: Floats
    side: Floats
    excess: Floats


def _one_sided(problem: Problem) -> _OneSided:
    rows = problem.rows
    low, high = domain(problem.columns)
    a, b = rows.value * low[rows.index], rows.value * high[rows.index]
    owner = rows.row_of_entry()
    whole = whole_rows(problem)
    usable = np.where(whole[owner], np.isfinite(a) & np.isfinite(b), True)
    whole &= np.bincount(owner[~usable], minlength=len(rows)) == 0
    with np.errstate(invalid="ignore"):
        least = np.bincount(owner, weights=np.minimum(a, b), minlength=len(rows))
        most = np.bincount(owner, weights=np.maximum(a, b), minlength=len(rows))
        above, below = whole & (most > rows.upper), whole & (least < rows.lower)
        mask = above ^ below
        sign = np.where(mask, np.where(above, 1.0, -1.0), 0.0)
        side = np.where(above, rows.upper, -rows.lower)
        excess = np.where(above, most - rows.upper, rows.lower - least)
    return _OneSided(mask, sign, np.where(mask, side, 0.0), np.where(mask, excess, 0.0))


def tightened(problem: Problem) -> Step:
    """Coefficients of binaries cut to what the row can be broken by.

    In ``a x <= b`` whose left side reaches at most ``b + v``, a binary with ``a_c > v`` decides by itself that the row
    holds where it is 0; ``a_c`` can be v, and b less by the difference. For ``a_c < 0`` the same of its complement.
    """
    rows, one = problem.rows, _one_sided(problem)
    owner = rows.row_of_entry()
    binary = problem.columns.binary[rows.index]
    cut = one.mask[owner] & binary & (np.abs(rows.value) > one.excess[owner])
    if not cut.any():
        return Step(problem, Done("smaller coefficients"))
    value = np.where(cut, np.sign(rows.value) * one.excess[owner], rows.value)
    towards = cut & (rows.value * one.sign[owner] > 0)
    less = np.bincount(
        owner, weights=np.where(towards, np.abs(rows.value) - one.excess[owner], 0.0), minlength=len(rows)
    )
    return _restated(problem, value, one, one.side - less, "smaller coefficients")


def counted(problem: Problem) -> Step:
    """Rows over binaries that say no more than how many may be set: all coefficients become 1.

    That is so when the k largest coefficients fit together and no k + 1 smallest do.
    """
    rows, one = problem.rows, _one_sided(problem)
    m, owner = len(rows), rows.row_of_entry()
    size = np.abs(rows.value)
    filled = np.diff(rows.indptr) > 0
    chosen = one.mask & filled
    chosen[owner[~problem.columns.binary[rows.index]]] = False
    first = np.zeros(m)
    first[filled] = size[rows.indptr[:-1][filled]]
    uneven = np.bincount(owner[size != first[owner]], minlength=m) > 0
    chosen &= uneven
    if not chosen.any():
        return Step(problem, Done("counts"))
    # Every coefficient becomes that of a literal, the complement of its column where it is negative.
    negative = rows.value * one.sign[owner] < 0
    room = one.side + np.bincount(owner, weights=np.where(negative, size, 0.0), minlength=m)
    smallest, largest = (_how_many(size[np.lexsort((key, owner))], owner, rows.indptr, room) for key in (size, -size))
    # Running totals are exact below 2**53; with no room at all the row is impossible, which others say.
    chosen &= (smallest == largest) & (room >= 0) & (size.sum() < EXACT)
    if not chosen.any():
        return Step(problem, Done("counts"))
    value = np.where(chosen[owner], np.sign(rows.value), rows.value)
    turned = np.bincount(owner, weights=negative, minlength=m)
    only = replace(one, mask=chosen)
    return _restated(problem, value, only, (largest - turned).astype(np.float64), "counts")


def _how_many(size: Floats, owner: Ints, indptr: Ints, room: Floats) -> Ints:
    """How many of each row's entries, in order, fit into its room."""
    total = np.concatenate([[0.0], np.cumsum(size)])
    inside = total[1:] - total[indptr[:-1]][owner]
    return np.bincount(owner[inside <= room[owner]], minlength=len(room))


def _restated(problem: Problem, value: Floats, one: _OneSided, side: Floats, name: str) -> Step:
    """The problem with new coefficients, and new sides for the masked rows (their other side falls away)."""
    rows = problem.rows
    owner = rows.row_of_entry()
    touched = np.bincount(owner[value != rows.value], minlength=len(rows)) > 0
    up = touched & one.mask & (one.sign > 0)
    down = touched & one.mask & (one.sign < 0)
    upper = np.where(up, side, np.where(down, np.inf, rows.upper))
    lower = np.where(down, -side, np.where(up, -np.inf, rows.lower))
    names = rows.names.select(np.flatnonzero(touched).tolist())
    made = replace(problem, rows=with_sides(rows, lower, upper, value))
    return Step(made, Done(name, counts={"rows restated": int(touched.sum())}, restated=names))


def reachable(problem: Problem) -> Step:
    """Sides moved inwards to sums that the left side can take; what a slack number spans shrinks with them.

    Raises
    ------
    ImpossibleRow
        A row none of whose sums lies between its sides.
    """
    rows = problem.rows
    low, high = domain(problem.columns)
    lower, upper = np.array(rows.lower), np.array(rows.upper)
    work = 0
    for k in np.flatnonzero(_worth_summing(problem)).tolist():
        index, value = rows.row(k)
        span = high[index] - low[index]
        if not np.isfinite(span).all():
            continue
        width = float(np.sum(np.abs(value) * span))
        work += int(min(width, MOST_WORK)) * len(index)
        if work > MOST_WORK:
            break
        base = int(np.sum(np.minimum(value * low[index], value * high[index])))
        sums = _sums(np.abs(value).astype(int).tolist(), span.astype(int).tolist())
        least, most = _within(sums, rows.lower[k] - base, rows.upper[k] - base, int(width))
        if least > most:
            why = "its coefficients add up to no such value"
            raise ImpossibleRow(rows.names[k], np.nan, np.nan, rows.lower[k], rows.upper[k], why)
        lower[k] = least + base if np.isfinite(rows.lower[k]) else lower[k]
        upper[k] = most + base if np.isfinite(rows.upper[k]) else upper[k]
    moved = (lower != rows.lower) | (upper != rows.upper)
    if not moved.any():
        return Step(problem, Done("reachable sums"))
    names = rows.names.select(np.flatnonzero(moved).tolist())
    done = Done("reachable sums", counts={"rows restated": int(moved.sum())}, restated=names)
    return Step(replace(problem, rows=with_sides(rows, lower, upper)), done)


def _worth_summing(problem: Problem) -> Bools:
    """Rows in whole numbers without a coefficient of 1: with one, sums have few gaps."""
    rows = problem.rows
    owner = rows.row_of_entry()
    unit = np.bincount(owner[np.abs(rows.value) == 1], minlength=len(rows)) > 0
    finite = np.isfinite(rows.lower) | np.isfinite(rows.upper)
    return whole_rows(problem) & ~unit & finite & (np.diff(rows.indptr) > 0)


def _sums(size: list[int], top: list[int]) -> int:
    """Which sums ``size @ k`` with 0 <= k <= top occur, as the bits of one number."""
    sums = 1
    for a, t in zip(size, top):
        digit = 1
        while t > 0:
            step = min(digit, t)
            sums |= sums << (a * step)
            t -= step
            digit *= 2
    return sums


def _within(sums: int, lower: float, upper: float, width: int) -> tuple[int, int]:
    """Least and greatest sum between two sides; (1, 0) when there is none."""
    start = max(0, int(lower)) if np.isfinite(lower) else 0
    end = min(width, int(upper)) if np.isfinite(upper) else width
    if end < start:
        return 1, 0
    part = (sums >> start) & ((1 << (end - start + 1)) - 1)
    if not part:
        return 1, 0
    return start + (part & -part).bit_length() - 1, start + part.bit_length() - 1
