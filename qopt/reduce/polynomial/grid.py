"""The quadratic part of a polynomial over bits as whole numbers over spins, so that sums and comparisons are exact."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bools, Floats, Indices, Ints
from qopt.core.polynomial import Polynomial

_EXACT_BITS = 52
"""Numbers that stay below this many bits turn into float64 and back without loss."""

_MOST_BITS = 61
_HALVINGS = 8
"""Bits below those that data without an exact grid are rounded to: so often may a weight be halved."""

_SLICE = 2**20  # pairs counted at a time


@dataclass(frozen=True, eq=False)
class Grid:
    """``unit * (constant + field . s + sum of weight s_row s_col)`` over spins s = 2 b - 1.

    Parameters
    ----------
    field, weight
        int64. The sum of all sizes, the constant's included, is below 2**61.
    unit
        A power of two.
    rounded
        At most so far is any point's energy from that of the polynomial: 0 where all coefficients fit.
    """

    field: Ints
    row: Indices
    col: Indices
    weight: Ints
    constant: int
    unit: float
    rounded: float

    @classmethod
    def of(cls, polynomial: Polynomial) -> Grid:
        """The linear and the quadratic part; products and offset are left out."""
        p = polynomial
        pair = p.row != p.col
        size = 4.0 * float(np.abs(p.linear).sum() + np.abs(p.value).sum())
        top = ceil(log2(size * (1 + 2.0**-20))) if size > 0 else 0
        finest = min(_lowest_bit(p.linear), _lowest_bit(p.value))
        shift = 0
        if top - _EXACT_BITS <= finest:
            exponent = top - _EXACT_BITS
        elif top - _MOST_BITS <= finest:
            exponent = top - _MOST_BITS
        else:
            exponent, shift = top - _MOST_BITS, _HALVINGS
        linear, linear_error = _whole(p.linear, exponent + shift)
        value, value_error = _whole(p.value, exponent + shift)
        linear, value = linear << shift, value << shift
        np.add.at(linear, p.row[~pair], value[~pair])
        row, col, weight = p.row[pair], p.col[pair], value[pair]
        field = 2 * linear
        np.add.at(field, row, weight)
        np.add.at(field, col, weight)
        constant = int(2 * linear.sum() + weight.sum())
        return cls(field, row, col, weight, constant, 2.0 ** (exponent - 2), linear_error + value_error)

    def polynomial(
        self, row: Indices, col: Indices, weight: Ints, field: Ints, constant: int, offset: float
    ) -> tuple[Polynomial, float]:
        """What is left, over bits, and how far float64 makes its energies differ from this grid's."""
        linear = 2 * field
        np.subtract.at(linear, row, 2 * weight)
        np.subtract.at(linear, col, 2 * weight)
        total = Fraction(offset) + Fraction(self.unit) * (constant - int(field.sum()) + int(weight.sum()))
        order = np.lexsort((np.maximum(row, col), np.minimum(row, col)))
        made = Polynomial(
            linear.astype(np.float64) * self.unit,
            np.minimum(row, col)[order],
            np.maximum(row, col)[order],
            weight[order].astype(np.float64) * (4 * self.unit),
            offset=float(total),
        )
        lost = _changed(linear) + 4 * _changed(weight)
        return made, lost * self.unit + float(abs(Fraction(made.offset) - total))


def _changed(whole: Ints) -> float:
    """Sum of what float64 changes in whole numbers."""
    return float(np.abs(whole - whole.astype(np.float64).astype(np.int64)).sum())


def _lowest_bit(values: Floats) -> int:
    """The exponent of the lowest bit set in any of the values."""
    values = values[values != 0]
    if len(values) == 0:
        return 1023
    mantissa, exponent = np.frexp(values)
    whole = np.abs(mantissa * 2.0**53).astype(np.int64)
    _, place = np.frexp((whole & -whole).astype(np.float64))
    return int((exponent - 53 + place - 1).min())


def _whole(values: Floats, exponent: int) -> tuple[Ints, float]:
    """Values in units of 2**exponent, and the sum of what rounding changed."""
    scaled = np.ldexp(values, -exponent)
    nearest: NDArray[np.float64] = np.rint(scaled)
    return nearest.astype(np.int64), float(np.ldexp(np.abs(scaled - nearest).sum(), exponent))


def promising(polynomial: Polynomial, keep: Bools) -> bool:
    """Whether a spin that may go has three couplings at most, or one as large as its others together."""
    p = polynomial
    field = 2.0 * p.linear
    for first in range(0, len(p.value), _SLICE):
        part = slice(first, first + _SLICE)
        for end in (p.row, p.col):
            field += np.bincount(end[part], weights=p.value[part], minlength=p.n)
    total, largest, degree = survey_of(p.row, p.col, p.value, field)
    likely = (degree <= 3) | (2.0 * largest >= (1.0 - 2.0**-30) * total)
    return bool((likely & ~keep).any())


def survey_of(
    row: Indices, col: Indices, value: NDArray[Any], field: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], Ints]:
    """Of every spin: the sum of the sizes of its couplings and field, the largest of them, and how many are not 0."""
    from qopt.kernels.reduce_survey import survey

    total, largest, degree = np.empty_like(field), np.empty_like(field), np.empty(len(field), dtype=np.int64)
    survey(row, col, value, field, total, largest, degree)
    return total, largest, degree
