"""Sparse free bits arranged for ``kernels.anneal_blocks``: one chain at a time, 64 bits at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats, Ints
from qopt.kernels import anneal_blocks, anneal_fields
from qopt.kernels.anneal_blocks import SPARE, WIDE


class Chain(NamedTuple):
    """The state of one chain; see ``kernels.anneal_blocks``."""

    field: NDArray[Any]
    sign: NDArray[Any]
    random: NDArray[np.uint64]
    key: NDArray[np.uint32]
    at: Ints


@dataclass(frozen=True, eq=False)
class Blocks:
    """Couplings in the arranged order; a bit k of the problem is at ``place[k]``.

    Parameters
    ----------
    linear, indptr, col, weight
        As in ``kernels.anneal_blocks``, of the type of the fields.
    """

    place: Ints
    linear: NDArray[Any]
    indptr: NDArray[np.uint32]
    col: NDArray[np.uint32]
    weight: NDArray[Any]

    @classmethod
    def of(cls, linear: NDArray[Any], indptr: Ints, col: NDArray[np.int32], weight: NDArray[Any]) -> Blocks:
        """Arrange couplings of type int32 or float64, with both directions of every pair."""
        number = linear.dtype
        place = np.empty(len(linear), dtype=np.int64)
        size = anneal_blocks.arrange(indptr, col, place) * WIDE
        filled = np.zeros(size + SPARE, dtype=number)
        filled[:size] = np.iinfo(np.int32).max if number == np.int32 else np.inf
        filled[place] = linear
        degree = np.zeros(size, dtype=np.int64)
        degree[place] = np.diff(indptr)
        alike = 2 ** int(np.log2(max(2.0, 0.5 * len(col) / max(1, len(linear))))) if len(col) else 1
        start = np.concatenate([[0], np.cumsum(-(-degree // alike) * alike)])
        row = np.repeat(place, np.diff(indptr))
        entry = start[row] + np.arange(len(col)) - np.repeat(indptr[:-1], np.diff(indptr))
        other = (size + np.arange(start[-1]) % SPARE).astype(np.uint32)
        other[entry] = place[col]
        if len(weight) and np.all(weight == weight[0]):
            return cls(place, filled, start.astype(np.uint32), other, weight[:1].astype(number))
        padded = np.zeros(max(2, start[-1]), dtype=number)
        padded[entry] = weight
        return cls(place, filled, start.astype(np.uint32), other, padded)

    @property
    def sweep(self) -> int:
        """Units of a sweep."""
        return len(self.linear) - SPARE

    def chain(self, point: Bits, random: NDArray[np.uint64]) -> Chain:
        """A chain at a point (n,), drawing from a xorshift64* state (1,)."""
        bits = np.zeros(len(self.linear), dtype=np.int8)
        bits[self.place] = point
        field, sign = np.empty((2, len(bits)), dtype=self.linear.dtype)
        anneal_blocks.load(self.linear, self.indptr, self.col, self.weight, bits, field, sign)
        return Chain(field, sign, random, np.zeros(1, np.uint32), np.zeros(5, np.int64))

    def step(self, units: int, chain: Chain, temperatures: Floats, least: float) -> int:
        """See ``anneal_blocks.anneal``."""
        room = np.empty(WIDE, dtype=self.linear.dtype), np.empty(WIDE, dtype=np.int8)
        done: int = anneal_blocks.anneal(
            units, self.indptr, self.col, self.weight, temperatures, least, *chain, *room
        )  # fmt: skip
        return done

    def point(self, chain: Chain) -> Bits:
        """Where a chain stands."""
        return (chain.sign[self.place] < 0).astype(np.int8)

    def energy(self, chain: Chain) -> float:
        """The energy there."""
        energy: float = anneal_fields.energy_of(self.linear, chain.field, chain.sign)
        return energy
