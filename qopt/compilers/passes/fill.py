"""The way in for points: bits of columns, then slack, violations and ancillas that follow from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from qopt.compilers.passes.encode import Coded
from qopt.core import registry
from qopt.core.arrays import Floats, Ints

BitMatrix = np.ndarray[Any, Any]


class Fill(Protocol):
    """Sets some bits from bits before them, in place, for every row of a matrix of bits."""

    def fill(self, bits: BitMatrix) -> None:
        """Set the bits this is in charge of."""
        ...


@dataclass(frozen=True, eq=False)
class FillNumbers:
    """Numbers ``clip(matrix @ bits + constant, 0, top)`` written from bit ``start`` on by ``code``."""

    matrix: sparse.csr_array
    constant: Ints
    top: Ints
    start: int
    code: Callable[[Ints, Ints], BitMatrix]

    def fill(self, bits: BitMatrix) -> None:
        """Write the digits of every number."""
        known = bits[:, : self.matrix.shape[1]].astype(np.int64)
        values = np.clip((self.matrix @ known.T).T + self.constant, 0, self.top)
        digits = self.code(values, self.top)
        bits[:, self.start : self.start + digits.shape[1]] = digits


@dataclass(frozen=True, eq=False)
class FillProducts:
    """Bit ``start + t`` is the product of the bits ``factors[t]``; later ones may use earlier ones."""

    start: int
    factors: tuple[tuple[int, ...], ...]

    def fill(self, bits: BitMatrix) -> None:
        """Multiply, in order."""
        for t, factors in enumerate(self.factors):
            bits[:, self.start + t] = bits[:, list(factors)].all(axis=1)


@dataclass(frozen=True, eq=False)
class Encoder:
    """Bits of points of the problem; values outside a column's domain are moved to its nearest value.

    Parameters
    ----------
    bits
        Number of bits while filling.
    dropped
        Bits that are only needed while filling.
    """

    coded: Coded
    fills: tuple[Fill, ...]
    bits: int
    dropped: slice

    def __call__(self, values: Floats) -> BitMatrix:
        points = np.atleast_2d(values)
        out = np.zeros((len(points), self.bits), dtype=np.int8)
        coded = self.coded
        for block in coded.blocks:
            lower, step = coded.lower[block.columns], coded.step[block.columns]
            upper = lower + step * coded.top[block.columns]
            nearest = np.clip(np.rint((points[:, block.columns] - lower) / step), 0, coded.top[block.columns])
            plugin = registry.load("encodings", "log" if block.encoding == "bit" else block.encoding)
            out[:, block.bits] = plugin.code(lower + nearest * step, lower, upper, resolution=step)
        for each in self.fills:
            each.fill(out)
        out = np.delete(out, np.arange(self.bits)[self.dropped], axis=1)
        return out[0] if np.ndim(values) == 1 else out
