"""Soft rows become part of the objective: exactly price x violation, in each of the three norms.

With f the row's activity in whole numbers and v its violation:

* a row whose activity takes at most three values costs a parabola through the three prices, in any norm, without a bit;
* *linear or quadratic*, one side broken everywhere: ``price * (f - hi)`` and its square, without a bit;
* *quadratic*: ``price * (f - lo - s)**2`` with slack s in 0..hi-lo, whose least value over s is price * v**2;
* *linear*: ``price * v`` with a number v per side that may be broken, and the hard row
  ``lo <= f + v_low - v_high <= hi``;
* *occurrence*: ``price * o`` with a bit o per side, and the hard row ``f - M o <= hi`` where M is the most it is broken
  by.

Least over the new bits, each is the price itself; a bit string with other bits costs more, never less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from qopt.compilers.encodings import log
from qopt.compilers.passes.assemble import Forms, stacked, widened
from qopt.compilers.passes.fill import Fill, FillNumbers
from qopt.compilers.passes.integers import IntegerRows
from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.errors import CompileError
from qopt.core.rows import Norm


@dataclass(frozen=True, eq=False)
class Prices:
    """Soft rows in whole numbers, with price, norm and level of each, and its place among all soft rows."""

    rows: IntegerRows
    price: Floats
    norm: Ints
    level: Ints
    origin: Ints

    def select(self, keep: Bools) -> Prices:
        """The soft rows of a mask."""
        return Prices(self.rows.select(keep), self.price[keep], self.norm[keep], self.level[keep], self.origin[keep])

    @classmethod
    def concat(cls, parts: Sequence[Prices], n: int) -> Prices:
        """Several lists of soft rows as one, over n bits, numbered one after the other."""
        arrays = [np.concatenate([getattr(p, k) for p in parts]) for k in ("price", "norm", "level")]
        rows = IntegerRows.concat([p.rows for p in parts], n)
        return cls(rows, arrays[0], arrays[1], arrays[2], np.arange(len(rows)))


@dataclass(frozen=True, eq=False)
class Pieces:
    """Soft rows that became energy in the same way.

    Parameters
    ----------
    kind
        ``curve``, ``square``, ``distance``, or ``high`` and ``low`` for the flag of a side.
    rows
        In whole numbers, as they were.
    origin
        Place of each among all soft rows.
    more, less
        Numbers above the row and below it, as digits over bits: slack or over, and under; None for none.
    """

    kind: str
    rows: IntegerRows
    origin: Ints
    more: sparse.csr_array | None = None
    less: sparse.csr_array | None = None


@dataclass(frozen=True, eq=False)
class Priced:
    """What soft rows became: energy terms with the level of each, hard rows, and new bits up to ``bits``."""

    forms: Forms
    level: Ints
    rows: tuple[IntegerRows, ...]
    fills: tuple[Fill, ...]
    bits: int
    pieces: tuple[Pieces, ...]


def priced(soft: Prices, start: int) -> Priced:
    """Turn soft rows into energy, with new bits from ``start`` on.

    Raises
    ------
    CompileError
        A price that is negative or not finite, or a row whose lower side is above its upper side.
    """
    _refuse(soft)
    rows, broken_high, broken_low = soft.rows, soft.rows.hi < soft.rows.high, soft.rows.lo > soft.rows.low
    paid = (soft.price > 0) & (broken_high | broken_low)
    short = paid & (rows.high - rows.low <= 2)
    above, below = rows.low >= rows.hi, rows.high <= rows.lo
    plain = paid & ~short & (above | below) & (soft.norm != Norm.OCCURRENCE)
    rest = paid & ~short & ~plain
    work = _Work(start)
    _parabolas(work, soft.select(short))
    _definite(work, soft.select(plain), above[plain])
    _quadratic(work, soft.select(rest & (soft.norm == Norm.QUADRATIC)))
    _linear(work, soft.select(rest & (soft.norm == Norm.LINEAR)))
    for sign in (1, -1):
        _occurrence(work, soft.select(rest & (soft.norm == Norm.OCCURRENCE)), sign)
    empty = Forms(sparse.csr_array((0, start), dtype=np.int64), np.empty(0), np.empty(0), np.empty(0))
    forms = stacked([empty, *work.forms], work.bits)
    level = np.concatenate([np.empty(0, np.int64), *work.level])
    return Priced(forms, level, tuple(work.rows), tuple(work.fills), work.bits, tuple(work.pieces))


def _refuse(soft: Prices) -> None:
    bad = ~(np.isfinite(soft.price) & (soft.price >= 0))
    if bad.any():
        k = int(np.argmax(bad))
        raise CompileError(f"soft row {soft.rows.names[k]} has price {soft.price[k]:g}; a price is finite and >= 0")
    crossed = soft.rows.lo > soft.rows.hi
    if crossed.any():
        raise CompileError(
            f"soft row {soft.rows.names[int(np.argmax(crossed))]} has its lower side above its upper side"
        )


class _Work:
    """Collects what the cases make, handing out bits in order."""

    def __init__(self, start: int) -> None:
        self.bits = start
        self.forms: list[Forms] = []
        self.level: list[Ints] = []
        self.rows: list[IntegerRows] = []
        self.fills: list[Fill] = []
        self.pieces: list[Pieces] = []

    def add(self, soft: Prices, matrix: sparse.csr_array, constant: Ints, alpha: Floats, beta: Floats) -> None:
        """Energy ``alpha g**2 + beta g`` per row, g = matrix @ bits + constant."""
        self.forms.append(Forms(matrix, constant.astype(np.float64), alpha, beta))
        self.level.append(soft.level)

    def note(self, kind: str, soft: Prices, *numbers: sparse.csr_array) -> None:
        """Remember how soft rows became energy."""
        if len(soft.rows):
            self.pieces.append(Pieces(kind, soft.rows, soft.origin, *numbers))

    def numbers(self, rows: IntegerRows, sign: int, constant: Ints, top: Ints) -> sparse.csr_array:
        """New numbers ``clip(sign * f + constant, 0, top)``, one per row: their digits as a matrix (rows, bits)."""
        indptr, weight = log.digits(top)
        fill_matrix = sparse.csr_array(sign * rows.matrix)
        self.fills.append(FillNumbers(fill_matrix, constant, top, self.bits, log.code))
        bit = np.arange(self.bits, self.bits + len(weight))
        self.bits += len(weight)
        return sparse.csr_array((weight, bit, indptr), shape=(len(rows), self.bits))


def _parabolas(work: _Work, soft: Prices) -> None:
    work.note("curve", soft)
    rows = soft.rows
    cost = []
    for k in range(3):
        f = np.minimum(rows.low + k, rows.high)
        over = np.maximum(np.maximum(rows.lo - f, f - rows.hi), 0)
        amount = over * rows.unit
        by_norm = np.where(soft.norm == Norm.QUADRATIC, amount**2, np.where(soft.norm == Norm.LINEAR, amount, over > 0))
        cost.append(soft.price * by_norm)
    # Through t = f - low = 0, 1, 2; a row with two values has a straight line, and its third cost is not met.
    bend = np.where(rows.high - rows.low == 2, (cost[2] - 2 * cost[1] + cost[0]) / 2, 0.0)
    work.add(soft, rows.matrix, -rows.low, bend, cost[1] - cost[0] - bend)
    nothing = sparse.csr_array(rows.matrix.shape, dtype=np.int64)
    work.add(soft, nothing, np.ones(len(rows), np.int64), np.zeros(len(rows)), cost[0])


def _definite(work: _Work, soft: Prices, above: Bools) -> None:
    work.note("curve", soft)
    rows = soft.rows
    sign = np.where(above, 1, -1)
    signed = sparse.csr_array(rows.matrix * sign[:, None])
    square = soft.norm == Norm.QUADRATIC
    price = np.where(square, soft.price * rows.unit**2, soft.price * rows.unit)
    distance = -sign * np.where(above, rows.hi, rows.lo)
    work.add(soft, signed, distance, np.where(square, price, 0.0), np.where(square, 0.0, price))


def _quadratic(work: _Work, soft: Prices) -> None:
    rows = soft.rows
    lo, hi = np.maximum(rows.lo, rows.low), np.minimum(rows.hi, rows.high)
    slack = work.numbers(rows, 1, -lo, hi - lo)
    work.note("square", soft, slack)
    matrix = sparse.csr_array(widened(rows.matrix, work.bits) - slack)
    work.add(soft, matrix, -lo, soft.price * rows.unit**2, np.zeros(len(rows)))


def _linear(work: _Work, soft: Prices) -> None:
    rows = soft.rows
    lo, hi = np.maximum(rows.lo, rows.low), np.minimum(rows.hi, rows.high)
    over = work.numbers(rows, 1, -rows.hi, rows.high - hi)
    under = work.numbers(rows, -1, rows.lo, lo - rows.low)
    work.note("distance", soft, over, under)
    over = widened(over, work.bits)
    ones = np.zeros(len(rows), np.int64)
    work.add(soft, sparse.csr_array(over + under), ones, np.zeros(len(rows)), soft.price * rows.unit)
    matrix = sparse.csr_array(widened(rows.matrix, work.bits) - over + under)
    # v_high absorbs all above hi and v_low all below lo: with the right ones the activity stays in lo..hi.
    low: Ints = rows.low + hi - rows.high
    high: Ints = rows.high + lo - rows.low
    work.rows.append(IntegerRows(matrix, lo, hi, low, high, rows.origin, rows.unit, rows.names))


def _occurrence(work: _Work, soft: Prices, sign: int) -> None:
    rows = soft.rows
    hi, low, high = (rows.hi, rows.low, rows.high) if sign > 0 else (-rows.lo, -rows.high, -rows.low)
    broken = np.flatnonzero(hi < high)
    soft = soft.select(hi < high)
    rows, hi, low, high = soft.rows, hi[broken], low[broken], high[broken]
    most = high - hi
    flag = work.numbers(rows, sign, -hi, np.ones(len(rows), np.int64))
    work.note("high" if sign > 0 else "low", soft, flag)
    work.add(soft, flag, np.zeros(len(rows), np.int64), np.zeros(len(rows)), soft.price)
    matrix = sparse.csr_array(sign * widened(rows.matrix, work.bits) - flag * most[:, None])
    # With the right flag f - M o lies within hi - room .. hi, whichever value the flag has.
    room = np.maximum(hi - low, most - 1)
    work.rows.append(
        IntegerRows(matrix, hi - room, hi, hi - room, high, float(sign) * rows.origin, rows.unit, rows.names)
    )
