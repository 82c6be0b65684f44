"""One bit per value, exactly one of them set: an exactly-one group that a backend may keep by its own moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qopt.core.arrays import Floats, frozen
from qopt.core.compiled import Encoded
from qopt.core.names import NameTable
from qopt.core.rows import GroupKind, Groups


@dataclass(frozen=True)
class OneHot:
    """One bit per value of each column, an exactly-one group over them."""

    def encode(self, lower: Floats, upper: Floats, *, resolution: Floats) -> Encoded:
        """``x = lower + resolution * k`` where bit k of the column is set."""
        values = np.rint((upper - lower) / resolution).astype(np.int64) + 1
        indptr = np.concatenate([[0], np.cumsum(values)])
        bits = int(indptr[-1])
        place = np.arange(bits) - np.repeat(indptr[:-1], values)
        bit = frozen(np.arange(bits), np.int32)
        groups = Groups(
            np.full(len(values), GroupKind.EXACTLY_ONE), indptr, bit, NameTable.numbered("one_hot", len(values))
        )
        weight = place * np.repeat(resolution, values)
        return Encoded(bits, indptr, bit, weight, np.array(lower), groups)

    def code(self, values: Floats, lower: Floats, upper: Floats, *, resolution: Floats) -> np.ndarray[Any, Any]:
        """Bits of values, (rows, columns) -> (rows, bits)."""
        count = np.rint((upper - lower) / resolution).astype(np.int64) + 1
        place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        chosen = np.rint((np.atleast_2d(values) - lower) / resolution)
        return (place == np.repeat(chosen, count, axis=1)).astype(np.int8)


PLUGIN = OneHot()
