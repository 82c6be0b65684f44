"""As many ones as the number says: the value is the sum of its bits, in any order.

Needs no validity rule and has the smallest coefficients of all; many codes share a value, which helps samplers that
move one bit at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, frozen
from qopt.core.compiled import Encoded


@dataclass(frozen=True)
class Unary:
    """One bit per step above the lowest value, every code valid."""

    def encode(self, lower: Floats, upper: Floats, *, resolution: Floats) -> Encoded:
        """``x = lower + resolution * (number of ones)``."""
        steps = np.rint((upper - lower) / resolution).astype(np.int64)
        indptr = np.concatenate([[0], np.cumsum(steps)])
        bits = int(indptr[-1])
        return Encoded(
            bits, indptr, frozen(np.arange(bits), np.int32), np.repeat(resolution, steps), np.array(lower, dtype=float)
        )

    def code(self, values: Floats, lower: Floats, upper: Floats, *, resolution: Floats) -> np.ndarray[Any, Any]:
        """Bits of values, ones first: (rows, columns) -> (rows, bits)."""
        steps = np.rint((upper - lower) / resolution).astype(np.int64)
        ones = np.rint((np.atleast_2d(values) - lower) / resolution)
        place = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps)
        return (place < np.repeat(ones, steps, axis=1)).astype(np.int8)


PLUGIN = Unary()
