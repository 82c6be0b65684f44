"""Soft rows: violation columns whose cost is the price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.rows import Norm
from qopt.milp.assembly import Assembly, Block, Source


@dataclass(frozen=True, eq=False)
class Prices:
    """What each row of a block costs: price per unit, norm, position of the level, and whether it is all integer."""

    price: Floats
    norm: Ints
    level: Ints
    whole: Bools


def soften(assembly: Assembly, block: Block, prices: Prices, *, most: int) -> tuple[Block, Ints, str]:
    """The block with violation columns; the rows for which that is impossible, and why.

    Linear: ``A x - p <= upper`` costs ``price * p``. Occurrence: ``p <= M z`` and the binary z costs the price, M from
    the columns' bounds. Quadratic, over whole numbers: p is a sum of columns in [0, 1] costing 1, 3, 5, …, which a
    minimum fills in that order, so that v of them cost v**2. The same downwards.

    Parameters
    ----------
    most
        Largest violation that a quadratic price is written out for.
    """
    low, high = assembly.reach(block)
    for sign, excess in ((-1.0, high - block.upper), (1.0, block.lower - low)):
        broken = excess > 0
        for norm in (Norm.OCCURRENCE, Norm.QUADRATIC):
            bad = broken & (prices.norm == norm) & ~np.isfinite(excess)
            if bad.any():
                return block, np.flatnonzero(bad), "its violation has no bound (give its variables bounds)"
        bad = broken & (prices.norm == Norm.QUADRATIC)
        if (bad & ~prices.whole).any():
            return block, np.flatnonzero(bad & ~prices.whole), "a quadratic price is exact over whole numbers only"
        if (bad & (excess > most)).any():
            return block, np.flatnonzero(bad & (excess > most)), f"a quadratic price reaches violations above {most}"
        for norm in Norm:
            rows = np.flatnonzero(broken & (prices.norm == norm))
            if norm == Norm.QUADRATIC:
                steps = np.ceil(excess[rows]).astype(np.int64)
                row = np.repeat(rows, steps)
                rank = np.arange(len(row)) - np.repeat(np.cumsum(steps) - steps, steps)
                priced = column = assembly.columns(0.0, 1.0, False, len(row))
                cost = prices.price[row] * (2.0 * rank + 1.0)
            else:
                row, cost = rows, prices.price[rows]
                priced = column = assembly.columns(0.0, excess[rows], False, len(row))
                if norm == Norm.OCCURRENCE:
                    priced = _switches(assembly, column, excess[rows])
            block = block.with_entries(row, column, np.full(len(row), sign))
            for level in np.unique(prices.level[row]):
                mine = prices.level[row] == level
                assembly.cost(int(level), priced[mine], cost[mine])
    return block, np.empty(0, np.int64), ""


def _switches(assembly: Assembly, column: Ints, most: Floats) -> Ints:
    """Binaries that must be 1 for a column to be above 0."""
    count = len(column)
    switch = assembly.columns(0.0, 1.0, True, count)
    assembly.rows(
        Block(
            np.tile(np.arange(count), 2),
            np.concatenate([column, switch]),
            np.concatenate([np.ones(count), -most]),
            np.full(count, -np.inf),
            np.zeros(count),
        ),
        Source.DEFINITION,
    )
    return switch
