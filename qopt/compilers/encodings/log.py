"""Binary numbers with a bounded last digit: weights 1, 2, 4, …, rest.

The rest makes the digits add up to exactly the largest value, so that every value has a code and no code lies outside
(Karimi and Ronagh, 2019: "bounded-coefficient encoding" at its loosest bound). Fewest bits, no validity rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, Ints, frozen
from qopt.core.compiled import Encoded


def lengths(top: Ints) -> Ints:
    """Number of binary digits of each entry of ``top`` (0 for 0), exact below 2**53."""
    return np.frexp(np.asarray(top, dtype=np.float64))[1].astype(np.int64)


def digits(top: Ints, widest: int | None = None) -> tuple[Ints, Ints]:
    """Digit weights of numbers 0..top: CSR pointer over the numbers and the weights of all digits, the rest last.

    Parameters
    ----------
    widest
        A power of two: no digit weighs more, so that larger numbers take several of it. None for no limit.
    """
    top = np.asarray(top, dtype=np.int64)
    binary, full, rest = _shape(top, widest)
    count = binary + full + (rest > 0)
    indptr = np.concatenate([[0], np.cumsum(count)])
    place = np.arange(indptr[-1]) - np.repeat(indptr[:-1], count)
    weight = np.int64(1) << np.minimum(place, np.repeat(binary, count))
    filled = rest > 0
    weight[indptr[1:][filled] - 1] = rest[filled]
    return indptr, weight


def _shape(top: Ints, widest: int | None) -> tuple[Ints, Ints, Ints]:
    """Of each number: digits 1, 2, 4, …, digits of the widest weight, and the rest that is left to reach the top."""
    if widest is None:
        binary = np.maximum(lengths(top) - 1, 0)
        return binary, np.zeros_like(top), top - ((np.int64(1) << binary) - 1)
    binary = np.minimum(np.maximum(lengths(top) - 1, 0), widest.bit_length() - 1)
    left = top - ((np.int64(1) << binary) - 1)
    full = np.where(np.int64(1) << binary == widest, left // widest, 0)
    return binary, full, left - full * widest


def code(values: Ints, top: Ints, widest: int | None = None) -> np.ndarray[Any, Any]:
    """Digits of whole numbers 0..top: (rows, numbers) -> (rows, digits of all numbers)."""
    top = np.asarray(top, dtype=np.int64)
    indptr, _ = digits(top, widest)
    binary, full, rest = _shape(top, widest)
    count = np.diff(indptr)
    filled = rest > 0
    last = indptr[1:][filled] - 1
    size = np.int64(1) << binary
    used = np.minimum(values // size, full)
    plain = values - used * size
    rest_used = plain >= size
    plain = plain - np.where(rest_used, rest, 0)
    place = np.arange(indptr[-1]) - np.repeat(indptr[:-1], count)
    low = np.repeat(plain, count, axis=1) >> np.minimum(place, 62) & 1
    many = place - np.repeat(binary, count)
    out = np.where(many < 0, low, many < np.repeat(used, count, axis=1)).astype(np.int8)
    out[:, last] = rest_used[:, filled]
    return out


@dataclass(frozen=True)
class Log:
    """Bounded binary digits: ``ceil(log2(values))`` bits per column, every code valid."""

    def encode(self, lower: Floats, upper: Floats, *, resolution: Floats) -> Encoded:
        """Digits of ``(x - lower) / resolution``."""
        indptr, weight = digits(np.rint((upper - lower) / resolution).astype(np.int64))
        bits = int(indptr[-1])
        weights = frozen(weight * np.repeat(resolution, np.diff(indptr)), np.float64)
        return Encoded(bits, indptr, frozen(np.arange(bits), np.int32), weights, frozen(lower.copy(), np.float64))

    def code(self, values: Floats, lower: Floats, upper: Floats, *, resolution: Floats) -> np.ndarray[Any, Any]:
        """Bits of values, (rows, columns) -> (rows, bits)."""
        steps = np.rint((np.atleast_2d(values) - lower) / resolution).astype(np.int64)
        return code(steps, np.rint((upper - lower) / resolution).astype(np.int64))


PLUGIN = Log()
