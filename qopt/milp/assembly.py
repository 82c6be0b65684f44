"""Columns and rows of a mixed-integer model while it grows, block by block."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Bools, Floats, Ints


class Source(IntEnum):
    """What a row of the model stands for."""

    ROW = 0
    GROUP = 1
    POLYNOMIAL = 2
    INDICATOR = 3
    DEFINITION = 4  # says what an added column means


@dataclass(frozen=True, eq=False)
class Block:
    """Rows ``lower <= A y <= upper`` in coordinate form.

    Parameters
    ----------
    row, col, value
        Entries; a pair (row, col) may occur more than once and is summed.
    lower, upper
        Shape (rows,).
    """

    row: Ints
    col: Ints
    value: Floats
    lower: Floats
    upper: Floats

    def __len__(self) -> int:
        return len(self.lower)

    def select(self, keep: Bools) -> Block:
        """The rows of a mask, renumbered."""
        place = np.cumsum(keep) - 1
        entry = keep[self.row]
        return Block(place[self.row[entry]], self.col[entry], self.value[entry], self.lower[keep], self.upper[keep])

    def with_entries(self, row: Ints, col: Ints, value: Floats) -> Block:
        """The same rows with more entries."""
        return replace(
            self,
            row=np.concatenate([self.row, row]),
            col=np.concatenate([self.col, col]),
            value=np.concatenate([self.value, value]),
        )


class Assembly:
    """Collects columns, rows and costs.

    Parameters
    ----------
    lower, upper, integer
        The first columns: one for each column of the problem.
    levels
        Number of objective levels.
    """

    def __init__(self, lower: Floats, upper: Floats, integer: Bools, levels: int) -> None:
        self._lower, self._upper, self._integer = [lower], [upper], [integer]
        self.count = len(lower)
        self.blocks: list[Block] = []
        self.sources: list[tuple[Source, Ints]] = []
        self._costs: list[tuple[int, Ints, Floats]] = []
        self.offsets = np.zeros(levels)

    @property
    def lower(self) -> Floats:
        """Lower bounds of all columns so far."""
        self._lower = [np.concatenate(self._lower)]
        return self._lower[0]

    @property
    def upper(self) -> Floats:
        """Upper bounds of all columns so far."""
        self._upper = [np.concatenate(self._upper)]
        return self._upper[0]

    @property
    def integer(self) -> Bools:
        """Which of the columns so far take whole numbers."""
        return np.concatenate(self._integer)

    def columns(self, lower: ArrayLike, upper: ArrayLike, integer: ArrayLike, count: int) -> Ints:
        """Add columns (scalars are repeated); their indices."""
        self._lower.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), (count,)))
        self._upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), (count,)))
        self._integer.append(np.broadcast_to(np.asarray(integer, dtype=bool), (count,)))
        self.count += count
        return np.arange(self.count - count, self.count)

    def rows(self, block: Block, source: Source, member: Ints | None = None) -> None:
        """Add rows; ``member`` says which row, group, … of its source each is."""
        self.blocks.append(block)
        self.sources.append((source, np.full(len(block), -1) if member is None else member))

    def cost(self, level: int, col: Ints, value: Floats) -> None:
        """Add costs to columns in one level."""
        self._costs.append((level, col, value))

    def costs(self) -> Floats:
        """Costs, shape (levels, columns)."""
        out = np.zeros((len(self.offsets), self.count))
        for level, col, value in self._costs:
            out[level] += np.bincount(col, weights=value, minlength=self.count)
        return out

    def reach(self, block: Block) -> tuple[Floats, Floats]:
        """Smallest and largest activity of each row over the columns' bounds."""
        a, b = block.value * self.lower[block.col], block.value * self.upper[block.col]
        rows = len(block)
        low = np.bincount(block.row, weights=np.minimum(a, b), minlength=rows).astype(np.float64)
        high = np.bincount(block.row, weights=np.maximum(a, b), minlength=rows).astype(np.float64)
        return low, high
