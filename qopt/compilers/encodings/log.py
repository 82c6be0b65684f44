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


def digits(top: Ints) -> tuple[Ints, Ints]:
    """Digit weights of numbers 0..top: CSR pointer over the numbers and the weights of all digits."""
    top = np.asarray(top, dtype=np.int64)
    count = lengths(top)
    indptr = np.concatenate([[0], np.cumsum(count)])
    place = np.arange(indptr[-1]) - np.repeat(indptr[:-1], count)
    weight = np.int64(1) << place
    last = indptr[1:][count > 0] - 1
    weight[last] = top[count > 0] - (weight[last] - 1)
    return indptr, weight


def code(values: Ints, top: Ints) -> np.ndarray[Any, Any]:
    """Digits of whole numbers 0..top: (rows, numbers) -> (rows, digits of all numbers)."""
    indptr, weight = digits(top)
    count = np.diff(indptr)
    last = indptr[1:][count > 0] - 1
    below = (np.int64(1) << np.maximum(count - 1, 0)) - 1
    rest_used = values > below
    rest = np.zeros(len(count), dtype=np.int64)
    rest[count > 0] = weight[last]
    plain = values - np.where(rest_used, rest, 0)
    place = np.arange(len(weight)) - np.repeat(indptr[:-1], count)
    out = (np.repeat(plain, count, axis=1) >> place & 1).astype(np.int8)
    out[:, last] = rest_used[:, count > 0]
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
