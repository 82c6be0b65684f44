"""A wall in a chain of bits: ones up to the value, zeros behind it (Chancellor, 2019, arXiv:1903.05068).

One bit and one coupling per step, where one-hot needs a coupling between every two values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.compilers.encodings.unary import PLUGIN as UNARY
from qopt.core.arrays import Floats
from qopt.core.compiled import Encoded
from qopt.core.polynomial import Polynomial


@dataclass(frozen=True)
class DomainWall:
    """One bit per step above the lowest value; a code is valid when no one follows a zero."""

    def encode(self, lower: Floats, upper: Floats, *, resolution: Floats) -> Encoded:
        """``x = lower + resolution * (number of ones)``, with the number of rises ``0 then 1`` as validity."""
        plain = UNARY.encode(lower, upper, resolution=resolution)
        starts, ends = plain.indptr[:-1], plain.indptr[1:]
        second = np.ones(plain.bits, dtype=bool)
        second[starts[ends > starts]] = False
        behind = np.flatnonzero(second)
        # A rise at (i-1, i) is b[i] * (1 - b[i-1]).
        linear = second.astype(np.float64)
        validity = Polynomial.from_pairs(linear, behind - 1, behind, -np.ones(len(behind)))
        # A chain of K bits is made valid by clearing its ones or filling its zeros, whichever are fewer.
        longest = int((ends - starts).max(initial=0))
        return Encoded(
            plain.bits,
            plain.indptr,
            plain.bit,
            plain.weight,
            plain.offset,
            validity=validity if len(behind) else None,
            reach=float(max(1, longest // 2)),
        )

    def code(self, values: Floats, lower: Floats, upper: Floats, *, resolution: Floats) -> np.ndarray[Any, Any]:
        """Bits of values, (rows, columns) -> (rows, bits)."""
        return UNARY.code(values, lower, upper, resolution=resolution)


PLUGIN = DomainWall()
