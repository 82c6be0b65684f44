"""Rows that bind only at one value of a binary column become plain rows: ``f + M z <= high`` with M = high - hi.

In whole numbers and with the row's own range as big-M, so the row says exactly the same.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from qopt.compilers.passes.encode import Coded
from qopt.compilers.passes.integers import IntegerRows
from qopt.core.errors import CompileError
from qopt.core.rows import Indicators


def unconditional(rows: IntegerRows, indicators: Indicators, coded: Coded) -> IntegerRows:
    """One row per side that can be broken.

    Parameters
    ----------
    rows
        The indicators' rows in whole numbers, same order.

    Raises
    ------
    CompileError
        A row that cannot hold behind a column that is fixed to switch it on.
    """
    active = indicators.active.astype(np.int64)
    bit = coded.plain[indicators.column]
    # A column with one value decides here and now.
    fixed = bit < 0
    on = coded.lower[indicators.column] == active
    parts = []
    for sign in (1, -1):
        # The lower side is the upper side of the negated row.
        hi, low, high = (rows.hi, rows.low, rows.high) if sign > 0 else (-rows.lo, -rows.high, -rows.low)
        chosen = np.flatnonzero((hi < high) & ~(fixed & ~on))
        if not len(chosen):
            continue
        hi, low, high = hi[chosen], low[chosen], high[chosen]
        # f + M z <= high for z = b, and f - M b <= hi for z = 1 - b.
        excess = np.where(fixed[chosen], 0, high - hi)
        when_set = active[chosen] == 1
        weight = np.where(when_set, excess, -excess)
        free = np.flatnonzero(~fixed[chosen])
        literal = sparse.csr_array((weight[free], (free, bit[chosen][free])), shape=(len(chosen), coded.bits))
        top = np.where(fixed[chosen] | ~when_set, hi, high)
        names = rows.names.select(chosen.tolist())
        never = fixed[chosen] & (hi < low)
        if never.any():
            name = names[int(np.argmax(never))]
            raise CompileError(f"row {name} can never hold, and the column that switches it on is fixed")
        low, high = low + np.minimum(weight, 0), high + np.maximum(weight, 0)
        matrix = sparse.csr_array(sign * rows.matrix[chosen] + literal)
        origin = sign * rows.origin[chosen]
        parts.append(IntegerRows(matrix, low, top, low, high, origin, rows.unit[chosen], names))
    return IntegerRows.concat(parts or [rows.select(np.zeros(len(rows), bool))], coded.bits)
