"""Linear rows in whole numbers: ``lo <= A b <= hi`` over bits, exactly what the row of floats says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, isinf
from typing import Any

import numpy as np
from scipy import sparse

from qopt.compilers.passes.assemble import widened
from qopt.compilers.passes.encode import Coded
from qopt.compilers.passes.exact import EXACT, common_scale, simplest
from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.errors import CompileError
from qopt.core.names import NameTable
from qopt.core.rows import Rows
from qopt.reduce.normalise import decimal_scale, snapped
from qopt.reduce.steps import sides_text

GRID = 2**20
"""Activity range, in steps, of a row whose data have no exact scale and are rounded."""
_PER_ROW = ("lo", "hi", "low", "high", "origin", "unit")


@dataclass(frozen=True, eq=False)
class IntegerRows:
    """Rows ``lo <= matrix @ bits <= hi`` in whole numbers.

    Parameters
    ----------
    matrix
        CSR (rows, bits), int64.
    lo, hi
        The sides; an open side lies at or beyond ``low`` or ``high``.
    low, high
        The activity lies between these on every valid code.
    origin, unit
        The user's row says ``origin + unit * activity``.
    """

    matrix: sparse.csr_array
    lo: Ints
    hi: Ints
    low: Ints
    high: Ints
    origin: Floats
    unit: Floats
    names: NameTable

    def __len__(self) -> int:
        return len(self.lo)

    def select(self, keep: Bools) -> IntegerRows:
        """The rows of a mask."""
        chosen = np.flatnonzero(keep)
        arrays: dict[str, Any] = {k: getattr(self, k)[chosen] for k in _PER_ROW}
        return IntegerRows(self.matrix[chosen], **arrays, names=self.names.select(chosen.tolist()))

    def extremes(self) -> tuple[Ints, Ints]:
        """Least and greatest activity over *all* bit strings, invalid codes too."""
        owner = np.repeat(np.arange(len(self)), np.diff(self.matrix.indptr))
        return tuple(_sums(owner, part, len(self)) for part in _signs(self.matrix.data))  # type: ignore[return-value]

    @classmethod
    def concat(cls, parts: Sequence[IntegerRows], n: int) -> IntegerRows:
        """Several lists of rows as one, over n bits."""
        matrix = sparse.csr_array(sparse.vstack([widened(p.matrix, n) for p in parts], format="csr"))
        arrays: dict[str, Any] = {k: np.concatenate([getattr(p, k) for p in parts]) for k in _PER_ROW}
        return cls(matrix, **arrays, names=NameTable(tuple(f for p in parts for f in p.names.families)))


def integer_rows(
    rows: Rows, coded: Coded, *, soft: bool = False, rounding: bool = False
) -> tuple[IntegerRows, tuple[str, ...]]:
    """Scale rows to whole numbers.

    Columns are counted in steps above their lowest value, so spins, integers and discretised reals are alike. Decimals
    and simple fractions are read as what they stand for. Hard rows are divided by the common divisor of their
    coefficients and their sides rounded inwards; soft rows keep their sides exactly, because the distance to them has
    a price.

    Parameters
    ----------
    rounding
        Allow rows that have no exact scale to be rounded to a grid and widened by the rounding error; rows that hold
        reals may always be.

    Returns
    -------
    The rows, and the names of those that had to be rounded.

    Raises
    ------
    CompileError
        A row without an exact scale, by name.
    """
    m = len(rows)
    owner = rows.row_of_entry()
    coefficient = rows.value * coded.step[rows.index]
    floor_part = rows.value * coded.lower[rows.index]
    scale = decimal_scale(owner, m, (coefficient, floor_part), (rows.lower, rows.upper) if soft else ())
    whole = np.rint(coefficient * scale[owner])
    base = np.rint(np.bincount(owner, weights=floor_part * scale[owner], minlength=m))
    lo, hi = (side * np.where(scale > 0, scale, 1.0) - base for side in (rows.lower, rows.upper))
    reach = np.bincount(owner, weights=np.abs(whole) * coded.top[rows.index], minlength=m)
    sides = np.maximum(np.where(np.isfinite(lo), np.abs(lo), 0), np.where(np.isfinite(hi), np.abs(hi), 0))
    rounded = np.zeros(m, dtype=bool)
    for k in np.flatnonzero((scale == 0) | (np.maximum(reach, np.abs(base)) >= EXACT)).tolist():
        span = slice(rows.indptr[k], rows.indptr[k + 1])
        free = rounding or bool(coded.real[rows.index[span]].any())
        whole[span], lo[k], hi[k], scale[k], rounded[k] = _exact_row(rows, k, coded, soft=soft, rounding=free)
    # Sides beyond any reachable activity only say "never" or "always"; soft ones are refused, their distance matters.
    if soft and np.any(sides >= EXACT):
        k = int(np.argmax(sides))
        raise CompileError(f"soft row {rows.names[k]} has a side of {sides[k]:g} steps, more than 2**53")
    held = coded.real[rows.index]
    if held.any() and not soft:
        lo, hi = _widened_for_grid(lo, hi, owner, np.abs(whole), held, m)
    # Sides of whole rows are taken to the letter; behind decimals a side within float noise of a step is that step.
    noise = np.where((scale == 1) & ~rounded, 0.0, 1e-9)
    lo, hi = snapped(lo, noise, np.ceil), snapped(hi, noise, np.floor)
    made = _divided(rows, coded, whole.astype(np.int64), owner, lo, hi, scale, soft)
    return made, tuple(rows.names[k] for k in np.flatnonzero(rounded).tolist())


def _signs(values: Ints) -> tuple[Ints, Ints]:
    return np.minimum(values, 0), np.maximum(values, 0)


def _sums(owner: Ints, values: Ints, m: int) -> Ints:
    """Sums by owner; exact, because activities stay below 2**53."""
    return np.bincount(owner, weights=values, minlength=m).astype(np.int64)


def _exact_row(
    rows: Rows, k: int, coded: Coded, *, soft: bool, rounding: bool
) -> tuple[Floats, float, float, float, bool]:
    """One row by rational arithmetic: whole coefficients, sides, scale, and whether it had to be rounded."""
    index, value = rows.row(k)
    pure = [simplest(float(v)) * simplest(float(coded.step[c])) for c, v in zip(index, value)]
    base = sum((simplest(float(v)) * simplest(float(coded.lower[c])) for c, v in zip(index, value)), Fraction(0))
    sides = [simplest(float(s)) - base for s in (rows.lower[k], rows.upper[k]) if np.isfinite(s)]
    scale = common_scale([*pure, *(sides if soft else ())])
    reach = sum((abs(c) * int(coded.top[j]) for c, j in zip(pure, index)), Fraction(0))
    lower: Fraction | float = -np.inf if np.isneginf(rows.lower[k]) else sides[0]
    upper: Fraction | float = np.inf if np.isposinf(rows.upper[k]) else sides[-1]
    if scale is not None and reach * scale < EXACT:
        # A hard side only has to be right to the next whole step, so it is taken there before it becomes a float.
        low = float(lower if isinf(lower) else ceil(lower * scale))
        high = float(upper if isinf(upper) else floor(upper * scale))
        return np.array([float(c * scale) for c in pure]), low, high, float(scale), False
    if not rounding:
        raise CompileError(
            f"row {rows.names[k]} has no exact scale below 2**53 that makes its coefficients whole"
            f" (round its data, or accept a rounded row with guarantee='none'); its first coefficients are"
            f" {', '.join(f'{v:g}' for v in value[:4])}"
        )
    # Rounded to a grid. The sides move outwards by the largest error, so that no feasible point is lost.
    grid = float(GRID / (reach or 1))
    scaled = np.array([float(c) * grid for c in pure])
    whole = np.rint(scaled)
    low, high = float(lower) * grid, float(upper) * grid
    if soft:
        return whole, float(np.rint(low)), float(np.rint(high)), grid, True
    error = float(np.sum(np.abs(whole - scaled) * coded.top[index]))
    return whole, float(np.ceil(low - error)), float(np.floor(high + error)), grid, True


def _widened_for_grid(lo: Floats, hi: Floats, owner: Ints, size: Floats, real: Bools, m: int) -> tuple[Floats, Floats]:
    """Rows narrower than the finest step of their reals are widened to it, or no point of the grid might meet them."""
    finest = np.full(m, np.inf)
    np.minimum.at(finest, owner[real], np.where(size[real] > 0, size[real], np.inf))
    room = np.where(np.isfinite(finest), np.maximum(0.0, finest - (hi - lo)), 0.0) / 2
    return lo - room, hi + room


def _divided(
    rows: Rows, coded: Coded, whole: Ints, owner: Ints, lo: Floats, hi: Floats, scale: Floats, soft: bool
) -> IntegerRows:
    """Whole rows with their common divisor taken out, over bits."""
    m = len(rows)
    divisor = np.zeros(m, dtype=np.int64)
    filled = np.flatnonzero(np.diff(rows.indptr))
    if len(filled):
        divisor[filled] = np.gcd.reduceat(np.abs(whole), rows.indptr[filled])
    least, most = (np.clip(side, -EXACT, EXACT).astype(np.int64) for side in (lo, hi))
    if soft:
        for side, given in ((least, rows.lower), (most, rows.upper)):
            finite = np.isfinite(given)
            divisor[finite] = np.gcd(divisor[finite], side[finite])
    divisor = np.maximum(divisor, 1)
    whole = whole // divisor[owner]
    least, most = -((-least) // divisor), most // divisor
    low, high = (_sums(owner, part, m) for part in _signs(whole * coded.top[rows.index]))
    least, most = (
        np.where(np.isneginf(rows.lower), np.minimum(low, most), least),
        np.where(np.isposinf(rows.upper), np.maximum(high, least), most),
    )
    steps = sparse.csr_array((whole, rows.index, rows.indptr), shape=(m, len(coded.step)))
    matrix = steps if coded.identity else sparse.csr_array(steps @ coded.counts)
    constant = steps @ coded.shift
    unit = divisor / scale
    origin = np.bincount(owner, weights=rows.value * coded.lower[rows.index], minlength=m) + unit * constant
    least, most, low, high = (part - constant for part in (least, most, low, high))
    return IntegerRows(matrix, least, most, low, high, origin, unit, rows.names)


def undecided(rows: IntegerRows) -> IntegerRows:
    """The rows that are not always true; refuses those that never are.

    Raises
    ------
    CompileError
        A row that no point of the domain satisfies, with what its left side can be and what it must be.
    """
    never = (rows.lo > rows.high) | (rows.hi < rows.low) | (rows.lo > rows.hi)
    texts = []
    for k in np.flatnonzero(never)[:3].tolist():
        unit, least, most, lo, hi = (
            rows.unit[k],
            *(rows.origin[k] + rows.unit[k] * end[k] for end in (rows.low, rows.high, rows.lo, rows.hi)),
        )
        can = f"{least:g}" if least == most else f"{least:g} to {most:g} in steps of {unit:g}"
        lower, upper = (-np.inf if rows.lo[k] <= rows.low[k] else lo), (np.inf if rows.hi[k] >= rows.high[k] else hi)
        texts.append(f"row {rows.names[k]} can never hold: it can be {can}, and must be {sides_text(lower, upper)}")
    if texts:
        raise CompileError("; ".join(texts))
    return rows.select((rows.lo > rows.low) | (rows.hi < rows.high))
