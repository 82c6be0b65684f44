"""Binary numbers whose digits weigh at most so much: shorter coefficients for more bits (Karimi and Ronagh, 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.compilers.encodings import log
from qopt.core.arrays import Floats, frozen
from qopt.core.compiled import Encoded
from qopt.core.errors import CompileError


@dataclass(frozen=True)
class Bounded:
    """Digits 1, 2, 4, …, widest, widest, …, rest; every code valid.

    Parameters
    ----------
    widest
        Largest digit in steps, a power of two; 1 is the unary encoding.
    """

    widest: int = 4

    def __post_init__(self) -> None:
        if self.widest < 1 or self.widest & (self.widest - 1):
            raise CompileError(f"the widest digit of a bounded encoding must be a power of two, got {self.widest}")

    def encode(self, lower: Floats, upper: Floats, *, resolution: Floats) -> Encoded:
        """Digits of ``(x - lower) / resolution``."""
        indptr, weight = log.digits(np.rint((upper - lower) / resolution).astype(np.int64), self.widest)
        bits = int(indptr[-1])
        weights = frozen(weight * np.repeat(resolution, np.diff(indptr)), np.float64)
        return Encoded(bits, indptr, frozen(np.arange(bits), np.int32), weights, np.array(lower, dtype=float))

    def code(self, values: Floats, lower: Floats, upper: Floats, *, resolution: Floats) -> np.ndarray[Any, Any]:
        """Bits of values, (rows, columns) -> (rows, bits)."""
        steps = np.rint((np.atleast_2d(values) - lower) / resolution).astype(np.int64)
        return log.code(steps, np.rint((upper - lower) / resolution).astype(np.int64), self.widest)


PLUGIN = Bounded()
