"""Rows of degree 2 and more in whole numbers: rules as they stand where of one sign, else linear over product bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, gcd

import numpy as np
from scipy import sparse

from qopt.compilers.lowered import PolynomialRule
from qopt.compilers.passes.assemble import Forms, Terms, substituted, terms_of
from qopt.compilers.passes.encode import Coded
from qopt.compilers.passes.exact import EXACT, common_scale, simplest
from qopt.compilers.passes.fill import FillProducts
from qopt.compilers.passes.integers import GRID, IntegerRows
from qopt.compilers.passes.products import linearised, product_forms
from qopt.compilers.passes.soft import Prices
from qopt.core.errors import CompileError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import polynomial_of
from qopt.core.rows import PolynomialRow


@dataclass(frozen=True, eq=False)
class _Whole:
    """One row ``lo <= terms <= hi`` in whole numbers; an open side lies at or beyond ``low`` or ``high``."""

    row: PolynomialRow
    terms: Terms
    lo: int
    hi: int
    low: int
    high: int
    unit: float
    origin: float


@dataclass(frozen=True, eq=False)
class Lifted:
    """Polynomial rows over bits and product bits.

    Parameters
    ----------
    hard, soft
        Linear over the bits, the new ones included.
    rules
        Hard rows that are rules as they stand.
    signs
        Which of the polynomial rows each of these is.
    products, pairs, fill
        The rules that tie the new bits to their factors, and how to set them.
    rounded
        Names of rows that had no exact scale.
    """

    hard: IntegerRows
    soft: Prices
    rules: tuple[PolynomialRule, ...]
    products: Forms
    pairs: tuple[tuple[int, int], ...]
    fill: FillProducts
    rounded: tuple[str, ...]
    signs: tuple[int, ...]

    @property
    def bits(self) -> int:
        """Number of bits, the new ones included."""
        return self.fill.start + len(self.pairs)


def lifted(rows: Sequence[PolynomialRow], coded: Coded, *, rounding: bool = False) -> Lifted:
    """Lower polynomial rows as far as linear rows.

    Raises
    ------
    CompileError
        A row that can never hold, or that has no exact scale (unless ``rounding``).
    """
    hard: list[_Whole] = []
    soft: list[_Whole] = []
    rules: list[PolynomialRule] = []
    rounded: list[str] = []
    signs: list[int] = []
    for k, row in enumerate(rows):
        whole = _whole(row, coded, rounding, rounded)
        if row.price is not None:
            soft.append(whole)
            continue
        lo, hi = max(whole.lo, whole.low), min(whole.hi, whole.high)
        if lo > hi:
            least, most = (whole.origin + whole.unit * end for end in (whole.low, whole.high))
            raise CompileError(
                f"row {row.name} can never hold: it lies between {least:g} and {most:g},"
                f" and must lie between {row.lower:g} and {row.upper:g}"
            )
        if lo == whole.low and hi == whole.high:
            continue
        if lo == hi and hi in (whole.low, whole.high):
            sign = 1 if hi == whole.low else -1
            excess = {bits: float(sign * value) for bits, value in whole.terms.items()}
            excess[()] = float(-sign * lo)
            rules.append(PolynomialRule(row.name, "linear", polynomial_of(coded.bits, excess)))
            signs.append(k)
        else:
            hard.append(whole)
    linear, pairs = linearised([w.terms for w in (*hard, *soft)], coded.bits)
    bits = coded.bits + len(pairs)
    prices = Prices(
        _as_rows(soft, linear[len(hard) :], bits),
        np.array([w.row.price for w in soft], dtype=np.float64),
        np.array([w.row.norm for w in soft], dtype=np.int64),
        np.array([w.row.level for w in soft], dtype=np.int64),
        np.arange(len(soft)),
    )
    fill = FillProducts(coded.bits, tuple(pairs))
    products = product_forms(pairs, coded.bits)
    hard_rows, of_products = _as_rows(hard, linear, bits), tuple(pairs)
    return Lifted(hard_rows, prices, tuple(rules), products, of_products, fill, tuple(rounded), tuple(signs))


def _whole(row: PolynomialRow, coded: Coded, rounding: bool, rounded: list[str]) -> _Whole:
    terms = terms_of(substituted(row.polynomial, coded))
    constant = simplest(terms.pop((), 0.0))
    exact = {bits: simplest(value) for bits, value in terms.items()}
    sides = [simplest(float(s)) - constant if np.isfinite(s) else None for s in (row.lower, row.upper)]
    given = [s for s in sides if s is not None]
    soft = row.price is not None
    scale = common_scale([*exact.values(), *(given if soft else ())])
    reach = sum((abs(value) for value in exact.values()), Fraction(0))
    if scale is not None and reach * scale < EXACT:
        whole = {bits: int(value * scale) for bits, value in exact.items()}
        divisor = gcd(*whole.values(), *(int(s * scale) for s in given if soft)) or 1
        factor, error = Fraction(scale, divisor), 0
        whole = {bits: value // divisor for bits, value in whole.items()}
    elif rounding or bool(coded.real[row.polynomial.columns()].any()):
        factor = Fraction(GRID) / reach
        whole = {bits: round(value * factor) for bits, value in exact.items()}
        error = 0 if soft else ceil(sum(abs(whole[bits] - value * factor) for bits, value in exact.items()))
        rounded.append(row.name)
    else:
        raise CompileError(
            f"row {row.name} has no exact scale below 2**53 that makes its coefficients whole"
            " (round its data, or accept a rounded row with guarantee='none')"
        )
    low, high = sum(min(value, 0) for value in whole.values()), sum(max(value, 0) for value in whole.values())
    lower, upper = sides
    lo = None if lower is None else round(lower * factor) if soft else ceil(lower * factor) - error
    hi = None if upper is None else round(upper * factor) if soft else floor(upper * factor) + error
    return _Whole(
        row,
        {bits: float(value) for bits, value in whole.items() if value},
        min(low, high if hi is None else hi) if lo is None else lo,
        max(high, low if lo is None else lo) if hi is None else hi,
        low,
        high,
        float(1 / factor),
        float(constant),
    )


def _as_rows(rows: Sequence[_Whole], linear: Sequence[dict[int, float]], bits: int) -> IntegerRows:
    count = [len(linear[k]) for k in range(len(rows))]
    index = np.array([b for k in range(len(rows)) for b in linear[k]], dtype=np.int64)
    data = np.array([v for k in range(len(rows)) for v in linear[k].values()], dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(count, dtype=np.int64)])
    low, high = (np.array([getattr(w, k) for w in rows], dtype=np.int64) for k in ("low", "high"))
    lo, hi = (np.array([getattr(w, k) for w in rows], dtype=np.int64) for k in ("lo", "hi"))
    origin, unit = (np.array([getattr(w, k) for w in rows], dtype=np.float64) for k in ("origin", "unit"))
    names = NameTable(tuple(Labels(w.row.name, (), (), w.row.labels.place, w.row.labels.why) for w in rows))
    matrix = sparse.csr_array((data, index, indptr), shape=(len(rows), bits))
    return IntegerRows(matrix, lo, hi, low, high, origin, unit, names)
